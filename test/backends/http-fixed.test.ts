import assert from 'node:assert/strict';
import { once } from 'node:events';
import https from 'node:https';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createCertificate } from '#bench/lab/certificates.ts';
import { BODY_PATTERN } from '#backends/fixed-answers.ts';
import { definition } from '#backends/http-fixed.ts';
import { exchange, never } from './client.ts';

const loopback = { host: '127.0.0.1', port: 0 };

test('answers /bytes/N with N bytes of the pattern, beyond one block too', async () => {
  await using origin = await definition.start(loopback, {}, never);
  for (const length of [0, 1, 200, 65_537, 3 * 1024 * 1024 + 5]) {
    const answer = await exchange(
      origin.address,
      `GET /bytes/${length} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    const [head, body] = answer.split('\r\n\r\n', 2);
    assert.match(head!, new RegExp(`^HTTP/1.1 200 OK\r\n(.*\r\n)*Content-Length: ${length}(\r\n|$)`));
    assert.equal(answer.length, head!.length + 4 + length);
    if (length > 0) assert.equal(body!.at(-1), BODY_PATTERN[(length - 1) % 64]);
  }
});

test('answers /text/N with the same N bytes of text every time, which a cache may keep', async () => {
  await using origin = await definition.start(loopback, {}, never);
  const ask = (length: number) =>
    exchange(origin.address, `GET /text/${length} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  const [short, long, again] = [await ask(200), await ask(65_536), await ask(65_536)];
  assert.match(short, /Content-Type: text\/plain\r\n/);
  assert.match(short, /Cache-Control: public, max-age=3600\r\n/);
  const [, body = ''] = short.split('\r\n\r\n', 2);
  assert.equal(body.length, 200);
  assert.equal(long, again);
  assert.ok(long.split('\r\n\r\n', 2)[1]!.startsWith(body));
  // As pages are compressed: neither noise nor one word again and again.
  const ratio = gzipSync(long, { level: 1 }).length / long.length;
  assert.ok(ratio > 0.2 && ratio < 0.6, `${ratio}`);
  assert.match(await ask(65_537), /\r\n\r\nhopcost\n$/);
});

test('answers pipelined requests in order, a delay between them included', async () => {
  await using origin = await definition.start(loopback, { nonce: 'n-1' }, never);
  const answer = await exchange(
    origin.address,
    'GET /delay/5 HTTP/1.1\r\nHost: a\r\n\r\nGET /nonce HTTP/1.1\r\nHost: a\r\n\r\nGET /bytes/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  );
  assert.match(answer, /X-Delayed: [\s\S]*hopcost\n[\s\S]*n-1[\s\S]*h$/);
  assert.ok(Number(/X-Delayed: (\S+)/.exec(answer)?.[1]) >= 5);
  assert.deepEqual(origin.counters(), { connections: 1, requests: 3 });
});

test('reads uploads by length and in chunks to their end, split at every byte', async () => {
  await using origin = await definition.start(loopback, {}, never);
  const requests =
    'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\nGET / HTTP/1' +
    'PUT /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nT: x\r\n\r\n' +
    'HEAD /bytes/9 HTTP/1.0\r\n\r\n';
  for (let split = 1; split < requests.length; split++) {
    const answer = await exchange(origin.address, requests.slice(0, split), requests.slice(split));
    assert.equal(answer.match(/HTTP\/1.1 200/g)?.length, 3, `split at ${split}: ${answer}`);
    assert.ok(answer.endsWith('Content-Length: 9\r\n\r\n'), answer);
  }
  assert.equal(origin.counters().requests, 3 * (requests.length - 1));
});

test('sends 100 Continue where it is asked for and the body has not come', async () => {
  await using origin = await definition.start(loopback, {}, never);
  const socket = net.connect(origin.address).setEncoding('latin1');
  socket.write('POST / HTTP/1.1\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\n');
  const [first] = await once(socket, 'data');
  assert.equal(first, 'HTTP/1.1 100 Continue\r\n\r\n');
  socket.write('hi');
  assert.match(await text(socket), /^HTTP\/1.1 200/);
});

test('a client that does not read holds back only itself', async () => {
  await using origin = await definition.start(loopback, {}, never);
  const { host, port } = origin.address;
  const stalled = net.connect({ host, port }).pause();
  stalled.write('GET /bytes/50000000 HTTP/1.1\r\n\r\nGET /bytes/1 HTTP/1.1\r\n\r\n');
  const answer = await exchange(origin.address, 'GET /bytes/3 HTTP/1.1\r\nConnection: close\r\n\r\n');
  assert.ok(answer.endsWith('hop'));
  let received = 0;
  await new Promise<void>((resolve) => {
    stalled.on('data', (chunk) => (received += chunk.length) > 50_000_001 + 160 && resolve());
    stalled.resume();
  });
  stalled.destroy();
});

test('rejects with the system error where the port is taken', async () => {
  await using origin = await definition.start(loopback, {}, never);
  await assert.rejects(definition.start(origin.address, {}, never), { code: 'EADDRINUSE' });
});

test('a stall holds up everybody for as long as it was asked to', async () => {
  await using origin = await definition.start(loopback, {}, never);
  const began = performance.now();
  const answers = await Promise.all(
    ['/stall/60', '/bytes/1'].map((target) => exchange(origin.address, `GET ${target} HTTP/1.0\r\n\r\n`)),
  );
  assert.ok(performance.now() - began >= 60);
  assert.ok(answers.every((answer) => answer.startsWith('HTTP/1.1 200')));
  assert.ok(Number(/X-Stalled: ([\d.]+)/.exec(answers[0]!)?.[1]) >= 60, answers[0]!);
});

test('speaks TLS where it is given a certificate', async () => {
  const { cert, key, ca } = createCertificate();
  await using origin = await definition.start(loopback, { nonce: 's', tls: { cert, key } }, never);
  const request = https.get({ ...origin.address, path: '/nonce', ca, servername: 'localhost', agent: false });
  const [answer] = await once(request, 'response');
  assert.equal(await text(answer), 's');
  assert.equal(origin.counters().requests, 1);
});

test('every n-th request for an error gets one, whoever asks', async () => {
  await using origin = await definition.start({ host: '127.0.0.1', port: 0 }, {}, never);
  const statuses: string[] = [];
  for (let i = 0; i < 6; i++)
    statuses.push((await exchange(origin.address, 'GET /error/3 HTTP/1.0\r\n\r\n')).slice(9, 12));
  assert.deepEqual(statuses, ['200', '200', '500', '200', '200', '500']);
});

test('it tells how long it truly delayed, once', async () => {
  await using origin = await definition.start({ host: '127.0.0.1', port: 0 }, {}, never);
  for (const path of ['/exactly/0.2', '/delay/3']) await exchange(origin.address, `GET ${path} HTTP/1.0\r\n\r\n`);
  const tell = async (): Promise<number[]> =>
    JSON.parse((await exchange(origin.address, 'GET /delayed HTTP/1.0\r\n\r\n')).split('\r\n\r\n')[1]!) as number[];
  const [first, second, ...more] = await tell();
  assert.ok(first! >= 0.2 && second! >= 3, `${first} and ${second}`);
  assert.deepEqual([more, await tell()], [[], []]);
});

test('exact delays end for those who stay, whoever leaves; pipelined ones follow each other', async () => {
  await using origin = await definition.start(loopback, {}, never);
  const leaver = net.connect(origin.address);
  leaver.write('GET /exactly/50 HTTP/1.1\r\n\r\n');
  const answers = exchange(origin.address, 'GET /exactly/4 HTTP/1.1\r\n\r\nGET /exactly/1 HTTP/1.0\r\n\r\n');
  leaver.destroy();
  assert.equal((await answers).match(/HTTP\/1.1 200/g)?.length, 2);
});

test('a request burns as much of the origin’s CPU time as it asks for', async () => {
  await using origin = await definition.start(loopback, {}, never);
  const before = process.threadCpuUsage();
  assert.match(await exchange(origin.address, 'GET /burn/40000 HTTP/1.0\r\n\r\n'), /^HTTP\/1.1 200/);
  const { user, system } = process.threadCpuUsage(before);
  assert.ok(user + system >= 40_000, `${user + system} µs`);
});
