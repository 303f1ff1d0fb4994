import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Redirect, RouteMatch } from '#proxies/config/intent.ts';
import { compileReplacement, compileWhole } from '#proxies/http/pattern.ts';
import { setup } from './lab.ts';

const at = (value: string): RouteMatch => ({ path: { kind: 'prefix', value } });

test('a redirect leads to the URL that was asked for, with what it says otherwise', async () => {
  const cases: [redirect: Omit<Redirect, 'kind'>, target: string, host: string, location: string][] = [
    [{ scheme: 'https' }, '/r/x?y=1', 'a.test', 'https://a.test/r/x?y=1'],
    [{ scheme: 'https' }, '/r', 'a.test:80', 'https://a.test/r'],
    [{ scheme: 'https' }, '/r', 'a.test:8080', 'https://a.test:8080/r'],
    [{ scheme: 'https', port: 8443 }, '/r', 'a.test:8080', 'https://a.test:8443/r'],
    [{ scheme: 'https' }, '/r', '[::1]:80', 'https://[::1]/r'],
    [{ host: 'b.test' }, '/r?q', 'a.test:8080', 'http://b.test/r?q'],
    [{ path: '/n' }, '/r?q', 'a', 'http://a/n?q'],
    [{ path: '/n?own' }, '/r?q', 'a', 'http://a/n?own'],
    [{ stripQuery: true }, '/r?q', 'a', 'http://a/r'],
    [{ prefixRewrite: '/n' }, '/r/x?q', 'a', 'http://a/n/x?q'],
    [{ prefixRewrite: '/n' }, '//r/x?q', 'a', 'http://a/n/x?q'],
    [{ prefixRewrite: '/n' }, '/%72/x?q', 'a', 'http://a/n/x?q'],
    [{}, 'http://c.test/r?q', 'a', 'http://c.test/r?q'],
  ];
  for (const [redirect, target, host, location] of cases) {
    await using lab = await setup(() => {}, {
      routes: [
        {
          match: at('/r'),
          action: { kind: 'redirect', ...redirect },
          responseHeaders: [{ op: 'add', name: 'X-R', value: '1' }],
        },
      ],
    });
    const answer = await lab.exchange(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 301 Moved Permanently\r\n/);
    assert.equal(/^Location: (.*)\r$/m.exec(answer)?.[1], location);
    assert.match(answer, /X-R: 1\r\n/);
    assert.equal(lab.origin.connections.length, 0);
  }
});

test('the status of a redirect is the one that it names', async () => {
  for (const status of [301, 302, 303, 307, 308] as const) {
    await using lab = await setup(() => {}, { routes: [{ match: at('/'), action: { kind: 'redirect', status } }] });
    const answer = await lab.exchange('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
  }
});

test('expressions match the whole path, in linear time', () => {
  const isMatch = compileWhole('/users/[0-9]+/orders|/(a+)+');
  assert.equal(isMatch('/users/7/orders'), true);
  assert.equal(isMatch('/users/7/orders/8'), false);
  assert.equal(isMatch('x/users/7/orders'), false);
  const started = performance.now();
  assert.equal(isMatch(`/${'a'.repeat(16_000)}!`), false);
  assert.ok(performance.now() - started < 1_000);
  assert.equal(compileReplacement('^/api/v([0-9])/?(.*)', '/$2?v=$1')('/api/v1/x'), '/x?v=1');
});

test('an expression that would mean something else elsewhere, or run away, is refused', () => {
  for (const pattern of ['(?=a)b', '(a)\\1', '[[:alpha:]]', '\\pL', '\\Aa', '(?P<n>a)', '(?i)a', '(', 'a{1,9999}'])
    assert.throws(() => compileWhole(pattern), TypeError, pattern);
});
