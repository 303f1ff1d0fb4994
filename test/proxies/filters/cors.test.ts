/** What pages of other origins may read, and what an origin behind us has no say in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cors } from '#proxies/filters/cors.ts';
import { answering, ok } from '../l7/lab.ts';
import { fieldOf, problemsOf, request, setupRegistered, statusOf } from './lab.ts';

const forging = ok.replace(
  '\r\n',
  '\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\nVary: Accept\r\n',
);
const origins = ['https://app.example.org', 'https://*.example.net', 'null'];

const cases: readonly [origin: string, Cors['origins'], allowed: string | undefined][] = [
  ['https://app.example.org', origins, 'https://app.example.org'],
  ['https://a.b.example.net', origins, 'https://a.b.example.net'],
  ['null', origins, 'null'],
  ['http://app.example.org', origins, undefined],
  ['https://app.example.org.evil.test', origins, undefined],
  ['https://evilexample.net', origins, undefined],
  ['https://evil.test/.example.net', origins, undefined],
  ['https://example.net', origins, undefined],
  ['null', ['https://a.example'], undefined],
  ['https://who.ever', '*', '*'],
];
for (const [origin, list, allowed] of cases)
  test(`${origin} ${allowed === undefined ? 'may not' : 'may'} read, of ${String(list)}`, async () => {
    await using lab = await setupRegistered(answering(forging), { cors: { origins: list } });
    const answer = await lab.exchange(request([`Origin: ${origin}`]));
    assert.equal(statusOf(answer), 200);
    assert.deepEqual(
      answer.match(/^access-control-.*$/gim),
      allowed === undefined ? null : [`Access-Control-Allow-Origin: ${allowed}`],
    );
    assert.deepEqual(answer.match(/^vary: .*$/gim), list === '*' ? ['Vary: Accept'] : ['Vary: Accept', 'Vary: Origin']);
  });

const ask = [
  'Origin: https://app.example.org',
  'Access-Control-Request-Method: PUT',
  'Access-Control-Request-Headers: x-a, x-b',
];
const preflight = { method: 'OPTIONS' };

test('a preflight is answered here', async () => {
  const cors: Cors = { origins, methods: ['GET', 'PUT'], credentials: true, maxAge: 600, exposedHeaders: ['X-Sum'] };
  await using lab = await setupRegistered(answering(ok), { cors });
  const answer = await lab.exchange(request(ask, preflight));
  assert.equal(statusOf(answer), 204);
  assert.equal(fieldOf(answer, 'Access-Control-Allow-Origin'), 'https://app.example.org');
  assert.equal(fieldOf(answer, 'Access-Control-Allow-Credentials'), 'true');
  assert.equal(fieldOf(answer, 'Access-Control-Allow-Methods'), 'GET, PUT');
  assert.equal(fieldOf(answer, 'Access-Control-Allow-Headers'), 'x-a, x-b');
  assert.equal(fieldOf(answer, 'Access-Control-Max-Age'), '600');
  assert.equal(fieldOf(answer, 'Access-Control-Expose-Headers'), undefined);
  assert.match(answer, /^Vary: .*Access-Control-Request-Headers/m);
  assert.equal(answer.match(/access-control-allow-origin/gi)!.length, 1);
  assert.equal(lab.origin.connections.length, 0);
});

test('a preflight of somebody else is answered, and allows nothing', async () => {
  await using lab = await setupRegistered(answering(ok), { cors: { origins, headers: ['X-A'] } });
  const answer = await lab.exchange(request(['Origin: https://evil.test', ...ask.slice(1)], preflight));
  assert.equal(statusOf(answer), 204);
  assert.doesNotMatch(answer, /access-control-allow/i);
});

test('OPTIONS that is no preflight goes on', async () => {
  await using lab = await setupRegistered(answering(ok), { cors: { origins } });
  assert.equal(statusOf(await lab.exchange(request(ask.slice(0, 1), preflight))), 200);
});

test('refusals can be read as well', async () => {
  await using lab = await setupRegistered(answering(ok), { cors: { origins }, 'ip-rules': { deny: ['127.0.0.1'] } });
  const answer = await lab.exchange(request(ask.slice(0, 1)));
  assert.equal(statusOf(answer), 403);
  assert.equal(fieldOf(answer, 'Access-Control-Allow-Origin'), 'https://app.example.org');
});

test('settings that mean nothing are refused by their place', () => {
  const cases: readonly [unknown, RegExp][] = [
    [{ origins: [] }, /^filters\.cors\.origins/],
    [{ origins: ['https://a.example/path'] }, /^filters\.cors\.origins/],
    [{ origins: ['https://a.*.example'] }, /^filters\.cors\.origins/],
    [{ origins: '*', credentials: true }, /^filters\.cors: credentials need a list of origins/],
  ];
  for (const [config, problem] of cases) assert.match(problemsOf({ cors: config }).join('\n'), problem);
});
