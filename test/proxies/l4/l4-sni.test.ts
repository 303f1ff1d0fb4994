import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import { createCertificate } from '#bench/lab/certificates.ts';
import type { ProxyIntent, SniRoute } from '#proxies/config/intent.ts';
import { definition } from '#proxies/l4/l4-sni.ts';
import { connect, ending, loopback, never } from '../sockets.ts';

const { cert, key, ca } = createCertificate();

/** A TLS origin that says its name and the protocol agreed on. */
async function origin(name: string) {
  const server = tls.createServer({ cert, key, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
    socket.on('error', () => {});
    socket.end(`${name} ${socket.alpnProtocol}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

type Origin = Awaited<ReturnType<typeof origin>>;

const start = (origins: Record<string, Origin>, sniRoutes: SniRoute[], more: Partial<ProxyIntent> = {}) =>
  definition.start(
    {
      listener: { address: loopback },
      clusters: Object.entries(origins).map(([name, { endpoint }]) => ({ name, endpoints: [endpoint] })),
      sniRoutes,
      ...more,
    },
    never,
  );

async function ask(address: { host: string; port: number }, servername: string, alpn?: string[]): Promise<string> {
  const socket = tls.connect({
    ...address,
    ca,
    servername,
    checkServerIdentity: () => undefined,
    ...(alpn && { ALPNProtocols: alpn }),
  });
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += String(chunk)));
  return new Promise((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on('close', () => resolve(answer));
  });
}

test('routes by name, by wildcard and by protocol; TLS ends at the origin', async () => {
  await using a = await origin('a');
  await using b = await origin('b');
  await using c = await origin('c');
  await using proxy = await start({ a, b, c }, [
    { serverNames: ['a.example.org'], cluster: 'a' },
    { serverNames: ['*.example.org'], alpn: ['h2'], cluster: 'b' },
    { serverNames: ['*.example.org'], cluster: 'c' },
  ]);
  assert.equal(await ask(proxy.address, 'A.example.org'), 'a false');
  assert.equal(await ask(proxy.address, 'x.y.example.org', ['h2']), 'b h2');
  assert.equal(await ask(proxy.address, 'x.example.org', ['http/1.1']), 'c http/1.1');
  assert.equal(await ask(proxy.address, 'example.org'), 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME');
  assert.equal(await ask(proxy.address, ''), 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME');
});

test('a client without a name goes to the default cluster', async () => {
  await using a = await origin('a');
  await using proxy = await start({ a }, [], { defaultCluster: 'a' });
  assert.equal(await ask(proxy.address, ''), 'a false');
});

test('what is no TLS, or never comes, is closed', async () => {
  await using a = await origin('a');
  await using proxy = await start({ a }, [], { defaultCluster: 'a', timeouts: { clientHello: 100 } });
  const plain = connect(proxy.address);
  plain.write('GET / HTTP/1.1\r\n\r\n');
  assert.equal(await ending(plain), 'ECONNRESET');
  const silent = connect(proxy.address);
  silent.write(Buffer.from([22, 3]));
  assert.equal(await ending(silent), 'ECONNRESET');
});
