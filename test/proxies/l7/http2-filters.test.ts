/** Filters see heads and content, and no version: what they do, they do for clients and origins of HTTP/2 as well. */
import assert from 'node:assert/strict';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { buffer } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { hash } from 'node:crypto';
import type { FilterSettings } from '#proxies/config/intent.ts';
import { lab } from './http2-lab.ts';

const TEXT = 'a line of text\n'.repeat(20_000);

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function ask(session: ClientHttp2Session, headers: OutgoingHttpHeaders = {}, content?: string): Promise<Answer> {
  const stream = session.request(headers, { endStream: content === undefined });
  let found: IncomingHttpHeaders & { ':status'?: number | undefined } = {};
  stream.on('response', (head) => (found = head));
  if (content !== undefined) stream.end(content);
  const body = await buffer(stream);
  return { status: found[':status'] ?? 0, headers: found, body };
}

interface Lab {
  readonly session: ClientHttp2Session;
  /** What the origin was asked. */
  readonly requests: { readonly headers: IncomingHttpHeaders; readonly body: string }[];
}

/** Both ways in and out that HTTP/2 is in: the filter is on for all. */
function through(name: string, filters: FilterSettings, check: (at: Lab) => Promise<void>): void {
  for (const protocol of ['http1', 'http2'] as const)
    it(`${name}, to an origin of ${protocol}`, async () => {
      const requests: Lab['requests'] = [];
      const listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
        const body = String(await buffer(request));
        requests.push({ headers: request.headers, body });
        response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'max-age=60', 'x-origin': 'here' });
        response.end(TEXT);
      };
      const serve = (request: unknown, response: unknown): void =>
        void listener(request as IncomingMessage, response as ServerResponse);
      const origin = protocol === 'http2' ? createServer(serve) : createHttpServer(serve);
      await using setup = await lab(origin, protocol, { filters });
      const session = connect(`http://127.0.0.1:${setup.port}`);
      try {
        await check({ session, requests });
      } finally {
        session.destroy();
      }
    });
}

describe('a filter over HTTP/2', () => {
  const basic = { authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}` };
  const users = { ann: `{SHA}${hash('sha1', 'secret', 'base64')}` };

  through('asks who it is', { 'basic-auth': { users, identityHeader: 'x-user' } }, async ({ session, requests }) => {
    const refused = await ask(session);
    assert.equal(refused.status, 401);
    assert.match(String(refused.headers['www-authenticate']), /^Basic/);
    assert.equal(requests.length, 0);
    const forged = await ask(session, { ...basic, 'x-user': 'root' });
    assert.equal(forged.status, 200);
    assert.equal(requests[0]!.headers['x-user'], 'ann');
  });

  through('limits the rate', { 'rate-limit': { requests: 2, period: 60_000 } }, async ({ session, requests }) => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask(session)));
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 200, 429, 429, 429, 429],
    );
    const limited = answers.find(({ status }) => status === 429)!;
    assert.ok(Number(limited.headers['retry-after']) > 0);
    assert.equal(requests.length, 2);
  });

  through('compresses', { compression: {} }, async ({ session }) => {
    const { headers, body } = await ask(session, { 'accept-encoding': 'gzip' });
    assert.equal(headers['content-encoding'], 'gzip');
    assert.equal(String(gunzipSync(body)), TEXT);
    assert.equal(String((await ask(session)).body), TEXT);
  });

  through('caches, and collapses those that come together', { cache: {} }, async ({ session, requests }) => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(session)));
    for (const { status, body } of [...answers, await ask(session)]) {
      assert.equal(status, 200);
      assert.equal(String(body), TEXT);
    }
    assert.equal(requests.length, 1);
    assert.ok('age' in (await ask(session)).headers);
  });

  const jsonSchema = { type: 'object', required: ['a'] };
  through('reads bodies', { 'request-rules': { jsonSchema, bodyBytes: 1_000 } }, async ({ session, requests }) => {
    const post = { ':method': 'POST', 'content-type': 'application/json' };
    const statusOf = async (content: string): Promise<number> => (await ask(session, post, content)).status;
    assert.ok((await statusOf('{"b":1}')) >= 400);
    assert.equal(await statusOf(`{"a":"${'x'.repeat(2_000)}"}`), 413);
    assert.equal(requests.length, 0);
    assert.equal(await statusOf('{"a":1}'), 200);
    assert.deepEqual(
      requests.map(({ body }) => body),
      ['{"a":1}'],
    );
  });

  const transform = {
    request: { set: { 'x-set': 'by the proxy' }, remove: ['x-secret'] },
    response: { remove: ['x-origin'] },
  };
  through('changes heads', { transform }, async ({ session, requests }) => {
    const { headers } = await ask(session, { 'x-set': 'by the client', 'x-secret': '1' });
    assert.equal(headers['x-origin'], undefined);
    assert.equal(requests[0]!.headers['x-set'], 'by the proxy');
    assert.equal(requests[0]!.headers['x-secret'], undefined);
  });

  through('answers preflights', { cors: { origins: ['https://a.example'] } }, async ({ session, requests }) => {
    const preflight = { ':method': 'OPTIONS', origin: 'https://a.example', 'access-control-request-method': 'GET' };
    const { status, headers } = await ask(session, preflight);
    assert.ok(status >= 200 && status < 300);
    assert.equal(headers['access-control-allow-origin'], 'https://a.example');
    assert.equal(requests.length, 0);
  });
});
