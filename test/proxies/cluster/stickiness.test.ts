import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cookieValue, newKey, setCookie } from '#proxies/cluster/stickiness.ts';

test('a cookie is found among others, by its whole name', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['sid=abc', 'abc'],
    ['a=1; sid=abc; b=2', 'abc'],
    ['a=1;sid = abc ;b=2', 'abc'],
    ['xsid=1; sidx=2; SID=3', undefined],
    ['sid="abc"', 'abc'],
    ['sid=a=b', 'a=b'],
    ['sid=first; sid=second', 'first'],
    ['sid=', undefined],
    ['sid=""', undefined],
    ['sid', undefined],
    ['', undefined],
    ['=sid; ;;; sid', undefined],
  ];
  for (const [header, expected] of cases) assert.equal(cookieValue(header, 'sid'), expected, header);
});

test('property: what was set is found again, whatever else a client sends', () => {
  const word = fc.stringMatching(/^[a-z]{1,8}$/).filter((name) => name !== 'sid');
  const others = fc.array(fc.tuple(word, fc.stringMatching(/^[a-z0-9=]{0,8}$/)), { maxLength: 5 });
  fc.assert(
    fc.property(others, others, (before, after) => {
      const key = newKey();
      const text = [...before, ['sid', key] as const, ...after].map((pair) => pair.join('=')).join('; ');
      assert.equal(cookieValue(text, 'sid'), key);
    }),
    { numRuns: 100, seed: 9 },
  );
});

test('Set-Cookie says how long, where and by what the key comes back', () => {
  assert.equal(setCookie({ kind: 'cookie', name: 'sid' }, 'k', false), 'sid=k; Path=/; HttpOnly; SameSite=Lax');
  assert.equal(
    setCookie({ kind: 'cookie', name: 'sid', maxAge: 60, path: '/app' }, 'k', true),
    'sid=k; Path=/app; Max-Age=60; HttpOnly; SameSite=Lax; Secure',
  );
  const keys = Array.from({ length: 1_000 }, newKey);
  assert.equal(new Set(keys).size, keys.length);
  for (const key of keys) assert.match(key, /^[\w-]{16}$/);
});
