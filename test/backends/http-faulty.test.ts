/** An origin of a known capacity that fails as it is told. Times have lower bounds alone: a busy host only adds to them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { definition } from '#backends/http-faulty.ts';
import { exchange, never } from './client.ts';

const loopback = { host: '127.0.0.1', port: 0 };
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
const statusOf = (answer: string): number => Number(/^HTTP\/1.1 (\d+)/.exec(answer)?.[1]);

async function start(capacity = { slots: 2, service: 10 }) {
  const origin = await definition.start(loopback, { nonce: 'n-1', capacity }, never);
  const asked = async (path = '/'): Promise<number> => statusOf(await exchange(origin.address, get(path)));
  return Object.assign(origin, { asked, steered: origin.steered! });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

test('so many requests are served at once, and all others wait for their turn; checks and proofs do not', async () => {
  await using origin = await start();
  const six = await timed(async () => {
    const statuses = await Promise.all(Array.from({ length: 6 }, () => origin.asked()));
    assert.deepEqual(new Set(statuses), new Set([200]));
  });
  assert.ok(six >= 29, `${six} ms: three turns of 10 ms`);
  assert.equal(await origin.asked('/health'), 200);
  assert.match(await exchange(origin.address, get('/nonce')), /n-1$/);
  assert.equal(origin.counters().requests, 6);
  assert.equal(origin.steered.arrivals().requests.length, 6);
});

test('a connection is kept, and what comes in one piece is answered in order', async () => {
  await using origin = await start();
  const answer = await exchange(
    origin.address,
    `GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /nonce HTTP/1.1\r\n\r\n${get('/b')}`,
  );
  assert.equal(answer.match(/HTTP\/1.1 200/g)?.length, 3);
  assert.match(answer, /hopcost\n[^]*n-1[^]*hopcost\n$/);
  assert.deepEqual(origin.counters(), { connections: 1, requests: 2 });
  assert.equal(statusOf(await exchange(origin.address, 'what?\r\n\r\n')), 400);
});

test('requests whose clients are gone before their turn are not served', async () => {
  await using origin = await start({ slots: 1, service: 100 });
  const first = origin.asked();
  const gone = Array.from({ length: 50 }, () => net.connect(origin.address));
  for (const socket of gone) {
    await once(socket, 'connect');
    socket.write(get('/'));
  }
  while (origin.counters().requests < 51) await new Promise(setImmediate);
  for (const socket of gone) socket.resetAndDestroy();
  const took = await timed(async () => assert.deepEqual([await first, await origin.asked()], [200, 200]));
  assert.ok(took < 2_500, `${took} ms: all of them would take five seconds`);
});

test('failing: every request has the status, its check too; well again when it is told so', async () => {
  await using origin = await start();
  origin.steered.steer({ kind: 'failing', status: 503 });
  assert.deepEqual([await origin.asked(), await origin.asked('/health')], [503, 503]);
  origin.steered.steer({ kind: 'well' });
  assert.deepEqual([await origin.asked(), await origin.asked('/health')], [200, 200]);
});

test('refusing: connections that it has are reset, those that come as well, and counted', async () => {
  await using origin = await start();
  const kept = net.connect(origin.address);
  await once(kept, 'connect');
  kept.write(get('/nonce').replace('Connection: close\r\n', ''));
  await once(kept, 'data');
  origin.steered.steer({ kind: 'refusing' });
  const [broken] = (await once(kept, 'error')) as [NodeJS.ErrnoException];
  assert.equal(broken.code, 'ECONNRESET');
  await assert.rejects(exchange(origin.address, get('/')), { code: 'ECONNRESET' });
  assert.deepEqual([origin.steered.arrivals().requests.length, origin.steered.arrivals().refused.length], [0, 1]);
  origin.steered.steer({ kind: 'well' });
  assert.equal(await origin.asked(), 200);
});

test('slow: so many times as long; cold: less and less', async () => {
  await using origin = await start();
  origin.steered.steer({ kind: 'slow', factor: 10 });
  assert.ok((await timed(() => origin.asked())) >= 99);
  origin.steered.steer({ kind: 'cold', factor: 20, over: 60_000 });
  assert.ok((await timed(() => origin.asked())) >= 195);
  origin.steered.steer({ kind: 'cold', factor: 1_000_000, over: 1 });
  for (const told = performance.now(); performance.now() - told < 2;) await origin.asked('/health');
  assert.equal(await origin.asked(), 200, 'it is itself again');
});

test('full: it serves, and the kernel keeps one connection waiting; then as many as before', async () => {
  await using origin = await start();
  origin.steered.steer({ kind: 'full' });
  assert.equal(await origin.asked(), 200);
  origin.steered.steer({ kind: 'well' });
  assert.deepEqual(
    new Set(await Promise.all(Array.from({ length: 40 }, () => origin.asked('/health')))),
    new Set([200]),
  );
});
