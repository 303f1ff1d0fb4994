/** `http-fixed` over HTTP/2, beside HTTP/1.1 on the same port. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { createCertificate } from '#bench/lab/certificates.ts';
import { definition } from '#backends/http-fixed.ts';
import { BODY_PATTERN } from '#backends/fixed-answers.ts';
import { exchange, never } from './client.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const HTTP2 = { nonce: 'n-1', http2: true };

interface Answered {
  readonly head: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader;
  readonly body: string;
}

async function ask(client: http2.ClientHttp2Session, path: string, method = 'GET', body?: Buffer): Promise<Answered> {
  const request = client.request({ ':method': method, ':path': path }, { endStream: body === undefined });
  if (body) request.end(body);
  const [head] = (await once(request, 'response')) as [Answered['head']];
  return { head, body: await text(request) };
}

async function withClient(
  use: (client: http2.ClientHttp2Session, address: { host: string; port: number }) => Promise<void>,
): Promise<void> {
  await using origin = await definition.start(LOOPBACK, HTTP2, never);
  const client = http2.connect(`http://127.0.0.1:${origin.address.port}`);
  try {
    await use(client, origin.address);
  } finally {
    client.destroy();
  }
}

describe('http-fixed over HTTP/2', () => {
  it('answers /bytes/N with N bytes of the pattern, beyond one block too', () =>
    withClient(async (client) => {
      for (const length of [0, 1, 200, 65_537, 3 * 1024 * 1024 + 5]) {
        const { head, body } = await ask(client, `/bytes/${length}`);
        assert.equal(head[':status'], 200);
        assert.equal(head['content-length'], String(length));
        assert.equal(body, BODY_PATTERN.repeat(Math.ceil(length / 64)).slice(0, length));
      }
    }));

  it('answers as over HTTP/1.1: nonce, errors, HEAD, anything else', () =>
    withClient(async (client) => {
      assert.equal((await ask(client, '/nonce')).body, 'n-1');
      assert.equal((await ask(client, '/whatever')).body, 'hopcost\n');
      assert.equal((await ask(client, '/error/2')).head[':status'], 200);
      assert.equal((await ask(client, '/error/2')).head[':status'], 500);
      const { head, body } = await ask(client, '/bytes/9', 'HEAD');
      assert.equal(head['content-length'], '9');
      assert.equal(body, '');
      assert.equal((await ask(client, '/up', 'POST', Buffer.alloc(3_000_000))).body, 'hopcost\n');
    }));

  it('a delay delays its own stream alone', () =>
    withClient(async (client) => {
      const slow = ask(client, '/delay/200');
      const began = performance.now();
      const quick = await Promise.all(Array.from({ length: 50 }, () => ask(client, '/bytes/10')));
      assert.ok(performance.now() - began < 200);
      assert.ok(quick.every(({ body }) => body.length === 10));
      assert.ok(Number((await slow).head['x-delayed']) >= 200);
      const exact = await ask(client, '/exactly/3');
      assert.equal(exact.body, 'hopcost\n');
      assert.ok((JSON.parse((await ask(client, '/delayed')).body) as number[]).every((millis) => millis >= 3));
    }));

  it('forgets the delay of a stream that was cancelled', () =>
    withClient(async (client) => {
      const request = client.request({ ':path': '/delay/20' });
      request.on('error', () => {});
      await ask(client, '/');
      request.close(http2.constants.NGHTTP2_CANCEL);
      await ask(client, '/delay/40');
      assert.equal((JSON.parse((await ask(client, '/delayed')).body) as number[]).length, 1);
    }));

  it('serves HTTP/1.1 on the same port, however the first bytes are cut', () =>
    withClient(async (_client, address) => {
      const request = 'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
      for (const at of [1, 2, 3, 20]) {
        const answer = await exchange(address, request.slice(0, at), request.slice(at));
        assert.match(answer, /^HTTP\/1.1 200 OK\r\n[\s\S]*hopcost\n$/);
      }
      const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
      const answer = await exchange(address, preface.slice(0, 1), preface.slice(1), 'GET / HTTP/1.1\r\n\r\n');
      assert.equal(answer[3], '\x04', 'SETTINGS come first');
    }));

  it('speaks the version that ALPN chose', async () => {
    const { cert, key, ca } = createCertificate();
    await using origin = await definition.start(LOOPBACK, { ...HTTP2, tls: { cert, key } }, never);
    const url = `https://127.0.0.1:${origin.address.port}`;
    const client = http2.connect(url, { ca });
    assert.equal((await ask(client, '/bytes/2000000')).body.length, 2_000_000);
    client.destroy();
    const [response] = (await once(https.get(url, { ca }), 'response')) as [IncomingMessage];
    assert.equal(response.httpVersion, '1.1');
    assert.equal(await text(response), 'hopcost\n');
    assert.equal(origin.counters().requests, 2);
  });
});
