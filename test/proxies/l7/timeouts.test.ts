/** What a route says of time, and the limit of a whole request. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteAction } from '#proxies/config/intent.ts';
import { answering, ok, setup } from './lab.ts';

const forward = (more: Partial<RouteAction & { kind: 'forward' }>) =>
  ({
    routes: [
      {
        match: { path: { kind: 'prefix', value: '/slow' } },
        action: { kind: 'forward', clusters: [{ name: 'origin' }], ...more },
      },
    ],
  }) as const;
const asked = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;

test('504 where the answer is not there in the time of its route; other routes have their own', async () => {
  await using lab = await setup(() => {}, { ...forward({ timeout: 80 }), timeouts: { upstreamResponse: 400 } });
  const started = performance.now();
  assert.match(await lab.exchange(asked('/slow')), /^HTTP\/1\.1 504 /);
  assert.ok(performance.now() - started < 350);
});

test('an answer that goes on beyond the time of its route is broken off', async () => {
  await using lab = await setup(
    (connection) => {
      connection.socket.once('data', () => connection.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun'));
    },
    forward({ timeout: 80 }),
  );
  const client = await lab.client();
  client.send(asked('/slow'));
  await client.sees('begun');
  await client.close();
  assert.equal(client.error?.code, 'ECONNRESET');
});

test('an answer in time is whole, on a connection that is used again', async () => {
  await using lab = await setup(answering(ok), forward({ timeout: 5_000 }));
  const client = await lab.client();
  for (let i = 1; i <= 3; i++) {
    client.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until(() => client.text.split('\r\n\r\nok').length > i);
  }
  assert.equal(lab.origin.connections.length, 1);
});

test("the silence that a route bears takes the place of everybody's, both ways", async () => {
  const quiet = (pause: number) =>
    setup(
      (connection) => {
        connection.socket.once('data', () => {
          connection.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n');
          setTimeout(() => connection.send('data: x\n\n').socket.end(), pause);
        });
      },
      { ...forward({ idleTimeout: 0 }), timeouts: { upstreamResponse: 80 } },
    );
  await using lab = await quiet(300);
  assert.match(await lab.exchange(asked('/slow/events')), /data: x/);
  await using short = await setup(() => {}, { ...forward({ idleTimeout: 80 }), timeouts: { upstreamResponse: 0 } });
  assert.match(await short.exchange(asked('/slow')), /^HTTP\/1\.1 504 /);
});

test('408 for a body that is not complete in time, however busily it comes', async () => {
  await using lab = await setup(() => {}, { timeouts: { request: 200, requestBody: 150 } });
  const client = await lab.client();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n');
  const drip = setInterval(() => client.send('x'), 40);
  const answer = await client.end();
  clearInterval(drip);
  assert.match(answer, /^HTTP\/1\.1 408 /);
});
