/** Who may ask, by address. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IpRules } from '#proxies/filters/ip-rules.ts';
import { answering, ok } from '../l7/lab.ts';
import { problemsOf, request, setupRegistered, statusOf } from './lab.ts';

const cases: readonly [string, IpRules, number][] = [
  ['who is allowed', { allow: ['127.0.0.0/8'] }, 200],
  ['who is not among those allowed', { allow: ['10.0.0.0/8', '::1'] }, 403],
  ['who is denied', { deny: ['127.0.0.1'] }, 403],
  ['who is both', { allow: ['127.0.0.1'], deny: ['127.0.0.0/24'] }, 403],
  ['who is not denied', { deny: ['127.0.0.2'] }, 200],
  ['who is denied in the words of IPv6', { deny: ['::ffff:127.0.0.0/104'] }, 403],
];
for (const [who, rules, status] of cases)
  test(`${who} is answered ${status}`, async () => {
    await using lab = await setupRegistered(answering(ok), { 'ip-rules': rules });
    const claim = 'X-Forwarded-For: 10.0.0.1';
    assert.equal(statusOf(await lab.exchange(request([claim]))), status);
    assert.equal(lab.origin.connections.length, status === 200 ? 1 : 0);
  });

test('a connection is judged once, and every request by that', async () => {
  await using lab = await setupRegistered(answering(ok), { 'ip-rules': { deny: ['127.0.0.1'] } });
  const client = await lab.client();
  client.send(`GET / HTTP/1.1\r\nHost: a\r\n\r\n${request()}`);
  assert.deepEqual((await client.end()).match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 403', 'HTTP/1.1 403']);
});

test('settings that mean nothing are refused by their place', () => {
  assert.deepEqual(problemsOf({ 'ip-rules': {} }), ['filters.ip-rules: expected allow, deny, or both']);
  assert.match(
    problemsOf({ 'ip-rules': { allow: ['10.0.0.0/33'] } })[0]!,
    /^filters\.ip-rules\.allow\.0: expected an address or a CIDR/,
  );
  assert.match(problemsOf({ 'ip-rules': { allow: [] } })[0]!, /^filters\.ip-rules\.allow: expected one network/);
});
