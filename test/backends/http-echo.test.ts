import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definition } from '#backends/http-echo.ts';
import { exchange, never } from './client.ts';

const loopback = { host: '127.0.0.1', port: 0 };

test('keeps the raw bytes of every connection, and offers them to whoever asks', async () => {
  await using origin = await definition.start(loopback, {}, never);
  const request = 'GET /x HTTP/1.1\r\nhOsT:  a\r\nConnection: close\r\n\r\n';
  assert.match(await exchange(origin.address, request), /\r\n\r\nGET \/x\n$/);
  assert.match(await exchange(origin.address, 'no http\r\n\r\n'), /^HTTP\/1.1 400/);
  const answer = await exchange(origin.address, 'GET /_recorded HTTP/1.1\r\nConnection: close\r\n\r\n');
  assert.deepEqual(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))), JSON.parse(JSON.stringify(origin.recorded())));
  assert.deepEqual(
    origin.recorded().map(({ raw, requests }) => ({ raw, requests })),
    [
      { raw: request, requests: 1 },
      { raw: 'no http\r\n\r\n', requests: 0 },
    ],
  );
  assert.equal(origin.recorded()[1]!.state, 'malformed');
  origin.forget();
  assert.deepEqual(origin.recorded(), []);
});

test('answers with the bytes it is told to, and closes or resets', async () => {
  await using origin = await definition.start(loopback, {}, never);
  const bytes = Buffer.from('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut');
  const target = `/_raw/${bytes.toString('base64url')}`;
  assert.equal(await exchange(origin.address, `GET ${target}?then=close HTTP/1.1\r\n\r\n`), bytes.toString());
  await assert.rejects(exchange(origin.address, `GET ${target}?then=reset HTTP/1.1\r\n\r\n`), { code: 'ECONNRESET' });
});

test('says its nonce, so that whoever asks through a proxy knows who answered', async () => {
  await using origin = await definition.start(loopback, { nonce: 'n-3' }, never);
  assert.match(await exchange(origin.address, 'GET /nonce HTTP/1.1\r\nConnection: close\r\n\r\n'), /\r\n\r\nn-3$/);
});
