/** Whatever ends TLS, the origin for direct too, negotiates the same with the load client: else subjects would be compared by their ciphers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { definition as httpFixed } from '#backends/http-fixed.ts';
import { createCertificate } from '#bench/lab/certificates.ts';
import type { Endpoint } from '#proxies/config/intent.ts';
import { TLS_SUITES } from '#proxies/platform/tls-suites.ts';
import { proxies } from '#proxies/registry.ts';

const { ca, cert, key } = createCertificate();
const listener: Endpoint = { host: '127.0.0.1', port: 0 };
const soon = () => AbortSignal.timeout(20_000);

interface Negotiated {
  readonly version: string | null;
  readonly cipher: string;
  readonly group: string | undefined;
  /** Of the certificate: its curve, undefined for RSA. */
  readonly key: string | undefined;
}

const EXPECTED: Negotiated = {
  version: 'TLSv1.3',
  cipher: 'TLS_AES_128_GCM_SHA256',
  group: 'X25519',
  key: 'prime256v1',
};

/** As load connects; one request, since a ticket may come after the first answer only. Rejects where none comes. */
async function negotiate(target: Endpoint, version: 'TLSv1.2' | 'TLSv1.3'): Promise<Negotiated> {
  const socket = connect({ ...target, ...TLS_SUITES, ca, servername: 'localhost', maxVersion: version });
  const session = once(socket, 'session', { signal: soon() });
  session.catch(() => {});
  await once(socket, 'secureConnect', { signal: soon() });
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  socket.resume();
  await session;
  const negotiated: Negotiated = {
    version: socket.getProtocol(),
    cipher: socket.getCipher().standardName,
    group: (socket.getEphemeralKeyInfo() as { name?: string }).name,
    key: (socket.getPeerCertificate() as { asn1Curve?: string }).asn1Curve,
  };
  socket.destroy();
  return negotiated;
}

async function check(target: Endpoint): Promise<void> {
  assert.deepEqual(await negotiate(target, 'TLSv1.3'), EXPECTED);
  assert.deepEqual(await negotiate(target, 'TLSv1.2'), {
    ...EXPECTED,
    version: 'TLSv1.2',
    cipher: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  });
}

test('direct: the origin', async () => {
  await using origin = await httpFixed.start(listener, { tls: { cert, key } }, soon());
  await check(origin.address);
});

for (const definition of proxies.values()) {
  if (!definition.capabilities.has('tls-termination')) continue;
  const availability = await definition.availability();
  const skip = availability.state === 'missing' && `${availability.reason}; install: ${availability.install}`;
  test(`${definition.name}`, { skip }, async () => {
    await using origin = await httpFixed.start(listener, {}, soon());
    await using proxy = await definition.start(
      {
        listener: { address: listener, tls: { certificates: [{ cert, key }], alpn: ['http/1.1'] } },
        clusters: [{ name: 'origin', endpoints: [origin.address] }],
        defaultCluster: 'origin',
      },
      soon(),
    );
    await check(proxy.address);
  });
}
