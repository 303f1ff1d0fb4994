/** Token buckets by a clock of our own, then on the wire; and keys that are meant to fill the memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clientKey, TokenBuckets } from '#proxies/filters/rate-limit.ts';
import { answering, ok } from '../l7/lab.ts';
import { fieldOf, problemsOf, reasonsOf, request, setupRegistered, statusOf } from './lab.ts';

test('a burst, then one token an interval', () => {
  const buckets = new TokenBuckets(100, 3, 10);
  assert.deepEqual(
    [0, 0, 0, 0].map(() => buckets.take('a', 1000)),
    [0, 0, 0, 100],
  );
  assert.equal(buckets.take('a', 1099), 1);
  assert.equal(buckets.take('a', 1100), 0);
  assert.equal(buckets.take('b', 1100), 0);
  assert.deepEqual(
    [0, 0, 0, 0].map(() => buckets.take('a', 9000)),
    [0, 0, 0, 100],
  );
});

test('over any window no more than the burst and what is refilled in it pass, and no less where all ask', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.integer({ min: 0, max: 120 }), { minLength: 1, maxLength: 200 }),
      (interval, burst, gaps) => {
        const buckets = new TokenBuckets(interval, burst, 10);
        // The model: a bucket that is written out.
        let tokens = burst;
        let now = 0;
        for (const gap of gaps) {
          now += gap;
          tokens = Math.min(burst, tokens + gap / interval);
          const passes = tokens >= 1 - 1e-6;
          assert.equal(buckets.take('k', now) === 0, passes);
          if (passes) tokens -= 1;
        }
      },
    ),
  );
});

test('ten million keys take the memory of as many as are kept', () => {
  const buckets = new TokenBuckets(100, 1, 1000);
  for (let i = 0; i < 10_000_000; i++) buckets.take(`k${i}`, i / 1e6);
  assert.ok(buckets.size <= 1000, `${buckets.size}`);
});

test('a key in use stays while others come and go', () => {
  const buckets = new TokenBuckets(1e9, 1, 100);
  assert.equal(buckets.take('mine', 0), 0);
  for (let i = 0; i < 10_000; i++) {
    buckets.take(`other ${i}`, 0);
    if (i % 40 === 0) assert.ok(buckets.take('mine', 0) > 0);
  }
});

test('an IPv6 client is its network, an IPv4 client itself however it is written', () => {
  assert.equal(clientKey('2001:db8::1'), clientKey('2001:db8:0:0:ffff::2'));
  assert.notEqual(clientKey('2001:db8::1'), clientKey('2001:db8:0:1::1'));
  assert.equal(clientKey('::ffff:10.0.0.1'), clientKey('10.0.0.1'));
});

test('who has no token left is told when to come again, and does not reach the origin', async () => {
  await using lab = await setupRegistered(answering(ok), { 'rate-limit': { requests: 2, period: 60_000 } });
  const answers = [];
  for (let i = 0; i < 3; i++) answers.push(await lab.exchange(request()));
  assert.deepEqual(answers.map(statusOf), [200, 200, 429]);
  const refused = answers[2]!;
  const wait = Number(fieldOf(refused, 'Retry-After'));
  assert.ok(wait >= 29 && wait <= 30, `${wait}`);
  assert.equal(fieldOf(refused, 'RateLimit-Policy'), '"default";q=2;w=60');
  assert.equal(fieldOf(refused, 'RateLimit'), `"default";r=0;t=${wait}`);
  assert.equal(lab.origin.connections.flatMap(({ text }) => text.match(/GET/g) ?? []).length, 2);
  assert.deepEqual(await reasonsOf(lab), { rate_limited: 1 });
});

test('each value of a field has its bucket, and none is one as well', async () => {
  const key = { header: 'X-Tenant' };
  await using lab = await setupRegistered(answering(ok), { 'rate-limit': { requests: 1, period: 60_000, key } });
  const long = 'x'.repeat(3000);
  const statuses = [];
  for (const lines of [
    ['X-Tenant: a'],
    ['x-tenant: a'],
    ['X-Tenant: b'],
    [],
    [],
    [`X-Tenant: ${long}`],
    [`X-Tenant: ${long}y`],
    [`X-Tenant: ${long}`],
  ])
    statuses.push(statusOf(await lab.exchange(request(lines))));
  assert.deepEqual(statuses, [200, 429, 200, 200, 429, 200, 200, 429]);
});

test('routes with settings of their own have buckets of their own', async () => {
  const forward = { kind: 'forward', clusters: [{ name: 'origin' }] } as const;
  await using lab = await setupRegistered(
    answering(ok),
    { 'rate-limit': { requests: 1, period: 60_000, key: 'none' } },
    {
      routes: [
        {
          match: { path: { kind: 'prefix', value: '/own' } },
          action: forward,
          filters: { 'rate-limit': { requests: 1, period: 60_000 } },
        },
        { match: { path: { kind: 'prefix', value: '/free' } }, action: forward, filters: { 'rate-limit': null } },
        { match: {}, action: forward },
      ],
    },
  );
  const statuses = [];
  for (const target of ['/', '/', '/own', '/own', '/free', '/free', '/x'])
    statuses.push(statusOf(await lab.exchange(request([], { target }))));
  assert.deepEqual(statuses, [200, 429, 200, 429, 200, 200, 429]);
});

test('settings that mean nothing are refused by their place', () => {
  const cases: readonly [unknown, RegExp][] = [
    [{}, /^filters\.rate-limit\.requests: /],
    [{ requests: 0 }, /^filters\.rate-limit\.requests: expected a positive integer$/],
    [{ requests: 1, period: -1 }, /^filters\.rate-limit\.period: /],
    [{ requests: 1, key: 'ip' }, /^filters\.rate-limit\.key: expected client, none or/],
    [{ requests: 1, key: { header: 'a b' } }, /^filters\.rate-limit\.key\.header: expected a field name/],
    [{ requests: 1, perSecond: 1 }, /^filters\.rate-limit: .*perSecond/],
  ];
  for (const [config, problem] of cases) assert.match(problemsOf({ 'rate-limit': config }).join('\n'), problem);
});
