/** What a peer says it can do beyond plain forwarding, it does. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createTlsOrigin } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createCertificate } from '#bench/lab/certificates.ts';
import type { Capability } from '#proxies/contract.ts';
import type { Cluster, Endpoint, ProxyIntent, Route } from '#proxies/config/intent.ts';
import type { PeerDefinition } from '#proxies/peers/peer.ts';
import { binaries } from '#proxies/peers/registry.ts';
import { Client, exchange, httpOrigin, tcpEcho, until, type Answer } from './origin.ts';

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

/** Route by route what only some can express; the others refuse it. */
const route = (path: string, action: Route['action'], more: Partial<Route> = {}): Route => ({
  match: { path: { kind: 'prefix', value: path } },
  action,
  ...more,
});
const forward = { kind: 'forward', clusters: [{ name: 'origin' }] } as const;

const ROUTE_CASES: readonly {
  readonly title: string;
  readonly except: RegExp;
  readonly route: Route;
  readonly target?: string;
  readonly check: (answer: Answer) => void;
}[] = [
  {
    title: 'answers by itself',
    except: /traefik/,
    route: route('/r', { kind: 'reply', status: 418, body: 'a {b} "c" %d', contentType: 'text/x-tea' }),
    check({ status, body, headers }) {
      assert.deepEqual([status, body], [418, 'a {b} "c" %d']);
      assert.match(headers['content-type'] ?? '', /^text\/x-tea/);
    },
  },
  {
    title: 'rewrites a prefix',
    except: /nginx/,
    route: route('/r', { ...forward, prefixRewrite: '/new' }),
    check: ({ seen }) => assert.equal(seen?.url, '/new/x?y=1'),
  },
  {
    title: 'rewrites the canonical path, or refuses another',
    except: /nginx/,
    route: route('/r/xy', { ...forward, prefixRewrite: '/new' }),
    target: '/a/..//r/x%79?y=%31',
    check: ({ seen, status }) => assert.ok(seen?.url === '/new?y=%31' || status === 400, `${status} ${seen?.url}`),
  },
  {
    title: 'edits fields',
    except: /nginx|traefik/,
    route: route('/r', forward, {
      requestHeaders: [
        { op: 'set', name: 'X-Set', value: '50%' },
        { op: 'remove', name: 'X-Own' },
      ],
      responseHeaders: [{ op: 'add', name: 'X-Added', value: 'yes' }],
    }),
    check({ seen, headers }) {
      const got = new Map(seen?.headers);
      assert.equal(got.get('x-set'), '50%');
      assert.equal(got.has('x-own'), false);
      assert.equal(headers['x-added'], 'yes');
    },
  },
];

for (const { title, except, route: only, target = '/r/x?y=1', check } of ROUTE_CASES)
  await forEachWith(
    'routing',
    title,
    async (peer) => {
      await using origin = await httpOrigin();
      const { defaultCluster: _none, ...intent } = intentFor(peer, { endpoints: [origin.address] });
      await using proxy = await peer.start({ ...intent, routes: [only] }, soon());
      using client = new Client(proxy.address, 1);
      check(await client.ask(target, { headers: { 'x-own': '1' } }));
      assert.equal((await client.ask('/elsewhere')).status, 404);
    },
    (peer) => isPlainHttp(peer) && !except.test(peer.name),
  );

await forEachWith(
  'routing',
  'chooses a route by the canonical path',
  async (peer) => {
    await using open = await httpOrigin('open');
    await using guarded = await httpOrigin('guarded');
    const intent: ProxyIntent = {
      ...intentFor(peer, { endpoints: [open.address] }),
      clusters: [
        { name: 'open', endpoints: [open.address] },
        { name: 'guarded', endpoints: [guarded.address] },
      ],
      defaultCluster: 'open',
      routes: ['/admin', '/a b'].map((path) =>
        route(encodeURI(path), { kind: 'forward', clusters: [{ name: 'guarded' }] }),
      ),
    };
    await using proxy = await peer.start(intent, soon());
    using client = new Client(proxy.address, 1);
    for (const target of ['/admin', '//admin', '/%61dmin/s', '/./admin', '/x/../admin', '/x/%2e%2E//admin?y', '/a%20b'])
      assert.equal((await client.ask(target)).headers['x-origin'], 'guarded', target);
    for (const target of ['/', '/a/admin', '/a?/../admin'])
      assert.equal((await client.ask(target)).headers['x-origin'], 'open', target);
  },
  isPlainHttp,
);

for (const peer of binaries.filter(isPlainHttp)) {
  const availability = await peer.availability();
  const skip = availability.state === 'missing' && availability.reason;
  void test(`${peer.name}: refuses escaped slashes, or says that it does not`, { skip }, async () => {
    await using origin = await httpOrigin();
    const intent: ProxyIntent = { ...intentFor(peer, { endpoints: [origin.address] }), escapedSlashes: 'refuse' };
    if (!/^(nginx|haproxy|envoy)-/.test(peer.name)) {
      await assert.rejects(peer.start(intent, soon()), /escapedSlashes: capability not offered/);
      return;
    }
    await using proxy = await peer.start(intent, soon());
    using client = new Client(proxy.address, 1);
    for (const [target, status] of [
      ['/a%2Fb', 400],
      ['/a%2fb?c', 400],
      ['/a/b?c=%2f', 200],
    ] as const)
      assert.equal((await client.ask(target)).status, status, target);
  });
}

await forEachWith(
  'weighted-clusters',
  'splits over clusters',
  async (peer) => {
    await using blue = await httpOrigin('blue');
    await using green = await httpOrigin('green');
    const intent: ProxyIntent = {
      ...intentFor(peer, { endpoints: [blue.address] }),
      clusters: [
        { name: 'blue', endpoints: [blue.address] },
        { name: 'green', endpoints: [green.address] },
      ],
      defaultCluster: 'blue',
      routes: [
        route('/', {
          kind: 'forward',
          clusters: [
            { name: 'blue', weight: 3 },
            { name: 'green', weight: 1 },
          ],
        }),
      ],
    };
    await using proxy = await peer.start(intent, soon());
    using client = new Client(proxy.address, 1);
    let share = 0;
    for (let i = 0; i < 400; i++) if ((await client.ask('/')).headers['x-origin'] === 'green') share++;
    // Binomial(400, 1/4): beyond these bounds once in 10^9 runs.
    assert.ok(share > 45 && share < 160, `${share} of 400 went to the cluster of weight 1 in 4`);
  },
  isPlainHttp,
);
