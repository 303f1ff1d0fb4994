/** Origins of HTTP/2 behind the proxies, asked by either version. node:http2 answers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  connect,
  createServer,
  constants,
  createSecureServer,
  sensitiveHeaders,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import { type AddressInfo, connect as connectSocket, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { createCertificate } from '#bench/lab/certificates.ts';
import type { Cluster, ProxyIntent } from '#proxies/config/intent.ts';
import { definition } from '#proxies/l7/l7-http.ts';
import { outOf } from '../when.ts';
import { Reader } from './lab.ts';

type Listener = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

async function start(
  listener: Listener,
  {
    more = {},
    settings = {},
    cluster = {},
  }: { more?: Partial<ProxyIntent>; settings?: object; cluster?: Partial<Cluster> } = {},
) {
  const sessions: ServerHttp2Session[] = [];
  const origin = createServer({ settings }, listener);
  origin.on('session', (session) => sessions.push(session));
  origin.on('checkContinue', listener);
  await once(origin.listen(0, '127.0.0.1'), 'listening');
  const { port: originPort } = origin.address() as AddressInfo;
  const intent: ProxyIntent = {
    listener: { address: { host: '127.0.0.1', port: 0 }, http2: true },
    clusters: [{ name: 'o', endpoints: [{ host: '127.0.0.1', port: originPort }], protocol: 'http2', ...cluster }],
    defaultCluster: 'o',
    ...more,
  };
  const proxy = await definition.start(intent, new AbortController().signal).catch((error: unknown) => {
    origin.close();
    throw error;
  });
  const { port } = proxy.address;
  const session = connect(`http://127.0.0.1:${port}`);
  const fetched = (path = '/', init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init);
  const asked = async (headers: object, content?: string): Promise<string> => {
    const stream = session.request(headers as Record<string, string>, { endStream: content === undefined });
    if (content !== undefined) stream.end(content);
    return await text(stream);
  };
  return {
    sessions,
    proxy,
    port,
    session,
    fetched,
    asked,
    async [Symbol.asyncDispose]() {
      session.destroy();
      await proxy[Symbol.asyncDispose]();
      for (const one of sessions) one.destroy();
      origin.close();
    },
  };
}

const echo: Listener = (request, response) => {
  response.writeHead(200, { 'x-seen': JSON.stringify(request.headers) });
  request.pipe(response);
};

describe('an origin of HTTP/2', () => {
  it('is asked as it expects, by a client of HTTP/1.1', async () => {
    await using lab = await start(echo);
    const answer = await lab.fetched('/a?b', { method: 'POST', body: 'hello', headers: { 'X-A': 'b' } });
    assert.equal(await answer.text(), 'hello');
    const seen = JSON.parse(answer.headers.get('x-seen')!) as Record<string, string>;
    assert.equal(seen[':path'], '/a?b');
    assert.equal(seen[':authority'], `127.0.0.1:${lab.port}`);
    assert.equal(seen['x-a'], 'b');
    assert.equal(seen['host'], undefined);
    assert.equal(seen['connection'], undefined);
    assert.equal(seen['x-forwarded-for'], '127.0.0.1');
  });

  it('is told never to index what a client said so of, and so is the client', async () => {
    const seen: unknown[] = [];
    await using lab = await start((request, response) => {
      seen.push((request.headers as Record<symbol, unknown>)[sensitiveHeaders]);
      request.resume().on('end', () => {
        const answer = { 'x-token': 'b', 'x-other': 'c', [sensitiveHeaders]: ['x-token'] };
        response.stream.respond(answer, { endStream: true });
      });
    });
    const secrets = { cookie: 'a=b', 'x-secret': 'a', 'x-open': 'b', [sensitiveHeaders]: ['cookie', 'x-secret'] };
    const stream = lab.session.request(secrets);
    const [headers] = (await once(stream, 'response')) as [Record<symbol, string[]>];
    assert.deepEqual(seen, [['cookie', 'x-secret']]);
    assert.deepEqual(headers[sensitiveHeaders], ['x-token']);
    stream.resume();
    await once(stream, 'close');
  });

  it('and its client hear in Via by which version the message came', async () => {
    await using lab = await start(echo, { more: { forwarding: { via: 'hop' } } });
    const answer = await lab.fetched();
    assert.equal(answer.headers.get('via'), '2.0 hop');
    const viaOf = (seen: string | null) => (JSON.parse(seen!) as Record<string, string>)['via'];
    assert.equal(viaOf(answer.headers.get('x-seen')), '1.1 hop');
    const stream = lab.session.request({ via: '1.0 first' });
    const [headers] = (await once(stream, 'response')) as [Record<string, string>];
    assert.equal(viaOf(headers['x-seen']!), '1.0 first, 2.0 hop');
    stream.resume();
    await once(stream, 'close');
    const old = new Reader(connectSocket(lab.port, '127.0.0.1'));
    assert.match(await old.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n').end(), /"via":"1\.0 hop"/);
  });

  it('takes bodies larger than any window, by either', async () => {
    await using lab = await start(echo);
    const content = 'x'.repeat(2_000_000);
    const answers = await Promise.all([
      lab.fetched('/', { method: 'POST', body: content }).then((answer) => answer.text()),
      lab.asked({ ':method': 'POST' }, content),
      lab.asked({ ':method': 'POST' }, content),
    ]);
    for (const answer of answers) assert.ok(answer === content);
  });

  it('serves many clients by one connection', async () => {
    await using lab = await start(echo);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => lab.fetched('/', { method: 'POST', body: `${n}` })),
    );
    const bodies = await Promise.all(answers.map((answer) => answer.text()));
    assert.deepEqual(
      bodies,
      Array.from({ length: 40 }, (_, n) => `${n}`),
    );
    assert.equal(lab.sessions.length, 1);
  });

  it('is given no more streams than it takes', async () => {
    let open = 0;
    let most = 0;
    await using lab = await start(
      (_request, response) => {
        most = Math.max(most, ++open);
        setImmediate(() => {
          open--;
          response.end('ok');
        });
      },
      { settings: { maxConcurrentStreams: 3 } },
    );
    const answers = await Promise.all(Array.from({ length: 20 }, () => lab.asked({})));
    assert.ok(answers.every((answer) => answer === 'ok'));
    assert.ok(most <= 3, `${most} at once`);
  });

  it('answers with trailers and interim heads', async () => {
    await using lab = await start((request, response) => {
      response.writeEarlyHints({ link: '</a>; rel=preload' });
      request.resume().on('end', () => {
        response.addTrailers({ 'x-end': 'z' });
        response.end('body');
      });
    });
    const reader = new Reader(connectSocket(lab.port, '127.0.0.1'));
    const seen = await reader.send('GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE, close\r\n\r\n').end();
    assert.match(seen, /^HTTP\/1.1 103 .*\r\nlink: <\/a>; rel=preload\r\n\r\nHTTP\/1.1 200 /);
    assert.match(seen, /4\r\nbody\r\n0\r\nx-end: z\r\n\r\n$/);
    const stream = lab.session.request({ te: 'trailers' });
    const [trailers] = (await Promise.all([once(stream, 'trailers'), text(stream)]))[0] as [Record<string, string>];
    assert.equal(trailers['x-end'], 'z');
  });

  it('hears of a cancel at once', async () => {
    const came = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<number>();
    await using lab = await start((request) => {
      request.stream.on('close', () => gone.resolve(request.stream.rstCode));
      request.stream.on('error', () => {});
      came.resolve();
    });
    const stream = lab.session.request({});
    await came.promise;
    stream.close(constants.NGHTTP2_CANCEL);
    assert.equal(await gone.promise, constants.NGHTTP2_CANCEL);
    assert.equal(lab.sessions[0]!.destroyed, false);
  });

  it('that refuses a stream is asked once more, by another connection', async () => {
    let asked = 0;
    await using lab = await start((request, response) => {
      if (++asked === 1) request.stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else response.end('now');
    });
    assert.equal(await lab.asked({}), 'now');
    assert.equal(asked, 2);
  });

  it('that goes away loses no request', async () => {
    let served = 0;
    await using lab = await start((request, response) => {
      served++;
      response.end('ok');
      if (served % 5 === 0) request.stream.session!.close();
    });
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => lab.asked({})));
      assert.deepEqual(
        answers,
        Array.from({ length: 10 }, () => 'ok'),
      );
    }
    assert.ok(lab.sessions.length > 1);
  });

  it('that resets amid an answer resets the client', async () => {
    await using lab = await start((_request, response) => {
      response.writeHead(200);
      response.write('part', () => response.stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    });
    const stream = lab.session.request({});
    stream.resume();
    await once(stream, 'error');
    assert.equal(stream.rstCode, constants.NGHTTP2_INTERNAL_ERROR);
    await assert.rejects(lab.fetched().then((answer) => answer.text()));
  });

  it('is not there: 502; silent: 504', async () => {
    await using lab = await start(() => {}, { more: { timeouts: { upstreamResponse: 100 } } });
    assert.equal((await lab.fetched()).status, 504);
    const gone = { name: 'o', endpoints: [{ host: '127.0.0.1', port: 1 }], protocol: 'http2' } as const;
    await using other = await start(() => {}, { more: { clusters: [gone] } });
    assert.equal((await other.fetched()).status, 502);
  });

  it('is reached by TLS where its certificate is good and ALPN says h2', async () => {
    const { ca, cert, key, serverName } = createCertificate();
    const secure = createSecureServer({ cert, key }, (_request, response) => response.end('secret'));
    const old = createTlsServer({ cert, key, ALPNProtocols: ['http/1.1'] }, (socket) => socket.on('error', () => {}));
    const clusterAt = async (server: Server) => {
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = server.address() as AddressInfo;
      const tls = { ca, serverName };
      return [{ name: 'o', endpoints: [{ host: '127.0.0.1', port }], protocol: 'http2', tls }] as const;
    };
    await using lab = await start(() => {}, { more: { clusters: await clusterAt(secure) } });
    assert.equal(await lab.asked({}), 'secret');
    assert.equal(await (await lab.fetched()).text(), 'secret');
    await using other = await start(() => {}, { more: { clusters: await clusterAt(old) } });
    assert.equal((await other.fetched()).status, 502);
    secure.close();
    old.close();
  });

  it('is asked for its health by HTTP/2, too', async () => {
    for (const [status, expected] of [
      [200, undefined],
      [500, 'unhealthy'],
    ] as const) {
      const agents: unknown[] = [];
      const checked = Promise.withResolvers<void>();
      const listener: Listener = (request, response) => {
        response.writeHead(request.url === '/up' ? status : 200).end();
        if (request.url !== '/up') return;
        // The second asks once the first is answered.
        if (agents.push(request.headers['user-agent']) === 2) checked.resolve();
      };
      const healthCheck = { kind: 'http', path: '/up', interval: 20, timeout: 10_000 } as const;
      await using lab = await start(listener, { more: { stats: true }, cluster: { healthCheck } });
      await checked.promise;
      assert.equal(agents[0], 'hopcost-health-check');
      assert.deepEqual(outOf(await lab.proxy.stats!()), [expected]);
    }
  });

  it('answers HEAD without content', async () => {
    await using lab = await start(
      (_request, response) => void response.writeHead(200, { 'content-length': '7' }).end(),
    );
    const answer = await lab.fetched('/', { method: 'HEAD' });
    assert.equal(answer.headers.get('content-length'), '7');
  });

  it('whose answer is not read stalls no other', async () => {
    await using lab = await start((request, response) =>
      response.end('x'.repeat(request.url === '/big' ? 5_000_000 : 3)),
    );
    const stalled = lab.session.request({ ':path': '/big' });
    await once(stalled, 'response');
    for (let turn = 0; turn < 20; turn++) assert.equal(await lab.asked({ ':path': '/' }), 'xxx');
    assert.equal((await text(stalled)).length, 5_000_000);
  });
});
