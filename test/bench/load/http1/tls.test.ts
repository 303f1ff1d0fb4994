import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createCertificate } from '#bench/lab/certificates.ts';
import { driver } from '#bench/load/http1/driver.ts';
import { bytes } from '#bench/model/units.ts';
import { closed, get, type HttpTraffic, jobFor, onlyErrors, runHere, total } from '../jobs.ts';
import { answer, httpOrigin } from '../origins.ts';

const { ca, cert, key, serverName } = createCertificate();
const body = 'hello, tls';
const ok = answer(body);
const job = (port: number, traffic: Partial<HttpTraffic>, trusted = { ca, serverName }) => ({
  ...jobFor('http1', port, get(body.length, traffic), closed(2), { lead: 100, window: 200 }),
  tls: trusted,
});

// All at once: what they assert is counts, never time.
describe('http1 over TLS', { concurrency: true }, () => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`${maxVersion}, keep-alive: one full handshake a connection`, async () => {
      await using origin = await httpOrigin((socket) => socket.write(ok), { cert, key, maxVersion });
      const result = await runHere(driver, job(origin.port, { tls: 'full' }));
      assert.equal(total(result.errors), 0, result.errorSamples.join());
      assert.ok(result.requests > 0);
      assert.deepEqual(result.handshakes, { full: 2, resumed: 0 });
    });

    test(`${maxVersion}, a connection per request, full: nothing is resumed`, async () => {
      await using origin = await httpOrigin((socket) => socket.end(ok), { cert, key, maxVersion });
      const result = await runHere(driver, job(origin.port, { tls: 'full', connection: 'per-request' }));
      assert.equal(total(result.errors), 0, result.errorSamples.join());
      assert.ok(result.requests > 0);
      assert.equal(result.handshakes.resumed, 0);
      assert.equal(result.handshakes.full, result.connectionsOpened);
    });

    test(`${maxVersion}, a connection per request, resumed: all of them are`, async () => {
      await using origin = await httpOrigin((socket) => socket.end(ok), { cert, key, maxVersion });
      const result = await runHere(driver, job(origin.port, { tls: 'resumed', connection: 'per-request' }));
      assert.equal(total(result.errors), 0, result.errorSamples.join());
      assert.ok(result.requests > 0);
      assert.equal(result.handshakes.full, 0);
      assert.equal(result.handshakes.resumed, result.connectionsOpened);
    });
  }

  test('uploads over TLS arrive whole', async () => {
    const lengths = new Set<number>();
    await using origin = await httpOrigin(
      (socket, request) => {
        lengths.add(request.length);
        socket.write(ok);
      },
      { cert, key },
    );
    const request = { method: 'PUT' as const, path: '/', headers: [], bodyBytes: bytes(500_000) };
    const result = await runHere(driver, job(origin.port, { tls: 'full', request }));
    assert.equal(total(result.errors), 0, result.errorSamples.join());
    assert.ok(result.requests > 0);
    assert.equal(lengths.size, 1);
  });

  test('a server without tickets: the handshakes are full, and counted so', async () => {
    const { SSL_OP_NO_TICKET } = await import('node:constants');
    const origin = await httpOrigin((socket) => socket.end(ok), {
      cert,
      key,
      maxVersion: 'TLSv1.2',
      secureOptions: SSL_OP_NO_TICKET,
      sessionTimeout: 1,
    });
    await using _ = origin;
    const result = await runHere(driver, job(origin.port, { tls: 'resumed', connection: 'per-request' }));
    assert.equal(total(result.errors), 0, result.errorSamples.join());
    assert.equal(result.handshakes.full + result.handshakes.resumed, result.connectionsOpened);
    assert.ok(result.handshakes.full > 0);
  });

  test('an unknown authority or another name is a TLS error, never traffic', async () => {
    await using origin = await httpOrigin((socket) => socket.write(ok), { cert, key });
    for (const trusted of [
      { ca: createCertificate().ca, serverName },
      { ca, serverName: 'elsewhere.example' },
    ]) {
      const result = await runHere(driver, job(origin.port, { tls: 'full' }, trusted));
      assert.deepEqual(Object.keys(onlyErrors(result.errors)), ['tls'], result.errorSamples.join());
      assert.equal(result.requests, 0);
    }
    assert.equal(origin.seen.requests, 0);
  });
});
