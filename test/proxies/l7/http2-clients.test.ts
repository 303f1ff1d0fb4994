/** Clients of HTTP/2 in front of an origin of HTTP/1.1, through the proxies as they run: node:http2 asks, node:http answers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { type AddressInfo, connect as connectSocket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { createCertificate } from '#bench/lab/certificates.ts';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import { definition as plain } from '#proxies/l7/l7-http.ts';
import { definition as secure } from '#proxies/l7/l7-tls.ts';
import { Reader } from './lab.ts';

const { cert, key } = createCertificate();

async function start(listener: RequestListener, more: Partial<ProxyIntent> = {}, tls = false) {
  const origin = createServer(listener);
  origin.on('checkContinue', listener);
  await once(origin.listen(0, '127.0.0.1'), 'listening');
  const intent: ProxyIntent = {
    listener: {
      address: { host: '127.0.0.1', port: 0 },
      http2: true,
      ...(tls && { tls: { certificates: [{ cert, key }] } }),
    },
    clusters: [{ name: 'o', endpoints: [{ host: '127.0.0.1', port: (origin.address() as AddressInfo).port }] }],
    defaultCluster: 'o',
    ...more,
  };
  const proxy = await (tls ? secure : plain).start(intent, new AbortController().signal).catch((error: unknown) => {
    origin.close();
    throw error;
  });
  const { port } = proxy.address;
  const session = connect(`${tls ? 'https' : 'http'}://127.0.0.1:${port}`, { rejectUnauthorized: false });
  return {
    origin,
    proxy,
    port,
    session,
    async [Symbol.asyncDispose]() {
      session.destroy();
      await proxy[Symbol.asyncDispose]();
      origin.closeAllConnections();
      origin.close();
    },
  };
}

interface Answer {
  readonly headers: IncomingHttpHeaders & { ':status'?: number };
  readonly body: string;
  readonly trailers: IncomingHttpHeaders;
}

async function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  let headers = {};
  let trailers = {};
  stream.on('response', (found) => (headers = found));
  stream.on('trailers', (found) => (trailers = found));
  const body = await text(stream);
  return { headers, body, trailers };
}

const ask = (session: ClientHttp2Session, headers: OutgoingHttpHeaders, content?: string): Promise<Answer> => {
  const stream = session.request(headers, { endStream: content === undefined });
  if (content !== undefined) stream.end(content);
  return answerOf(stream);
};

const echo: RequestListener = (request, response) => {
  request.pipe(
    response.writeHead(200, {
      'x-method': request.method,
      'x-fields': request.rawHeaders.join('|'),
      'x-path': request.url,
    }),
  );
};

for (const tls of [false, true]) {
  describe(tls ? 'HTTP/2 by ALPN' : 'HTTP/2 by prior knowledge', () => {
    it('brings a request and its answer', async () => {
      await using lab = await start(echo, {}, tls);
      const { headers, body } = await ask(lab.session, { ':path': '/a?b', 'x-a': 'b', cookie: ['a=b', 'c=d'] });
      assert.equal(headers[':status'], 200);
      assert.equal(headers['x-path'], '/a?b');
      assert.equal(headers['connection'], undefined);
      assert.equal(headers['transfer-encoding'], undefined);
      const fields = String(headers['x-fields']);
      assert.match(fields, /x-a\|b\|/);
      assert.match(fields, /cookie\|a=b; c=d\|/);
      assert.match(fields, new RegExp(`X-Forwarded-Proto\\|${tls ? 'https' : 'http'}`));
      assert.equal(body, '');
    });

    it('brings bodies both ways, larger than any window', async () => {
      await using lab = await start(echo, {}, tls);
      const content = 'x'.repeat(3_000_000);
      const answers = await Promise.all([1, 2, 3].map((n) => ask(lab.session, { ':method': 'POST' }, content + n)));
      for (const [at, { body }] of answers.entries()) assert.ok(body === content + (at + 1));
    });

    it('serves HTTP/1.1 beside it', async () => {
      await using lab = await start(echo, {}, tls);
      const options = { port: lab.port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] };
      const reader = new Reader(tls ? connectTls(options) : connectSocket(options));
      const answer = await reader.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n').end();
      assert.match(answer, /^HTTP\/1.1 200 OK\r\n/);
    });
  });
}

describe('a request over HTTP/2', () => {
  it('has trailers both ways where they are announced and taken', async () => {
    await using lab = await start((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(200, { trailer: 'x-end' });
        response.write('body');
        response.addTrailers({ 'x-end': `got ${request.trailers['x-sum']}` });
        response.end();
      });
    });
    const stream = lab.session.request(
      { ':method': 'POST', trailer: 'x-sum', te: 'trailers' },
      { endStream: false, waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '5' }));
    stream.end('hello');
    const { body, trailers } = await answerOf(stream);
    assert.equal(body, 'body');
    assert.equal(trailers['x-end'], 'got 5');
  });

  it('is told of interim answers', async () => {
    await using lab = await start((request, response) => {
      response.writeContinue();
      response.writeEarlyHints({ link: '</a>; rel=preload' });
      echo(request, response);
    });
    const stream = lab.session.request({ ':method': 'POST', expect: '100-continue' });
    const interim: number[] = [];
    stream.on('headers', (headers) => interim.push(Number(headers[':status'])));
    stream.end('x');
    assert.equal((await answerOf(stream)).body, 'x');
    assert.deepEqual(interim, [100, 103]);
  });

  it('may be HEAD, and no CONNECT', async () => {
    await using lab = await start((_request, response) => void response.writeHead(200, { 'content-length': 7 }).end());
    const { headers, body } = await ask(lab.session, { ':method': 'HEAD' });
    assert.equal(headers['content-length'], '7');
    assert.equal(body, '');
    const tunnel = lab.session.request({ ':method': 'CONNECT', ':authority': 'a:443' });
    const [refusal] = (await once(tunnel, 'response')) as [{ ':status': number }];
    assert.equal(refusal[':status'], 405);
  });

  it('is answered for what HTTP/1.1 would refuse, and the connection goes on', async () => {
    await using lab = await start(echo, { limits: { targetBytes: 100, bodyBytes: 10 } });
    assert.equal((await ask(lab.session, { ':path': `/${'x'.repeat(200)}` })).headers[':status'], 414);
    assert.equal((await ask(lab.session, { ':path': '/a\\b' })).headers[':status'], 400);
    assert.equal((await ask(lab.session, { content_length: '3' })).headers[':status'], 400);
    assert.equal((await ask(lab.session, { ':method': 'POST' }, 'x'.repeat(11))).headers[':status'], 413);
    assert.equal((await ask(lab.session, {})).headers[':status'], 200);
  });

  it('frees its origin at once when it is cancelled', async () => {
    const gone = Promise.withResolvers<void>();
    const came = Promise.withResolvers<void>();
    await using lab = await start((request) => {
      request.on('close', () => gone.resolve());
      came.resolve();
    });
    const stream = lab.session.request({});
    await came.promise;
    stream.close(constants.NGHTTP2_CANCEL);
    await gone.promise;
  });

  it('is reset where its answer breaks off', async () => {
    await using lab = await start((_request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('part', () => response.destroy());
    });
    const stream = lab.session.request({});
    stream.resume();
    const [error] = (await once(stream, 'error')) as [Error];
    assert.match(error.message, /NGHTTP2_INTERNAL_ERROR/);
    assert.equal(lab.session.destroyed, false);
  });

  it('that is not read stalls no other', async () => {
    await using lab = await start(
      (request, response) => void response.end('x'.repeat(request.url === '/big' ? 5_000_000 : 3)),
    );
    const stalled = lab.session.request({ ':path': '/big' });
    await once(stalled, 'response');
    for (let turn = 0; turn < 20; turn++) assert.equal((await ask(lab.session, { ':path': '/' })).body, 'xxx');
    assert.equal((await text(stalled)).length, 5_000_000);
  });

  it('is served to its end by a proxy that drains', async () => {
    const held = Promise.withResolvers<void>();
    const came = Promise.withResolvers<void>();
    await using lab = await start((_request, response) => {
      came.resolve();
      void held.promise.then(() => response.end('done'));
    });
    const answer = ask(lab.session, {});
    await came.promise;
    const goaway = once(lab.session, 'goaway');
    const drained = lab.proxy.drain!();
    await goaway;
    held.resolve();
    assert.equal((await answer).body, 'done');
    await drained;
  });

  it('has its own time', async () => {
    await using lab = await start(() => {}, { timeouts: { requestBody: 100, upstreamResponse: 100 } });
    const slow = lab.session.request({ ':method': 'POST' }, { endStream: false });
    slow.write('x');
    assert.equal((await answerOf(slow)).headers[':status'], 408);
    assert.equal((await ask(lab.session, {})).headers[':status'], 504);
  });
});

describe('a listener of HTTP/2', () => {
  it('takes a preface that comes in pieces', async () => {
    await using lab = await start(echo);
    const socket = connectSocket(lab.port, '127.0.0.1');
    socket.setNoDelay(true);
    const reader = new Reader(socket);
    for (const piece of ['P', 'RI * HT', 'TP/2.0\r\n', '\r\nSM\r\n', '\r\n\0\0\0\x04\0\0\0\0\0']) {
      reader.send(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    // Its own SETTINGS, and the acknowledgement of ours.
    await reader.sees('\0\0\0\x04\x01\0\0\0\0');
    socket.destroy();
  });

  it('is what the intent asks for, and nothing else speaks it', async () => {
    await using lab = await start(echo, { listener: { address: { host: '127.0.0.1', port: 0 } } });
    lab.session.on('error', () => {});
    const reader = new Reader(connectSocket(lab.port, '127.0.0.1'));
    assert.match(await reader.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n').end(), /^HTTP\/1.1 505 /);
  });
});
