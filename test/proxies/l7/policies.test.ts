/** Policies around the endpoints of a cluster, at work in exchanges: what clients see, and what origins are asked, octet by octet. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Cluster, ProxyIntent } from '#proxies/config/intent.ts';
import type { RunningProxy } from '#proxies/contract.ts';
import { definition } from '#proxies/l7/l7-http.ts';
import { closedPort, connect, serveNobody } from '../sockets.ts';
import { clusterOf, eventsOf, outOf, when } from '../when.ts';
import { answering, Origin, Reader } from './lab.ts';

type Script = (connection: Reader, index: number) => unknown;

const response = (status: number, body: string): string =>
  `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

const well = (name: string): Script => answering(response(200, name));
const ill = answering(response(503, 'ill'));
const silent: Script = () => {};
/** Reads a request and breaks the connection. */
const breaks: Script = async (connection) => {
  await connection.sees('\r\n\r\n');
  connection.socket.resetAndDestroy();
};

interface Lab extends AsyncDisposable {
  readonly proxy: RunningProxy;
  readonly origins: readonly Origin[];
  readonly intent: ProxyIntent;
  open(): Reader;
  /** On a connection of its own, to its end. */
  ask(request: string): Promise<string>;
  get(path?: string, fields?: string): Promise<string>;
  post(path?: string): Promise<string>;
}

async function lab(
  scripts: readonly Script[],
  policies: Partial<Cluster>,
  more: Partial<ProxyIntent> = {},
): Promise<Lab> {
  const origins = await Promise.all(scripts.map((script) => new Origin(script).listen()));
  const intent: ProxyIntent = {
    listener: { address: { host: '127.0.0.1', port: 0 } },
    clusters: [{ name: 'o', endpoints: origins.map(({ port }) => ({ host: '127.0.0.1', port })), ...policies }],
    defaultCluster: 'o',
    ...more,
  };
  const proxy = await definition.start(intent, new AbortController().signal);
  const clients: Reader[] = [];
  const open = (): Reader => {
    const reader = new Reader(connect(proxy.address));
    clients.push(reader);
    return reader;
  };
  const ask = (request: string): Promise<string> => open().send(request).end();
  return {
    proxy,
    origins,
    intent,
    open,
    ask,
    get: (path = '/', fields = '') => ask(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`),
    post: (path = '/') => ask(`POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi`),
    async [Symbol.asyncDispose]() {
      for (const { socket } of clients) socket.destroy();
      await proxy[Symbol.asyncDispose]();
      for (const origin of origins) await origin[Symbol.asyncDispose]();
    },
  };
}

const statusOf = (answer: string): string => answer.slice(9, 12);
/** How many requests an origin got. */
const asked = (origin: Origin): number =>
  origin.connections.reduce((sum, { text }) => sum + text.split(/(?:GET|POST|PUT) /).length - 1, 0);

async function scratch() {
  const folder = await mkdtemp(join(tmpdir(), 'hopcost-l7-'));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

const RETRY = { on: ['connect', 'reset', 'timeout', 'gateway-error'], perTryTimeout: 300 } as const;

describe('retries', () => {
  it('an answer that says so is tried again elsewhere, and nothing of it is seen', async () => {
    await using dir = await scratch();
    const accessLog = join(dir.folder, 'log');
    const cookie: Script = answering('HTTP/1.1 503 No\r\nSet-Cookie: a=b\r\nX-Ill: 1\r\nContent-Length: 3\r\n\r\nill');
    await using at = await lab([cookie, well('two')], { retry: RETRY }, { accessLog });
    for (let i = 0; i < 4; i++) {
      const answer = await at.get();
      assert.equal(answer.split('\r\n\r\n')[1], 'two');
      assert.doesNotMatch(answer, /x-ill|set-cookie/i);
    }
    // Each takes two turns, so each begins with the same one.
    assert.deepEqual(eventsOf(await at.proxy.stats!()), { retried: 4 });
    await at.proxy[Symbol.asyncDispose]();
    const lines = (await readFile(accessLog, 'utf8')).trimEnd().split('\n');
    const tries = lines.map((line) => (JSON.parse(line) as { tries?: number }).tries ?? 1);
    assert.deepEqual(tries, [2, 2, 2, 2]);
  });

  it('an answer of several pieces too, whose rest is thrown away with its connection', async () => {
    const long: Script = async (connection) => {
      await connection.sees('\r\n\r\n');
      connection.send('HTTP/1.1 502 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbad\r\n');
    };
    await using at = await lab([long, well('two')], { retry: RETRY });
    assert.match(await at.get(), /\r\n\r\ntwo$/);
    const [first] = at.origins[0]!.connections;
    await first!.close();
  });

  it('what may have been executed is not, unless it is idempotent', async () => {
    for (const [script, status] of [
      [ill, '503'],
      [breaks, '502'],
      [silent, '504'],
    ] as const) {
      await using at = await lab([script, script], { retry: RETRY });
      assert.equal(statusOf(await at.post()), status);
      assert.deepEqual(
        at.origins.map(asked).toSorted((a, b) => a - b),
        [0, 1],
      );
      assert.deepEqual(eventsOf(await at.proxy.stats!()), {});
    }
    for (const script of [ill, breaks, silent]) {
      await using at = await lab([script, well('two')], { retry: RETRY });
      assert.deepEqual(await Promise.all([at.get(), at.get()].map(async (one) => statusOf(await one))), ['200', '200']);
      assert.equal(
        at.origins.map(asked).reduce((a, b) => a + b),
        3,
      );
    }
  });

  it('with all of its body, where that is at hand', async () => {
    await using at = await lab([breaks, answering(response(200, 'kept'))], { retry: RETRY });
    const put = 'PUT /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 11\r\n\r\nhello\r\nyou!';
    const answers = await Promise.all([at.ask(put), at.ask(put)]);
    assert.deepEqual(answers.map(statusOf), ['200', '200']);
    const got = at.origins[1]!.connections.map(({ text }) => text).join('');
    assert.equal(got.split('hello\r\nyou!').length - 1, 2);
  });

  it('not a body that was sent on in part', async () => {
    await using at = await lab([breaks, breaks], { retry: RETRY });
    const client = at.open().send('PUT /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\n\r\n');
    await Promise.race(at.origins.map((origin) => origin.connection(0).then((one) => one.sees('\r\n\r\n'))));
    assert.equal(statusOf(await client.end()), '502');
    assert.equal(
      at.origins.map(asked).reduce((a, b) => a + b),
      1,
    );
  });

  it('as often as is said and no more, on what is said and on nothing else', async () => {
    const three = await lab([ill, ill, ill], { retry: { ...RETRY, attempts: 2 } });
    assert.equal(statusOf(await three.get()), '503');
    assert.deepEqual(three.origins.map(asked), [1, 1, 1]);
    await three[Symbol.asyncDispose]();
    const one = await lab([ill], { retry: { ...RETRY, attempts: 3 } });
    assert.equal(statusOf(await one.get()), '503');
    assert.deepEqual(one.origins.map(asked), [4], 'where there is no elsewhere it is tried there again');
    await one[Symbol.asyncDispose]();
    const none = await lab([ill, ill], { retry: { on: ['reset'] } });
    assert.equal(statusOf(await none.get()), '503');
    assert.deepEqual(
      none.origins.map(asked).toSorted((a, b) => a - b),
      [0, 1],
    );
    await none[Symbol.asyncDispose]();
  });

  it('a refused connection as the policy says, and by itself where there is none', async () => {
    const dead = { host: '127.0.0.1', port: await closedPort() };
    const other = { host: '127.0.0.1', port: await closedPort() };
    const cases: readonly (readonly [Partial<Cluster>, string])[] = [
      [{}, '502'],
      [{ retry: { on: ['connect'], attempts: 1 } }, '502'],
      [{ retry: { on: ['reset'] } }, '502'],
    ];
    const tried: number[] = [];
    for (const [policies, status] of cases) {
      await using at = await lab([], { endpoints: [dead, other], ...policies });
      assert.equal(statusOf(await at.post()), status);
      const { endpoints } = clusterOf(await at.proxy.stats!());
      assert.ok(endpoints.every(({ traffic }) => traffic.active === 0));
      tried.push(eventsOf(await at.proxy.stats!()).retried ?? 0);
    }
    assert.deepEqual(tried, [0, 1, 0]);
    await using elsewhere = await lab([well('up')], { retry: { on: ['connect'] } });
    const endpoints = [dead, ...elsewhere.intent.clusters[0]!.endpoints];
    await elsewhere.proxy.reload!({ ...elsewhere.intent, clusters: [{ ...elsewhere.intent.clusters[0]!, endpoints }] });
    for (let i = 0; i < 4; i++) assert.match(await elsewhere.post(), /\r\n\r\nup$/);
  });

  it('a try that does not even connect in its time was not executed, whatever its method', async () => {
    await using nobody = await serveNobody();
    await using at = await lab([well('up')], { retry: RETRY });
    const endpoints = [nobody.address, ...at.intent.clusters[0]!.endpoints];
    await at.proxy.reload!({ ...at.intent, clusters: [{ ...at.intent.clusters[0]!, endpoints }] });
    for (let i = 0; i < 2; i++) assert.match(await at.post(), /\r\n\r\nup$/);
  });

  it('no more than the budget allows', async () => {
    await using at = await lab([silent], { retry: { ...RETRY, attempts: 5, budget: { share: 0, minimum: 1 } } });
    const answers = await Promise.all(Array.from({ length: 6 }, () => at.get()));
    assert.ok(answers.every((answer) => statusOf(answer) === '504'));
    const { retried = 0, retry_refused = 0 } = eventsOf(await at.proxy.stats!());
    assert.ok(retried <= 5, `${retried} retries`);
    assert.ok(retry_refused >= 5, `${retry_refused} refused`);
    assert.equal(at.origins.map(asked)[0], 6 + retried);
  });

  it('a client that goes while its request waits to be tried again leaves nothing behind', async () => {
    const retry = { on: ['gateway-error'], backoff: { base: 60_000, max: 60_000 } } as const;
    await using at = await lab([ill, ill], { retry, circuitBreaker: { retries: 1, requests: 1 } });
    const client = at.open().send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await when(at.proxy, (now) => eventsOf(now).retried === 1);
    client.socket.resetAndDestroy();
    await when(at.proxy, ({ listener }) => listener.traffic.active === 0);
    const again = at.open().send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await when(at.proxy, (now) => eventsOf(now).retried === 2);
    again.socket.destroy();
  });
});

describe('circuit breaker', () => {
  it('a request too many is answered 503 at once, with reason; there is room when one ends', async () => {
    const slow: Script = () => {};
    await using at = await lab([slow], { circuitBreaker: { requests: 1 } });
    const first = at.open().send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const origin = await at.origins[0]!.connection(0);
    await origin.sees('\r\n\r\n');
    const refused = await at.get();
    assert.match(refused, /^HTTP\/1\.1 503 [^]*\r\nRetry-After: 1\r\n/);
    const stats = await at.proxy.stats!();
    assert.deepEqual(clusterOf(stats).policies!.open, ['requests']);
    assert.equal(stats.listener.traffic.reasons['upstream_overflow'], 1);
    origin.send(response(200, 'one'));
    await first.sees('one');
    const second = at.open().send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await origin.until(() => origin.text.split('\r\n\r\n').length === 3);
    second.socket.destroy();
  });

  it('so many connections, so many of them opening', async () => {
    await using at = await lab([silent, silent], { circuitBreaker: { connections: 2 } });
    const clients = [1, 2].map(() => at.open().send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
    for (const origin of at.origins) await (await origin.connection(0)).sees('\r\n\r\n');
    assert.equal(statusOf(await at.get()), '503');
    clients[0]!.socket.resetAndDestroy();
    await at.origins[0]!.connections[0]!.close();
    at.open().send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await at.origins[0]!.connection(1);

    await using nobody = await serveNobody();
    await using opening = await lab([], { endpoints: [nobody.address], circuitBreaker: { pending: 1 } });
    const one = opening.open().send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await when(opening.proxy, (now) => clusterOf(now).endpoints[0]!.traffic.active === 1);
    assert.equal(statusOf(await opening.get()), '503');
    one.socket.resetAndDestroy();
    await when(opening.proxy, (now) => clusterOf(now).endpoints[0]!.traffic.active === 0);
    const two = opening.open().send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await when(opening.proxy, (now) => clusterOf(now).endpoints[0]!.traffic.active === 1);
    two.socket.destroy();
  });
});

describe('queue', () => {
  const ONE = { limits: { upstreamPerEndpoint: 1 } } as const;

  it('requests wait for their turn, with their bodies, in order', async () => {
    await using at = await lab([silent], { queue: { size: 5, timeout: 30_000 } }, ONE);
    at.open().send('GET /first HTTP/1.1\r\nHost: a\r\n\r\n');
    const origin = await at.origins[0]!.connection(0);
    await origin.sees('/first');
    const get = at.get('/second');
    await when(at.proxy, (now) => clusterOf(now).policies!.waiting === 1);
    const post = at
      .open()
      .send('POST /third HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n');
    post.send('x'.repeat(100_000));
    await when(at.proxy, (now) => clusterOf(now).policies!.waiting === 2);
    post.send('y'.repeat(100_000));
    assert.doesNotMatch(origin.text, /second|third/);
    origin.send(response(200, '1'));
    await origin.sees('/second');
    assert.doesNotMatch(origin.text, /third/);
    origin.send(response(200, '2'));
    await origin.until(() => origin.text.endsWith('y'.repeat(100_000)));
    assert.ok(origin.text.includes(`\r\n\r\n${'x'.repeat(100_000)}y`));
    origin.send(response(200, '3'));
    assert.match(await get, /\r\n\r\n2$/);
    assert.match(await post.end(), /\r\n\r\n3$/);
    assert.deepEqual(eventsOf(await at.proxy.stats!()), { queued: 2 });
  });

  it('so many and no longer than so; who goes leaves its place', async () => {
    await using at = await lab([silent], { queue: { size: 1, timeout: 200 } }, ONE);
    at.open().send('GET /first HTTP/1.1\r\nHost: a\r\n\r\n');
    await (await at.origins[0]!.connection(0)).sees('/first');
    const gone = at.open().send('GET /gone HTTP/1.1\r\nHost: a\r\n\r\n');
    await when(at.proxy, (now) => clusterOf(now).policies!.waiting === 1);
    gone.socket.resetAndDestroy();
    await when(at.proxy, (now) => clusterOf(now).policies!.waiting === 0);
    const late = at.get('/late');
    await when(at.proxy, (now) => clusterOf(now).policies!.waiting === 1);
    assert.equal(statusOf(await at.get('/full')), '503');
    assert.match(await late, /^HTTP\/1\.1 503 [^]*\r\nRetry-After: 1\r\n/);
    const stats = await at.proxy.stats!();
    assert.deepEqual(eventsOf(stats), { queued: 2, queue_full: 1, queue_timeout: 1 });
    assert.equal(stats.listener.traffic.reasons['upstream_overflow'], 2);
    assert.equal(asked(at.origins[0]!), 1);
  });

  it('who waits when a new intent comes is served all the same', async () => {
    await using at = await lab([silent], { queue: { size: 5, timeout: 30_000 } }, ONE);
    at.open().send('GET /first HTTP/1.1\r\nHost: a\r\n\r\n');
    const origin = await at.origins[0]!.connection(0);
    await origin.sees('/first');
    const waiting = at.get('/second');
    await when(at.proxy, (now) => clusterOf(now).policies!.waiting === 1);
    await at.proxy.reload!({ ...at.intent, timeouts: { drain: 5_000 } });
    origin.send(response(200, '1'));
    const next = await at.origins[0]!.connection(1);
    await next.sees('/second');
    next.send(response(200, '2'));
    assert.match(await waiting, /\r\n\r\n2$/);
  });
});

describe('hedging', () => {
  const HEDGE = { hedge: { delay: 50 } } as const;

  it('who has no answer in time is asked for elsewhere too; the first answer counts, the other is called off', async () => {
    const large = 'x'.repeat(300_000);
    await using at = await lab([silent, well(large)], HEDGE);
    for (let i = 0; i < 2; i++) assert.ok((await at.get('/a')).endsWith(`\r\n\r\n${large}`));
    const [slow] = at.origins[0]!.connections;
    await slow!.close();
    const stats = await at.proxy.stats!();
    assert.deepEqual(eventsOf(stats), { hedged: 2 });
    assert.ok(clusterOf(stats).endpoints.every(({ traffic }) => traffic.active === 0));
  });

  it('what is not idempotent, or quick enough, is asked for once', async () => {
    const later: Script = async (connection) => {
      await connection.sees('\r\n\r\nhi');
      setTimeout(() => connection.send(response(200, 'late')), 150);
    };
    await using at = await lab([later, later], HEDGE);
    assert.match(await at.post(), /late$/);
    assert.equal(
      at.origins.map(asked).reduce((a, b) => a + b),
      1,
    );
    await using quick = await lab([well('a'), well('b')], HEDGE);
    await Promise.all(Array.from({ length: 20 }, () => quick.get()));
    assert.deepEqual(eventsOf(await quick.proxy.stats!()), {});
  });

  it('the first is answered where it answers first after all, and a second that fails changes nothing', async () => {
    for (const second of [breaks, silent]) {
      const first: Script = async (connection, index) => {
        await connection.sees('\r\n\r\n');
        if (index === 0) setTimeout(() => connection.send(response(200, 'first')), 200);
      };
      await using at = await lab([first, second], HEDGE);
      assert.match(await at.get(), /first$/);
      const stats = await when(at.proxy, (now) =>
        clusterOf(now).endpoints.every(({ traffic }) => traffic.active === 0),
      );
      assert.equal(eventsOf(stats).hedged, 1);
    }
  });

  it('when the first breaks, the second is waited for; when both break, the client is told', async () => {
    const after =
      (ms: number, then: (connection: Reader) => void): Script =>
      async (connection) => {
        await connection.sees('\r\n\r\n');
        setTimeout(() => then(connection), ms);
      };
    const reset = (connection: Reader) => void connection.socket.resetAndDestroy();
    await using one = await lab(
      [after(150, reset), after(200, (connection) => connection.send(response(200, 'second')))],
      HEDGE,
    );
    assert.match(await one.get(), /second$/);
    await using both = await lab([after(150, reset), after(200, reset)], HEDGE);
    assert.equal(statusOf(await both.get()), '502');
    const stats = await both.proxy.stats!();
    assert.ok(clusterOf(stats).endpoints.every(({ traffic }) => traffic.active === 0));
  });

  it('a client that goes calls off both', async () => {
    await using at = await lab([silent, silent], HEDGE);
    const client = at.open().send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const sides = await Promise.all(at.origins.map((origin) => origin.connection(0)));
    for (const side of sides) await side.sees('\r\n\r\n');
    client.socket.resetAndDestroy();
    for (const side of sides) await side.close();
    const stats = await when(at.proxy, (now) => clusterOf(now).endpoints.every(({ traffic }) => traffic.active === 0));
    assert.equal(eventsOf(stats).hedged, 1);
  });
});

describe('endpoints', () => {
  it('who answers 500 again and again is left out; who is well is not', async () => {
    await using at = await lab([answering(response(500, 'ill')), well('well')], {
      ejection: { consecutive: 3, baseTime: 60_000 },
    });
    const answers: string[] = [];
    for (let i = 0; i < 20; i++) answers.push(statusOf(await at.get()));
    assert.equal(answers.filter((status) => status === '500').length, 3);
    assert.deepEqual(outOf(await at.proxy.stats!()), ['ejected', undefined]);
    await at.proxy.reload!({ ...at.intent, timeouts: { drain: 100 } });
    assert.equal(statusOf(await at.get()), '200');
    assert.deepEqual(outOf(await at.proxy.stats!()), ['ejected', undefined]);
  });

  it('checks take out who fails them before a request meets it', async () => {
    let isWell = true;
    const origin: Script = (connection) =>
      connection.socket.on('data', () => {
        const isCheck = connection.text.includes('/up');
        connection.send(response(isCheck && !isWell ? 503 : 200, 'ok'));
      });
    const healthCheck = {
      kind: 'http',
      path: '/up',
      interval: 20,
      unhealthyThreshold: 1,
      healthyThreshold: 1,
    } as const;
    await using at = await lab([origin], { healthCheck, panicThreshold: 0 });
    assert.equal(statusOf(await at.get()), '200');
    isWell = false;
    await when(at.proxy, (now) => outOf(now)[0] === 'unhealthy');
    const refused = await at.get();
    assert.equal(statusOf(refused), '503');
    assert.equal((await at.proxy.stats!()).listener.traffic.reasons['no_endpoint'], 1);
    isWell = true;
    await when(at.proxy, (now) => outOf(now)[0] === undefined);
    assert.equal(statusOf(await at.get()), '200');
  });

  it('discovery changes them while requests are under way', { timeout: 30_000 }, async () => {
    await using dir = await scratch();
    const path = join(dir.folder, 'endpoints.json');
    const two = await new Origin(well('two')).listen();
    await using _ = two;
    await using at = await lab([silent], { discovery: { kind: 'file', path } });
    const client = at.open().send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const one = await at.origins[0]!.connection(0);
    await one.sees('\r\n\r\n');
    await writeFile(join(dir.folder, 'next'), JSON.stringify([{ host: '127.0.0.1', port: two.port }]));
    await rename(join(dir.folder, 'next'), path);
    await when(at.proxy, (now) => eventsOf(now).endpoints === 1);
    assert.match(await at.get(), /two$/);
    one.send(response(200, 'one'));
    await client.sees('one');
    await one.close();
  });
});

describe('stickiness', () => {
  const names = ['a', 'b', 'c', 'd'];
  const bodyOf = (answer: string): string => answer.split('\r\n\r\n')[1]!;

  it('by cookie: a client is given one, and stays where it was; another goes elsewhere', async () => {
    await using at = await lab(names.map(well), { stickiness: { kind: 'cookie', name: 'sid', maxAge: 60 } });
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const first = await at.get();
      const cookie = /\r\nSet-Cookie: (sid=[\w-]+); Path=\/; Max-Age=60; HttpOnly; SameSite=Lax\r\n/.exec(first)?.[1];
      assert.ok(cookie, first);
      seen.add(bodyOf(first));
      for (let j = 0; j < 3; j++) {
        const again = await at.get('/', `Cookie: other=1; ${cookie}\r\n`);
        assert.equal(bodyOf(again), bodyOf(first));
        assert.doesNotMatch(again, /set-cookie/i);
      }
    }
    assert.ok(seen.size >= 3, 'clients are spread');
  });

  it('by header: the same value, the same endpoint; without one, any', async () => {
    await using at = await lab(names.map(well), { stickiness: { kind: 'header', name: 'X-User' } });
    for (const user of ['ann', 'bob', 'eve']) {
      const answers = await Promise.all([1, 2, 3].map(() => at.get('/', `X-User: ${user}\r\n`)));
      assert.equal(new Set(answers.map(bodyOf)).size, 1);
    }
    const any = await Promise.all(Array.from({ length: 40 }, () => at.get()));
    assert.ok(new Set(any.map(bodyOf)).size >= 3);
    assert.ok(any.every((answer) => !/set-cookie/i.test(answer)));
  });
});
