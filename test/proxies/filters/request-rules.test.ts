/** What requests may be, what hides from rules, and what is meant to wear them out. */
import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type PatternRule, plainBody, plainOf } from '#proxies/filters/pattern-rules.ts';
import type { RequestRules } from '#proxies/filters/request-rules.ts';
import { answering, ok } from '../l7/lab.ts';
import { contentOf, fieldOf, problemsOf, reasonsOf, request, setupRegistered, statusOf } from './lab.ts';

const json = 'Content-Type: application/json';
const post = (body: string, ...lines: string[]): string => request(lines, { method: 'POST', body });
const chunked = (body: string, line = json): string =>
  `POST / HTTP/1.1\r\nHost: a\r\n${line}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

const schema = {
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: { name: { type: 'string', pattern: '^(a+)+$', maxLength: 100_000 }, next: { $ref: '#' } },
};
const patterns: readonly PatternRule[] = [
  { id: 'union', pattern: 'union\\s+select' },
  { id: 'script', pattern: '<script', score: 3 },
  { id: 'dots', pattern: '\\.\\./', in: ['query'], score: 2 },
];

const CASES: readonly [what: string, rules: RequestRules, text: string, status: number][] = [
  ['a method of the list', { methods: ['GET'] }, request(), 200],
  ['another method', { methods: ['GET'] }, request([], { method: 'DELETE' }), 405],
  ['a method in other letters', { methods: ['GET'] }, request([], { method: 'get' }), 405],
  [
    'a type of the list',
    { contentTypes: ['application/json'] },
    post('{}', 'content-type: Application/JSON; charset=utf-8'),
    200,
  ],
  ['another type', { contentTypes: ['application/json'] }, post('{}', 'Content-Type: text/plain'), 415],
  ['no type', { contentTypes: ['application/json'] }, post('{}'), 415],
  ['no body', { contentTypes: ['application/json'] }, request(), 200],
  ['a long query', { queryBytes: 10 }, request([], { target: '/?0123456789' }), 414],
  ['a body that fits', { bodyBytes: 5 }, post('12345'), 200],
  ['a body that is too long', { bodyBytes: 5 }, post('123456'), 413],
  ['a body in chunks that fits', { bodyBytes: 5 }, chunked('12345'), 200],
  ['a body in chunks that is too long', { bodyBytes: 5 }, chunked('123456'), 413],
  ['JSON by the schema', { jsonSchema: schema }, post('{"name":"a","next":{"name":"aa"}}', json), 200],
  ['JSON by the schema in chunks', { jsonSchema: schema }, chunked('{"name":"a"}'), 200],
  ['JSON by another schema', { jsonSchema: schema }, post('{"name":1}', json), 400],
  ['a field too many', { jsonSchema: schema }, post('{"name":"a","x":1}', json), 400],
  ['no JSON', { jsonSchema: schema }, post('{"name":', json), 400],
  ['JSON under another name', { jsonSchema: schema }, post('{"name":1}', 'Content-Type: text/plain'), 415],
  [
    'JSON that is compressed',
    { jsonSchema: schema },
    post(gzipSync('{"name":1}').toString('latin1'), json, 'Content-Encoding: gzip'),
    415,
  ],
  ['JSON without bottom', { jsonSchema: schema }, post('{"next":'.repeat(8000), json), 400],
  [
    'JSON with a bottom far below',
    { jsonSchema: schema },
    post(`${'{"name":"a","next":'.repeat(3000)}{"name":1}${'}'.repeat(3000)}`, json),
    400,
  ],
  ['JSON that is too long', { jsonSchema: schema }, post(' '.repeat(70_000), json), 413],
  ['nothing special', { patterns }, request([], { target: '/a?b=c' }), 200],
  ['a query', { patterns }, request([], { target: '/?q=1+UNION%20%20SELECT' }), 403],
  ['a query that is encoded twice', { patterns }, request([], { target: '/?q=union%2520select' }), 403],
  ['a path', { patterns }, request([], { target: '/union%09select' }), 403],
  ['a field', { patterns }, request(['User-Agent: union select']), 403],
  ['a form', { patterns }, post('a=union+select', 'Content-Type: application/x-www-form-urlencoded'), 403],
  ['JSON that hides it', { patterns }, post('{"a":"\\u0075nion select"}', json), 403],
  ['a body in chunks', { patterns }, chunked('union select', 'Content-Type: text/plain'), 403],
  ['too little', { patterns }, request([], { target: '/?q=<script' }), 200],
  ['what adds up', { patterns }, request([], { target: '/?q=<script&p=../' }), 403],
  [
    'what adds up over head and body',
    { patterns: [...patterns, { id: 'x', pattern: 'xyz', in: ['body'], score: 2 }] },
    post('xyz', 'X-A: <script'),
    403,
  ],
  ['one rule met twice', { patterns }, request(['X-A: <script'], { target: '/?q=<script' }), 200],
  ['another threshold', { patterns, threshold: 3 }, request([], { target: '/?q=<script' }), 403],
];
for (const [what, rules, text, status] of CASES)
  test(`${what} is answered ${status}`, async () => {
    await using lab = await setupRegistered(answering(ok), { 'request-rules': rules });
    const answer = await lab.exchange(text);
    assert.equal(statusOf(answer), status);
    assert.equal(lab.origin.connections.length, status === 200 ? 1 : 0);
    assert.deepEqual(await reasonsOf(lab), status === 200 ? {} : { rule_violation: 1 });
    if (status === 405) assert.equal(fieldOf(answer, 'Allow'), 'GET');
  });

test('who only monitors lets all pass, and tells of it', async () => {
  const rules: RequestRules = { patterns, methods: ['GET'], bodyBytes: 3, monitor: true };
  await using lab = await setupRegistered(answering(ok), { 'request-rules': rules });
  assert.equal(statusOf(await lab.exchange(post('union select', 'X-A: union select'))), 200);
  assert.equal(contentOf(lab.origin.connections[0]!.text), 'union select');
  // The method, the head's score; a body beyond the limit is not looked at.
  assert.deepEqual(await reasonsOf(lab), { rule_violation: 3 });
});

test('no pattern runs away, of rules or of schemas', async () => {
  const rules: RequestRules = {
    jsonSchema: schema,
    patterns: [
      { id: 'evil', pattern: '(x+x+)+y' },
      { id: 'many', pattern: '(.*a){10}' },
    ],
  };
  await using lab = await setupRegistered(answering(ok), { 'request-rules': rules });
  const before = performance.now();
  const bodies = [`{"name":"${'a'.repeat(60_000)}!"}`, `"${'x'.repeat(60_000)}"`];
  for (const body of bodies) assert.equal(statusOf(await lab.exchange(post(body, json))), 400);
  assert.ok(performance.now() - before < 5000);
});

test('what is decoded is what applications see', () => {
  assert.equal(plainOf('%2525252541', false), '%41');
  assert.equal(plainOf('a+%zz%4', true), 'a %zz%4');
  assert.equal(plainBody(Buffer.from('{"A":"\\u003cB"}'), 'application/json'), '{"a":"<b"}');
  assert.equal(plainBody(Buffer.from('{"A'), 'application/json'), '{"a');
});

test('rules of a file, and settings that mean nothing', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'hopcost-rules-'));
  let files = 0;
  const file = (text: string): string => {
    const path = join(folder.path, `${files++}.rules.json`);
    writeFileSync(path, text);
    return path;
  };
  {
    await using lab = await setupRegistered(answering(ok), {
      'request-rules': { patternFile: file(JSON.stringify(patterns)) },
    });
    assert.equal(statusOf(await lab.exchange(request(['X: union select']))), 403);
  }
  const cases: readonly [unknown, RegExp][] = [
    [{ patternFile: file('[') }, /rules\.json: expected JSON/],
    [{ patternFile: file('[{"id":"a"}]') }, /rules\.json: 0\.pattern: /],
    [{ patternFile: '/nowhere' }, /ENOENT/],
    [{ patterns: [{ id: 'a', pattern: '(a)\\1' }] }, /regular expression/],
    [{ patterns: [patterns[0], patterns[0]] }, /two rules have the same id/],
    [{ jsonSchema: { type: 'text' } }, /jsonSchema: /],
    [{ jsonSchema: { type: 'string', pattern: '(?=a)' } }, /jsonSchema: .*regular expression/],
    [{ jsonSchema: { type: 'array', uniqueItems: true } }, /uniqueItems needs maxItems/],
    [{ jsonSchema: { $ref: 'http://127.0.0.1:1/x' } }, /jsonSchema: /],
    [{ methods: ['A B'] }, /^filters\.request-rules\.methods\.0: expected a token/],
  ];
  for (const [config, problem] of cases) assert.match(problemsOf({ 'request-rules': config }).join('\n'), problem);
});
