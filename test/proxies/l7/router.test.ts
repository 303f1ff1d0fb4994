import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { IntentError } from '#proxies/config/intent-error.ts';
import type { Route } from '#proxies/config/intent.ts';
import { Head } from '#proxies/http/head.ts';
import { scanRequestHead } from '#proxies/http/request-head.ts';
import { createRouter } from '#proxies/l7/router.ts';
import { Service } from '#proxies/l7/service.ts';
import { answering, ok, setup } from './lab.ts';

const limits = { headBytes: 4096, targetBytes: 1024, bodyBytes: 1 };

function head(start: string, lines = 'Host: example.org\r\n'): Head {
  const result = new Head(16);
  const buffer = Buffer.from(`${start} HTTP/1.1\r\n${lines}\r\n`, 'latin1');
  assert.equal(scanRequestHead(result, buffer, 0, buffer.length, limits), buffer.length);
  return result;
}

const to = (name: string, prefixRewrite?: string) =>
  ({ kind: 'forward', clusters: [{ name }], ...(prefixRewrite !== undefined && { prefixRewrite }) }) as const;

const routes: readonly Route[] = [
  { match: { hosts: ['www.example.org'] }, action: to('www') },
  { match: { hosts: ['*.wild.org'] }, action: to('wild') },
  { match: { path: { kind: 'exact', value: '/exact' } }, action: to('exact') },
  { match: { path: { kind: 'prefix', value: '/api' } }, action: to('api', '/') },
  { match: { path: { kind: 'prefix', value: '/files' } }, action: to('files', '/srv/') },
  { match: { methods: ['DELETE', 'PURGE'] }, action: to('delete') },
  { match: { headers: [{ name: 'X-Canary', match: { kind: 'exact', value: 'yes' } }] }, action: to('canary') },
  { match: { headers: [{ name: 'X-Debug', match: { kind: 'present' } }] }, action: to('debug') },
  { match: { headers: [{ name: 'Accept', match: { kind: 'prefix', value: 'text/' } }] }, action: to('text') },
];
const router = createRouter(routes, 'default', (name) => name);

function decide(of: Head): { cluster: string; target: string | undefined | null } {
  const decision = router.route(of);
  assert.equal(decision.kind, 'forward');
  assert.ok(decision.kind === 'forward');
  return { cluster: decision.cluster(), target: decision.rewrite(of) };
}

describe('router', () => {
  const cases: readonly [name: string, head: Head, cluster: string, target?: string | null][] = [
    ['exact host, case and port aside', head('GET /', 'Host: WWW.example.org:81\r\n'), 'www'],
    ['another host', head('GET /'), 'default'],
    ['wildcard host', head('GET /', 'Host: a.b.wild.org\r\n'), 'wild'],
    ['the wildcard is not its own parent', head('GET /', 'Host: wild.org\r\n'), 'default'],
    ['exact path with a query', head('GET /exact?x'), 'exact'],
    ['a longer path is not exact', head('GET /exact/x'), 'default'],
    ['the canonical path decides', head('GET /x/../%65xact'), 'exact'],
    ['prefix, rewritten', head('GET /api/users?id=1'), 'api', '/users?id=1'],
    ['prefix alone, rewritten', head('GET /api'), 'api', '/'],
    ['a rewrite cannot climb out', head('GET /files../etc'), 'files', null],
    ['method', head('DELETE /'), 'delete'],
    ['unknown method', head('PURGE /'), 'delete'],
    ['header value', head('GET /', 'Host: a\r\nx-canary: yes\r\n'), 'canary'],
    ['header value that differs', head('GET /', 'Host: a\r\nx-canary: no\r\n'), 'default'],
    ['header present', head('GET /', 'Host: a\r\nX-DEBUG:\r\n'), 'debug'],
    ['header prefix', head('GET /', 'Host: a\r\nAccept: text/html\r\n'), 'text'],
  ];
  for (const [name, of, cluster, target] of cases) {
    it(name, () => assert.deepEqual(decide(of), { cluster, target }));
  }

  it('draws among clusters by weight', () => {
    let at = 0;
    const clusters = [
      { name: 'old', weight: 3 },
      { name: 'new', weight: 1 },
    ];
    const drawing = createRouter([{ match: {}, action: { kind: 'forward', clusters } }], undefined, (n) => n, {
      random: () => at,
    });
    const decision = drawing.route(head('GET /'));
    assert.ok(decision.kind === 'forward');
    const drawn = [0, 0.5, 0.74, 0.75, 0.99].map((value) => {
      at = value;
      return decision.cluster();
    });
    assert.deepEqual(drawn, ['old', 'old', 'old', 'new', 'new']);
  });

  it('refuses unknown clusters and edits of what is the proxy’s own', () => {
    const resolve = (name: string): string => {
      throw new TypeError(name);
    };
    assert.throws(() => createRouter([], 'none', resolve), TypeError);
    const listener = { address: { host: '127.0.0.1', port: 0 } };
    const clusters = [{ name: 'a', endpoints: [{ host: '127.0.0.1', port: 1 }] }];
    const compile = (route: Route): Service => new Service({ listener, clusters, routes: [route] });
    for (const name of ['Host', 'Connection', 'Content-Length', 'a b', 'X\r\nY']) {
      const requestHeaders = [{ op: 'set', name, value: 'x' }] as const;
      assert.throws(() => compile({ match: {}, action: to('a'), requestHeaders }), IntentError);
      assert.throws(() => compile({ match: {}, action: to('a'), responseHeaders: requestHeaders }), IntentError);
    }
    const requestHeaders = [{ op: 'add', name: 'X', value: 'a\r\nY: b' }] as const;
    assert.throws(() => compile({ match: {}, action: to('a'), requestHeaders }), IntentError);
    compile({ match: {}, action: to('a'), requestHeaders: [{ op: 'add', name: 'X', value: 'a' }] }).close();
  });

  it('refuses configured tokens that a head cannot hold, by route and name', () => {
    const forward = { kind: 'forward', clusters: [{ name: 'a' }] } as const;
    const wrong: [Route['action'], RegExp][] = [
      ...['a\r\nX: b', 'a b', 'a,b', 'user@a', 'a/b', 'ä', ''].map((hostRewrite): [Route['action'], RegExp] => [
        { ...forward, hostRewrite },
        /^routes\[1\]: hostRewrite/,
      ]),
      ...['/a b', '/a\r\n', '/a?b', '/a#b', '/../a', '/%2f', '/ä', '/a\\b'].map(
        (prefixRewrite): [Route['action'], RegExp] => [{ ...forward, prefixRewrite }, /^routes\[1\]: prefixRewrite/],
      ),
      [{ kind: 'reply', status: 200, contentType: 'text/plain\r\nX: b' }, /^routes\[1\]: contentType/],
    ];
    const make = (action: Route['action']) =>
      createRouter(
        [
          { match: {}, action: forward },
          { match: { path: { kind: 'prefix', value: '/' } }, action },
        ],
        'a',
        (n) => n,
      );
    for (const [action, message] of wrong) {
      assert.throws(
        () => make(action),
        (error) => error instanceof IntentError && message.test(error.message),
        JSON.stringify(action),
      );
    }
    for (const hostRewrite of ['a', 'a.example:8080', '[::1]:80', 'xn--bcher-kva.example'])
      make({ ...forward, hostRewrite });
    for (const prefixRewrite of ['/', '', 'a/', '/a/b~', '/a%20b']) make({ ...forward, prefixRewrite });
    make({ kind: 'reply', status: 200, contentType: 'text/html; charset=utf-8' });
  });
});

describe('routes through the proxy', () => {
  const lastly = 'Connection: close\r\n';
  const closed = { kind: 'reply', status: 403 } as const;
  const forbidden = { match: { path: { kind: 'prefix', value: '/admin' } }, action: closed } as const;

  it('one canonical path decides, the origin gets what was sent', async () => {
    await using lab = await setup(answering(ok), { routes: [forbidden], forwarding: { xForwardedFor: false } });
    const ask = async (target: string) =>
      (await lab.exchange(`GET ${target} HTTP/1.1\r\nHost: a\r\n${lastly}\r\n`)).slice(9, 12);
    for (const target of [
      '/admin',
      '//admin/s',
      '///admin',
      '/%61dmin',
      '/%61%64%6d%69%6e',
      '/./admin',
      '/x/../admin',
      '/x/%2e%2e/admin',
      '/x/..//admin',
      'http://a//admin',
      '//%61dmin?x',
    ])
      assert.equal(await ask(target), '403', target);
    for (const target of ['/;x/admin', '/x//../admin', '/x/..%2fadmin', '/x/..;/admin'])
      assert.equal(await ask(target), '400', target);
    assert.equal(lab.origin.connections.length, 0);
    assert.equal(await ask('//a%2Fb/../c%2fd?e'), '400');
    assert.equal(await ask('//a/../c%2fd?e'), '200');
    assert.equal(lab.origin.connections[0]?.text, 'GET //a/../c%2fd?e HTTP/1.1\r\nHost: a\r\n\r\n');
  });

  it('an escaped slash is data, or refused where the intent says so', async () => {
    const request = 'GET /api/v4/projects/group%2Fproject HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    await using keeping = await setup(answering(ok));
    assert.match(await keeping.exchange(request), /^HTTP\/1\.1 200 /);
    assert.match(keeping.origin.connections[0]!.text, /^GET \/api\/v4\/projects\/group%2Fproject HTTP\/1\.1\r\n/);
    await using refusing = await setup(answering(ok), { escapedSlashes: 'refuse' });
    assert.match(await refusing.exchange(request), /^HTTP\/1\.1 400 /);
    assert.equal(refusing.origin.connections.length, 0);
  });

  it('a rewrite begins with the canonical path', async () => {
    const rewritten = { kind: 'forward', clusters: [{ name: 'origin' }], prefixRewrite: '/v2/' } as const;
    await using lab = await setup(answering(ok), {
      routes: [{ match: { path: { kind: 'prefix', value: '/api/' } }, action: rewritten }],
      forwarding: { xForwardedFor: false },
    });
    await lab.exchange(`GET //api/%61//b%2fc?%64 HTTP/1.1\r\nHost: a\r\n${lastly}\r\n`);
    assert.equal(lab.origin.connections[0]?.text, 'GET /v2/a/b%2Fc?%64 HTTP/1.1\r\nHost: a\r\n\r\n');
  });

  it('nothing is decided by a field that the origin does not see', async () => {
    const onField = (name: string) =>
      ({ match: { headers: [{ name, match: { kind: 'present' } }] }, action: closed }) as const;
    const names = [
      'X-Scope',
      'Trailer',
      'X-Forwarded-Proto',
      'X-Real-IP',
      'Keep-Alive',
      'Upgrade',
      'TE',
      'Expect',
      'Forwarded',
    ];
    const routes = names.map(onField);
    await using lab = await setup(answering(ok), { routes });
    await using trusting = await setup(answering(ok), { routes, forwarding: { trustedPeers: ['127.0.0.1'] } });
    const ask = async (lines: string, from = lab) =>
      (await from.exchange(`GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`)).slice(9, 12);
    for (const lines of [
      'X-Scope: read-only\r\nConnection: close, x-scope',
      'Connection: close, X-SCOPE\r\nx-scope: read-only',
      'Trailer: X\r\nConnection: trailer, close',
      'X-Forwarded-Proto: https\r\nConnection: close',
      'X-Real-IP: 10.0.0.1\r\nConnection: close',
      'Forwarded: proto=https\r\nConnection: close',
      'Keep-Alive: 5\r\nConnection: close',
      'Upgrade: h2c\r\nConnection: close, upgrade',
      'Upgrade: websocket\r\nConnection: close',
      'TE: gzip\r\nConnection: close, te',
      'Expect: 100-continue\r\nConnection: close',
    ])
      assert.equal(await ask(lines), '200', lines);
    for (const lines of [
      'X-Scope: read-only\r\nConnection: close',
      'Trailer: X\r\nConnection: close',
      'Upgrade: websocket\r\nConnection: close, upgrade',
      'TE: trailers\r\nConnection: close, te',
    ])
      assert.equal(await ask(lines), '403', lines);
    for (const line of ['X-Forwarded-Proto: https', 'X-Real-IP: 10.0.0.1', 'Forwarded: proto=https'])
      assert.equal(await ask(`${line}\r\nConnection: close`, trusting), '403', line);
    assert.equal(await ask('X-Real-IP: 1\r\nConnection: close, x-real-ip', trusting), '200');
  });

  it('refuses a path that no request has', () => {
    const make = (kind: 'exact' | 'prefix', value: string) =>
      createRouter([{ match: { path: { kind, value } }, action: to('a') }], 'a', (name) => name);
    for (const value of ['//a', '/a/../b', '/%61', '/a%2f', '/a b', '/a?b', '/a%5cb', '/a//'])
      for (const kind of ['exact', 'prefix'] as const)
        assert.throws(() => make(kind, value), {
          name: 'IntentError',
          message: /match\.path: no request has this path/,
        });
    assert.throws(() => make('exact', '/a/..'), IntentError);
    for (const value of ['/', '/a', '/a/', '/.', '/..', '/a/.well-known', '/a%2Fb', '/a%20b', '/a;b'])
      make('prefix', value);
  });

  it('replies, rewrites, edits', async () => {
    await using lab = await setup(answering(ok.replace('\r\n', '\r\nX-Origin: 1\r\nServer: s\r\n')), {
      forwarding: { xForwardedFor: false },
      routes: [
        { match: { path: { kind: 'exact', value: '/hi' } }, action: { kind: 'reply', status: 203, body: 'hé' } },
        {
          match: {},
          action: { kind: 'forward', clusters: [{ name: 'origin' }], hostRewrite: 'inner' },
          requestHeaders: [
            { op: 'set', name: 'X-Set', value: 'new' },
            { op: 'add', name: 'X-Add', value: '2' },
            { op: 'remove', name: 'Cookie' },
          ],
          responseHeaders: [
            { op: 'remove', name: 'Server' },
            { op: 'set', name: 'X-Origin', value: '2' },
          ],
        },
      ],
    });
    assert.match(
      await lab.exchange('GET /hi HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
      /^HTTP\/1\.1 203 [\s\S]*Content-Length: 3\r\n[\s\S]*h\xc3\xa9$/,
    );
    const answer = await lab.exchange(
      'GET / HTTP/1.1\r\nHost: a\r\nx-set: old\r\nX-Add: 1\r\nCookie: c\r\nConnection: close\r\n\r\n',
    );
    assert.equal(
      lab.origin.connections[0]?.text,
      'GET / HTTP/1.1\r\nHost: inner\r\nX-Add: 1\r\nX-Set: new\r\nX-Add: 2\r\n\r\n',
    );
    assert.equal(answer, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Origin: 2\r\nConnection: close\r\n\r\nok');
  });
});
