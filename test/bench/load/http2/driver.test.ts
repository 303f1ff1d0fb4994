/** The HTTP/2 driver against our origin and node's server: counts, checks, and what happens when something goes wrong. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import type net from 'node:net';
import { describe, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { createCertificate } from '#bench/lab/certificates.ts';
import { definition as grpc } from '#backends/grpc-echo.ts';
import { definition } from '#backends/http-fixed.ts';
import { BODY_PATTERN } from '#backends/fixed-answers.ts';
import { driver } from '#bench/load/http2/driver.ts';
import { driver as http1 } from '#bench/load/http1/driver.ts';
import { LoadError } from '#bench/load/contract.ts';
import type { LoadJob } from '#bench/model/load.ts';
import { bytes } from '#bench/model/units.ts';
import {
  closed,
  enough,
  get,
  type HttpTraffic,
  jobFor,
  noErrors,
  onlyErrors,
  open,
  quantilesOf,
  runHere,
  stretched,
} from '../jobs.ts';

const fixed = (tls?: { cert: string; key: string }) =>
  definition.start({ host: '127.0.0.1', port: 0 }, { http2: true, ...(tls && { tls }) }, new AbortController().signal);

const streams = (count: number, bodyBytes: number, path = `/bytes/${bodyBytes}`, more: Partial<HttpTraffic> = {}) => {
  const traffic = get(bodyBytes, { http2: { streams: count }, ...more });
  return { ...traffic, request: { ...traffic.request, path } };
};

/** So many calls at once, each of `messages` that come back where the method is an echo. */
const calls = (method: string, messages = 1, more: Partial<HttpTraffic> = {}): HttpTraffic => {
  const bodyBytes = bytes(messages * 25);
  return {
    ...get(bodyBytes, { http2: { streams: 4 }, grpc: { messages }, ...more }),
    request: {
      method: 'POST',
      path: `/hopcost.Echo/${method}`,
      headers: [
        ['content-type', 'application/grpc'],
        ['te', 'trailers'],
      ],
      bodyBytes,
    },
  };
};

/** A server of node's, closed with all its sessions. */
async function nodeOrigin(
  onStream: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void,
  settings: http2.Settings = {},
): Promise<AsyncDisposable & { readonly port: number; readonly sessions: Set<http2.ServerHttp2Session> }> {
  const server = http2.createServer({ settings });
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => {});
  });
  server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    stream.on('error', () => {});
    onStream(stream, headers);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as net.AddressInfo).port,
    sessions,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const reply = (stream: http2.ServerHttp2Stream, body: string, status = 200): void => {
  stream.respond({ ':status': status });
  stream.end(body);
};

describe('http2', { concurrency: true }, () => {
  test(
    'closed loop: what it counts is what the origin answered, on the connections it was given',
    stretched(async (time) => {
      await using origin = await fixed();
      const result = await runHere(driver, jobFor('http2', origin.address.port, streams(8, 1_000), closed(3), time));
      noErrors(result);
      enough(result.requests > 100);
      assert.equal(origin.counters().connections, 3);
      assert.ok(origin.counters().requests >= result.requests);
      assert.ok(result.bytesRead > result.requests * 1_000);
      assert.ok(result.reads! > 0 && result.reads! < result.requests, 'answers come together');
      assert.ok((result.bodiesChecked ?? 0) > 0);
      assert.equal(quantilesOf(result.service).count, result.requests);
    }),
  );

  test(
    'has as many requests under way at once as connections times streams',
    stretched(async (time) => {
      let [now, most] = [0, 0];
      await using origin = await nodeOrigin((stream) => {
        most = Math.max(most, ++now);
        setTimeout(() => {
          now--;
          if (!stream.destroyed) reply(stream, 'hi');
        }, 20);
      });
      const result = await runHere(driver, jobFor('http2', origin.port, streams(5, 2), closed(2), time));
      noErrors(result);
      enough(result.requests > 0 && most >= 10, 'one connection came too late');
      assert.equal(most, 10);
    }),
  );

  test(
    'open loop: sends what is due',
    stretched(async (time) => {
      await using origin = await fixed();
      const result = await runHere(driver, jobFor('http2', origin.address.port, streams(4, 10), open(2, 500), time));
      noErrors(result);
      assert.equal(result.scheduled, Math.round((500 * time.window) / 1_000));
      assert.equal(result.requests + (result.dropped ?? 0), result.scheduled);
    }),
  );

  test(
    'large answers and uploads go through the windows of either side',
    stretched(async (time) => {
      await using origin = await fixed();
      const job: LoadJob = {
        ...jobFor('http2', origin.address.port, streams(2, 3_000_000), closed(1), time),
        bodyChecksum: crc32(BODY_PATTERN.repeat(3_000_000 / 64)),
      };
      const result = await runHere(driver, job);
      noErrors(result);
      enough(result.requests > 2);
      const upload = streams(3, 8, '/up');
      const traffic = { ...upload, request: { ...upload.request, method: 'POST' as const, bodyBytes: bytes(500_000) } };
      const uploaded = await runHere(driver, jobFor('http2', origin.address.port, traffic, closed(1), time));
      noErrors(uploaded);
      enough(uploaded.requests > 2);
      assert.ok(uploaded.bytesWritten > uploaded.requests * 500_000 * 0.5);
    }),
  );

  test(
    'a connection for each request, in the clear and by TLS',
    stretched(async (time) => {
      const { cert, key, ca } = createCertificate();
      for (const tls of [undefined, { cert, key }]) {
        await using origin = await fixed(tls);
        const traffic = streams(1, 100, '/bytes/100', { connection: 'per-request', tls: tls ? 'full' : 'none' });
        const job = jobFor('http2', origin.address.port, traffic, closed(2), time);
        const result = await runHere(driver, tls ? { ...job, tls: { ca, serverName: 'localhost' } } : job);
        noErrors(result);
        enough(result.requests > 3);
        // Those of the first two may have been made before the window.
        assert.ok(result.connectionsOpened >= result.requests - 2);
        if (tls) assert.ok(result.handshakes.full >= result.requests - 2);
      }
    }),
  );

  test(
    'speaks over TLS where the peer chose h2, and says so where it did not',
    stretched(async (time) => {
      const { cert, key, ca } = createCertificate();
      const way = { ca, serverName: 'localhost' };
      await using origin = await fixed({ cert, key });
      const traffic = streams(4, 100, '/bytes/100', { tls: 'full' });
      const result = await runHere(driver, {
        ...jobFor('http2', origin.address.port, traffic, closed(2), time),
        tls: way,
      });
      noErrors(result);
      enough(result.requests > 10);
      await using old = await definition.start(
        { host: '127.0.0.1', port: 0 },
        { tls: { cert, key } },
        new AbortController().signal,
      );
      const refused = await runHere(driver, {
        ...jobFor('http2', old.address.port, traffic, closed(1), time),
        tls: way,
      });
      enough(refused.errors.tls > 0);
      assert.match(refused.errorSamples.join(), /expected ALPN h2, got none/);
    }),
  );

  test(
    'wrong answers are told by kind',
    stretched(async (time) => {
      let count = 0;
      await using origin = await nodeOrigin((stream) => {
        count++;
        if (count % 4 === 0) reply(stream, 'hi', 503);
        else if (count % 4 === 1) reply(stream, 'longer');
        else if (count % 4 === 2) stream.close(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
        else reply(stream, 'hi');
      });
      const result = await runHere(driver, jobFor('http2', origin.port, streams(4, 2), closed(1), time));
      enough(count > 40);
      assert.deepEqual(Object.keys(onlyErrors(result.errors)).toSorted(), ['body', 'reset', 'status']);
      assert.match(result.errorSamples.join(), /the stream was reset: ENHANCE_YOUR_CALM/);
      assert.ok(result.requests > 0);
    }),
  );

  test(
    'gRPC: a call counts by the status in its trailers, whatever HTTP says of it',
    stretched(async (time) => {
      await using origin = await grpc.start({ host: '127.0.0.1', port: 0 }, {}, new AbortController().signal);
      const { port } = origin.address;
      const drive = (traffic: HttpTraffic, loop = closed(2)) =>
        runHere(driver, jobFor('http2', port, traffic, loop, time));
      for (const [method, messages] of [
        ['Unary', 1],
        ['Chat', 100],
      ] as const) {
        const result = await drive(calls(method, messages));
        noErrors(result);
        enough(result.requests > 20);
      }
      noErrors(await drive(calls('Unary'), open(2, 100)));
      // All of them are answered 200; one by trailers alone, one behind its content.
      for (const [method, messages] of [
        ['Fail', 1],
        ['Unary', 2],
        ['Nothing', 1],
      ] as const) {
        const { requests, errors, errorSamples } = await drive(calls(method, messages));
        assert.equal(requests, 0);
        enough(errors.status > 0);
        assert.deepEqual(Object.keys(onlyErrors(errors)), ['status']);
        assert.match(errorSamples.join(), /expected grpc-status 0, got (9|13|12)$/);
      }
    }),
  );

  test(
    'gRPC: an answer without status is none',
    stretched(async (time) => {
      let count = 0;
      await using origin = await nodeOrigin((stream) => {
        stream.respond({ ':status': 200 }, { waitForTrailers: true });
        const status = ++count % 2 === 0 ? { 'grpc-status': '0' } : { other: '0' };
        stream.on('wantTrailers', () => stream.sendTrailers(status));
        stream.end('x'.repeat(25));
      });
      const result = await runHere(driver, jobFor('http2', origin.port, calls('Unary'), closed(1), time));
      enough(result.requests > 0 && result.errors.status > 0);
      assert.match(result.errorSamples.join(), /expected grpc-status 0, got none/);
    }),
  );

  test(
    'a body that is not what the origin is known to send is seen',
    stretched(async (time) => {
      await using origin = await nodeOrigin((stream) => reply(stream, 'ab'));
      const job = { ...jobFor('http2', origin.port, streams(3, 2), closed(1), time), bodyChecksum: crc32('cd') };
      const result = await runHere(driver, job);
      enough(result.bodiesChecked! > 0 && result.errors.body > 0);
      assert.match(result.errorSamples.join(), /the body differs from what the origin sends/);
      assert.ok(result.requests > 0, 'only a sample is read');
    }),
  );

  test(
    'a server that goes away loses no request, and gets another connection',
    stretched(async (time) => {
      let count = 0;
      await using origin = await nodeOrigin((stream) => {
        reply(stream, 'hi');
        if (++count % 50 === 0) stream.session?.close();
      });
      const result = await runHere(driver, jobFor('http2', origin.port, streams(4, 2), closed(2), time));
      enough(count > 200);
      noErrors(result);
      assert.ok(result.connectionsOpened > 2);
    }),
  );

  test(
    'a server that drops connections costs the requests on them',
    stretched(async (time) => {
      let count = 0;
      await using origin = await nodeOrigin((stream) => {
        if (++count % 20 === 0) stream.session?.destroy();
        else reply(stream, 'hi');
      });
      const result = await runHere(driver, jobFor('http2', origin.port, streams(4, 2), closed(2), time));
      enough(count > 60);
      assert.deepEqual(Object.keys(onlyErrors(result.errors)), ['reset'], result.errorSamples.join());
      assert.ok(result.requests > 0);
    }),
  );

  test(
    'a stream that is not answered times out alone',
    stretched(async (time) => {
      let count = 0;
      await using origin = await nodeOrigin((stream) => {
        if (count++ > 0) reply(stream, 'hi');
      });
      const job = jobFor('http2', origin.port, streams(2, 2), closed(1), { ...time, response: 60 });
      const result = await runHere(driver, job);
      enough(result.requests > 10);
      assert.match(result.errorSamples.join(), /timeout: no answer in time/);
      assert.equal(origin.sessions.size <= 1, true);
    }),
  );

  test(
    'a server that allows fewer streams is told of, and driven as it allows',
    stretched(async (time) => {
      let [now, most] = [0, 0];
      await using origin = await nodeOrigin(
        (stream) => {
          most = Math.max(most, ++now);
          setImmediate(() => {
            now--;
            if (!stream.destroyed) reply(stream, 'hi');
          });
        },
        { maxConcurrentStreams: 3 },
      );
      const result = await runHere(driver, jobFor('http2', origin.port, streams(8, 2), closed(1), time));
      noErrors({ ...result, errorSamples: [] });
      enough(result.requests > 10);
      assert.ok(most <= 3);
      assert.match(result.errorSamples.join(), /allows 3 streams at once only/);
    }),
  );

  test(
    'nobody there: connect errors, and the job ends',
    stretched(async (time) => {
      const origin = await fixed();
      const { port } = origin.address;
      await origin[Symbol.asyncDispose]();
      const result = await runHere(driver, jobFor('http2', port, streams(4, 2), closed(2), time));
      enough(result.errors.connect > 0);
      assert.equal(result.requests, 0);
    }),
  );

  test('refuses what it cannot drive', async () => {
    const job = jobFor('http2', 1, streams(1, 2), closed(1));
    await assert.rejects(runHere(driver, { ...job, traffic: get(2) }), LoadError);
    await assert.rejects(runHere(driver, { ...job, loop: open(1, 10), maxRate: 5 }), LoadError);
    const traffic = streams(1, 2);
    const hop = { ...traffic, request: { ...traffic.request, headers: [['Connection', 'x']] as [string, string][] } };
    await assert.rejects(runHere(driver, { ...job, traffic: hop }), /leave it out with HTTP\/2/);
    assert.equal(driver.supports(get(2)), false);
    assert.equal(http1.supports(streams(1, 2), closed(1)), false);
  });
});
