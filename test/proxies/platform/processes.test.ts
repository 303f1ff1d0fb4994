import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import {
  allowedCores,
  descriptorsOf,
  listeningPorts,
  portOwnership,
  runningProcesses,
  statOf,
} from '#proxies/platform/processes.ts';

const onLinux = { skip: process.platform !== 'linux' && 'needs /proc' };
/** Above what Linux gives out (PID_MAX_LIMIT). */
const NOBODY = 2 ** 22 + 1;

test('this process is one of those that run, once', onLinux, () => {
  const own = runningProcesses().filter(({ pid }) => pid === process.pid);
  assert.deepEqual(
    own.map(({ parent, startTime }) => ({ parent, startTime })),
    [{ parent: process.ppid, startTime: statOf(process.pid)!.startTime }],
  );
});

test('a port that listens is its process’s, by number and by owner; a closed one is nobody’s', onLinux, async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  assert.ok(listeningPorts([process.pid]).includes(port));
  assert.equal(portOwnership(port, [process.pid]).state, 'owned');
  assert.equal(portOwnership(port, [process.ppid]).state, 'foreign');
  server.close();
  await once(server, 'close');
  assert.ok(!listeningPorts([process.pid]).includes(port));
  assert.equal(portOwnership(port, [process.pid]).state, 'foreign');
});

test('this process may use each of its cores, unless a quota says less', onLinux, () => {
  assert.ok(allowedCores('self')!.length >= availableParallelism());
  assert.deepEqual(allowedCores(process.pid), allowedCores('self'));
});

test('of a process that is not there nothing is told', onLinux, () => {
  assert.equal(statOf(NOBODY), undefined);
  assert.equal(allowedCores(NOBODY), undefined);
  assert.deepEqual(descriptorsOf(NOBODY), []);
  assert.deepEqual(listeningPorts([NOBODY]), []);
});
