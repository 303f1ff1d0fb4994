import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { driver } from '#bench/load/http1/driver.ts';
import { LIVE } from '#bench/load/recorder.ts';
import type { LoadResult } from '#bench/model/load.ts';
import { bytes } from '#bench/model/units.ts';
import {
  closed,
  get,
  jobFor,
  liveRow,
  onlyErrors,
  quantilesOf,
  runHere,
  total,
  enough,
  stretched,
  noErrors,
} from '../jobs.ts';
import { answer, byteOrigin, freePort, httpOrigin } from '../origins.ts';
import { runShard } from '#bench/load/shard.ts';

const body = 'hello, load';
const ok = answer(body);
const traffic = get(body.length);

// All at once: what they assert is counts, never time.
describe('http1', { concurrency: true }, () => {
  test(
    'failures are told by kind and status, the most frequent first, each with its first message',
    stretched(async (time) => {
      await using origin = await httpOrigin((socket, _request, requests) => {
        if (requests % 7 === 0) socket.write(answer('x'));
        else if (requests % 3 === 0) socket.write(answer(body, '503 Service Unavailable'));
        else socket.write(answer(body, '429 Too Many Requests'));
      });
      const result = await runHere(driver, jobFor('http1', origin.port, traffic, closed(2), time));
      enough(result.errors.status > 20 && result.errors.body > 2);
      const { failures = [] } = result;
      assert.deepEqual(
        failures.map(({ kind, status, first }) => [kind, status, first]),
        [
          ['status', 429, 'expected status 200, got 429'],
          ['status', 503, 'expected status 200, got 503'],
          ['body', undefined, `expected a body of ${body.length} bytes, got 1`],
        ],
      );
      const [often, seldom, bodies] = failures.map(({ count }) => count);
      assert.equal(often! + seldom!, result.errors.status);
      assert.equal(bodies, result.errors.body);
    }),
  );

  test(
    'closed loop: what it counts is what the origin answered, on the connections it was given',
    stretched(async (time) => {
      await using origin = await httpOrigin((socket) => socket.write(ok));
      const live = liveRow();
      const job = jobFor('http1', origin.port, traffic, closed(3), time);
      const result = await runShard(driver, job, live, AbortSignal.timeout(10_000));
      noErrors(result);
      assert.equal(result.failures, undefined);
      enough(result.requests > 0 && result.connectionsOpened === 3);
      assert.ok(result.requests <= origin.seen.requests);
      assert.equal(origin.seen.connections, 3);
      assert.equal(result.connections, 3);
      assert.equal(result.connectionsOpened, 3);
      assert.equal(quantilesOf(result.service).count, result.requests);
      assert.equal(quantilesOf(result.connectTime).count, 3);
      assert.equal(
        result.timeline.requests.reduce((sum, count) => sum + count),
        result.requests,
      );
      assert.equal(result.timeline.requests.length, time.window / 100);
      assert.equal(result.timeline.warmup?.length, Math.ceil(time.warmup / 100));
      assert.equal(
        result.timeline.latency?.counts.flat().reduce((sum, [, count]) => sum + count, 0),
        result.requests,
      );
      assert.equal(result.response, undefined);
      // Live counters run from the start, the window's are a part of them; every request was written as often as it was seen.
      assert.ok(live[LIVE.completed]! >= result.requests);
      assert.equal(live[LIVE.ready], 1);
      assert.ok(result.bytesRead >= result.requests * ok.length);
      assert.ok(result.generator.cpuUser > 0 && result.generator.eventLoop > 0);
    }),
  );

  test(
    'a connection per request: each request opens one, says so, and leaves it to the origin to close',
    stretched(async (time) => {
      const first: string[] = [];
      await using origin = await httpOrigin((socket, request) => {
        if (first.length === 0) first.push(request);
        socket.end(ok);
      });
      const result = await runHere(
        driver,
        jobFor('http1', origin.port, get(body.length, { connection: 'per-request' }), closed(2), time),
      );
      noErrors(result);
      enough(result.requests > 0);
      assert.ok(origin.seen.connections - origin.seen.requests <= 2); // the last two may not have come to ask
      assert.match(first[0]!, /\r\nConnection: close\r\n/);
      assert.ok(Math.abs(result.connectionsOpened - result.requests) <= 4);
      // connect() belongs to the request.
      assert.ok(quantilesOf(result.service).at(0.5) >= quantilesOf(result.connectTime).at(0));
    }),
  );

  test(
    'uploads arrive whole, with their length',
    stretched(async (time) => {
      const requests: string[] = [];
      await using origin = await httpOrigin((socket, request) => {
        requests.push(request);
        socket.write(ok);
      });
      const request = { method: 'POST', path: '/up?x=1', headers: [['X-A', 'b']], bodyBytes: bytes(300_000) } as const;
      const upload = get(body.length, { request: { ...request, headers: [['X-A', 'b']] } });
      const result = await runHere(driver, jobFor('http1', origin.port, upload, closed(2), time));
      noErrors(result);
      enough(result.requests > 0);
      assert.match(
        requests[0]!,
        /^POST \/up\?x=1 HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\nX-A: b\r\nContent-Length: 300000\r\n\r\n/,
      );
      assert.ok(requests.every((text) => text.length === requests[0]!.length));
    }),
  );

  test(
    'answers in every framing count',
    stretched(async (time) => {
      const framings = [
        ok,
        `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
        `HTTP/1.1 103 Early Hints\r\n\r\n${ok}`,
        `HTTP/1.1 200 OK\r\n\r\n${body}`,
      ];
      await using origin = await httpOrigin((socket, _request, count) => {
        const framing = framings[count % framings.length]!;
        if (framing === framings[3]) socket.end(framing);
        else for (const piece of framing.match(/[^]{1,20}/g)!) socket.write(piece);
      });
      const result = await runHere(driver, jobFor('http1', origin.port, traffic, closed(2), time));
      noErrors(result);
      enough(result.requests > 3);
      assert.ok(origin.seen.connections > 2, 'a close-delimited answer ends its connection');
    }),
  );

  test(
    'HEAD has no body',
    stretched(async (time) => {
      await using origin = await httpOrigin((socket) => socket.write(ok.slice(0, -body.length)));
      const request = { method: 'HEAD' as const, path: '/', headers: [], bodyBytes: bytes(0) };
      const result = await runHere(driver, jobFor('http1', origin.port, get(0, { request }), closed(1), time));
      noErrors(result);
      enough(result.requests > 0);
    }),
  );

  test(
    'every tenth answer is wrong: each wrong one is one error of its kind, the others count',
    stretched(async (time) => {
      const wrong = {
        status: answer(body, '503 Service Unavailable'),
        body: answer(`${body}!`),
        framing: 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n',
        reset: ok.slice(0, -3),
      } as const;
      for (const [kind, bad] of Object.entries(wrong)) {
        const given = { bad: 0 };
        await using origin = await httpOrigin((socket, _request, count) => {
          if (count % 10 !== 0) return socket.write(ok);
          given.bad += 1;
          return kind === 'reset' ? socket.end(bad) : socket.write(bad);
        });
        // All of the job is the window, so that what the origin did is what must be counted (bar one in flight at its end).
        const result = await runHere(driver, jobFor('http1', origin.port, traffic, closed(1), { ...time, warmup: 0 }));
        enough(total(result.errors) > 0 && result.requests > 0);
        const errors = onlyErrors(result.errors);
        assert.deepEqual(Object.keys(errors), [kind], result.errorSamples.join());
        assert.ok(
          given.bad - total(result.errors) <= 1 && total(result.errors) > 0,
          `${kind}: ${total(result.errors)} of ${given.bad}`,
        );
        enough(result.requests > 0);
        assert.equal(quantilesOf(result.service).count, result.requests + total(result.errors));
        assert.match(result.errorSamples[0]!, new RegExp(`^${kind}: `));
      }
    }),
  );

  test(
    'a silent origin: timeouts at their elapsed time, on new connections',
    stretched(async (time) => {
      await using origin = await httpOrigin(() => {});
      const result = await runHere(
        driver,
        jobFor('http1', origin.port, traffic, closed(2), { ...time, response: time.window / 4, warmup: 0 }),
      );
      enough(total(result.errors) > 0);
      assert.deepEqual(Object.keys(onlyErrors(result.errors)), ['timeout']);
      assert.equal(result.requests, 0);
      const service = quantilesOf(result.service);
      assert.equal(service.count, result.errors.timeout);
      assert.equal(service.atLeast(time.window / 4 - 0.1), service.count);
      enough(result.errors.timeout > 2);
      assert.ok(origin.seen.connections > 2);
    }),
  );

  test(
    'an origin that is silent for longer than the window: each connection is a timeout, not nothing',
    stretched(async (time) => {
      await using origin = await httpOrigin(() => {});
      const result = await runHere(driver, jobFor('http1', origin.port, traffic, closed(3), time));
      enough(result.errors.timeout === 3);
      assert.deepEqual(onlyErrors(result.errors), { timeout: 3 });
      assert.equal(quantilesOf(result.service).atLeast(time.window), 3);
    }),
  );

  test(
    'nobody listens: refusals are told by name, and the target is not hammered',
    stretched(async (time) => {
      const result = await runHere(
        driver,
        jobFor('http1', await freePort(), traffic, closed(2), { ...time, warmup: 0 }),
      );
      enough(total(result.errors) > 0);
      assert.deepEqual(Object.keys(onlyErrors(result.errors)), ['connect']);
      assert.match(result.errorSamples.join(), /ECONNREFUSED/);
      assert.equal(result.requests, 0);
      assert.ok(result.errors.connect < time.window / 5, `${result.errors.connect} attempts`);
    }),
  );

  test(
    'an origin that resets every request',
    stretched(async (time) => {
      await using origin = await httpOrigin((socket) => socket.resetAndDestroy());
      const result = await runHere(driver, jobFor('http1', origin.port, traffic, closed(2), { ...time, warmup: 0 }));
      enough(total(result.errors) > 0);
      assert.deepEqual(Object.keys(onlyErrors(result.errors)), ['reset']);
      assert.match(result.errorSamples.join(), /ECONNRESET/);
    }),
  );

  test(
    'a connection closed between two requests is no error',
    stretched(async (time) => {
      await using origin = await httpOrigin((socket, _request, count) =>
        count % 5 === 0 ? socket.end(answer(body, '200 OK', 'Connection: close\r\n')) : socket.write(ok),
      );
      const result = await runHere(driver, jobFor('http1', origin.port, traffic, closed(2), time));
      noErrors(result);
      enough(origin.seen.requests > 10);
      assert.ok(result.connectionsOpened > 2);
    }),
  );

  test(
    'aborted: rejects with an AbortError, and the origin has no connection left',
    stretched(async (time) => {
      const asked = Promise.withResolvers<void>();
      const closedAll = Promise.withResolvers<void>();
      let open = 0;
      await using origin = await byteOrigin((socket) => {
        open += 1;
        socket.on('close', () => --open === 0 && closedAll.resolve());
        return () => asked.resolve();
      });
      const abort = new AbortController();
      const run = runShard(
        driver,
        jobFor('http1', origin.port, traffic, closed(5), { ...time, window: 60_000 }),
        liveRow(),
        abort.signal,
      );
      await asked.promise;
      abort.abort();
      await assert.rejects(run, { name: 'AbortError' });
      await closedAll.promise;
    }),
  );

  test(
    'too few file descriptors are told by name',
    stretched(async (time) => {
      await using origin = await httpOrigin((socket) => socket.write(ok));
      const script = `
      import { driver } from ${JSON.stringify(new URL('../../../../bench/load/http1/driver.ts', import.meta.url).href)};
      import { closed, jobFor, runHere } from ${JSON.stringify(new URL('../jobs.ts', import.meta.url).href)};
      const idle = { kind: 'idle', protocol: 'http', tls: 'none' };
      const { requests, errors, errorSamples } = await runHere(driver, jobFor('http1', ${origin.port}, idle, closed(200), ${JSON.stringify(time)}));
      console.log(JSON.stringify({ requests, errors, errorSamples }));`;
      const shell = 'ulimit -n 100 && exec "$0" --input-type=module -e "$1"';
      const { stdout } = await promisify(execFile)('/bin/sh', ['-c', shell, process.execPath, script]);
      const { requests, errors, errorSamples } = JSON.parse(stdout) as LoadResult;
      assert.ok(requests < 100);
      enough(errors.timeout === 0);
      assert.ok(errors.connect > 0);
      assert.match(errorSamples.join(), /EMFILE/);
    }),
  );

  test(
    'an aborted open loop leaves nothing that keeps its process alive',
    stretched(async () => {
      await using origin = await httpOrigin((socket) => socket.write(ok));
      const script = `
      import { driver } from ${JSON.stringify(new URL('../../../../bench/load/http1/driver.ts', import.meta.url).href)};
      import { runShard } from ${JSON.stringify(new URL('../../../../bench/load/shard.ts', import.meta.url).href)};
      import { get, jobFor, liveRow, open } from ${JSON.stringify(new URL('../jobs.ts', import.meta.url).href)};
      const abort = new AbortController();
      const job = jobFor('http1', ${origin.port}, get(${body.length}), open(4, 500), { window: 60_000 });
      const live = liveRow();
      setInterval(function () { if (live[0] > 20) { clearInterval(this); abort.abort(); } }, 5);
      await runShard(driver, job, live, abort.signal).catch((error) => console.log(error.name));`;
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
        timeout: 20_000,
      });
      assert.equal(stdout, 'AbortError\n');
    }),
  );

  test(
    'a request that HTTP/1.1 cannot carry is refused before any connection',
    stretched(async (time) => {
      for (const headers of [[['a b', 'c']], [['a', 'b\r\nX: y']]] as [string, string][][]) {
        const request = { method: 'GET' as const, path: '/', headers, bodyBytes: bytes(0) };
        const run = runHere(driver, jobFor('http1', 1, get(1, { request }), closed(1), time));
        await assert.rejects(run, { name: 'LoadError' });
      }
    }),
  );

  test(
    'connections that stay idle: those still open and silent at the end count, the others are resets',
    stretched(async (time) => {
      const middle = performance.now() + 4 * time.lead + time.warmup + time.window / 2;
      await using origin = await httpOrigin((socket, _request, count) => {
        socket.write(ok);
        if (count === 2) setTimeout(() => socket.end(), middle - performance.now());
        if (count === 4)
          setTimeout(() => socket.write('HTTP/1.1 408 Request Timeout\r\n\r\n'), middle - performance.now());
      });
      const idle = { kind: 'idle', protocol: 'http', tls: 'none' } as const;
      const result = await runHere(
        driver,
        jobFor('http1', origin.port, idle, closed(10), { ...time, lead: 4 * time.lead }),
      );
      enough(result.errors.timeout === 0 && result.requests < 10);
      assert.equal(origin.seen.requests, 10);
      assert.equal(result.requests, 8);
      assert.deepEqual(onlyErrors(result.errors), { reset: 2 });
      assert.equal(result.connectionsOpened, 10);
    }),
  );
});

test(
  'a body that differs from the first answer is noticed on a sample',
  stretched(async (time) => {
    await using origin = await httpOrigin((socket, _request, count) =>
      socket.write(count === 1 ? ok : answer('HELLO, load')),
    );
    const result = await runHere(driver, jobFor('http1', origin.port, traffic, closed(1), { ...time, warmup: 0 }));
    enough(total(result.errors) > 0);
    assert.deepEqual(Object.keys(onlyErrors(result.errors)), ['body']);
    assert.equal(result.errors.body, Math.floor((result.requests + result.errors.body - 1) / 64));
  }),
);

test(
  'a body that is always the wrong one is noticed by the checksum of what the origin sends',
  stretched(async (time) => {
    await using origin = await httpOrigin((socket) => socket.write(answer('HELLO, load')));
    const job = jobFor('http1', origin.port, traffic, closed(1), { ...time, warmup: 0 });
    const blind = await runHere(driver, job);
    noErrors(blind);
    const again = jobFor('http1', origin.port, traffic, closed(1), { ...time, warmup: 0 });
    const seeing = await runHere(driver, { ...again, bodyChecksum: crc32(body) });
    enough(total(seeing.errors) > 0);
    assert.deepEqual(Object.keys(onlyErrors(seeing.errors)), ['body']);
    assert.match(seeing.errorSamples.join(), /differs from what the origin sends/);
    // Every sampled answer was wrong; the last one may have come after the window.
    assert.ok(seeing.bodiesChecked! - seeing.errors.body <= 1);
    assert.equal(seeing.errors.body, Math.ceil((seeing.requests + seeing.errors.body) / 64));
  }),
);

test(
  'the right body passes, and how many were read is counted',
  stretched(async (time) => {
    await using origin = await httpOrigin((socket) => socket.write(ok));
    const job = { ...jobFor('http1', origin.port, traffic, closed(3), time), bodyChecksum: crc32(body) };
    const result = await runHere(driver, job);
    enough(result.requests > 0);
    noErrors(result);
    const sampled = origin.seen.requests / 64;
    assert.ok(result.bodiesChecked! >= 1 && Math.abs(result.bodiesChecked! - sampled) <= 1, `${result.bodiesChecked}`);
  }),
);
