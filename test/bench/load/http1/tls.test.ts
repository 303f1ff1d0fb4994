import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createCertificate } from '#bench/lab/certificates.ts';
import { driver } from '#bench/load/http1/driver.ts';
import { bytes } from '#bench/model/units.ts';
import {
  closed,
  get,
  type HttpTraffic,
  type Timing,
  jobFor,
  onlyErrors,
  runHere,
  total,
  enough,
  stretched,
  noErrors,
} from '../jobs.ts';
import { answer, httpOrigin } from '../origins.ts';

const { ca, cert, key, serverName } = createCertificate();
const body = 'hello, tls';
const ok = answer(body);
const job = (port: number, traffic: Partial<HttpTraffic>, time: Timing, trusted = { ca, serverName }) => ({
  ...jobFor('http1', port, get(body.length, traffic), closed(2), { ...time, lead: 2 * time.lead! }),
  tls: trusted,
});

// All at once: what they assert is counts, never time.
describe('http1 over TLS', { concurrency: true }, () => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(
      `${maxVersion}, keep-alive: one full handshake a connection`,
      stretched(async (time) => {
        await using origin = await httpOrigin((socket) => socket.write(ok), { cert, key, maxVersion });
        const result = await runHere(driver, job(origin.port, { tls: 'full' }, time));
        noErrors(result);
        enough(result.requests > 0);
        enough(result.connectionsOpened === 2);
        assert.deepEqual(result.handshakes, { full: 2, resumed: 0 });
      }),
    );

    test(
      `${maxVersion}, a connection per request, full: nothing is resumed`,
      stretched(async (time) => {
        await using origin = await httpOrigin((socket) => socket.end(ok), { cert, key, maxVersion });
        const result = await runHere(driver, job(origin.port, { tls: 'full', connection: 'per-request' }, time));
        noErrors(result);
        enough(result.requests > 0);
        assert.equal(result.handshakes.resumed, 0);
        assert.equal(result.handshakes.full, result.connectionsOpened);
      }),
    );

    test(
      `${maxVersion}, a connection per request, resumed: all of them are`,
      stretched(async (time) => {
        await using origin = await httpOrigin((socket) => socket.end(ok), { cert, key, maxVersion });
        const result = await runHere(driver, job(origin.port, { tls: 'resumed', connection: 'per-request' }, time));
        noErrors(result);
        enough(result.requests > 0);
        assert.equal(result.handshakes.full, 0);
        assert.equal(result.handshakes.resumed, result.connectionsOpened);
      }),
    );
  }

  test(
    'uploads over TLS arrive whole',
    stretched(async (time) => {
      const lengths = new Set<number>();
      await using origin = await httpOrigin(
        (socket, request) => {
          lengths.add(request.length);
          socket.write(ok);
        },
        { cert, key },
      );
      const request = { method: 'PUT' as const, path: '/', headers: [], bodyBytes: bytes(500_000) };
      const result = await runHere(driver, job(origin.port, { tls: 'full', request }, time));
      noErrors(result);
      enough(result.requests > 0);
      assert.equal(lengths.size, 1);
    }),
  );

  test(
    'a server without tickets: the handshakes are full, and counted so',
    stretched(async (time) => {
      const { SSL_OP_NO_TICKET } = await import('node:constants');
      const origin = await httpOrigin((socket) => socket.end(ok), {
        cert,
        key,
        maxVersion: 'TLSv1.2',
        secureOptions: SSL_OP_NO_TICKET,
        sessionTimeout: 1,
      });
      await using _ = origin;
      const result = await runHere(driver, job(origin.port, { tls: 'resumed', connection: 'per-request' }, time));
      noErrors(result);
      assert.equal(result.handshakes.full + result.handshakes.resumed, result.connectionsOpened);
      enough(result.connectionsOpened > 0);
      assert.ok(result.handshakes.full > 0);
    }),
  );

  test(
    'an unknown authority or another name is a TLS error, never traffic',
    stretched(async (time) => {
      await using origin = await httpOrigin((socket) => socket.write(ok), { cert, key });
      for (const trusted of [
        { ca: createCertificate().ca, serverName },
        { ca, serverName: 'elsewhere.example' },
      ]) {
        const result = await runHere(driver, job(origin.port, { tls: 'full' }, time, trusted));
        enough(total(result.errors) > 0);
        assert.deepEqual(Object.keys(onlyErrors(result.errors)), ['tls'], result.errorSamples.join());
        assert.equal(result.requests, 0);
      }
      assert.equal(origin.seen.requests, 0);
    }),
  );
});
