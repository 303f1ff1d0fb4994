import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { driver } from '#bench/load/http1/driver.ts';
import {
  closed,
  get,
  jobFor,
  onlyErrors,
  open,
  quantilesOf,
  runHere,
  total,
  enough,
  stretched,
  noErrors,
} from './jobs.ts';
import { answer, byteOrigin, freePort, httpOrigin } from './origins.ts';
import type { Socket } from 'node:net';

const body = 'paced';
const ok = answer(body);
const traffic = get(body.length);

test(
  'a stall of 300 ms at 1,000 a second makes about 300 late answers, not one a connection',
  stretched(async () => {
    const held: Socket[] = [];
    let stalled = false;
    let stalledFor = 0;
    await using origin = await httpOrigin((socket, _request, count) => {
      if (count === 100) {
        stalled = true;
        const since = performance.now();
        setTimeout(() => {
          stalled = false;
          stalledFor = performance.now() - since;
          for (const waiting of held) waiting.write(ok);
        }, 300);
      }
      if (stalled) held.push(socket);
      else socket.write(ok);
    });
    const job = jobFor('http1', origin.port, traffic, open(16, 1_000), { lead: 150, warmup: 0, window: 700 });
    const result = await runHere(driver, job);
    noErrors(result);
    assert.equal(result.requests + result.dropped!, result.scheduled);
    enough(stalledFor > 0 && result.dropped === 0 && quantilesOf(result.scheduleLag).at(0.1) < 20);
    // Scheduled in its first 280 ms: 20 ms late at least. Only 16 were under way: the others waited unsent, and tell it all the same.
    assert.ok(quantilesOf(result.response).atLeast(stalledFor - 290) >= 270);
    assert.ok(quantilesOf(result.scheduleLag).atLeast(20) >= 250);
    assert.ok(quantilesOf(result.service).atLeast(stalledFor / 2) >= 16);
  }),
);

test(
  'a stall that the window does not outlast: what is under way finishes in the grace, what was never sent is dropped',
  stretched(async () => {
    const held: Socket[] = [];
    await using origin = await httpOrigin((socket, _request, count) => {
      if (count <= 50) socket.write(ok);
      else if (held.push(socket) === 1) setTimeout(() => held.forEach((waiting) => waiting.write(ok)), 1_000);
    });
    const job = jobFor('http1', origin.port, traffic, open(10, 250), { lead: 150, warmup: 0, window: 600 });
    const result = await runHere(driver, job);
    noErrors(result);
    assert.equal(result.scheduled, 150);
    enough(origin.seen.requests >= 60);
    assert.equal(result.requests, 60);
    assert.equal(result.dropped, 90);
    assert.equal(quantilesOf(result.response).count, 150);
    assert.equal(quantilesOf(result.service).count, 60);
  }),
);

test(
  'who waits for a connection for half the window is dropped then, not at the end of it',
  stretched(async ({ window }) => {
    await using origin = await httpOrigin(() => {});
    const time = { lead: 150, warmup: 0, window, response: 60_000 };
    const result = await runHere(driver, jobFor('http1', origin.port, traffic, open(1, 500), time));
    assert.equal(result.scheduled, window / 2);
    assert.equal(result.dropped, window / 2 - 1);
    const response = quantilesOf(result.response);
    enough(response.atLeast(0.75 * window) < 0.05 * window, 'the host was too busy to drop them in time');
    // The first half of the window waited for that long, the second for what was left.
    assert.ok(response.atLeast(0.45 * window) >= 0.2 * window);
  }),
);

test(
  'far beyond capacity the connections go on carrying what they can, and what is sent is of the window',
  stretched(async ({ window }) => {
    await using origin = await httpOrigin((socket) => void setTimeout(() => socket.write(ok), 5));
    const time = { lead: 150, warmup: 4 * window, window: 2 * window };
    const result = await runHere(driver, jobFor('http1', origin.port, traffic, open(2, 20_000, 'poisson'), time));
    noErrors(result);
    assert.equal(result.requests + result.dropped!, result.scheduled);
    assert.ok(Math.abs(result.scheduled! / (40 * window) - 1) < 0.1, `${result.scheduled} scheduled`);
    // Two connections and 5 ms: 400 a second at most, for the half of the window whose requests are still sent in it.
    assert.ok(result.requests <= 0.45 * 2 * window);
    enough(result.requests >= 0.05 * 2 * window);
    const all = origin.seen.requests;
    assert.ok(result.requests < all);
  }),
);

test(
  'an origin that closes each connection as soon as it is idle: what is sent on the next one is no failure of the loop',
  stretched(async (time) => {
    let accepted = 0;
    await using origin = await byteOrigin((socket) => {
      accepted += 1;
      if (accepted % 2 === 0) return () => void socket.end(ok);
      socket.end();
      return undefined;
    });
    const result = await runHere(driver, jobFor('http1', origin.port, traffic, open(4, 200), time));
    enough(accepted > 8 && result.requests > 0);
    assert.equal(result.requests + result.dropped! + total(result.errors), result.scheduled);
  }),
);

// All at once: what they assert is counts, never time.
describe('open loop', { concurrency: true }, () => {
  for (const spin of [false, true]) {
    test(
      `uniform arrivals${spin ? ', spinning' : ''}: exactly as many as scheduled, none before its time`,
      stretched(async () => {
        await using origin = await httpOrigin((socket) => socket.write(ok));
        const job = { ...jobFor('http1', origin.port, traffic, open(32, 1_000), { lead: 150, window: 500 }), spin };
        const result = await runHere(driver, job);
        noErrors(result);
        assert.ok(Math.abs(result.scheduled! - 500) <= 1, `${result.scheduled} scheduled`); // the window's edges fall between arrivals
        assert.equal(result.requests + result.dropped!, result.scheduled);
        assert.equal(result.offered, 1_000);
        assert.equal(quantilesOf(result.response).count, result.scheduled);
        assert.equal(quantilesOf(result.service).count, result.requests);
        assert.equal(quantilesOf(result.scheduleLag).count, result.requests);
        assert.ok(quantilesOf(result.response).at(0.5) >= quantilesOf(result.service).at(0));
      }),
    );
  }

  test(
    'an origin that never answers: timeouts and drops, all of the schedule accounted for',
    stretched(async () => {
      await using origin = await httpOrigin(() => {});
      const job = jobFor('http1', origin.port, traffic, open(5, 200), {
        lead: 150,
        warmup: 0,
        window: 200,
        response: 600,
      });
      const result = await runHere(driver, job);
      enough(total(result.errors) === 5);
      assert.deepEqual(onlyErrors(result.errors), { timeout: 5 });
      assert.equal(result.scheduled, 40);
      assert.equal(result.dropped, 35);
      assert.equal(result.requests, 0);
    }),
  );

  test(
    'nobody listens: every arrival is a refusal or was never sent',
    stretched(async () => {
      const job = jobFor('http1', await freePort(), traffic, open(4, 200), { lead: 150, warmup: 0, window: 300 });
      const result = await runHere(driver, job);
      assert.equal(result.requests, 0);
      assert.equal(result.scheduled, 60);
      assert.equal(total(result.errors) + result.dropped!, 60);
      enough(total(result.errors) > 0);
      assert.deepEqual(Object.keys(onlyErrors(result.errors)), ['connect']);
    }),
  );

  test(
    'a known error mix is counted exactly',
    stretched(async () => {
      await using origin = await httpOrigin((socket, _request, count) =>
        socket.write(count % 4 === 0 ? answer(body, '500 Oops') : ok),
      );
      const job = jobFor('http1', origin.port, traffic, open(16, 400), { lead: 150, warmup: 0, window: 500 });
      const result = await runHere(driver, job);
      assert.equal(result.scheduled, 200);
      enough(result.dropped === 0);
      assert.deepEqual(onlyErrors(result.errors), { status: 50 });
      assert.equal(result.requests, 150);
    }),
  );

  test(
    'a connection per request at a rate: connect() is part of the service time',
    stretched(async () => {
      await using origin = await httpOrigin((socket) => socket.end(ok));
      const paced = get(body.length, { connection: 'per-request' });
      const job = jobFor('http1', origin.port, paced, open(16, 300, 'poisson'), { lead: 150, warmup: 0, window: 400 });
      const result = await runHere(driver, job);
      noErrors(result);
      assert.equal(origin.seen.requests, result.requests);
      assert.equal(result.requests + result.dropped!, result.scheduled);
    }),
  );

  test(
    'the same seed gives the same arrivals',
    stretched(async () => {
      await using origin = await httpOrigin((socket) => socket.write(ok));
      const counts = [];
      for (let i = 0; i < 2; i += 1) {
        const job = jobFor('http1', origin.port, traffic, open(8, 500, 'poisson'), {
          lead: 150,
          warmup: 0,
          window: 200,
        });
        counts.push((await runHere(driver, job)).scheduled);
      }
      assert.equal(counts[0], counts[1]);
    }),
  );

  test(
    'a closed loop has no schedule',
    stretched(async () => {
      await using origin = await httpOrigin((socket) => socket.write(ok));
      const result = await runHere(driver, jobFor('http1', origin.port, traffic, closed(1)));
      assert.equal(result.scheduled ?? result.dropped ?? result.offered, undefined);
    }),
  );
});

test(
  'waiting for a connection is the subject’s doing: it is schedule lag, but not the generator’s own',
  stretched(async (time) => {
    await using origin = await httpOrigin((socket) => void setTimeout(() => socket.write(ok), 50));
    const job = jobFor('http1', origin.port, traffic, open(1, 100), { ...time, response: 60_000 });
    const result = await runHere(driver, job);
    enough(result.requests >= 3);
    // One connection carries fewer than 20 a second: the third request of 100 a second waits for 2 × 50 ms less 20 ms.
    assert.ok(quantilesOf(result.scheduleLag).atLeast(50) >= 1);
    enough(quantilesOf(result.generatorLag).at(0.5) < 20);
    assert.equal(result.pacing?.by, 'pacer thread');
  }),
);

test(
  'what failed stands in its interval, and when the first and the last were due',
  stretched(async () => {
    // From the 20th to the 40th request: of 100 a second those that are due from 190 to 400 ms.
    await using origin = await httpOrigin((socket, _request, count) =>
      socket.write(count >= 20 && count < 40 ? 'HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n' : ok),
    );
    const job = jobFor('http1', origin.port, traffic, open(8, 100), { lead: 150, warmup: 0, window: 600 });
    const { timeline, errors, scheduled, dropped } = await runHere(driver, job);
    enough(dropped === 0);
    assert.equal(errors.status, 20);
    const sums = timeline.latency!.failed!.map((row) => row.reduce((sum, [, count]) => sum + count, 0));
    assert.deepEqual(sums, [0, 1, 10, 9, 0, 0]);
    const all = timeline.latency!.counts.flat().reduce((sum, [, count]) => sum + count, 0);
    assert.equal(all, scheduled);
    assert.deepEqual(
      Object.values(timeline.failures!).map((at) => Math.round(at)),
      [190, 380],
    );
    assert.deepEqual(timeline.latency!.dropped, [0, 0, 0, 0, 0, 0]);
  }),
);
