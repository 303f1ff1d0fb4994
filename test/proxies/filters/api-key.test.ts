/** Who may pass by a key, and where the key goes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, ok } from '../l7/lab.ts';
import { fieldOf, problemsOf, reasonsOf, request, setupRegistered, statusOf } from './lab.ts';

const keys = { billing: 'k'.repeat(32), shop: 'another key, of 32 characters...' };

const cases: Readonly<Record<string, readonly [lines: readonly string[], owner: string | undefined]>> = {
  'one key': [[`X-API-Key: ${keys.billing}`], 'billing'],
  'another one': [[`x-api-key: ${keys.shop}`], 'shop'],
  'no key': [[], undefined],
  'an empty one': [['X-API-Key:'], undefined],
  'a shorter one': [[`X-API-Key: ${keys.billing.slice(1)}`], undefined],
  'a name in place of its key': [['X-API-Key: billing'], undefined],
  'two of them': [[`X-API-Key: ${keys.billing}`, `X-API-Key: ${keys.shop}`], undefined],
  'a huge one': [[`X-API-Key: ${'k'.repeat(10_000)}`], undefined],
};
for (const [what, [lines, owner]] of Object.entries(cases))
  test(`${what} is ${owner ?? 'nobody'}`, async () => {
    await using lab = await setupRegistered(answering(ok), { 'api-key': { keys, identityHeader: 'X-Client' } });
    const answer = await lab.exchange(request([...lines, 'X-Client: shop', 'X_Client: shop']));
    assert.equal(statusOf(answer), owner === undefined ? 401 : 200);
    if (owner === undefined) {
      assert.equal(fieldOf(answer, 'WWW-Authenticate'), 'ApiKey');
      assert.deepEqual(await reasonsOf(lab), { unauthenticated: 1 });
      assert.equal(lab.origin.connections.length, 0);
      return;
    }
    const sent = lab.origin.connections[0]!.text;
    assert.deepEqual(sent.match(/^x.client.*$/gim), [`X-Client: ${owner}`]);
    assert.doesNotMatch(sent, /api-key/i);
  });

test('a key may stand behind a word of another field, and go on', async () => {
  const config = { keys, header: 'Authorization', prefix: 'Bearer ', forward: true };
  await using lab = await setupRegistered(answering(ok), { 'api-key': config });
  assert.equal(statusOf(await lab.exchange(request([`Authorization: Bearer ${keys.shop}`]))), 200);
  const refused = await lab.exchange(request([`Authorization: ${keys.shop}`]));
  assert.equal(fieldOf(refused, 'WWW-Authenticate'), 'Bearer');
  assert.match(lab.origin.connections[0]!.text, /^Authorization: Bearer another/m);
});

test('settings that mean nothing are refused by their place', () => {
  const cases: readonly [unknown, RegExp][] = [
    [{ keys: {} }, /^filters\.api-key\.keys: expected one key at least$/],
    [{ keys: { a: 'short' } }, /^filters\.api-key\.keys\.a: expected 16 characters at least/],
    [{ keys: { a: 'k'.repeat(32), b: 'k'.repeat(32) } }, /^filters\.api-key\.keys: two names have the same key$/],
    [{ keys, header: 'Host' }, /^filters\.api-key\.header: /],
  ];
  for (const [config, problem] of cases) assert.match(problemsOf({ 'api-key': config }).join('\n'), problem);
});
