/** A shared cache, RFC 9111 rule by rule: what is stored, what is answered with it, what is asked anew, and what may never leak. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FilterSettings } from '#proxies/config/intent.ts';
import type { Cache } from '#proxies/filters/cache.ts';
import type { Reader } from '../l7/lab.ts';
import { contentOf, fieldOf, problemsOf, request, setupRegistered, statusOf } from './lab.ts';

/** An answer whose body is `body`. */
const answer = (body: string, fields: readonly string[] = [], status = 200): string =>
  [`HTTP/1.1 ${status} X`, ...fields, `Content-Length: ${body.length}`, '', body].join('\r\n');
const unmodified = (...fields: readonly string[]): string => ['HTTP/1.1 304 X', ...fields, '', ''].join('\r\n');
const date = (seconds: number): string => new Date(Date.now() + seconds * 1000).toUTCString();

/** The origin gives `answers` one after the other, whoever asks. */
async function setup(answers: readonly string[], cache: Cache = {}, more: FilterSettings = {}) {
  let given = 0;
  const asked: string[] = [];
  const lab = await setupRegistered(
    (origin: Reader) => {
      let seen = 0;
      origin.socket.on('data', () => {
        const heads = origin.text.split(/(?<=\r\n\r\n)/).filter((text) => text.endsWith('\r\n\r\n'));
        for (; seen < heads.length; seen++) {
          asked.push(heads[seen]!);
          origin.send(answers[given++] ?? answer('too many'));
        }
      });
    },
    { cache, ...more },
  );
  return { ...lab, asked };
}

interface Step {
  readonly lines?: readonly string[];
  readonly method?: string;
  readonly target?: string;
}
/** Statuses and bodies of what clients get, and how often the origin was asked. */
async function play(answers: readonly string[], steps: readonly Step[], cache: Cache = {}, more: FilterSettings = {}) {
  await using lab = await setup(answers, cache, more);
  const got: string[] = [];
  const texts: string[] = [];
  for (const { lines = [], method = 'GET', target = '/' } of steps) {
    const text = await lab.exchange(request(lines, { method, target }));
    const status = statusOf(text);
    texts.push(text);
    got.push(status === 304 || method === 'HEAD' ? `${status}` : `${status} ${contentOf(text)}`);
  }
  return { got, texts, asked: lab.asked };
}

const twice: readonly Step[] = [{}, {}];
const fresh = 'Cache-Control: max-age=100';
const stale = 'Age: 200';
const tag = 'ETag: "1"';

/** Asked for twice: is the second answer the first one, stored? */
const STORED: Readonly<Record<string, readonly [fields: readonly string[], isStored: boolean, status?: number]>> = {
  '§3: max-age': [[fresh], true],
  '§3: s-maxage': [['Cache-Control: s-maxage=100'], true],
  '§3: Expires': [[`Expires: ${date(100)}`], true],
  '§3: an error that says how long': [[fresh], true, 503],
  '§4.2.2: an old answer that says nothing': [[`Last-Modified: ${date(-100_000)}`], true],
  '§4.2.2: an old error that says nothing': [[`Last-Modified: ${date(-100_000)}`], false, 500],
  '§4.2.2: nothing to go by': [[], false],
  '§5.2.2.5: no-store': [['Cache-Control: max-age=100, no-store'], false],
  '§5.2.2.3: must-understand': [['Cache-Control: max-age=100, no-store, must-understand'], true],
  '§3: a status that nobody knows': [[fresh], false, 299],
  '§5.2.2.7: private': [['Cache-Control: max-age=100, private'], false],
  '§5.2.2.7: private for some field': [['Cache-Control: max-age=100, private="x"'], false],
  '§5.2.2.4: no-cache': [['Cache-Control: max-age=100, no-cache'], false],
  '§4.2.1: s-maxage beats max-age': [['Cache-Control: max-age=0, s-maxage=100'], true],
  '§4.2.1: max-age beats Expires': [[`Expires: ${date(-100)}`, fresh], true],
  '§4.2.1: max-age that is no number': [['Cache-Control: max-age=1e9'], false],
  '§4.2.1: max-age twice': [['Cache-Control: max-age=100', 'Cache-Control: max-age=0'], false],
  '§5.2.2.1: max-age beyond bounds': [[`Cache-Control: max-age=${'9'.repeat(40)}`], true],
  '§5.2: directives in quotes and other letters': [['Cache-Control: x="max-age=0, no-store", MAX-AGE="100"'], true],
  '§5.3: Expires in the past': [[`Expires: ${date(-100)}`], false],
  '§5.3: Expires that is no date': [['Expires: 0'], false],
  '§4.2.3: an Age beyond its life': [[fresh, 'Age: 100'], false],
  '§4.2.3: an Age within it': [[fresh, 'Age: 50'], true],
  '§4.2.3: a Date long ago': [[fresh, `Date: ${date(-200)}`], false],
  '§4.1: Vary on everything': [[fresh, 'Vary: *'], false],
  'a cookie that is set': [[fresh, 'Set-Cookie: a=1'], false],
  'a cookie that is set in public': [['Cache-Control: public, max-age=100', 'Set-Cookie: a=1'], true],
};
for (const [rule, [fields, isStored, status = 200]] of Object.entries(STORED))
  test(`${rule}: ${isStored ? 'stored' : 'asked for anew'}`, async () => {
    const { got, asked } = await play([answer('one', fields, status), answer('two', fields, status)], twice);
    assert.deepEqual(got, [`${status} one`, `${status} ${isStored ? 'one' : 'two'}`]);
    assert.equal(asked.length, isStored ? 1 : 2);
  });

/** The first request stores; is the second one answered with it? */
const REUSED: Readonly<
  Record<string, readonly [fields: readonly string[], first: Step, second: Step, isReused: boolean]>
> = {
  '§2: another target': [[fresh], {}, { target: '/?x' }, false],
  '§2: another way to write it': [[fresh], { target: '/a' }, { target: '/%61' }, false],
  '§2: another host': [[fresh], {}, { target: 'http://b/' }, false],
  '§3: HEAD after GET': [[fresh], {}, { method: 'HEAD' }, true],
  '§3: GET after HEAD': [[fresh], { method: 'HEAD' }, {}, false],
  '§3: POST': [[fresh], {}, { method: 'POST' }, false],
  '§3.5: Authorization first': [[fresh], { lines: ['Authorization: x'] }, {}, false],
  '§3.5: Authorization first, public': [
    ['Cache-Control: public, max-age=100'],
    { lines: ['Authorization: x'] },
    {},
    true,
  ],
  '§3.5: Authorization later': [[fresh], {}, { lines: ['Authorization: x'] }, true],
  '§5.2.1.5: no-store in the request': [[fresh], { lines: ['Cache-Control: no-store'] }, {}, false],
  '§5.2.1.4: no-cache in the request': [[fresh], {}, { lines: ['Cache-Control: no-cache'] }, false],
  '§5.4: Pragma': [[fresh], {}, { lines: ['Pragma: no-cache'] }, false],
  '§5.4: Pragma beside Cache-Control': [
    [fresh],
    {},
    { lines: ['Pragma: no-cache', 'Cache-Control: max-age=1000'] },
    true,
  ],
  '§5.2.1.1: max-age of the request': [[fresh, 'Age: 50'], {}, { lines: ['Cache-Control: max-age=10'] }, false],
  '§5.2.1.3: min-fresh': [[fresh, 'Age: 50'], {}, { lines: ['Cache-Control: min-fresh=60'] }, false],
  '§5.2.1.2: max-stale': [[fresh, 'Age: 150', tag], {}, { lines: ['Cache-Control: max-stale'] }, true],
  '§5.2.1.2: max-stale, but not so much': [
    [fresh, 'Age: 150', tag],
    {},
    { lines: ['Cache-Control: max-stale=10'] },
    false,
  ],
  '§5.2.2.2: max-stale of what must be revalidated': [
    ['Cache-Control: max-age=100, must-revalidate', stale, tag],
    {},
    { lines: ['Cache-Control: max-stale'] },
    false,
  ],
  '§4.1: the same by what it varies by': [
    [fresh, 'Vary: Accept, X'],
    { lines: ['Accept: a, b'] },
    { lines: ['Accept: a,b', 'Y: 1'] },
    true,
  ],
  '§4.1: another by what it varies by': [
    [fresh, 'Vary: accept'],
    { lines: ['Accept: a'] },
    { lines: ['Accept: b'] },
    false,
  ],
  '§4.1: without what it varies by': [[fresh, 'Vary: Accept'], { lines: ['Accept: a'] }, {}, false],
  '§3.3: a range': [[fresh], {}, { lines: ['Range: bytes=0-0'] }, false],
};
for (const [rule, [fields, first, second, isReused]] of Object.entries(REUSED))
  test(`${rule}: ${isReused ? 'answered' : 'asked for'}`, async () => {
    const answers = [first, second].map(({ method }, i) =>
      method === 'HEAD'
        ? `HTTP/1.1 200 X\r\n${fields.join('\r\n')}\r\nContent-Length: 3\r\n\r\n`
        : answer(i === 0 ? 'one' : 'two', fields),
    );
    assert.equal((await play(answers, [first, second])).asked.length, isReused ? 1 : 2);
  });

test('§4.2.3, §5.1: what is stored tells its age, has a date, and no field of a hop', async () => {
  const fields = [fresh, 'Age: 30', 'Connection: x-hop, close', 'X-Hop: 1', 'X-End: 1', 'Content-Type: a/b'];
  const { texts } = await play([answer('one', fields)], twice);
  const stored = texts[1]!;
  assert.match(fieldOf(stored, 'Age')!, /^3[0-2]$/);
  assert.ok(fieldOf(stored, 'Date'));
  assert.deepEqual(
    [fieldOf(stored, 'X-End'), fieldOf(stored, 'X-Hop'), fieldOf(stored, 'Content-Type')],
    ['1', undefined, 'a/b'],
  );
});

test('§5.2.1.7: only-if-cached', async () => {
  const only = { lines: ['Cache-Control: only-if-cached'] };
  const { got } = await play([answer('one', [fresh])], [only, {}, only]);
  assert.deepEqual(
    got.map((text) => text.slice(0, 7)),
    ['504 504', '200 one', '200 one'],
  );
});

test('§4.3: what is stale is validated, and lives on with what the 304 says', async () => {
  const { got, asked, texts } = await play(
    [
      answer('one', [fresh, stale, tag, 'X-A: 1', `Last-Modified: ${date(-9)}`]),
      unmodified(fresh, tag, 'X-A: 2', 'Content-Type: no/such'),
    ],
    [{}, {}, {}],
  );
  assert.deepEqual(got, ['200 one', '200 one', '200 one']);
  assert.equal(asked.length, 2);
  assert.match(asked[1]!, /^If-None-Match: "1"\r$/m);
  assert.match(asked[1]!, /^If-Modified-Since: /m);
  assert.deepEqual([fieldOf(texts[2]!, 'X-A'), fieldOf(texts[2]!, 'Content-Type')], ['2', undefined]);
  assert.match(fieldOf(texts[2]!, 'Age')!, /^[01]$/);
});

test('§4.3.3: another answer to a validation takes its place', async () => {
  const { got } = await play([answer('one', [fresh, stale, tag]), answer('two', [fresh])], [{}, {}, {}]);
  assert.deepEqual(got, ['200 one', '200 two', '200 two']);
});

test('a connection on which a validation was answered serves the next request', async () => {
  await using lab = await setup([answer('one', [fresh, stale, tag]), unmodified(stale, fresh), unmodified(fresh)]);
  for (let i = 0; i < 3; i++) assert.equal(contentOf(await lab.exchange(request())), 'one');
  assert.equal(lab.origin.connections.length, 1);
});

const KNOWN: Readonly<Record<string, readonly [line: string, status: number]>> = {
  'its tag': ['If-None-Match: "x", "1"', 304],
  'its tag, weak': ['If-None-Match: W/"1"', 304],
  'any tag': ['If-None-Match: *', 304],
  'another tag': ['If-None-Match: "2"', 200],
  'a tag beside a date': [`If-None-Match: "2"\r\nIf-Modified-Since: ${date(0)}`, 200],
  'a date since': [`If-Modified-Since: ${date(-5)}`, 304],
  'a date before': [`If-Modified-Since: ${date(-500)}`, 200],
  'what is no date': ['If-Modified-Since: yesterday', 200],
};
for (const [what, [line, status]] of Object.entries(KNOWN))
  for (const isStale of [false, true])
    test(`§4.3.2: a client that has ${what} is answered ${status}, ${isStale ? 'after a validation' : 'at once'}`, async () => {
      const fields = [fresh, tag, `Last-Modified: ${date(-50)}`, ...(isStale ? [stale] : [])];
      const { texts, asked } = await play([answer('one', fields), unmodified(fresh)], [{}, { lines: [line] }]);
      assert.equal(statusOf(texts[1]!), status);
      assert.equal(asked.length, isStale ? 2 : 1);
      assert.equal(fieldOf(texts[1]!, 'ETag'), '"1"');
    });

test('§4.4: an unsafe request makes void what is stored, of its target and of where it leads; one that is refused does not', async () => {
  const steps: readonly Step[] = [
    { target: '/a' },
    { target: '/b' },
    { method: 'POST', target: '/a' },
    { target: '/a' },
    { target: '/b' },
  ];
  const stored = [answer('one', [fresh]), answer('one', [fresh])];
  const run = async (reply: string) =>
    (await play([...stored, reply, answer('two', [fresh]), answer('two', [fresh])], steps)).got.slice(3);
  assert.deepEqual(await run(answer('', ['Location: /b'], 201)), ['200 two', '200 two']);
  assert.deepEqual(await run(answer('', ['Location: http://other/b'])), ['200 two', '200 one']);
  assert.deepEqual(await run(answer('', ['Location: /b'], 403)), ['200 one', '200 one']);
});

test('RFC 5861 §4: what is stale stands in for an error, where it may', async () => {
  const allowed = 'Cache-Control: max-age=100, stale-if-error=1000';
  const failing = answer('failed', [], 503);
  assert.deepEqual((await play([answer('one', [allowed, stale, tag]), failing], twice)).got[1], '200 one');
  assert.deepEqual((await play([answer('one', [allowed, stale, tag]), 'nonsense\r\n\r\n'], twice)).got[1], '200 one');
  assert.deepEqual(
    (await play([answer('one', [fresh, stale, tag]), failing], twice, { staleIfError: 1000 })).got[1],
    '200 one',
  );
  assert.deepEqual((await play([answer('one', [fresh, stale, tag]), failing], twice)).got[1], '503 failed');
  const strict = 'Cache-Control: max-age=100, stale-if-error=1000, must-revalidate';
  assert.deepEqual((await play([answer('one', [strict, stale, tag]), failing], twice)).got[1], '503 failed');
});

/** An origin that answers when a test says so. */
async function held(cache: Cache = {}) {
  const waiting: Reader[] = [];
  let arrived = Promise.withResolvers<void>();
  const lab = await setupRegistered(
    (origin) => {
      let seen = 0;
      origin.socket.on('data', () => {
        const count = origin.text.split('\r\n\r\n').length - 1;
        for (; seen < count; seen++) waiting.push(origin);
        arrived.resolve();
        arrived = Promise.withResolvers();
      });
    },
    { cache },
  );
  return {
    ...lab,
    waiting,
    next: async () => {
      while (waiting.length === 0) await arrived.promise;
      return waiting.shift()!;
    },
  };
}

test('who asks for what is on its way waits for it: one request for all', async () => {
  await using lab = await held();
  const clients = await Promise.all([1, 2, 3, 4].map(() => lab.client()));
  for (const client of clients) client.send(request());
  const origin = await lab.next();
  origin.send(answer('one', [fresh]));
  for (const client of clients) assert.equal(contentOf(await client.end()), 'one');
  assert.equal(lab.waiting.length, 0);
});

test('what turns out to be private is asked for by each, and the next time at once', async () => {
  await using lab = await held();
  const clients = await Promise.all([1, 2, 3].map(() => lab.client()));
  for (const client of clients) client.send(request());
  for (const _ of clients) (await lab.next()).send(answer('mine', ['Cache-Control: private']));
  for (const client of clients) assert.equal(contentOf(await client.end()), 'mine');
  const more = await Promise.all([1, 2].map(() => lab.client()));
  for (const client of more) client.send(request());
  const origins = [await lab.next(), await lab.next()]; // neither waits for the other
  for (const origin of origins) origin.send(answer('mine', ['Cache-Control: private']));
  for (const client of more) await client.end();
});

test('a first client that leaves does not leave the others waiting', async () => {
  await using lab = await held();
  const [first, second] = [await lab.client(), await lab.client()];
  first.send(request());
  await lab.next();
  second.send(request());
  first.socket.resetAndDestroy();
  (await lab.next()).send(answer('one', [fresh]));
  assert.equal(contentOf(await second.end()), 'one');
});

test('RFC 5861 §3: while one validates, the others are answered with what is stale', async () => {
  const own = 'Cache-Control: max-age=100, stale-while-revalidate=1000';
  await using lab = await held();
  const first = await lab.client();
  first.send(request());
  (await lab.next()).send(answer('one', [own, stale, tag]));
  await first.end();
  const [validating, other] = [await lab.client(), await lab.client()];
  validating.send(request());
  const origin = await lab.next();
  other.send(request());
  assert.equal(contentOf(await other.end()), 'one');
  origin.send(answer('two', [own]));
  assert.equal(contentOf(await validating.end()), 'two');
});

test('an answer that is cut is not stored', async () => {
  await using lab = await held();
  const first = await lab.client();
  first.send(request());
  const origin = await lab.next();
  origin.send(`HTTP/1.1 200 X\r\n${fresh}\r\nContent-Length: 10\r\n\r\nhalf`);
  origin.socket.end();
  await first.close();
  const second = await lab.client();
  second.send(request());
  (await lab.next()).send(answer('whole', [fresh]));
  assert.equal(contentOf(await second.end()), 'whole');
});

test('chunks are stored as a whole, trailers and what is too long are not', async () => {
  const chunks = (body: string, trailers = '') =>
    `HTTP/1.1 200 X\r\n${fresh}\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n${trailers}\r\n`;
  assert.equal((await play([chunks('one'), chunks('two')], twice)).asked.length, 1);
  assert.equal((await play([chunks('one', 'x: 1\r\n'), chunks('two')], twice)).asked.length, 2);
  assert.equal((await play([chunks('x'.repeat(101)), chunks('two')], twice, { entryBytes: 100 })).asked.length, 2);
});

test('what was used last stays within the bytes there are', async () => {
  const steps = ['/a', '/b', '/a', '/c', '/a', '/b'].map((target) => ({ target }));
  const big = Array.from({ length: 6 }, () => answer('x'.repeat(1000), [fresh]));
  const { asked } = await play(big, steps, { bytes: 4000 });
  assert.deepEqual(
    asked.map((text) => text.split(' ')[1]),
    ['/a', '/b', '/c', '/b'],
  );
});

test('a client cannot fill it by what an answer varies by', async () => {
  const steps = Array.from({ length: 40 }, (_, i) => ({ lines: [`X: ${i}`] }));
  const answers = Array.from({ length: 41 }, () => answer('x', [fresh, 'Vary: X']));
  const { asked } = await play(answers, [...steps, { lines: ['X: 39'] }, { lines: ['X: 0'] }]);
  assert.equal(asked.length, 41);
});

test('who may purge does, and for nobody else it is anything', async () => {
  const steps: readonly Step[] = [{}, { method: 'PURGE' }, {}, { method: 'PURGE', target: '/none' }];
  const { got } = await play([answer('one', [fresh]), answer('two', [fresh])], steps, { purge: ['127.0.0.1'] });
  assert.deepEqual(
    got.map((text) => text.slice(0, 7)),
    ['200 one', '200 200', '200 two', '404 404'],
  );
  const others = await play(
    [answer('one', [fresh]), answer('no', [], 405), answer('two', [fresh])],
    steps.slice(0, 3),
    { purge: ['10.0.0.1'] },
  );
  assert.deepEqual(others.got, ['200 one', '405 no', '200 one']);
});

test('whom a filter told the origin of gets nothing that was for another', async () => {
  const keys = { ann: 'a'.repeat(32), bob: 'b'.repeat(32) };
  const steps = Object.values(keys).map((key) => ({ lines: [`X-API-Key: ${key}`] }));
  const more = { 'api-key': { keys, identityHeader: 'X-User' } };
  const { got } = await play([answer('for ann', [fresh]), answer('for bob', [fresh])], steps, {}, more);
  assert.deepEqual(got, ['200 for ann', '200 for bob']);
});

test('who may not pass gets nothing that is stored either', async () => {
  const users = { ann: 'password' };
  const line = `Authorization: Basic ${Buffer.from('ann:password').toString('base64')}`;
  const open = 'Cache-Control: public, max-age=100';
  const { got } = await play([answer('one', [open])], [{ lines: [line] }, {}], {}, { 'basic-auth': { users } });
  assert.match(got[1]!, /^401/);
});

test('settings that mean nothing are refused by their place', () => {
  assert.match(problemsOf({ cache: { bytes: 0 } })[0]!, /^filters\.cache\.bytes: expected a positive integer/);
  assert.match(problemsOf({ cache: { purge: ['x'] } })[0]!, /^filters\.cache\.purge\.0: expected an address/);
});
