/** Who may pass by name and password, and what the origin is told of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { basicCredentials } from '#proxies/filters/basic-auth.ts';
import { answering, ok } from '../l7/lab.ts';
import { fieldOf, problemsOf, reasonsOf, request, setupRegistered, statusOf } from './lab.ts';

const basic = (text: string): string => `Authorization: Basic ${Buffer.from(text).toString('base64')}`;
// `{SHA}` of "password"
const users = { ann: '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', bob: 'pass:word é' };

const cases: Readonly<Record<string, readonly [lines: readonly string[], status: number]>> = {
  'a password by its digest': [[basic('ann:password')], 200],
  'a password with a colon and beyond ASCII': [[basic('bob:pass:word é')], 200],
  'the scheme in other letters': [[basic('ann:password').replace('Basic', 'bASIC')], 200],
  nothing: [[], 401],
  'a wrong password': [[basic('ann:passwore')], 401],
  'the digest in place of the password': [[basic(`ann:${users.ann}`)], 401],
  'an empty password': [[basic('ann:')], 401],
  'an unknown name': [[basic('eve:password')], 401],
  'a name of every object': [[basic('__proto__:password')], 401],
  'no colon': [[basic('ann')], 401],
  'another scheme': [['Authorization: Bearer YW5uOnBhc3N3b3Jk'], 401],
  'what is no base64': [['Authorization: Basic YW5u*nBhc3N3b3Jk'], 401],
  'two of them': [[basic('ann:password'), basic('ann:password')], 401],
};
for (const [what, [lines, status]] of Object.entries(cases))
  test(`${what} is answered ${status}`, async () => {
    await using lab = await setupRegistered(answering(ok), { 'basic-auth': { users, realm: 'here' } });
    const answer = await lab.exchange(request(lines));
    assert.equal(statusOf(answer), status);
    assert.equal(lab.origin.connections.length, status === 200 ? 1 : 0);
    if (status === 200) return;
    assert.equal(fieldOf(answer, 'WWW-Authenticate'), 'Basic realm="here", charset="UTF-8"');
    assert.deepEqual(await reasonsOf(lab), { unauthenticated: 1 });
  });

test('the origin is told the name, and nobody else can tell it', async () => {
  const config = { users, identityHeader: 'X-User', forward: false };
  await using lab = await setupRegistered(answering(ok), { 'basic-auth': config });
  const forged = ['X-User: root', 'x-user: root', 'Connection: x-user'];
  assert.equal(
    statusOf(await lab.exchange(request([basic('ann:password'), ...forged, 'X_USER: root', 'x.user: root']))),
    200,
  );
  const sent = lab.origin.connections[0]!.text;
  assert.deepEqual(sent.match(/^x.user.*$/gim), ['X-User: ann']);
  assert.doesNotMatch(sent, /authorization/i);
});

test('a trailer tells no name either', async () => {
  await using lab = await setupRegistered(answering(ok), { 'basic-auth': { users, identityHeader: 'X-User' } });
  const client = await lab.client();
  const head = `POST / HTTP/1.1\r\nHost: a\r\n${basic('ann:password')}\r\nTrailer: x-user, x-sum\r\nTransfer-Encoding: chunked\r\n\r\n`;
  client.send(`${head}2\r\nhi\r\n0\r\nx-user: root\r\nx_user: root\r\nx-sum: 1\r\n\r\n`);
  const origin = await lab.origin.connection(0);
  await origin.sees('x-sum: 1\r\n\r\n');
  assert.deepEqual(origin.text.match(/^x.user.*$/gim), ['X-User: ann']);
});

test('who is refused sees it while a body is still to come', async () => {
  await using lab = await setupRegistered(answering(ok), { 'basic-auth': { users } });
  const client = await lab.client();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n');
  await client.sees('HTTP/1.1 401');
  assert.equal(lab.origin.connections.length, 0);
});

test('any text is credentials or none, and never a fault', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const found = basicCredentials(`Basic ${Buffer.from(text).toString('base64')}`);
      assert.deepEqual(found?.join(':'), text.includes(':') && text !== '' ? text : undefined);
      basicCredentials(text);
    }),
  );
});

test('settings that mean nothing are refused by their place', () => {
  const cases: readonly [unknown, RegExp][] = [
    [{ users: {} }, /^filters\.basic-auth\.users: expected one user at least$/],
    [{ users: { 'a:b': 'x' } }, /^filters\.basic-auth\.users/],
    [{ users: { a: 'x' }, realm: 'a"b' }, /^filters\.basic-auth\.realm: expected visible ASCII/],
    [
      { users: { a: 'x' }, identityHeader: 'Content-Length' },
      /^filters\.basic-auth\.identityHeader: expected a field that goes from end to end/,
    ],
  ];
  for (const [config, problem] of cases) assert.match(problemsOf({ 'basic-auth': config }).join('\n'), problem);
});
