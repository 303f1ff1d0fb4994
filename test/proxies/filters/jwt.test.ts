/** Tokens: published examples, everything that is known to have gone wrong with them elsewhere (RFC 8725), and keys that change. */
import assert from 'node:assert/strict';
import { createHmac, createPublicKey, createSecretKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Jwt } from '#proxies/filters/jwt.ts';
import { type Algorithm, brokenClaim, isSigned, parseToken } from '#proxies/filters/jwt-token.ts';
import { answering, ok } from '../l7/lab.ts';
import { fieldOf, problemsOf, reasonsOf, request, setupRegistered, statusOf } from './lab.ts';

const secret = 'a secret that has 32 bytes or more';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = (): number => Date.now() / 1000;

/** A token as an issuer makes it; `header` may lie about the algorithm. */
function tokenOf(algorithm: Algorithm, claims: object, header: object = {}, key?: KeyObject): string {
  const signed = `${encode({ alg: algorithm, ...header })}.${encode(claims)}`;
  const signature = {
    HS256: () =>
      createHmac('sha256', key ?? secret)
        .update(signed)
        .digest(),
    RS256: () => sign('sha256', Buffer.from(signed), key ?? rsa.privateKey),
    ES256: () => sign('sha256', Buffer.from(signed), { key: key ?? ec.privateKey, dsaEncoding: 'ieee-p1363' }),
  }[algorithm]();
  return `${signed}.${signature.toString('base64url')}`;
}

const PAYLOAD = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';
/** RFC 7515 appendix A.1 and A.3. */
const PUBLISHED: readonly [Algorithm, string, KeyObject][] = [
  [
    'HS256',
    `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${PAYLOAD}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`,
    createSecretKey(
      'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
      'base64url',
    ),
  ],
  [
    'ES256',
    `eyJhbGciOiJFUzI1NiJ9.${PAYLOAD}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`,
    createPublicKey({
      key: {
        kty: 'EC',
        crv: 'P-256',
        x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
        y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
      },
      format: 'jwk',
    }),
  ],
];
for (const [algorithm, text, key] of PUBLISHED)
  test(`the published ${algorithm} token holds, and not with any bit changed`, () => {
    const token = parseToken(text)!;
    assert.ok(isSigned(token, algorithm, key));
    const rules = { issuer: ['joe'], audience: undefined, leeway: 0 };
    assert.equal(brokenClaim(token, rules, 1_300_819_379), undefined);
    assert.equal(brokenClaim(token, rules, 1_300_819_380), 'exp');
    for (let at = 0; at < token.signature.length; at++) {
      const signature = Buffer.from(token.signature);
      signature[at]! ^= 1;
      assert.ok(!isSigned({ ...token, signature }, algorithm, key));
    }
    assert.ok(!isSigned({ ...token, signature: token.signature.subarray(1) }, algorithm, key));
    assert.ok(!isSigned({ ...token, signed: `${token.signed}A` }, algorithm, key));
  });

const KEYS: Readonly<Record<Algorithm, Jwt['keys']>> = {
  HS256: { secret },
  RS256: { pem: pemOf(rsa.publicKey) },
  ES256: { pem: pemOf(ec.publicKey) },
};
const strict = { issuer: ['me'], audience: ['shop', 'bank'], leeway: 0 } as const;
const claims = { sub: 'ann', iss: 'me', aud: 'shop' };
const good = (): object => ({ ...claims, exp: now() + 60 });
const bearer = (token: string): string => `Authorization: Bearer ${token}`;

for (const algorithm of ['HS256', 'RS256', 'ES256'] as const)
  test(`${algorithm}: the origin is told who it is, first and from memory`, async () => {
    const jwt: Jwt = { algorithm, keys: KEYS[algorithm], ...strict, identityHeader: 'X-User', forward: false };
    await using lab = await setupRegistered(answering(ok), { jwt });
    const lines = [bearer(tokenOf(algorithm, good())), 'X-User: root', 'x_user: root'];
    for (let i = 0; i < 2; i++) assert.equal(statusOf(await lab.exchange(request(lines))), 200);
    const sent = lab.origin.connections.map(({ text }) => text).join('');
    assert.deepEqual(sent.match(/^x.user.*$/gim), ['X-User: ann', 'X-User: ann']);
    assert.doesNotMatch(sent, /authorization/i);
  });

const publicAsSecret = createSecretKey(Buffer.from(pemOf(rsa.publicKey)));
const [head, body] = tokenOf('RS256', good()).split('.');
const REFUSED: Readonly<Record<string, string>> = {
  'no algorithm': `${encode({ alg: 'none' })}.${body}.`,
  'no algorithm, and something for a signature': `${encode({ alg: 'none' })}.${body}.AAAA`,
  'no algorithm, in other letters': `${encode({ alg: 'NonE' })}.${body}.AAAA`,
  'the public key as a secret': tokenOf('HS256', good(), {}, publicAsSecret),
  'the public key as a secret, under another name': tokenOf('HS256', good(), { alg: 'RS256' }, publicAsSecret),
  'another algorithm': tokenOf('ES256', good()),
  'another key': tokenOf('RS256', good(), {}, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
  'its own key': tokenOf(
    'RS256',
    good(),
    { jwk: rsa.publicKey.export({ format: 'jwk' }), jku: 'http://127.0.0.1:1/' },
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  ),
  'what must be understood': tokenOf('RS256', good(), { crit: ['exp'] }),
  'a key name that is no text': tokenOf('RS256', good(), { kid: { $ne: '' } }),
  'no signature': `${head}.${body}.`,
  'two parts': `${head}.${body}`,
  'five parts': `${head}.${body}.AA.AA.AA`,
  padding: `${tokenOf('RS256', good())}=`,
  'a payload that is no object': `${head}.${Buffer.from('[1]').toString('base64url')}.AAAA`,
  'a huge payload': tokenOf('RS256', { ...good(), x: 'x'.repeat(9000) }),
  'the end of its time': tokenOf('RS256', { ...claims, exp: now() - 1 }),
  'a time that is text': tokenOf('RS256', { ...claims, exp: `${now() + 60}` }),
  'a time to come': tokenOf('RS256', { ...good(), nbf: now() + 60 }),
  'another issuer': tokenOf('RS256', { ...good(), iss: 'you' }),
  'no issuer': tokenOf('RS256', { ...good(), iss: undefined }),
  issuers: tokenOf('RS256', { ...good(), iss: ['me'] }),
  'another audience': tokenOf('RS256', { ...good(), aud: ['shops'] }),
  'no audience': tokenOf('RS256', { ...good(), aud: undefined }),
  nobody: tokenOf('RS256', { ...good(), sub: undefined }),
  'a name that would be a line of its own': tokenOf('RS256', { ...good(), sub: 'ann\r\nX-Admin: 1' }),
  'a name beyond ASCII': tokenOf('RS256', { ...good(), sub: 'änn' }),
};
test('what is not to be trusted is answered 401, again from the beginning each time', async () => {
  const jwt: Jwt = { algorithm: 'RS256', keys: KEYS.RS256, ...strict, identityHeader: 'X-User' };
  await using lab = await setupRegistered(answering(ok), { jwt });
  for (const [what, token] of Object.entries(REFUSED))
    for (let i = 0; i < 2; i++) {
      const answer = await lab.exchange(request([bearer(token)]));
      assert.equal(statusOf(answer), 401, what);
      assert.match(fieldOf(answer, 'WWW-Authenticate')!, /^Bearer realm="hopcost", error="invalid_token"/, what);
    }
  const without = await lab.exchange(request());
  assert.equal(fieldOf(without, 'WWW-Authenticate'), 'Bearer realm="hopcost"');
  const twice = bearer(tokenOf('RS256', good()));
  assert.equal(statusOf(await lab.exchange(request([twice, twice]))), 401);
  assert.equal(lab.origin.connections.length, 0);
  assert.deepEqual(Object.keys(await reasonsOf(lab)), ['unauthenticated']);
});

test('several audiences, and clocks that differ', async () => {
  const jwt: Jwt = { algorithm: 'HS256', keys: KEYS.HS256, ...strict, leeway: 30 };
  await using lab = await setupRegistered(answering(ok), { jwt });
  for (const [claim, status] of [
    [{ aud: ['x', 'bank'] }, 200],
    [{ exp: now() - 20 }, 200],
    [{ exp: now() - 40 }, 401],
    [{ nbf: now() + 20 }, 200],
    [{ nbf: now() + 40 }, 401],
  ] as const)
    assert.equal(statusOf(await lab.exchange(request([bearer(tokenOf('HS256', { ...good(), ...claim }))]))), status);
});

test('any text is a token or none, and never a fault', () => {
  const part = fc.oneof(
    fc.base64String(),
    fc.json().map((text) => Buffer.from(text).toString('base64url')),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
      const token = parseToken(parts.join('.'));
      if (token === undefined) return;
      brokenClaim(token, strict, 0);
      assert.ok(!isSigned(token, 'RS256', rsa.publicKey));
      assert.ok(!isSigned(token, 'ES256', ec.publicKey));
    }),
  );
});

const jwk = (key: KeyObject, kid: string): object => ({ ...key.export({ format: 'jwk' }), kid, use: 'sig' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const old = { keys: [jwk(ec.publicKey, 'old'), jwk(rsa.publicKey, 'rsa'), { kty: 'unheard of' }] };
const next = { keys: [jwk(other.publicKey, 'new')] };
const signedBy = (kid: string, key: KeyObject): string => bearer(tokenOf('ES256', good(), { kid }, key));

test('keys of a file change: new tokens pass at once, and old ones no more', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'hopcost-jwt-'));
  const file = join(folder.path, 'keys.json');
  writeFileSync(file, JSON.stringify(old));
  await using lab = await setupRegistered(answering(ok), { jwt: { algorithm: 'ES256', keys: { file }, rest: 1e-3 } });
  const ask = async (line: string): Promise<number> => statusOf(await lab.exchange(request([line])));
  assert.equal(await ask(signedBy('old', ec.privateKey)), 200);
  const remembered = signedBy('old', ec.privateKey);
  assert.equal(await ask(remembered), 200);
  assert.equal(await ask(signedBy('new', other.privateKey)), 401);
  writeFileSync(file, 'broken');
  assert.equal(await ask(signedBy('new', other.privateKey)), 401);
  assert.equal(await ask(remembered), 200);
  writeFileSync(file, JSON.stringify(next));
  assert.equal(await ask(signedBy('new', other.privateKey)), 200);
  assert.equal(await ask(remembered), 401);
  assert.equal(await ask(signedBy('new', ec.privateKey)), 401);
});

/** An issuer whose answers a test gives. */
async function issuer(answer: () => readonly [status: number, body: string | Buffer] | undefined) {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked++;
    const [status, text] = answer() ?? [];
    if (status !== undefined) response.writeHead(status).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    asked: () => asked,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

test('keys of a URL: the first request waits for them, and unknown names do not flood it', async () => {
  using from = await issuer(() => [200, JSON.stringify(old)]);
  const jwt: Jwt = { algorithm: 'ES256', keys: { url: from.url } };
  await using lab = await setupRegistered(answering(ok), { jwt });
  assert.equal(statusOf(await lab.exchange(request([signedBy('old', ec.privateKey)]))), 200);
  for (let i = 0; i < 5; i++)
    assert.equal(statusOf(await lab.exchange(request([signedBy(`x${i}`, ec.privateKey)]))), 401);
  assert.equal(from.asked(), 1);
});

const BAD: Readonly<Record<string, () => readonly [number, string | Buffer] | undefined>> = {
  fails: () => [500, 'no'],
  'never answers': () => undefined,
  'gives no JSON': () => [200, 'no'],
  'gives no list': () => [200, '{"keys":{}}'],
  'gives no key that fits': () => [200, '{"keys":[{"kty":"oct","k":"AAAA"}]}'],
  'gives too much': () => [200, Buffer.alloc(2 * 1024 * 1024, ' ')],
};
for (const [what, answer] of Object.entries(BAD))
  test(`where the issuer ${what}, nobody passes and the proxy says why`, async () => {
    using from = await issuer(answer);
    const jwt: Jwt = { algorithm: 'ES256', keys: { url: from.url }, timeout: 200 };
    await using lab = await setupRegistered(answering(ok), { jwt });
    const answered = await lab.exchange(request([signedBy('old', ec.privateKey)]));
    assert.equal(statusOf(answered), 503);
    assert.equal(lab.origin.connections.length, 0);
    assert.deepEqual(await reasonsOf(lab), { filter_failed: 2 });
  });

test('settings that mean nothing are refused', () => {
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const cases: readonly [unknown, RegExp][] = [
    [{ algorithm: 'none', keys: { secret } }, /^filters\.jwt\.algorithm: /],
    [{ algorithm: 'HS256', keys: {} }, /^filters\.jwt\.keys: expected one of/],
    [{ algorithm: 'HS256', keys: { url: 'ftp://a' } }, /^filters\.jwt\.keys/],
    [{ algorithm: 'HS256', keys: { secret: 'short' } }, /32 bytes at least, this has 5/],
    [{ algorithm: 'HS256', keys: KEYS.RS256 }, /HS256 takes a secret/],
    [{ algorithm: 'RS256', keys: KEYS.ES256 }, /RS256 takes an RSA key/],
    [{ algorithm: 'RS256', keys: { pem: pemOf(small.publicKey) } }, /2,048 bits at least, this has 1024/],
    [{ algorithm: 'ES256', keys: { pem: pemOf(curve.publicKey) } }, /on P-256/],
    [{ algorithm: 'ES256', keys: { file: '/nowhere/keys.json' } }, /ENOENT/],
  ];
  for (const [config, problem] of cases) assert.match(problemsOf({ jwt: config }).join('\n'), problem);
});
