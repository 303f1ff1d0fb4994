/** Calls are counted as the kernel counts them: a message there and back over a socket of our own is two reads and two writes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { CallMeter } from '#bench/probes/call-meter.ts';
import { parseCalls } from '#proxies/platform/procfs.ts';

const onLinux = { skip: process.platform !== 'linux' && 'needs /proc' };
const ROUNDS = 500;

test('every message of an echo is two reads and two writes', onLinux, async () => {
  const server = createServer({ noDelay: true }, (socket) => socket.on('data', (chunk) => socket.write(chunk)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  const meter = new CallMeter(process.pid);
  for (let i = 0; i < ROUNDS; i++) {
    socket.write('x');
    await once(socket, 'data');
  }
  const calls = meter.lap()!;
  socket.destroy();
  server.close();
  // The event loop itself reads and writes now and then.
  for (const count of [calls.reads, calls.writes])
    assert.ok(count >= 2 * ROUNDS && count < 2.2 * ROUNDS, JSON.stringify(calls));
  const after = meter.lap()!;
  assert.ok(after.reads < ROUNDS && after.writes < ROUNDS, 'a lap begins anew');
});

test('a process that cannot be read has none', () => {
  assert.equal(new CallMeter(2 ** 22 + 1).lap(), undefined);
  assert.equal(parseCalls(''), undefined);
  assert.deepEqual(parseCalls('rchar: 1\nwchar: 2\nsyscr: 30\nsyscw: 4\nread_bytes: 0\n'), { reads: 30, writes: 4 });
});
