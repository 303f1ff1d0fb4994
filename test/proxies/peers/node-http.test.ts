import assert from 'node:assert/strict';
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { definition as echo } from '#backends/http-echo.ts';
import { definition as fixed } from '#backends/http-fixed.ts';
import { IntentError } from '#proxies/config/intent-error.ts';
import { definition } from '#proxies/peers/node-http.ts';
import { closedPort, loopback, never } from '../sockets.ts';

const start = (endpoint: { host: string; port: number }) =>
  definition.start(
    { listener: { address: loopback }, clusters: [{ name: 'o', endpoints: [endpoint] }], defaultCluster: 'o' },
    never,
  );

test('forwards over pooled connections', async () => {
  await using origin = await fixed.start(loopback, {}, never);
  await using proxy = await start(origin.address);
  const url = `http://127.0.0.1:${proxy.address.port}`;
  for (const length of [0, 10, 1_000_000]) {
    const answer = await fetch(`${url}/bytes/${length}`);
    assert.equal((await answer.bytes()).length, length);
  }
  const upload = await fetch(`${url}/up`, { method: 'POST', body: 'x'.repeat(100_000) });
  assert.equal(upload.status, 200);
  await upload.text();
  assert.deepEqual(origin.counters(), { connections: 1, requests: 4 });
});

test('passes on no hop-by-hop field', async () => {
  await using origin = await echo.start(loopback, {}, never);
  await using proxy = await start(origin.address);
  const request = http.get({
    ...proxy.address,
    path: '/a?b',
    headers: { connection: 'x-drop, close', 'x-drop': '1', 'x-keep': '2', te: 'trailers', host: 'example.org' },
  });
  const answer = await new Promise<http.IncomingMessage>((resolve) => request.once('response', resolve));
  assert.equal(await text(answer), 'GET /a?b\n');
  const raw = origin.recorded()[0]!.raw;
  assert.match(raw, /^GET \/a\?b HTTP\/1\.1\r\n/);
  assert.match(raw, /x-keep: 2\r\n/);
  assert.match(raw, /host: example\.org\r\n/);
  assert.doesNotMatch(raw, /x-drop|\bte:/i);
});

test('answers 502 where the origin is gone', async () => {
  await using proxy = await start({ host: '127.0.0.1', port: await closedPort() });
  assert.equal((await fetch(`http://127.0.0.1:${proxy.address.port}/`)).status, 502);
});

test('refuses what it does not do', async () => {
  const clusters = [{ name: 'o', endpoints: [{ host: '127.0.0.1', port: 1 }] }];
  const intent = { listener: { address: loopback }, clusters, defaultCluster: 'o', routes: [] };
  await assert.rejects(definition.start(intent, never), IntentError);
});
