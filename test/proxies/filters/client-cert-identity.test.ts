/** Who a client is by its certificate, over TLS as it is. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { createCertificate } from '#bench/lab/certificates.ts';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import { type ClientCertIdentity, identityOf } from '#proxies/filters/client-cert-identity.ts';
import { definition } from '#proxies/l7/l7-tls.ts';
import { clientCertificate } from '../l7/client-certificate.ts';
import { answering, ok, Origin, Reader } from '../l7/lab.ts';
import { request, statusOf } from './lab.ts';

const { cert, key } = createCertificate();
const certificate = new X509Certificate(clientCertificate.cert);

async function setup(settings: ClientCertIdentity, fault = {}, clientCa: string | undefined = clientCertificate.cert) {
  const origin = await new Origin(answering(ok)).listen();
  const intent: ProxyIntent = {
    listener: {
      address: { host: '127.0.0.1', port: 0 },
      tls: { certificates: [{ cert, key }], ...(clientCa !== '' && { clientCa }) },
    },
    clusters: [{ name: 'o', endpoints: [{ host: '127.0.0.1', port: origin.port }] }],
    defaultCluster: 'o',
    filters: { 'client-cert-identity': settings },
    fault,
  };
  const proxy = await definition.start(intent, new AbortController().signal).catch(async (error: unknown) => {
    await origin[Symbol.asyncDispose]();
    throw error;
  });
  return {
    origin,
    async open(session?: Buffer): Promise<TLSSocket> {
      const { port } = proxy.address;
      const socket = connect({
        port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        ...clientCertificate,
        ...(session && { session }),
      });
      await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
      return socket;
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
    },
  };
}

const told = ({ connections }: Origin) => connections.flatMap(({ text }) => text.match(/^x.client.*$/gim) ?? []);
const forged = request(['X-Client: root', 'x_client: root']);

test('the origin is told the common name, of a resumed session as well', async () => {
  await using lab = await setup({ identityHeader: 'X-Client' });
  const first = await lab.open();
  const session = new Promise<Buffer>((resolve) => first.once('session', resolve));
  assert.equal(statusOf(await new Reader(first).send(forged).end()), 200);
  const again = await lab.open(await session);
  assert.ok(again.isSessionReused());
  assert.equal(statusOf(await new Reader(again).send(forged).end()), 200);
  assert.deepEqual(told(lab.origin), ['X-Client: throw-away client', 'X-Client: throw-away client']);
});

test('a delayed wire tells it too', async () => {
  await using lab = await setup({ identityHeader: 'X-Client', from: 'fingerprint' }, { delay: 1 });
  assert.equal(statusOf(await new Reader(await lab.open()).send(forged).end()), 200);
  assert.deepEqual(told(lab.origin), [`X-Client: ${certificate.fingerprint256.replaceAll(':', '').toLowerCase()}`]);
});

const REFUSED: Readonly<Record<string, ClientCertIdentity>> = {
  'that is not on the list': { identityHeader: 'X-Client', allow: ['another client'] },
  'that has no such name': { identityHeader: 'X-Client', from: 'uri' },
};
for (const [which, settings] of Object.entries(REFUSED))
  test(`a certificate ${which} does not pass`, async () => {
    await using lab = await setup(settings);
    assert.equal(statusOf(await new Reader(await lab.open()).send(forged).end()), 403);
    assert.equal(lab.origin.connections.length, 0);
  });

const certificateWith = (subject: string, subjectAltName?: string): X509Certificate =>
  ({ subject, subjectAltName }) as unknown as X509Certificate;
const NAMES: readonly [X509Certificate, ClientCertIdentity['from'] & string, string][] = [
  [certificateWith('O=x\nCN=ann'), 'common-name', 'ann'],
  [certificateWith('CN=ann\nCN=root'), 'common-name', ''],
  [certificateWith('O=x'), 'common-name', ''],
  [certificateWith('', 'DNS:a.example, URI:spiffe://x/y, email:a@b'), 'uri', 'spiffe://x/y'],
  [certificateWith('', 'DNS:a.example, URI:spiffe://x/y, email:a@b'), 'dns', 'a.example'],
  [certificateWith('', 'DNS:a.example, URI:spiffe://x/y, email:a@b'), 'email', 'a@b'],
  [certificateWith('', 'DNS:a, DNS:b'), 'dns', ''],
  [certificateWith('', 'DNS:"a, URI:spiffe://x/root"'), 'uri', ''],
];
for (const [{ subject, subjectAltName = '' }, from, name] of NAMES)
  test(`${from} of ${JSON.stringify(subject)} and ${subjectAltName} is ${name || 'nobody'}`, () => {
    assert.equal(identityOf(certificateWith(subject, subjectAltName), from), name);
  });

test('a listener that demands no certificates cannot have it', async () => {
  await assert.rejects(setup({ identityHeader: 'X-Client' }, {}, ''), /expected a listener that demands certificates/);
});
