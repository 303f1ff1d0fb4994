import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLoadPool, type PooledJob } from '#bench/load/pool.ts';
import { closed, get, jobFor, onlyErrors, open, quantilesOf, enough, stretched, noErrors } from './jobs.ts';
import { answer, byteOrigin, httpOrigin } from './origins.ts';

const body = 'hello, pool';
const ok = answer(body);
const traffic = get(body.length);
const never = new AbortController().signal;
type SecondLoop = NonNullable<PooledJob['second']>;

function pooled(...args: Parameters<typeof jobFor>): PooledJob {
  const { shard: _, ...job } = jobFor(...args);
  return job;
}

for (const workers of [1, 2, 3]) {
  test(
    `${workers} workers share the connections and the schedule of one job`,
    stretched(async (time) => {
      await using pool = createLoadPool({ workers });
      await using origin = await httpOrigin((socket) => socket.write(ok));
      await pool.ready();
      const run = pool.run(pooled('http1', origin.port, traffic, closed(5), time), never);
      const result = await run.result;
      enough(result.requests > 0 && result.connectionsOpened === 5);
      noErrors(result);
      assert.equal(result.workers, workers);
      assert.equal(result.connections, 5);
      assert.equal(origin.seen.connections, 5);
      assert.equal(quantilesOf(result.service).count, result.requests);
      const live = run.live();
      assert.ok(live.completed >= result.requests && live.completed <= origin.seen.requests);
      assert.deepEqual([live.errors, live.ready], [0, workers]);

      const paced = await pool.run(
        pooled('http1', origin.port, traffic, open(12, 600), { lead: 200, warmup: 0, window: 300 }),
        never,
      ).result;
      assert.equal(paced.scheduled, 180);
      assert.ok(Math.abs(paced.offered! - 600) < 1e-6);
      assert.equal(paced.requests + paced.dropped!, 180);
    }),
  );
}

test(
  'a second stream runs beside the load on connections of its own, and is told apart from it',
  stretched(async (time) => {
    await using pool = createLoadPool({ workers: 1, second: true });
    await using origin = await httpOrigin((socket) => socket.write(ok));
    await pool.ready();
    const timing = { lead: 4 * time.lead, warmup: 0, window: 300 };
    const job = pooled('http1', origin.port, traffic, closed(4), timing);
    const run = pool.run({ ...job, second: open(3, 200, 'uniform') as SecondLoop }, never);
    const result = await run.result;
    const { second } = result;
    enough(result.requests > 0 && second!.dropped === 0 && origin.seen.connections === 7);
    noErrors(result);
    assert.deepEqual([result.connections, second!.connections, result.workers], [4, 3, 1]);
    assert.deepEqual([second!.scheduled, second!.requests, second!.offered], [60, 60, 200]);
    assert.equal(quantilesOf(second!.service).count, 60);
    assert.equal(quantilesOf(result.service).count, result.requests, 'the load’s own times hold none of the stream’s');
    assert.equal(result.scheduled, undefined);
    const live = run.live();
    assert.ok(live.completed >= result.requests + second!.requests && live.completed <= origin.seen.requests);
  }),
);

test('a second stream that fails is told as its own failure; without a worker for it none runs', async () => {
  await using pool = createLoadPool({ workers: 1, second: true });
  await using origin = await httpOrigin((socket) => socket.write(ok));
  const job = pooled('http1', origin.port, { ...traffic, expect: { ...traffic.expect, status: 201 } }, closed(1));
  const { requests, second } = await pool.run({ ...job, second: open(1, 50) as SecondLoop }, never).result;
  assert.deepEqual([requests, second!.requests], [0, 0]);
  assert.deepEqual(
    Object.keys(onlyErrors(second!.errors)).filter((kind) => kind !== 'status'),
    [],
  );
  assert.equal(second!.scheduled, second!.errors.status + second!.dropped);
  await using plain = createLoadPool({ workers: 1 });
  assert.throws(() => plain.run({ ...job, second: open(1, 50) as SecondLoop }, never), /without a worker for a second/);
});

test(
  'a job with fewer connections than workers takes as many workers as it has connections',
  stretched(async (time) => {
    await using pool = createLoadPool({ workers: 3 });
    await using origin = await httpOrigin((socket) => socket.write(ok));
    const timing = { lead: 5 * time.lead, warmup: 0, window: 200 };
    const result = await pool.run(pooled('http1', origin.port, traffic, open(1, 100), timing), never).result;
    assert.equal(result.workers, 1);
    assert.equal(result.scheduled, 20);
    enough(result.dropped! <= 1);
    assert.ok(result.requests >= 19, 'only the last may find the connection busy');
  }),
);

test('live counters are seen while the load runs', async () => {
  await using pool = createLoadPool({ workers: 1 });
  const fifty = Promise.withResolvers<void>();
  await using origin = await httpOrigin((socket, _request, count) => {
    socket.write(ok);
    if (count === 50) fifty.resolve();
  });
  const abort = new AbortController();
  const run = pool.run(pooled('http1', origin.port, traffic, closed(4), { window: 60_000 }), abort.signal);
  await fifty.promise;
  const { completed, connections, ready } = run.live();
  assert.ok(completed >= 46); // all but what is under way on four connections
  assert.deepEqual([connections, ready], [4, 1]);
  abort.abort();
  await assert.rejects(run.result, { name: 'AbortError' });
});

test(
  'aborted: every worker closes everything, and the pool runs the next job',
  stretched(async (time) => {
    await using pool = createLoadPool({ workers: 2 });
    const allAsked = Promise.withResolvers<void>();
    const allGone = Promise.withResolvers<void>();
    let asked = 0;
    let opened = 0;
    await using silent = await byteOrigin((socket) => {
      opened += 1;
      socket.on('close', () => --opened === 0 && allGone.resolve());
      return () => ++asked === 6 && allAsked.resolve();
    });
    const abort = new AbortController();
    const run = pool.run(pooled('http1', silent.port, traffic, open(6, 1_000), { window: 60_000 }), abort.signal);
    await allAsked.promise;
    assert.throws(() => pool.run(pooled('http1', silent.port, traffic, closed(1)), never), { name: 'LoadError' });
    abort.abort();
    await assert.rejects(run.result, { name: 'AbortError' });
    await allGone.promise;

    await using origin = await httpOrigin((socket) => socket.write(ok));
    const next = await pool.run(pooled('http1', origin.port, traffic, closed(2), time), never).result;
    noErrors(next);
    enough(next.requests > 0);
  }),
);

test('aborted before it began', async () => {
  await using pool = createLoadPool({ workers: 1 });
  const run = pool.run(pooled('http1', 1, traffic, closed(1)), AbortSignal.abort());
  await assert.rejects(run.result, { name: 'AbortError' });
});

test('an impossible job rejects with its own error, and ends the other shards', async () => {
  await using pool = createLoadPool({ workers: 2 });
  const run = pool.run(pooled('tcp', 1, traffic, closed(2), { window: 60_000 }), never);
  await assert.rejects(run.result, /driver tcp cannot drive http/);
});

test('a disposed pool leaves nothing that keeps the process alive', async () => {
  const { execFile } = await import('node:child_process');
  const { promisify } = await import('node:util');
  const pool = new URL('../../../bench/load/pool.ts', import.meta.url).href;
  const script = `import { createLoadPool } from ${JSON.stringify(pool)};
    await using pool = createLoadPool({ workers: 2 }); await pool.ready(); console.log('ready');`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 20_000,
  });
  assert.equal(stdout, 'ready\n');
});
