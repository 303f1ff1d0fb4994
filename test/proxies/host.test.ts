import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect, ending, loopback, receive, serve } from './sockets.ts';

const entry = fileURLToPath(import.meta.resolve('#proxies/host.ts'));

function run(): ChildProcess {
  return spawn(process.execPath, [entry], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

interface Answer {
  kind: string;
  id: number;
  nonce: string;
  pid: number;
  pids: number[];
  address: { host: string; port: number };
  nativeConfig: string;
  error: { message: string; code: string };
  active: number;
}

async function ask(child: ChildProcess, message: object): Promise<Answer> {
  const answer = once(child, 'message');
  child.send(message);
  return (await answer)[0] as Answer;
}

const job = (endpoint: { host: string; port: number }, concurrency = 1) => ({
  name: 'l4-tcp',
  nonce: 'p-1',
  intent: {
    listener: { address: loopback },
    clusters: [{ name: 'o', endpoints: [endpoint] }],
    defaultCluster: 'o',
    concurrency,
    timeouts: { drain: 2_000 },
  },
});

for (const loops of [1, 2]) {
  test(`runs a proxy on ${loops} event loop(s), reloads it and drains it`, async () => {
    await using one = await serve((socket) => void socket.write('1'));
    await using two = await serve((socket) => void socket.write('2'));
    const child = run();
    const ready = await ask(child, job(one.address, loops));
    assert.equal(ready.kind, 'ready', ready.error?.message);
    assert.deepEqual([ready.nonce, ready.pid, ready.pids], ['p-1', child.pid, [child.pid]]);
    assert.ok(JSON.parse(ready.nativeConfig));
    const open = connect(ready.address);
    assert.equal(String(await receive(open, 1)), '1');
    assert.ok((await ask(child, { kind: 'elu', id: 1 })).active > 0);

    const { intent } = job(two.address, loops);
    const refused = await ask(child, { kind: 'reload', id: 2, intent: { ...intent, defaultCluster: 'x' } });
    assert.deepEqual([refused.kind, refused.id, refused.error.code], ['failed', 2, 'ERR_INTENT']);
    assert.deepEqual(await ask(child, { kind: 'reload', id: 3, intent }), { kind: 'reloaded', id: 3 });
    for (let i = 0; i < 8; i++) {
      const client = connect(ready.address);
      assert.equal(String(await receive(client, 1)), '2');
      client.destroy();
    }

    child.kill('SIGTERM');
    const exit = once(child, 'exit');
    one.sockets[0]!.end('last');
    open.end();
    assert.equal(await text(open), 'last');
    assert.deepEqual(await exit, [0, null]);
  });
}

test('exits by itself when its parent is gone, open connections or not', async () => {
  await using origin = await serve();
  const child = run();
  const { address } = await ask(child, job(origin.address));
  const open = connect(address);
  await origin.next();
  const ended = ending(open);
  child.disconnect();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  await ended;
});

test('says why it cannot start, and exits 1', async () => {
  await using origin = await serve();
  const child = run();
  const intent = { ...job(origin.address).intent, listener: { address: origin.address } };
  const failed = await ask(child, { ...job(origin.address), intent });
  assert.deepEqual([failed.kind, failed.error.code], ['failed', 'EADDRINUSE']);
  assert.deepEqual(await once(child, 'exit'), [1, null]);
});
