/** Copies of requests: what they hold, and that nobody waits for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mirror } from '#proxies/filters/mirror.ts';
import { answering, ok, Origin, type Reader } from '../l7/lab.ts';
import { contentOf, problemsOf, reasonsOf, request, setupRegistered, statusOf } from './lab.ts';

async function setup(script: (connection: Reader) => unknown, settings: Partial<Mirror> = {}, path = '') {
  const shadow = await new Origin(script).listen();
  const url = `http://127.0.0.1:${shadow.port}${path}`;
  const lab = await setupRegistered(answering(ok), {
    mirror: { url, ...settings },
    transform: { request: { set: { 'X-New': '1' }, remove: ['X-Old'] } },
  });
  return {
    ...lab,
    shadow,
    async [Symbol.asyncDispose]() {
      await lab[Symbol.asyncDispose]();
      await shadow[Symbol.asyncDispose]();
    },
  };
}

test('a copy is the request as it goes on', async () => {
  await using lab = await setup(answering(ok), {}, '/shadow/');
  assert.equal(
    statusOf(await lab.exchange(request(['X-Old: 1', 'Cookie: a', 'X-Forwarded-For: 1.2.3.4'], { target: '/x?y=1' }))),
    200,
  );
  const text = await (await lab.shadow.connection(0)).sees('\r\n\r\n');
  assert.match(text, /^GET \/shadow\/x\?y=1 HTTP\/1\.1\r\n/);
  assert.deepEqual(text.match(/^(host|x-old|x-new|cookie|x-forwarded-for): .*$/gim)?.toSorted(), [
    'cookie: a',
    'host: a',
    'x-forwarded-for: 127.0.0.1',
    'x-new: 1',
  ]);
});

test('a body goes both ways', async () => {
  await using lab = await setup(answering(ok));
  assert.equal(statusOf(await lab.exchange(request([], { method: 'POST', body: 'hello world' }))), 200);
  assert.equal(contentOf(await (await lab.shadow.connection(0)).sees('world')), 'hello world');
  assert.equal(contentOf(lab.origin.connections[0]!.text), 'hello world');
});

test('nobody waits for who does not answer; beyond the limit copies are not sent, and counted', async () => {
  await using lab = await setup(() => {}, { underWay: 2 });
  for (let i = 0; i < 5; i++) assert.equal(statusOf(await lab.exchange(request())), 200);
  assert.deepEqual(await reasonsOf(lab), { mirror_failed: 3 });
});

test('a body that is too long is not copied, and goes to the origin all the same', async () => {
  await using lab = await setup(answering(ok), { bodyBytes: 4 });
  const body = 'x'.repeat(200_000);
  assert.equal(statusOf(await lab.exchange(request([], { method: 'POST', body }))), 200);
  assert.equal(contentOf(lab.origin.connections[0]!.text), body);
  assert.equal(lab.shadow.connections.length, 0);
  assert.deepEqual(await reasonsOf(lab), { mirror_failed: 1 });
});

test('what a filter refuses is not copied', async () => {
  const shadow = await new Origin(answering(ok)).listen();
  await using _ = shadow;
  const mirror = { url: `http://127.0.0.1:${shadow.port}` };
  await using lab = await setupRegistered(answering(ok), { mirror, 'ip-rules': { deny: ['127.0.0.1'] } });
  assert.equal(statusOf(await lab.exchange(request())), 403);
  assert.equal(shadow.connections.length, 0);
});

test('settings that mean nothing are refused by their place', () => {
  assert.match(problemsOf({ mirror: { url: 'x' } })[0]!, /^filters\.mirror\.url: expected an http or https URL/);
  assert.match(problemsOf({ mirror: { url: 'http://a', share: 2 } })[0]!, /^filters\.mirror\.share: /);
});
