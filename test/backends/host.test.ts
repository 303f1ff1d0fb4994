import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { exchange } from './client.ts';

const entry = fileURLToPath(import.meta.resolve('#backends/host.ts'));
const start = (): ChildProcess => spawn(process.execPath, [entry], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
const job = { name: 'http-fixed', nonce: 'n-7', listener: { host: '127.0.0.1', port: 0 }, options: {} };

interface Answer {
  kind: string;
  nonce: string;
  pid: number;
  pids: number[];
  address: { host: string; port: number };
  error: { message: string };
  id: number;
  active: number;
  idle: number;
}

async function ask(child: ChildProcess, message: object): Promise<Answer> {
  const answer = once(child, 'message');
  child.send(message);
  return (await answer)[0] as Answer;
}

test('starts a backend, answers for it and stops', async () => {
  const child = start();
  const ready = await ask(child, job);
  assert.equal(ready.kind, 'ready');
  assert.equal(ready.nonce, 'n-7');
  assert.deepEqual([ready.pid, ...ready.pids], [child.pid, child.pid]);
  assert.match(await exchange(ready.address, 'GET /nonce HTTP/1.0\r\n\r\n'), /n-7$/);
  assert.deepEqual(await ask(child, { kind: 'counters', id: 3 }), {
    kind: 'counters',
    id: 3,
    counters: { connections: 1, requests: 1 },
  });
  const elu = await ask(child, { kind: 'elu', id: 4 });
  assert.ok(elu.id === 4 && elu.active > 0 && elu.idle >= 0);
  child.send({ kind: 'stop' });
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('says why it failed, and exits 1', async () => {
  const child = start();
  const failed = await ask(child, { ...job, name: 'http-fxied' });
  assert.equal(failed.kind, 'failed');
  assert.match(failed.error.message, /http-fxied.*http-fixed/);
  assert.deepEqual(await once(child, 'exit'), [1, null]);
});

for (const [how, stop] of [
  ['SIGTERM', (child: ChildProcess) => child.kill('SIGTERM')],
  ['SIGINT', (child: ChildProcess) => child.kill('SIGINT')],
  ['the loss of its parent', (child: ChildProcess) => child.disconnect()],
] as const) {
  test(`exits 0 and frees its port on ${how}`, async () => {
    const child = start();
    const { address } = await ask(child, job);
    const open = net.connect(address);
    await once(open, 'connect');
    open.on('error', () => {});
    stop(child);
    assert.deepEqual(await once(child, 'exit'), [0, null]);
    open.destroy();
    await assert.rejects(once(net.connect(address), 'connect'), { code: 'ECONNREFUSED' });
  });
}
