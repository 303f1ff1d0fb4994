/** Policies around the endpoints of a cluster, at work under connections. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { IntentError } from '#proxies/config/intent-error.ts';
import type { Cluster, ProxyIntent } from '#proxies/config/intent.ts';
import { definition } from '#proxies/l4/l4-tcp.ts';
import { definition as udp } from '#proxies/l4/l4-udp.ts';
import { closedPort, connect, ending, loopback, never, serve, serveNobody } from '../sockets.ts';
import { clusterOf, eventsOf, outOf, when } from '../when.ts';

type Address = { readonly host: string; readonly port: number };

const intentFor = (
  endpoints: readonly Address[],
  policies: Partial<Cluster>,
  more: Partial<ProxyIntent> = {},
): ProxyIntent => ({
  listener: { address: loopback },
  clusters: [{ name: 'o', endpoints, ...policies }],
  defaultCluster: 'o',
  ...more,
});

const named = (name: string) => serve((socket) => socket.end(name));

/** Who answers `times` connections, one after the other. */
async function answers(proxy: { readonly address: Address }, times: number): Promise<string[]> {
  const heard: string[] = [];
  for (let i = 0; i < times; i++) heard.push(await text(connect(proxy.address)));
  return heard.toSorted();
}

async function scratch() {
  const folder = await mkdtemp(join(tmpdir(), 'hopcost-l4-'));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

const CHECK = { kind: 'tcp', interval: 20, timeout: 500, unhealthyThreshold: 1, healthyThreshold: 1 } as const;

describe('health checks', () => {
  it('an endpoint that dies is out before a connection meets it, and back when it is', async () => {
    await using one = await named('1');
    await using dir = await scratch();
    const accessLog = join(dir.folder, 'log');
    const { port } = one.address;
    await using first = await named('2');
    const other = first.address;
    await using proxy = await definition.start(
      intentFor([{ host: '127.0.0.1', port }, other], { healthCheck: CHECK }, { accessLog }),
      never,
    );
    await first[Symbol.asyncDispose]();
    const stats = await when(proxy, (now) => outOf(now)[1] === 'unhealthy');
    assert.deepEqual(
      await answers(proxy, 6),
      Array.from({ length: 6 }, () => '1'),
    );
    assert.equal(
      clusterOf(await proxy.stats!()).endpoints[1]!.traffic.errors,
      clusterOf(stats).endpoints[1]!.traffic.errors,
    );
    await using _ = await serve((socket) => socket.end('2'), other.port);
    await when(proxy, (now) => outOf(now)[1] === undefined);
    assert.deepEqual(await answers(proxy, 4), ['1', '1', '2', '2']);
    await proxy[Symbol.asyncDispose]();
    const events = (await readFile(accessLog, 'utf8'))
      .split('\n')
      .flatMap((line) =>
        line.includes('"event"') ? [JSON.parse(line) as { event: string; endpoint: string; detail?: string }] : [],
      );
    assert.deepEqual(
      events.map(({ event, endpoint }) => [event, endpoint]),
      [
        ['unhealthy', `${other.host}:${other.port}`],
        ['healthy', `${other.host}:${other.port}`],
      ],
    );
    assert.match(events[0]!.detail!, /ECONNREFUSED/);
  });

  it('by HTTP at another port: who says 503 there gets no connections', async () => {
    await using well = await serve((socket) => socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\n')));
    await using ill = await serve((socket) => socket.on('data', () => socket.end('HTTP/1.1 503 No\r\n\r\n')));
    await using origin = await named('x');
    const healthCheck = { ...CHECK, kind: 'http', path: '/up' } as const;
    const check = (port: number) =>
      intentFor([origin.address], { healthCheck: { ...healthCheck, port }, panicThreshold: 0 });
    await using proxy = await definition.start(check(ill.address.port), never);
    await when(proxy, (now) => outOf(now)[0] === 'unhealthy');
    assert.equal(await ending(connect(proxy.address)), 'ECONNRESET');
    await proxy.reload!(check(well.address.port));
    await when(proxy, (now) => outOf(now)[0] === undefined);
    assert.deepEqual(await answers(proxy, 1), ['x']);
  });
});

describe('ejection', () => {
  it('who refuses connections is asked no more for a while, over a reload too', async () => {
    await using origin = await named('1');
    const dead = { host: '127.0.0.1', port: await closedPort() };
    const intent = intentFor([origin.address, dead], { ejection: { consecutive: 3, baseTime: 60_000 } });
    await using proxy = await definition.start(intent, never);
    assert.deepEqual(
      await answers(proxy, 20),
      Array.from({ length: 20 }, () => '1'),
    );
    const stats = await proxy.stats!();
    assert.deepEqual(outOf(stats), [undefined, 'ejected']);
    assert.equal(clusterOf(stats).endpoints[1]!.traffic.connections, 3);
    assert.deepEqual(eventsOf(stats), { ejected: 1, retried: 3 });
    await proxy.reload!({ ...intent, timeouts: { drain: 100 } });
    await answers(proxy, 6);
    const after = await proxy.stats!();
    assert.deepEqual(outOf(after), [undefined, 'ejected']);
    assert.equal(clusterOf(after).endpoints[1]!.traffic.connections, 3);
  });
});

describe('circuit breaker', () => {
  it('a connection too many is closed at once; there is room when another ends', async () => {
    await using origin = await serve((socket) => socket.write('x'));
    const intent = intentFor([origin.address], { circuitBreaker: { connections: 2 } });
    await using proxy = await definition.start(intent, never);
    const open = async () => {
      const socket = connect(proxy.address);
      await once(socket, 'data');
      return socket;
    };
    const [first] = [await open(), await open()];
    assert.equal(await ending(connect(proxy.address)), 'ECONNRESET');
    const stats = await when(proxy, ({ listener }) => listener.traffic.reasons['upstream_overflow'] === 1);
    assert.deepEqual(clusterOf(stats).policies, {
      events: { refused: 1, breaker_open: 1 },
      panic: false,
      open: ['connections'],
      waiting: 0,
    });
    await proxy.reload!(intent);
    assert.equal(await ending(connect(proxy.address)), 'ECONNRESET', 'those of the old configuration count');
    first.resetAndDestroy();
    await when(proxy, (now) => clusterOf(now).policies!.open.length === 0);
    (await open()).resetAndDestroy();
  });

  it('so many may wait for a connection, and leave their place when they go', async () => {
    await using nobody = await serveNobody();
    await using proxy = await definition.start(intentFor([nobody.address], { circuitBreaker: { pending: 1 } }), never);
    const first = connect(proxy.address);
    first.on('error', () => {});
    await when(proxy, (now) => clusterOf(now).endpoints[0]!.traffic.active === 1);
    assert.equal(await ending(connect(proxy.address)), 'ECONNRESET');
    first.resetAndDestroy();
    await when(proxy, (now) => clusterOf(now).endpoints[0]!.traffic.active === 0);
    const second = connect(proxy.address);
    second.on('error', () => {});
    await when(proxy, (now) => clusterOf(now).endpoints[0]!.traffic.active === 1);
    second.resetAndDestroy();
  });
});

describe('discovery', () => {
  it(
    'a file says where to go; connections under way stay, ports that rules forbid are not gone to',
    { timeout: 30_000 },
    async () => {
      await using one = await serve((socket) => socket.write('1'));
      await using two = await named('2');
      await using dir = await scratch();
      const path = join(dir.folder, 'endpoints.json');
      const write = async (...endpoints: readonly Address[]) => {
        await writeFile(join(dir.folder, 'next'), JSON.stringify(endpoints));
        await rename(join(dir.folder, 'next'), path);
      };
      await write(one.address);
      const intent = intentFor(
        [],
        { discovery: { kind: 'file', path } },
        { l4: { allowPorts: [one.address.port, two.address.port] } },
      );
      await using proxy = await definition.start(intent, never);
      const early = connect(proxy.address);
      assert.equal(String(await once(early, 'data')), '1');
      await write(two.address);
      await when(proxy, (now) => eventsOf(now).endpoints === 2);
      assert.deepEqual(await answers(proxy, 2), ['2', '2']);
      await write({ host: '127.0.0.1', port: 1 });
      await when(proxy, (now) => eventsOf(now).discovery_failed === 1);
      assert.deepEqual(await answers(proxy, 1), ['2']);
      const server = await one.next();
      const heard = once(early, 'data');
      server.write('still here');
      assert.equal(String(await heard), 'still here');
      early.destroy();
    },
  );
});

it('what is of requests is refused by name, and UDP offers no more than it can tell', async () => {
  const origin = { host: '127.0.0.1', port: 9 };
  const cases: readonly (readonly [typeof definition, Partial<Cluster>, RegExp])[] = [
    [definition, { retry: { on: ['connect'] } }, /clusters\[0\]\.retry: l4-tcp knows no requests; l7-http does/],
    [definition, { stickiness: { kind: 'header', name: 'a' } }, /clusters\[0\]\.stickiness: l4-tcp knows no requests/],
    [
      definition,
      { circuitBreaker: { requests: 1 } },
      /clusters\[0\]\.circuitBreaker\.requests: l4-tcp knows no requests/,
    ],
    [udp, { ejection: {} }, /clusters\[0\]\.ejection: l4-udp is told of no failure/],
    [
      udp,
      { circuitBreaker: { connections: 1 } },
      /clusters\[0\]\.circuitBreaker: l4-udp has sessions, not connections/,
    ],
  ];
  for (const [proxy, policies, message] of cases)
    await assert.rejects(proxy.start(intentFor([origin, origin], policies), never), (error) => {
      assert.ok(error instanceof IntentError);
      assert.match(error.message, message);
      return true;
    });
});
