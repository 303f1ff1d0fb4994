import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ProxyStats } from '#proxies/stats/traffic.ts';
import { connect, loopback, receive, serve } from '../sockets.ts';

const entry = fileURLToPath(import.meta.resolve('#proxies/host.ts'));

const trap = import.meta.resolve('./trap.ts');

async function run(victim: string, endpoint: { host: string; port: number }) {
  const child = spawn(process.execPath, ['--import', trap, entry], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, VICTIM: victim },
  });
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
    child.emit('said');
  });
  const intent = {
    listener: { address: loopback },
    clusters: [{ name: 'o', endpoints: [endpoint] }],
    defaultCluster: 'o',
    concurrency: 2,
    admin: loopback,
  };
  child.send({ name: 'l4-tcp', nonce: 'n', intent });
  const [ready] = (await once(child, 'message')) as [Record<'address' | 'admin', { host: string; port: number }>];
  return {
    ...ready,
    child,
    said: () => said,
    async saysSo(part: string) {
      while (!said.includes(part)) await once(child, 'said');
    },
    async restarts() {
      const page = await fetch(`http://${ready.admin.host}:${ready.admin.port}/stats`);
      return page.ok ? ((await page.json()) as ProxyStats).loopRestarts! : 0;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

for (const victim of ['1', 'all']) {
  test(`an event loop that dies is told, started again and counted (${victim})`, async () => {
    await using origin = await serve((socket) => void socket.end('served'));
    await using proxy = await run(victim, origin.address);
    assert.equal(await proxy.restarts(), 0);
    const expected = victim === 'all' ? 2 : 1;
    proxy.child.kill('SIGUSR2');
    while ((await proxy.restarts()) < expected) await setTimeout(5);
    assert.match(proxy.said(), /hopcost: event_loop_died: loop \d: Error: planted death\n/);
    // As many as before share the port: none of a dozen connections is refused or left alone.
    for (let i = 0; i < 12; i++) {
      const client = connect(proxy.address);
      assert.equal(String(await receive(client, 6)), 'served');
      client.destroy();
    }
  });
}

test('exits 1 once a loop died six times in a row', async () => {
  await using origin = await serve();
  await using proxy = await run('ever', origin.address);
  proxy.child.kill('SIGUSR2');
  assert.deepEqual(await once(proxy.child, 'exit'), [1, null]);
  assert.match(proxy.said(), /hopcost: event loop \d died 6 times in a row: planted death\n/);
});
