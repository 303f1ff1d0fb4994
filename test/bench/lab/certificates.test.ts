import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { createCertificate } from '#bench/lab/certificates.ts';

test('the leaf chains to its authority, names localhost and 127.0.0.1, and holds its own key', () => {
  const made = createCertificate();
  const ca = new X509Certificate(made.ca);
  const leaf = new X509Certificate(made.cert);
  assert.ok(ca.ca);
  assert.ok(!leaf.ca);
  assert.ok(leaf.checkIssued(ca));
  assert.ok(leaf.verify(ca.publicKey));
  assert.ok(ca.verify(ca.publicKey));
  assert.equal(leaf.checkHost('localhost'), 'localhost');
  assert.equal(leaf.checkIP('127.0.0.1'), '127.0.0.1');
  assert.equal(leaf.checkHost('example.org'), undefined);
  assert.equal(leaf.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  assert.ok(leaf.validFromDate < new Date() && leaf.validToDate > new Date());
});

test('two runs share no key, serial or issuer', () => {
  const [a, b] = [createCertificate(), createCertificate()].map((made) => new X509Certificate(made.cert));
  assert.notEqual(a!.serialNumber, b!.serialNumber);
  assert.notEqual(a!.issuer, b!.issuer);
  assert.notEqual(a!.fingerprint256, b!.fingerprint256);
});

/** Whether a client that trusts `ca` and asks for `servername` accepts the server. */
async function handshake(ca: string, servername: string): Promise<string> {
  const server = createServer({ cert: made.cert, key: made.key }, (socket) => socket.end());
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', ca, servername });
    return await new Promise((resolve) => {
      socket.once('secureConnect', () => resolve(socket.getProtocol() ?? ''));
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    }).then((result) => (socket.destroy(), result as string));
  } finally {
    server.close();
  }
}

const made = createCertificate();

test('a verifying client accepts it under its names only, and only with its authority', async () => {
  assert.equal(await handshake(made.ca, 'localhost'), 'TLSv1.3');
  assert.equal(await handshake(made.ca, 'example.org'), 'ERR_TLS_CERT_ALTNAME_INVALID');
  const other = createCertificate();
  assert.match(await handshake(other.ca, 'localhost'), /UNABLE_TO_VERIFY|SELF_SIGNED|UNABLE_TO_GET/);
});
