/** PROXY protocol in front of L7: the client is who the header names, and nobody is served without one. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { createCertificate } from '#bench/lab/certificates.ts';
import type { ProxyDefinition } from '#proxies/contract.ts';
import { definition as plain } from '#proxies/l7/l7-http.ts';
import { definition as terminate } from '#proxies/l7/l7-tls.ts';
import { writeProxyHeader } from '#proxies/net/proxy-protocol.ts';
import { answering, ok, Origin, Reader } from './lab.ts';

const told = {
  sourceAddress: '203.0.113.7',
  sourcePort: 4711,
  destinationAddress: '198.51.100.1',
  destinationPort: 80,
};
const told6 = { ...told, sourceAddress: '2001:db8::7', destinationAddress: '2001:db8::1' };
const request = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const certificate = createCertificate();

async function start(definition: ProxyDefinition, timeouts = {}, forwarding = {}) {
  const origin = await new Origin(answering(ok)).listen();
  const { cert, key } = certificate;
  const proxy = await definition.start(
    {
      listener: {
        address: { host: '127.0.0.1', port: 0 },
        proxyProtocol: true,
        ...(definition === terminate && { tls: { certificates: [{ cert, key }] } }),
      },
      clusters: [{ name: 'o', endpoints: [{ host: '127.0.0.1', port: origin.port }] }],
      defaultCluster: 'o',
      timeouts,
      forwarding,
    },
    new AbortController().signal,
  );
  return {
    origin,
    proxy,
    open: () => connect({ port: proxy.address.port, host: '127.0.0.1', noDelay: true }),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
    },
  };
}

const forwardedFor = (origin: Origin): string | undefined =>
  /^X-Forwarded-For: (.*)\r$/m.exec(origin.connections[0]?.text ?? '')?.[1];

describe('PROXY protocol before HTTP', () => {
  for (const [name, header, address] of [
    ['version 1', writeProxyHeader('v1', told), '203.0.113.7'],
    ['version 2', writeProxyHeader('v2', told6, { checksum: true }), '2001:db8::7'],
    ['version 1, IPv4 mapped into IPv6', 'PROXY TCP6 ::ffff:203.0.113.7 2001:db8::1 4711 80\r\n', '203.0.113.7'],
    [
      'version 2, IPv4 mapped into IPv6',
      writeProxyHeader('v2', { ...told6, sourceAddress: '::ffff:203.0.113.7' }),
      '203.0.113.7',
    ],
    ['LOCAL', writeProxyHeader('v2', undefined), '127.0.0.1'],
  ] as const) {
    it(`${name} names the client, in one piece with the request and octet by octet`, async () => {
      const all = Buffer.concat([Buffer.from(header), Buffer.from(request)]);
      for (const pieces of [[all], Array.from(all, (octet) => Buffer.of(octet))]) {
        await using lab = await start(plain);
        const socket = lab.open();
        const reader = new Reader(socket);
        for (const piece of pieces) await new Promise((resolve) => socket.write(piece, resolve));
        assert.match(await reader.end(), /^HTTP\/1\.1 200 .*ok$/s);
        assert.equal(forwardedFor(lab.origin), address);
        socket.destroy();
      }
    });
  }

  it('a peer is trusted by its address, in whatever form it is announced', async () => {
    const claiming = request.replace('Host: a', 'Host: a\r\nX-Forwarded-For: 192.0.2.9');
    for (const trusted of ['203.0.113.0/24', '::ffff:203.0.113.0/120'])
      for (const sourceAddress of ['203.0.113.7', '::ffff:203.0.113.7', '::ffff:cb00:7107']) {
        await using lab = await start(plain, {}, { trustedPeers: [trusted] });
        const reader = new Reader(lab.open());
        reader.socket.write(writeProxyHeader('v2', { ...told6, sourceAddress }));
        assert.match(await reader.send(claiming).end(), /^HTTP\/1\.1 200 /);
        assert.equal(forwardedFor(lab.origin), '192.0.2.9, 203.0.113.7');
        reader.socket.destroy();
      }
  });

  it('a request without a header is not answered', async () => {
    for (const definition of [plain, terminate]) {
      await using lab = await start(definition);
      const reader = new Reader(lab.open());
      assert.equal(await reader.send(request).close(), '');
      assert.equal(lab.origin.connections.length, 0);
    }
  });

  it('a header that does not come in time ends the connection', async () => {
    for (const definition of [plain, terminate]) {
      await using lab = await start(definition, { requestHead: 50 });
      const reader = new Reader(lab.open());
      assert.equal(await reader.send('PROXY TCP4 ').close(), '');
    }
  });

  it('a connection that waits for its header does not hold up a drain', async () => {
    await using lab = await start(plain);
    const socket = lab.open();
    const reader = new Reader(socket);
    await new Promise((resolve) => socket.write('PROXY', resolve));
    await lab.proxy.drain?.();
    await reader.close();
  });

  it('comes ahead of a TLS handshake', async () => {
    for (const split of [false, true]) {
      await using lab = await start(terminate);
      const raw = lab.open();
      const header = writeProxyHeader('v1', told);
      if (split) await new Promise((resolve) => raw.write(header.subarray(0, 9), resolve));
      raw.write(split ? header.subarray(9) : header);
      const socket = connectTls({ socket: raw, rejectUnauthorized: false });
      const reader = new Reader(socket);
      assert.match(await reader.send(request).end(), /^HTTP\/1\.1 200 .*ok$/s);
      assert.equal(forwardedFor(lab.origin), '203.0.113.7');
      socket.destroy();
    }
  });
});
