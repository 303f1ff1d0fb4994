/** What gRPC needs of a hop: an origin that gives it passes each case, and one that spares the trailers, or waits for the end, fails it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { definition } from '#backends/grpc-echo.ts';
import type { PreflightBench } from '#bench/lab/preflight/case.ts';
import { createCertificate } from '#bench/lab/certificates.ts';
import type { Target } from '#bench/lab/wire.ts';
import { grpcCases } from '#bench/lab/preflight/grpc.ts';
import { definition as plain } from '#proxies/l7/l7-http.ts';
import { definition as secure } from '#proxies/l7/l7-tls.ts';
import { never } from '../../proxies/sockets.ts';

const benchAt = (port: number, tls: Target['tls']): PreflightBench => {
  const target = { host: '127.0.0.1', port, ...(tls && { tls }) };
  return { target, origin: { target } as PreflightBench['origin'], upstream: 'http2' };
};

const outcomes = (port: number, patience: AbortSignal, tls?: Target['tls']): Promise<string[]> =>
  Promise.all(
    grpcCases.map((one) =>
      one.run(benchAt(port, tls), patience).catch((error: unknown) => `failed: ${(error as Error).message}`),
    ),
  );

test('an origin of gRPC passes', async () => {
  await using origin = await definition.start({ host: '127.0.0.1', port: 0 }, {}, never);
  const found = await outcomes(origin.address.port, never);
  assert.deepEqual(
    found.filter((outcome) => outcome.startsWith('failed')),
    [],
  );
});

for (const define of [plain, secure])
  test(`${define.name} passes, towards an origin in the clear`, async () => {
    const { ca, cert, key, serverName } = createCertificate();
    const isSecure = define === secure;
    await using origin = await definition.start({ host: '127.0.0.1', port: 0 }, {}, never);
    await using proxy = await define.start(
      {
        listener: {
          address: { host: '127.0.0.1', port: 0 },
          http2: true,
          ...(isSecure && { tls: { certificates: [{ cert, key }] } }),
        },
        clusters: [{ name: 'o', endpoints: [origin.address], protocol: 'http2' }],
        defaultCluster: 'o',
      },
      never,
    );
    const found = await outcomes(proxy.address.port, never, isSecure ? { ca, serverName } : undefined);
    assert.deepEqual(
      found.filter((outcome) => outcome.startsWith('failed')),
      [],
    );
  });

test('a hop that waits for the end of the request, and has no trailers, fails each', async () => {
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {});
    void buffer(stream).then(
      (content) => {
        stream.respond({ ':status': 200 });
        stream.end(content);
      },
      () => {},
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const found = await outcomes(port, AbortSignal.timeout(500));
  assert.deepEqual(
    found.map((outcome) => outcome.slice(0, 46)),
    [
      'failed: 0 bytes: expected grpc-status 0, got u',
      'failed: expected status 9 and its message, got',
      'failed: The operation was aborted',
      'failed: expected grpc-status 4, got undefined',
    ],
  );
  server.close();
});
