import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { driver } from '#bench/load/autocannon/driver.ts';
import { driver as http1 } from '#bench/load/http1/driver.ts';
import { bytes } from '#bench/model/units.ts';
import {
  closed,
  get,
  jobFor,
  liveRow,
  onlyErrors,
  open,
  quantilesOf,
  runHere,
  total,
  enough,
  stretched,
  noErrors,
} from '../jobs.ts';
import { answer, freePort, httpOrigin } from '../origins.ts';
import { runShard } from '#bench/load/shard.ts';

const body = 'hello, autocannon';
const ok = answer(body);
const traffic = get(body.length);

test('it says what it cannot drive', () => {
  assert.ok(driver.supports(traffic, closed(1)));
  assert.ok(!driver.supports(traffic, open(1, 1)));
  assert.ok(!driver.supports(get(1, { tls: 'full' }), closed(1)));
  assert.ok(!driver.supports(get(1, { connection: 'per-request' }), closed(1)));
  assert.ok(!driver.supports({ kind: 'tcp-echo', messageBytes: bytes(1) }, closed(1)));
});

describe('autocannon', { concurrency: true }, () => {
  test(
    'what it counts is what the origin answered',
    stretched(async (time) => {
      await using origin = await httpOrigin((socket) => socket.write(ok));
      const result = await runHere(driver, jobFor('autocannon', origin.port, traffic, closed(3), time));
      noErrors(result);
      enough(result.requests > 0 && result.connectionsOpened === 3);
      assert.ok(result.requests <= origin.seen.requests);
      assert.equal(origin.seen.connections, 3);
      assert.equal(result.connectionsOpened, 3);
      const service = quantilesOf(result.service);
      assert.equal(service.count, result.requests);
      assert.notEqual(service.at(0.5) % 1, 0, 'milliseconds have a fraction');
    }),
  );

  test(
    'it and http1 agree about a slow origin',
    stretched(async (time) => {
      await using origin = await httpOrigin((socket) => setTimeout(() => socket.write(ok), 20));
      const timing = { ...time, window: 2 * time.window };
      const [theirs, ours] = await Promise.all([
        runHere(driver, jobFor('autocannon', origin.port, traffic, closed(4), timing)),
        runHere(http1, jobFor('http1', origin.port, traffic, closed(4), timing)),
      ]);
      enough(theirs.requests > 0 && ours.requests > 0);
      // At most one answer per connection and delay; both see the same delays, whatever this host does meanwhile.
      const most = 4 * (timing.window / 19 + 1);
      assert.ok(theirs.requests <= most && ours.requests <= most);
      for (const { service } of [theirs, ours])
        assert.equal(quantilesOf(service).atLeast(19), quantilesOf(service).count);
    }),
  );

  test(
    'uploads, wrong statuses, wrong lengths',
    stretched(async (time) => {
      const lengths = new Set<number>();
      await using origin = await httpOrigin((socket, request, count) => {
        lengths.add(request.length);
        socket.write(count % 3 === 0 ? answer(body, '500 Oops') : count % 3 === 1 ? answer('short') : ok);
      });
      const request = { method: 'POST' as const, path: '/', headers: [], bodyBytes: bytes(10_000) };
      const result = await runHere(
        driver,
        jobFor('autocannon', origin.port, get(body.length, { request }), closed(1), time),
      );
      enough(result.requests > 0 && result.errors.status > 0 && result.errors.body > 0);
      assert.equal(lengths.size, 1);
      assert.deepEqual(Object.keys(onlyErrors(result.errors)).toSorted(), ['body', 'status']);
      assert.ok(
        Math.abs(result.errors.body - result.requests) <= 1 && Math.abs(result.errors.status - result.requests) <= 1,
      );
    }),
  );

  test(
    'a body that is always the wrong one is noticed by the checksum of what the origin sends',
    stretched(async (time) => {
      await using origin = await httpOrigin((socket) => socket.write(answer(body.toUpperCase())));
      const job = jobFor('autocannon', origin.port, traffic, closed(1), { ...time, warmup: 0 });
      const result = await runHere(driver, { ...job, bodyChecksum: crc32(body) });
      enough(total(result.errors) > 0);
      assert.deepEqual(Object.keys(onlyErrors(result.errors)), ['body']);
      assert.match(result.errorSamples.join(), /differs from what the origin sends/);
    }),
  );

  test(
    'a FIN without an answer is a reset, and does not shift the times of later answers',
    stretched(async (time) => {
      await using origin = await httpOrigin((socket, _request, count) => {
        if (count === 1) setTimeout(() => socket.end(), 60);
        else socket.write(ok);
      });
      const result = await runHere(
        driver,
        jobFor('autocannon', origin.port, traffic, closed(1), { ...time, warmup: 0 }),
      );
      enough(result.requests > 0 && origin.seen.connections === 2);
      assert.deepEqual(onlyErrors(result.errors), { reset: 1 });
      assert.equal(quantilesOf(result.service).count, result.requests + 1);
      assert.equal(origin.seen.connections, 2);
    }),
  );

  test(
    'a silent origin is a timeout at its elapsed time',
    stretched(async (time) => {
      await using origin = await httpOrigin(() => {});
      const timing = { ...time, warmup: 0, window: 6 * time.window, response: 1_000 };
      const result = await runHere(driver, jobFor('autocannon', origin.port, traffic, closed(2), timing));
      enough(total(result.errors) > 0);
      assert.deepEqual(Object.keys(onlyErrors(result.errors)), ['timeout']);
      assert.equal(quantilesOf(result.service).atLeast(990), result.errors.timeout);
    }),
  );

  test(
    'nobody listens: refusals, not hammered',
    stretched(async (time) => {
      const result = await runHere(
        driver,
        jobFor('autocannon', await freePort(), traffic, closed(2), { ...time, warmup: 0 }),
      );
      enough(total(result.errors) > 0);
      assert.deepEqual(Object.keys(onlyErrors(result.errors)), ['connect']);
      assert.ok(result.errors.connect < time.window / 5, `${result.errors.connect} attempts`);
    }),
  );

  test(
    'aborted: rejects with an AbortError and leaves no connection',
    stretched(async (time) => {
      const asked = Promise.withResolvers<void>();
      const gone = Promise.withResolvers<void>();
      await using origin = await httpOrigin((socket) => {
        socket.on('close', () => origin.seen.open === 0 && gone.resolve());
        asked.resolve();
      });
      const abort = new AbortController();
      const job = jobFor('autocannon', origin.port, traffic, closed(3), { ...time, window: 60_000 });
      const run = runShard(driver, job, liveRow(), abort.signal);
      await asked.promise;
      abort.abort();
      await assert.rejects(run, { name: 'AbortError' });
      await gone.promise;
    }),
  );
});
