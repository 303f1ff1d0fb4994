/** What is written of fields, and what never is. */
import assert from 'node:assert/strict';
import { mkdtempDisposableSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { HeaderLog } from '#proxies/filters/header-log.ts';
import { answering } from '../l7/lab.ts';
import { problemsOf, request, setupRegistered } from './lab.ts';

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a=secret\r\nX-A: 1\r\nX-A: 2\r\n\r\n';

async function logged(settings: Omit<HeaderLog, 'file'>, text: string, more = {}): Promise<Record<string, unknown>[]> {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'hopcost-headers-'));
  const file = join(folder.path, 'log');
  {
    await using lab = await setupRegistered(answering(answer), { 'header-log': { file, ...settings }, ...more });
    await lab.exchange(text);
    const text2 = (): string => readFileSync(file, 'utf8');
    // Disposal of the proxy writes what is there; the file has the line once it is closed.
    await lab.proxy[Symbol.asyncDispose]();
    while (!text2().endsWith('\n')) await new Promise((resolve) => setImmediate(resolve));
    return text2()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

test('fields of both, without secrets', async () => {
  const lines = [
    'X-Auth-Token: secret',
    'Authorization: Basic secret',
    'Cookie: a=secret',
    'X-Mine: secret',
    'User-Agent: me',
    '__proto__: x',
  ];
  const [record] = await logged({ mask: ['x-mine'] }, request(lines, { target: '/p/?token=secret' }));
  assert.doesNotMatch(JSON.stringify(record), /secret/);
  const { client, method, path, status, request: asked, response } = record!;
  assert.deepEqual([client, method, path, status], ['127.0.0.1', 'GET', '/p/', 200]);
  assert.deepEqual(
    { ...(asked as object) },
    {
      host: 'a',
      'x-auth-token': '***',
      authorization: '***',
      cookie: '***',
      'x-mine': '***',
      'user-agent': 'me',
      ['__proto__']: 'x',
      connection: 'close',
    },
  );
  assert.deepEqual(response, { 'content-length': '0', 'set-cookie': '***', 'x-a': '1, 2' });
});

test('only what is asked for, cut where it is huge', async () => {
  const [record] = await logged(
    { request: ['x-long'], response: [] },
    request([`X-Long: ${'x'.repeat(5000)}`, 'X-B: 1']),
  );
  assert.deepEqual(record!['request'], { 'x-long': 'x'.repeat(1024) });
  assert.deepEqual(record!['response'], {});
});

test('a refusal by a later filter is written too', async () => {
  const [record] = await logged({ request: [] }, request(), { 'ip-rules': { deny: ['127.0.0.1'] } });
  assert.equal(record!['status'], 403);
});

test('a file that cannot be opened, and settings that mean nothing, are refused', () => {
  assert.match(problemsOf({ 'header-log': { file: '/nowhere/log' } })[0]!, /ENOENT/);
  assert.match(
    problemsOf({ 'header-log': { file: '/dev/null', request: 'some' } })[0]!,
    /^filters\.header-log\.request: expected "all" or a list/,
  );
});
