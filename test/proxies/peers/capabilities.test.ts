/** What a peer says it can do beyond plain forwarding, it does. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createTlsOrigin } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createCertificate } from '#bench/lab/certificates.ts';
import type { Capability } from '#proxies/contract.ts';
import type { Cluster, Endpoint, ProxyIntent } from '#proxies/config/intent.ts';
import type { PeerDefinition } from '#proxies/peers/peer.ts';
import { binaries } from '#proxies/peers/registry.ts';
import { Client, exchange, httpOrigin, tcpEcho, until } from './origin.ts';

const ours = createCertificate();
const stranger = createCertificate();
const { ca, cert, key } = ours;
const soon = () => AbortSignal.timeout(20_000);

function intentFor(peer: PeerDefinition, cluster: Omit<Cluster, 'name'>, more: Partial<ProxyIntent['listener']> = {}) {
  const tls = peer.capabilities.has('tls-termination') && { tls: { certificates: [{ cert, key }] } };
  return {
    listener: { address: { host: '127.0.0.1', port: 0 }, ...tls, ...more },
    clusters: [{ name: 'origin', ...cluster }],
    defaultCluster: 'origin',
  } satisfies ProxyIntent;
}

async function forEachWith(
  capability: Capability,
  title: string,
  run: (peer: PeerDefinition) => Promise<void>,
  applies: (peer: PeerDefinition) => boolean = () => true,
): Promise<void> {
  for (const peer of binaries.filter((candidate) => candidate.capabilities.has(capability) && applies(candidate))) {
    const availability = await peer.availability();
    const skip = availability.state === 'missing' && `${availability.reason}; install: ${availability.install}`;
    void test(`${peer.name}: ${title}`, { skip }, () => run(peer));
  }
}

const isPlainHttp = ({ layer, capabilities }: PeerDefinition): boolean =>
  layer === 'l7' && !capabilities.has('tls-termination');

await forEachWith(
  'tls-origination',
  'speaks TLS to the origin, and verifies it',
  async (peer) => {
    await using stack = new AsyncDisposableStack();
    const origin = createTlsOrigin({ cert, key }, (_request, response) => response.end('secret')).listen(
      0,
      '127.0.0.1',
    );
    stack.defer(() => {
      origin.close();
      origin.closeAllConnections();
    });
    await once(origin, 'listening');
    const { port } = origin.address() as AddressInfo;
    const endpoints: Endpoint[] = [{ host: '127.0.0.1', port }];
    const ask = async (tls: Cluster['tls'] & object) => {
      await using proxy = await peer.start(intentFor(peer, { endpoints, tls }), soon());
      using client = new Client(proxy.address, 1);
      return await client.ask('/');
    };
    const trusted = await ask({ ca, serverName: 'localhost' });
    assert.deepEqual([trusted.status, trusted.body], [200, 'secret']);
    const untrusted = await ask({ ca: stranger.ca, serverName: 'localhost' });
    assert.ok(untrusted.status >= 500, `an origin of another authority was answered with ${untrusted.status}`);
    const unverified = await ask({ verify: false, serverName: 'localhost' });
    assert.equal(unverified.status, 200);
  },
  isPlainHttp,
);

// With TLS the header comes before the handshake: the same setting of the listener.
await forEachWith(
  'proxy-protocol-in',
  'reads the PROXY protocol header',
  async (peer) => {
    await using origin = peer.layer === 'l7' ? await httpOrigin() : await tcpEcho();
    await using proxy = await peer.start(
      intentFor(peer, { endpoints: [origin.address] }, { proxyProtocol: true }),
      soon(),
    );
    const header = 'PROXY TCP4 192.0.2.7 127.0.0.1 1111 2222\r\n';
    if (peer.layer === 'l4') {
      // FIN only afterwards: Envoy resets a connection whose FIN comes while it still reads the header.
      const plain = connect(proxy.address).setEncoding('latin1');
      plain.write(`${header}hello`);
      let got = '';
      plain.on('data', (chunk: string) => (got += chunk));
      await until('the echo', () => got === 'hello');
      plain.destroy();
      return;
    }
    const socket = connect(proxy.address).setEncoding('latin1');
    socket.write(`${header}GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    let answer = '';
    for await (const chunk of socket) answer += chunk as string;
    assert.match(answer, /^HTTP\/1\.1 200/);
    assert.match(answer, /\["x-forwarded-for","192\.0\.2\.7"\]/);
  },
  ({ capabilities }) => !capabilities.has('tls-termination'),
);

await forEachWith(
  'proxy-protocol-out',
  'sends a PROXY protocol header',
  async (peer) => {
    await using origin = await tcpEcho();
    const cluster = { endpoints: [origin.address], proxyProtocol: 'v1' } as const;
    await using proxy = await peer.start(intentFor(peer, cluster), soon());
    assert.match(
      await exchange(proxy.address, 'hello'),
      new RegExp(`^PROXY TCP4 127\\.0\\.0\\.1 127\\.0\\.0\\.1 \\d+ \\d+\\r\\nhello$`),
    );
  },
  ({ layer }) => layer === 'l4',
);

await forEachWith('mtls', 'refuses a client without certificate', async (peer) => {
  await using origin = await httpOrigin();
  const tls = { certificates: [{ cert, key }], clientCa: ca };
  await using proxy = await peer.start(intentFor(peer, { endpoints: [origin.address] }, { tls }), soon());
  using client = new Client(proxy.address, 1, ca);
  const outcome = await client.ask('/').then(
    ({ status }) => status,
    (error: NodeJS.ErrnoException) => error.code,
  );
  assert.notEqual(outcome, 200);
  assert.equal(origin.connections, 0, 'the request must not reach the origin');
});
