/** `http-echo` over HTTP/2: what it received, raw and as node's own reader has it. */
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { definition } from '#backends/http-echo.ts';
import { exchange, never } from './client.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const HTTP2 = { http2: true, nonce: 'n-9' };

async function ask(client: http2.ClientHttp2Session, path: string, body?: string): Promise<string> {
  const request = client.request({ ':path': path, ':method': body === undefined ? 'GET' : 'POST', 'x-Case': 'a  b' });
  if (body !== undefined) request.write(body);
  request.end();
  return text(request);
}

test('keeps raw bytes and messages, and offers them to whoever asks', async () => {
  await using origin = await definition.start(LOOPBACK, HTTP2, never);
  const url = `http://127.0.0.1:${origin.address.port}`;
  const client = http2.connect(url);
  assert.equal(await ask(client, '/x', 'hello'), 'POST /x\n');
  assert.equal(await ask(client, '/nonce'), 'n-9');
  const cancelled = client.request({ ':path': '/slow', ':method': 'POST' });
  cancelled.on('error', () => {});
  cancelled.write('some of it');
  await ask(client, '/y');
  cancelled.destroy();
  await ask(client, '/y');
  const other = http2.connect(url);
  const recorded = JSON.parse(await ask(other, '/_recorded')) as ReturnType<typeof origin.recorded>;
  client.destroy();
  other.destroy();
  const [first] = recorded;
  assert.equal(recorded.length, 1, 'who asks is not recorded');
  assert.equal(first!.requests, 4);
  assert.ok(first!.raw.startsWith('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'));
  const [post, nonce, slow] = first!.messages!;
  assert.deepEqual([post!.body, post!.state], ['hello', 'ended']);
  assert.ok(post!.fields.some(([name, value]) => name === 'x-case' && value === 'a  b'));
  assert.ok(nonce!.fields.some(([name, value]) => name === ':path' && value === '/nonce'));
  assert.match(slow!.state, /^reset \d+$/);
  assert.equal(slow!.body, 'some of it');
  assert.match(
    await exchange(origin.address, 'GET /z HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
    /\r\n\r\nGET \/z\n$/,
  );
});

test('answers with the bytes it is told to', async () => {
  await using origin = await definition.start(LOOPBACK, HTTP2, never);
  const bytes = Buffer.from('000004080000000001000000ff', 'hex');
  const request = Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n000000040000000000'.slice(0, 24)),
    Buffer.from('000000040000000000', 'hex'),
  ]);
  const path = Buffer.from(`/_raw/${bytes.toString('base64url')}?then=close`);
  const block = Buffer.concat([Buffer.from('828641016104', 'hex'), Buffer.of(path.length), path]);
  const head = Buffer.from('000000010500000001', 'hex');
  head.writeUIntBE(block.length, 0, 3);
  const socket = net.connect(origin.address);
  socket.write(Buffer.concat([request, head, block]));
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  assert.ok(Buffer.concat(chunks).includes(bytes));
});
