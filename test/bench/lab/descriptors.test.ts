import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';
import { type Hop, holdingsOf, leftOver, watchDescriptors } from '#bench/lab/descriptors.ts';

const onLinux = { skip: process.platform !== 'linux' && 'needs /proc' };
const signal = AbortSignal.timeout(60_000);
const idle = { clients: 0, upstream: 1, others: 20 };

test('what an L7 proxy may keep, and what it may not', () => {
  const left = (after: Partial<typeof idle>): string[] =>
    leftOver(idle, { ...idle, ...after }, { layer: 'l7', requests: 64, first: true });
  assert.deepEqual(left({}), []);
  assert.deepEqual(left({ upstream: 65, others: 36 }), []);
  assert.deepEqual(left({ upstream: 66 }), ['66 connections onward (at most 65 may be kept)']);
  assert.deepEqual(left({ clients: 2 }), ['2 connections of clients (at most 0 may stay)']);
  assert.deepEqual(left({ others: 37 }), ['37 other descriptors (20 at the start)']);
});

test('an L4 proxy has no connection to the origin without a client', () => {
  const allowance = { layer: 'l4', requests: 64, first: true } as const;
  assert.deepEqual(leftOver(idle, { ...idle, upstream: 0 }, allowance), []);
  assert.deepEqual(leftOver(idle, idle, allowance), ['1 connections onward (at most 0 may be kept)']);
});

test('a further hop of a chain may keep what the hop before it pools', () => {
  const left = (clients: number, first: boolean): string[] =>
    leftOver(idle, { ...idle, clients }, { layer: 'l7', requests: 64, first });
  assert.deepEqual(left(64, false), []);
  assert.deepEqual(left(65, false), ['65 connections of clients (at most 64 may stay)']);
  assert.deepEqual(left(64, true), ['64 connections of clients (at most 0 may stay)']);
});

/** This process in the part of a proxy: a listener, and an origin that it connects to. */
async function asProxy() {
  const [front, origin] = [net.createServer(), net.createServer()];
  const accepted: net.Socket[] = [];
  front.on('connection', (socket) => accepted.push(socket.on('error', () => {})));
  origin.on('connection', (socket) => socket.on('error', () => {}).resume());
  const portOf = async (server: net.Server): Promise<number> => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return (server.address() as net.AddressInfo).port;
  };
  const spec: Hop = {
    role: 'proxy planted',
    layer: 'l7',
    pids: [process.pid],
    listener: await portOf(front),
    next: await portOf(origin),
  };
  const dial = async (port: number): Promise<net.Socket> => {
    const socket = net.connect(port, '127.0.0.1').on('error', () => {});
    await once(socket, 'connect');
    return socket;
  };
  return {
    spec,
    accepted,
    dial,
    async [Symbol.asyncDispose]() {
      for (const server of [front, origin]) server.close();
      for (const socket of accepted) socket.destroy();
    },
  };
}

test('the sockets of a process are told apart', onLinux, async () => {
  await using proxy = await asProxy();
  const { spec, accepted, dial } = proxy;
  const before = holdingsOf(spec)!;
  const client = await dial(spec.listener);
  const upstream = await dial(spec.next);
  while (accepted.length === 0) await new Promise(setImmediate);
  const after = holdingsOf(spec)!;
  // The client's end and the origin's are in this process as well, and count as others.
  assert.deepEqual([after.clients - before.clients, after.upstream - before.upstream], [1, 1]);
  client.destroy();
  upstream.destroy();
  assert.equal(
    holdingsOf({ ...spec, pids: [2 ** 22 + 1] }),
    undefined,
    'a process that has ended holds nothing to be told',
  );
});

test('what comes back in time is no leak; what stays is told with its figures', onLinux, async () => {
  await using proxy = await asProxy();
  const { spec, accepted, dial } = proxy;
  const settled = watchDescriptors([spec]);
  const clients = await Promise.all([dial(spec.listener), dial(spec.listener)]);
  while (accepted.length < 2) await new Promise(setImmediate);
  const waiting = settled(1, signal);
  for (const socket of [...clients, ...accepted]) socket.destroy();
  assert.equal(await waiting, undefined);

  const leaked = Array.from({ length: 40 }, () => openSync('/dev/null', 'r'));
  const upstream = await Promise.all([dial(spec.next), dial(spec.next), dial(spec.next)]);
  try {
    const warning = await settled(1, signal);
    assert.equal(warning?.code, 'descriptors-left');
    assert.match(warning.message, /proxy planted still held 3 connections onward \(at most 1 .*\d+ other descr/);
    assert.equal(warning.evidence['upstream'], 3);
  } finally {
    leaked.forEach(closeSync);
    for (const socket of upstream) socket.destroy();
  }
});

test('an interrupt ends the wait', onLinux, async () => {
  await using proxy = await asProxy();
  const settled = watchDescriptors([proxy.spec]);
  const client = await proxy.dial(proxy.spec.listener);
  while (proxy.accepted.length === 0) await new Promise(setImmediate);
  const abort = new AbortController();
  const waiting = settled(1, abort.signal);
  abort.abort(new Error('interrupted'));
  await assert.rejects(waiting, /interrupted|aborted/);
  client.destroy();
});
