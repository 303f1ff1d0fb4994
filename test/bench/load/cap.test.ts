/** A cap on requests and connections, counted where they arrive: whatever the schedule says, and whatever the target does. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, test } from 'node:test';
import { createCertificate } from '#bench/lab/certificates.ts';
import { epochNow } from '#bench/load/clock.ts';
import { createLoadPool, type PooledJob } from '#bench/load/pool.ts';
import type { LoadResult } from '#bench/model/load.ts';
import { epochMillis } from '#bench/model/units.ts';
import { closed, get, type HttpTraffic, jobFor, open } from './jobs.ts';
import { answer, byteOrigin, httpOrigin, type Origin } from './origins.ts';

const CAP = 20;
/** Far above the cap: nothing but the cap holds it back. */
const ASKED = 1_000;
const { ca, cert, key, serverName } = createCertificate();

// More workers than one: the cap is the job's, not each worker's.
const pool = createLoadPool({ workers: 2 });
after(() => pool[Symbol.asyncDispose]());
await pool.ready();

interface Driven {
  readonly result: LoadResult;
  /** Seconds from before the job was given to after it was over: however slow the host was, so long could be sent. */
  readonly seconds: number;
}

async function drive({ port }: Origin, traffic: HttpTraffic, more: Partial<PooledJob> = {}): Promise<Driven> {
  const { shard: _, ...job } = jobFor('http1', port, traffic, open(64, ASKED), { warmup: 500, window: 2_000 });
  const started = performance.now();
  const { result } = pool.run(
    { ...job, startAt: epochMillis(epochNow() + 1_500), maxRate: CAP, ...more },
    AbortSignal.timeout(60_000),
  );
  return { result: await result, seconds: (performance.now() - started) / 1_000 };
}

/** Nothing within the first second; then never more than the cap in any. */
const most = ({ seconds }: Driven): number => CAP * Math.ceil(Math.max(0, seconds - 1));

const prompt = (socket: Socket): void => void socket.write(answer('1234567890'));

test('requests over kept connections, and their connections', async () => {
  await using target = await httpOrigin(prompt);
  const driven = await drive(target, get(10));
  const { requests, connections } = target.seen;
  assert.ok(requests <= most(driven), `${requests} requests in ${driven.seconds} s`);
  assert.ok(connections <= most(driven), `${connections} connections in ${driven.seconds} s`);
  assert.ok(requests > 0);
  assert.equal(driven.result.workers, 1);
});

test('a connection for every request', async () => {
  await using target = await httpOrigin(
    (socket) => void socket.end(answer('1234567890', '200 OK', 'Connection: close\r\n')),
  );
  const driven = await drive(target, get(10, { connection: 'per-request' }));
  const { requests, connections } = target.seen;
  assert.ok(connections <= most(driven), `${connections} connections in ${driven.seconds} s`);
  assert.ok(requests <= connections && requests > 0);
});

test('a connection for every request, each resumed: the one that fetches the ticket counts, too', async () => {
  await using target = await httpOrigin(
    (socket) => void socket.end(answer('1234567890', '200 OK', 'Connection: close\r\n')),
    { cert, key },
  );
  const traffic = get(10, { connection: 'per-request', tls: 'resumed' });
  const driven = await drive(target, traffic, { tls: { ca, serverName } });
  const { connections } = target.seen;
  assert.ok(connections <= most(driven), `${connections} connections in ${driven.seconds} s`);
  assert.ok(target.seen.requests > 0);
});

test('a target that hangs up on everybody is not dialled more often', async () => {
  await using target = await byteOrigin((socket) => void socket.end());
  const driven = await drive(target, get(10));
  const { connections } = target.seen;
  assert.ok(connections > 0);
  assert.ok(connections <= most(driven), `${connections} connections in ${driven.seconds} s`);
});

test('what a stall held up is not sent in one burst after it', async () => {
  // Nobody is answered before a hundred arrivals are due; then all are, at once.
  let held: Socket[] | undefined = [];
  const release = setTimeout(() => {
    for (const socket of held ?? []) prompt(socket);
    held = undefined;
  }, 2_200);
  await using target = await httpOrigin((socket) => (held ? void held.push(socket) : prompt(socket)));
  const driven = await drive(target, get(10));
  clearTimeout(release);
  assert.ok(target.seen.requests <= most(driven), `${target.seen.requests} requests in ${driven.seconds} s`);
});

const refusal = /a target with a cap is driven by an open loop only/;

test('what is driven as fast as it answers cannot be capped, and is not sent', async () => {
  await using target = await httpOrigin(prompt);
  await assert.rejects(drive(target, get(10), { loop: closed(4) }), refusal);
  await assert.rejects(drive(target, get(10), { loop: closed(4), driver: 'autocannon' }), refusal);
  assert.equal(target.seen.connections, 0);
});
