/** What peers make of policies in their own form, seen from the client's side and at two origins of which one is ill. */
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { IntentError } from '#proxies/config/intent-error.ts';
import type { Cluster, Limits, ProxyIntent, Retry, RetryOn } from '#proxies/config/intent.ts';
import type { PeerDefinition } from '#proxies/peers/peer.ts';
import { binaries } from '#proxies/peers/registry.ts';
import { never } from '../sockets.ts';

type Ill = 'status' | 'reset' | 'silent' | 'well';

/** Counts what it executes, checks aside, whose path is `/up`. */
class Origin implements AsyncDisposable {
  ill: Ill;
  isUp = true;
  readonly executed: string[] = [];
  readonly #name: string;
  readonly #server = http.createServer((request, response) => this.#answer(request, response));

  constructor(name: string, ill: Ill = 'well') {
    this.#name = name;
    this.ill = ill;
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get endpoint() {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port };
  }

  #answer(request: http.IncomingMessage, response: http.ServerResponse): void {
    request.resume();
    if (request.url === '/up') return void response.writeHead(this.isUp ? 200 : 503).end();
    this.executed.push(`${request.method} ${request.url}`);
    if (this.ill === 'reset') return void request.socket.resetAndDestroy();
    if (this.ill === 'silent') return undefined;
    return void response.writeHead(this.ill === 'status' ? 503 : 200).end(this.#name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close().closeAllConnections();
    await once(this.#server, 'close');
  }
}

/** Two origins of which the second is only used once it is told so; one connection is kept all the while. */
async function reloading(peer: PeerDefinition) {
  await using cleanup = new AsyncDisposableStack();
  const [first, second] = [
    cleanup.use(await new Origin('first').listen()),
    cleanup.use(await new Origin('second').listen()),
  ];
  const listener = { address: { host: '127.0.0.1', port: 0 } };
  const intent = ({ endpoint }: Origin): ProxyIntent => ({
    listener,
    clusters: [{ name: 'o', endpoints: [endpoint] }],
    defaultCluster: 'o',
  });
  const proxy = cleanup.use(await peer.start(intent(first), never));
  const ask = async () => (await fetch(`http://127.0.0.1:${proxy.address.port}/`)).text();
  const scope = cleanup.move();
  return { first, second, proxy, intent, ask, [Symbol.asyncDispose]: () => scope.disposeAsync() };
}

async function lab(peer: PeerDefinition, ill: Ill, policies: Partial<Cluster>, limits: Partial<Limits> = {}) {
  await using cleanup = new AsyncDisposableStack();
  const bad = cleanup.use(await new Origin('bad', ill).listen());
  const good = cleanup.use(await new Origin('good').listen());
  const clusters = [{ name: 'o', endpoints: [bad.endpoint, good.endpoint], ...policies }];
  const intent = { listener: { address: { host: '127.0.0.1', port: 0 } }, clusters, defaultCluster: 'o', limits };
  const proxy = cleanup.use(await peer.start(intent, never));
  let count = 0;
  const ask = async (method = 'GET', headers: Record<string, string> = {}) => {
    const url = `http://127.0.0.1:${proxy.address.port}/${method}/${count++}`;
    const sent = { method, headers: { connection: 'close', ...headers }, ...(method === 'POST' && { body: 'x' }) };
    try {
      const response = await fetch(url, sent);
      return { status: response.status, body: await response.text(), cookie: response.headers.get('set-cookie') };
    } catch {
      return { status: 0, body: '', cookie: null };
    }
  };
  const scope = cleanup.move();
  return { bad, good, ask, [Symbol.asyncDispose]: () => scope.disposeAsync() };
}

/** No request was executed twice. */
function assertOnce(...origins: readonly Origin[]): void {
  const posts = origins.flatMap(({ executed }) => executed.filter((one) => one.startsWith('POST')));
  assert.equal(new Set(posts).size, posts.length, posts.toSorted().join());
}

/** Each of them is offered, and not all together. */
function isRefused(peer: PeerDefinition, policies: Partial<Cluster>): boolean {
  const address = { host: '127.0.0.1', port: 1 };
  const clusters = [{ name: 'o', endpoints: [address], ...policies }];
  try {
    peer.check!({ listener: { address }, clusters, defaultCluster: 'o' });
    return false;
  } catch (error) {
    assert.ok(error instanceof IntentError);
    return true;
  }
}

const FAILURES = { status: 'gateway-error', reset: 'reset', silent: 'timeout' } as const satisfies Partial<
  Record<Ill, RetryOn>
>;

for (const peer of binaries.filter(({ layer, name }) => layer === 'l7' && !name.endsWith('-tls'))) {
  const found = await peer.availability();
  const skip = found.state === 'missing' && `${found.reason}; install: ${found.install}`;
  const offers = (feature: Parameters<typeof peer.capabilities.has>[0]) => peer.capabilities.has(feature);
  const offered = (['connect', 'reset', 'timeout', 'gateway-error'] as const).filter((on) => offers(`retry on ${on}`));
  const retry: Retry = { on: offered, ...(offers('per-try timeout') && { perTryTimeout: 400 }) };

  describe(peer.name, { skip, timeout: 60_000 }, () => {
    for (const [ill, on] of Object.entries(FAILURES) as [keyof typeof FAILURES, RetryOn][]) {
      const isOffered = offers('retries') && (offered as readonly RetryOn[]).includes(on);
      it(`tries again after ${on}, and executes nothing twice`, { skip: !isOffered && 'not offered' }, async () => {
        await using at = await lab(peer, ill, { retry });
        const times = ill === 'silent' ? 4 : 12;
        for (let i = 0; i < times; i++) assert.equal((await at.ask()).status, 200, `GET ${i}`);
        assert.ok(at.bad.executed.length > 0, 'the ill one was asked');
        for (let i = 0; i < times; i++) await at.ask('POST');
        assertOnce(at.bad, at.good);
      });
    }

    it('leaves out who fails', { skip: !offers('ejection') && 'not offered' }, async () => {
      const ejection = { consecutive: 2, ...(offers('ejection time') && { baseTime: 30_000 }) };
      const checks = offers('TCP health checks') && { healthCheck: { kind: 'tcp', interval: 10_000 } as const };
      const both = { ejection, ...(offers('retries') && { retry }), ...checks };
      const { retry: _, ...alone } = both;
      await using at = await lab(peer, 'status', isRefused(peer, both) ? alone : both);
      for (let i = 0; i < 40; i++) await at.ask();
      assert.ok(at.bad.executed.length <= 8, `${at.bad.executed.length} of 40 requests`);
      assert.ok(at.bad.executed.length >= 1);
    });

    it('asks no one whose checks fail', { skip: !offers('HTTP health checks') && 'not offered' }, async () => {
      const healthCheck = { kind: 'http', path: '/up', interval: 100, timeout: 500 } as const;
      const thresholds = offers('health check thresholds') && { unhealthyThreshold: 2, healthyThreshold: 1 };
      await using at = await lab(peer, 'well', { healthCheck: { ...healthCheck, ...thresholds } });
      const bodies = async () =>
        new Set(await Promise.all(Array.from({ length: 12 }, async () => (await at.ask()).body)));
      while ((await bodies()).size < 2) await pause(50);
      at.bad.isUp = false;
      while ((await bodies()).has('bad')) await pause(50);
      at.bad.isUp = true;
      while (!(await bodies()).has('bad')) await pause(50);
    });

    it('keeps a client where it was', { skip: !offers('sticky cookie') && 'not offered' }, async () => {
      await using at = await lab(peer, 'well', { stickiness: { kind: 'cookie', name: 'sid' } });
      const seen = new Set<string>();
      for (let i = 0; i < 16; i++) {
        const { body, cookie } = await at.ask();
        assert.match(cookie ?? '', /^sid=/);
        seen.add(body);
        for (let j = 0; j < 3; j++) assert.equal((await at.ask('GET', { cookie: cookie!.split(';')[0]! })).body, body);
      }
      assert.equal(seen.size, 2);
    });

    it('keeps who says the same where it was', { skip: !offers('sticky header') && 'not offered' }, async () => {
      await using at = await lab(peer, 'well', { stickiness: { kind: 'header', name: 'X-User' } });
      const placed = new Set<string>();
      for (const user of Array.from({ length: 12 }, (_, i) => `user ${i}`)) {
        const bodies = [1, 2, 3].map(async () => (await at.ask('GET', { 'x-user': user })).body);
        const [first, ...others] = await Promise.all(bodies);
        placed.add(first!);
        for (const other of others) assert.equal(other, first);
      }
      assert.equal(placed.size, 2);
      const any = await Promise.all(Array.from({ length: 24 }, async () => (await at.ask()).body));
      assert.equal(new Set(any).size, 2, 'who says nothing goes anywhere');
    });

    it('brings back who was left out', { skip: !offers('ejection') && 'not offered' }, async () => {
      // NGINX counts whole seconds; HAProxy's own time holds where it has no checks.
      const time = offers('ejection time') && { baseTime: 1_000 };
      const checks = !time && { healthCheck: { kind: 'tcp', interval: 300 } as const };
      const both = { ejection: { consecutive: 2, ...time }, ...checks, ...(offers('retries') && { retry }) };
      const { retry: _, ...alone } = both;
      await using at = await lab(peer, 'status', isRefused(peer, both) ? alone : both);
      const seen = async () => {
        const before = at.bad.executed.length;
        for (let i = 0; i < 8; i++) await at.ask();
        return at.bad.executed.length > before;
      };
      while (await seen()) await pause(10);
      at.bad.ill = 'well';
      while (!(await seen())) await pause(50);
      assert.equal((await at.ask()).status, 200);
    });

    it('bounds requests', { skip: !offers('bound on requests') && 'not offered' }, async () => {
      await using at = await lab(peer, 'silent', { circuitBreaker: { requests: 2 }, policy: 'round-robin' });
      at.good.ill = 'silent';
      const aborter = new AbortController();
      const answers = Array.from({ length: 6 }, () => at.ask());
      const first = await Promise.race(answers);
      assert.equal(first.status, 503);
      const refused = (await Promise.all(answers.map((one) => Promise.race([one, pause(1_000, undefined)])))).filter(
        (one) => one?.status === 503,
      );
      assert.equal(refused.length, 4);
      aborter.abort();
    });

    it('has requests wait, so many and so long', { skip: !offers('queue') && 'not offered' }, async () => {
      await using at = await lab(peer, 'silent', { queue: { size: 2, timeout: 400 } }, { upstreamPerEndpoint: 1 });
      at.good.ill = 'silent';
      const began = performance.now();
      const answers = Array.from({ length: 6 }, async () => {
        const { status } = await at.ask();
        return { status, after: performance.now() - began };
      });
      // Two are at the origins and hear nothing.
      const refused: { status: number; after: number }[] = [];
      for (const one of answers) void one.then((answer) => refused.push(answer));
      while (refused.length < 4) await pause(20);
      const [first, second, ...waited] = refused;
      assert.deepEqual(new Set(refused.map(({ status }) => status)), new Set([503]));
      assert.ok(first!.after < 390 && second!.after < 390, 'those for whom there was no place were told at once');
      assert.ok(
        waited.every(({ after }) => after >= 390),
        'those that waited were told when their time was over',
      );
    });
  });
}

for (const peer of binaries.filter(({ name }) => name === 'nginx-http')) {
  const found = await peer.availability();
  const skip = found.state === 'missing' && `${found.reason}; install: ${found.install}`;

  it(`${peer.name} takes another intent while it runs; one that is refused leaves the old one`, { skip }, async () => {
    await using at = await reloading(peer);
    assert.equal(await at.ask(), 'first');
    const asked = Array.from({ length: 40 }, async (_, i) => {
      await pause(5 * i);
      return at.ask();
    });
    await at.proxy.reload!(at.intent(at.second));
    while ((await at.ask()) !== 'second') await pause(10);
    for (const answer of await Promise.all(asked)) assert.match(answer, /first|second/);
    const unknown = { ...at.intent(at.first), udp: true } as unknown as ProxyIntent;
    await assert.rejects(at.proxy.reload!(unknown), IntentError);
    assert.equal(await at.ask(), 'second');
    await at.proxy.reload!(at.intent(at.first));
    while ((await at.ask()) !== 'first') await pause(10);
  });
}

describe('what a peer cannot tell apart', () => {
  const surroundings = {
    address: { host: '127.0.0.1', port: 1 },
    spare: { host: '127.0.0.1', port: 2 },
    binary: { path: '/x', version: '9.9.9', about: '' },
    openFiles: 1_000,
    isRoot: false,
  };
  const one = { host: '127.0.0.1', port: 3 };
  const cases: readonly (readonly [string, Partial<Cluster>, RegExp])[] = [
    [
      'nginx-http',
      { retry: { on: ['connect'] } },
      /nginx tries again after connect and reset alike: name all of them \(retry\.on: connect\)/,
    ],
    ['nginx-http', { stickiness: { kind: 'header', name: 'x.y' } }, /nginx knows fields by letters, digits and dashes/],
    [
      'envoy-http',
      { retry: { on: ['server-error'] } },
      /envoy tries again after server-error and connect and reset alike/,
    ],
    ['envoy-http', { slowStart: { window: 1_000 }, policy: 'random' }, /envoy knows none with policy random/],
    [
      'traefik-http',
      { healthCheck: { kind: 'http', expected: [{ from: 200, to: 204 }] } },
      /traefik expects one status/,
    ],
    ['traefik-http', { retry: { on: ['reset'] } }, /traefik tries again after connect and reset alike/],
    ['caddy-http', { retry: { on: ['reset'] } }, /caddy always tries again after connect: name it/],
    [
      'caddy-http',
      { healthCheck: { kind: 'http', expected: [{ from: 200, to: 201 }] } },
      /caddy expects one status, or one class/,
    ],
    ['caddy-http', { healthCheck: { kind: 'tcp' } }, /caddy-http has no 'TCP health checks'/],
    [
      'haproxy-http',
      { ejection: { consecutive: 5 }, retry: { on: ['connect', 'reset'] } },
      /haproxy counts no failure that it tries again, but those of connections/,
    ],
    ['haproxy-http', { ejection: { baseTime: 1_000 } }, /haproxy-http has no 'ejection time'/],
    ['haproxy-http', { healthCheck: { kind: 'tcp', jitter: 0.6 } }, /haproxy spreads the checks of all clusters alike/],
    ['apache-http', { retry: { on: ['connect'] } }, /apache-http has no 'retries'/],
  ];
  for (const [name, policies, message] of cases)
    it(`${name} refuses ${JSON.stringify(policies)} by name`, () => {
      const peer = binaries.find((each) => each.name === name)!;
      const clusters = [{ name: 'o', endpoints: [one, { ...one, port: 4 }], ...policies }];
      const intent = { listener: { address: one }, clusters, defaultCluster: 'o' };
      assert.throws(
        () => peer.render(intent, surroundings),
        (error) => error instanceof IntentError && message.test(error.message),
      );
    });
});
