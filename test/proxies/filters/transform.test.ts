/** Fields and bodies that are changed on their way, and those that cannot be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Transform } from '#proxies/filters/transform.ts';
import { answering, ok, type Reader } from '../l7/lab.ts';
import { contentOf, fieldOf, problemsOf, reasonsOf, request, setupRegistered, statusOf } from './lab.ts';

const loud: NonNullable<Transform['response']> = {
  body: {
    replace: [
      { pattern: 'o+', by: '0' },
      { pattern: '(h)0', by: '<$1>' },
    ],
    mostBytes: 100,
  },
};
const answers = (head: string, body: string): string =>
  `HTTP/1.1 200 OK\r\n${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${Buffer.from(body).toString('latin1')}`;

test('fields are set, added and removed, both ways', async () => {
  const changes = { set: { 'X-S': 'new' }, add: { 'X-A': '2' }, remove: ['X-R'] };
  await using lab = await setupRegistered(answering(answers('X-S: old\r\nX-A: 1\r\nX-R: 1\r\n', 'ok')), {
    transform: { request: changes, response: changes },
  });
  const answer = await lab.exchange(request(['x-s: old', 'X-A: 1', 'X-R: 1']));
  for (const text of [answer, lab.origin.connections[0]!.text]) {
    assert.deepEqual(text.match(/^x-[sar]: .*$/gim), ['X-A: 1', 'X-S: new', 'X-A: 2']);
    assert.match(text, /^X-S: new\r$/m);
  }
});

test('an answer of ours stays as it is', async () => {
  const transform = { response: { set: { 'X-S': 'new' }, ...loud } };
  await using lab = await setupRegistered(answering('nonsense\r\n\r\n'), { transform });
  const answer = await lab.exchange(request());
  assert.match(answer, /502 Bad Gateway/);
  assert.equal(fieldOf(answer, 'X-S'), undefined);
});

const chunked =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: "a"\r\nContent-Digest: x\r\n\r\n3\r\nfoo\r\n4\r\n hoo\r\n0\r\n\r\n';
const BODIES: Readonly<Record<string, readonly [answer: string, content: string]>> = {
  'with a length': [answers('ETag: "a"\r\nContent-Digest: x\r\n', 'foo hoo'), 'f0 <h>'],
  'in chunks': [chunked, 'f0 <h>'],
  'of another alphabet': [answers('ETag: "a"\r\n', 'föo'), Buffer.from('fö0').toString('latin1')],
  'that is no text': [answers('ETag: "a"\r\n', 'x').replace(/x$/, '\xff'), '\xff'],
  'of nothing': [answers('ETag: "a"\r\n', ''), ''],
};
for (const [which, [answer, content]] of Object.entries(BODIES))
  test(`a body ${which} is changed`, async () => {
    await using lab = await setupRegistered(answering(answer), { transform: { response: loud } });
    const text = await lab.exchange(request(['Range: bytes=0-1', 'Accept-Encoding: gzip']));
    assert.equal(contentOf(text), content);
    assert.equal(fieldOf(text, 'ETag'), 'W/"a"');
    assert.equal(fieldOf(text, 'Content-Digest'), undefined);
    assert.match(lab.origin.connections[0]!.text, /^Accept-Encoding: identity\r$/m);
    assert.doesNotMatch(lab.origin.connections[0]!.text, /^Range/im);
  });

test('an answer in pieces is changed as a whole', async () => {
  const slow = async (origin: Reader): Promise<void> => {
    await origin.sees('\r\n\r\n');
    origin.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nho');
    await client.sees('200 OK');
    origin.send('ok');
  };
  await using lab = await setupRegistered(slow, { transform: { response: loud } });
  const client = await lab.client();
  client.send(request());
  assert.equal(contentOf(await client.end()), '<h>k');
});

test('an answer to HEAD tells no length', async () => {
  await using lab = await setupRegistered(answering('HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n'), {
    transform: { response: loud },
  });
  const answer = await lab.exchange(request([], { method: 'HEAD' }));
  assert.equal(statusOf(answer), 200);
  assert.equal(fieldOf(answer, 'Content-Length'), undefined);
});

const VAIN: Readonly<Record<string, string>> = {
  'that is too long': answers('', 'o'.repeat(101)),
  'that is compressed all the same': answers('Content-Encoding: gzip\r\n', 'ok'),
  'of which it is a part': answers('Content-Range: bytes 0-1/9\r\n', 'ok').replace('200', '206'),
};
for (const [which, answer] of Object.entries(VAIN))
  test(`an answer ${which} is not passed on`, async () => {
    await using lab = await setupRegistered(answering(answer), { transform: { response: loud } });
    assert.equal(statusOf(await lab.exchange(request())), 500);
    assert.deepEqual(await reasonsOf(lab), { filter_failed: 1 });
  });

test('an answer that turns out too long is cut, and is no whole one', async () => {
  const long = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n`;
  await using lab = await setupRegistered(
    async (origin) => {
      await origin.sees('\r\n\r\n');
      origin.send(long);
      await client.sees('200 OK');
      origin.send(`c8\r\n${'o'.repeat(200)}\r\n0\r\n\r\n`);
    },
    { transform: { response: loud } },
  );
  const client = await lab.client();
  client.send(request());
  assert.doesNotMatch(await client.close(), /\r\n0\r\n\r\n$/);
});

const POSTS: Readonly<Record<string, readonly [lines: readonly string[], body: string, status: number, sent: string]>> =
  {
    'that fits': [[], 'foo hoo', 200, 'f0 <h>'],
    'that is too long': [[], 'o'.repeat(101), 413, ''],
    'that is compressed': [['Content-Encoding: gzip'], 'ok', 415, ''],
  };
for (const [which, [lines, body, status, sent]] of Object.entries(POSTS))
  test(`a body of a request ${which} is answered ${status}`, async () => {
    await using lab = await setupRegistered(answering(ok), { transform: { request: loud } });
    assert.equal(statusOf(await lab.exchange(request(lines, { method: 'POST', body }))), status);
    assert.equal(lab.origin.connections.length, status === 200 ? 1 : 0);
    if (status === 200) assert.equal(contentOf(lab.origin.connections[0]!.text), sent);
  });

test('no pattern runs away', async () => {
  const transform = { request: { body: { replace: [{ pattern: '(a+)+$', by: 'x' }], mostBytes: 70_000 } } };
  await using lab = await setupRegistered(answering(ok), { transform });
  const before = performance.now();
  assert.equal(statusOf(await lab.exchange(request([], { method: 'POST', body: `${'a'.repeat(60_000)}!` }))), 200);
  assert.ok(performance.now() - before < 5000);
});

test('settings that mean nothing are refused', () => {
  const cases: readonly [unknown, RegExp][] = [
    [{ request: { set: { Host: 'x' } } }, /^filters\.transform\.request\.set/],
    [{ response: { set: { 'X-A': 'a\r\nb' } } }, /^filters\.transform\.response\.set\.X-A: expected a field value/],
    [{ response: { body: { replace: [] } } }, /^filters\.transform\.response\.body\.replace/],
    [{ response: { body: { replace: [{ pattern: '(?=a)', by: '' }] } } }, /regular expression/],
  ];
  for (const [config, problem] of cases) assert.match(problemsOf({ transform: config }).join('\n'), problem);
});
