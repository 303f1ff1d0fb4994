import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createCertificate } from '#bench/lab/certificates.ts';
import { IntentError } from '#proxies/config/intent-error.ts';
import { parseIntent } from '#proxies/config/schema.ts';

const good = {
  listener: { address: { host: '127.0.0.1', port: 0 } },
  clusters: [{ name: 'a', endpoints: [{ host: '::1', port: 80, weight: 3 }] }],
  defaultCluster: 'a',
};

/** The paths of all problems. */
function problems(value: unknown): string[] {
  try {
    parseIntent(value);
    return [];
  } catch (error) {
    assert.ok(error instanceof IntentError, String(error));
    assert.equal(error.message.split('\n').length, error.problems.length);
    return error.problems.map(({ path }) => path);
  }
}

const forward = (action: object, match: object = {}) => ({
  ...good,
  routes: [{ match, action: { kind: 'forward', clusters: [{ name: 'a' }], ...action } }],
});

test('a good intent comes out as it went in', () => {
  assert.deepEqual(parseIntent(good), good);
  const rich = {
    ...good,
    routes: [
      {
        match: { hosts: ['*.example.org'], path: { kind: 'prefix', value: '/a' }, methods: ['GET'] },
        action: { kind: 'forward', clusters: [{ name: 'a', weight: 9 }], prefixRewrite: '/' },
        requestHeaders: [{ op: 'set', name: 'X-A', value: 'b' }],
      },
      { match: {}, action: { kind: 'reply', status: 404, body: 'none' } },
    ],
    l4: { allowSources: ['10.0.0.0/8', '::1'], allowPorts: [80] },
    limits: { headBytes: 9000 },
    timeouts: { connect: 10, drain: 0 },
    concurrency: 2,
  };
  assert.deepEqual(parseIntent(rich), rich);
});

test('every mistake is named by its path', () => {
  const cases: [unknown, string[]][] = [
    [undefined, ['']],
    [{ ...good, extra: 1 }, ['']],
    [
      { ...good, listener: { address: { host: 'bad host', port: 70_000 } } },
      ['listener.address.host', 'listener.address.port'],
    ],
    [{ ...good, clusters: [{ name: 'a', endpoints: [] }] }, ['clusters[0].endpoints']],
    [{ ...good, clusters: [{ name: 'a', endpoints: [{ host: 'h', port: 0 }] }] }, ['clusters[0].endpoints[0].port']],
    [
      { ...good, clusters: [{ name: 'a', endpoints: [{ host: 'h', port: 1, weight: 0 }] }] },
      ['clusters[0].endpoints[0].weight'],
    ],
    [{ ...good, clusters: [...good.clusters, ...good.clusters] }, ['clusters[1].name']],
    [{ ...good, defaultCluster: 'b' }, ['defaultCluster']],
    [{ ...good, sniRoutes: [{ cluster: 'c' }] }, ['sniRoutes[0].cluster']],
    [forward({ clusters: [{ name: 'a' }, { name: 'x' }] }), ['routes[0].action.clusters[1].name']],
    [forward({ clusters: [{ name: 'a', weight: 0 }] }), ['routes[0].action.clusters']],
    [forward({ prefixRewrite: '/x' }), ['routes[0].action.prefixRewrite']],
    [forward({ hostRewrite: 'a\r\nX: y' }), ['routes[0].action.hostRewrite']],
    [
      {
        ...forward({}),
        routes: [{ ...forward({}).routes[0], requestHeaders: [{ op: 'set', name: 'a', value: 'b\n' }] }],
      },
      ['routes[0].requestHeaders[0].value'],
    ],
    [{ ...forward({}), routes: [{ ...forward({}).routes[0], match: { hosts: [] } }] }, ['routes[0].match.hosts']],
    [{ ...forward({}), routes: [{ ...forward({}).routes[0], match: { methods: [] } }] }, ['routes[0].match.methods']],
    [
      {
        ...forward({}),
        routes: [
          { ...forward({}).routes[0], match: { headers: [{ name: 'a', match: { kind: 'exact', value: 'é' } }] } },
        ],
      },
      ['routes[0].match.headers[0].match.value'],
    ],
    [{ ...good, l4: { allowSources: ['10.0.0.0/33'] } }, ['l4.allowSources[0]']],
    [{ ...good, timeouts: { connect: -1, conect: 1 } }, ['timeouts.connect', 'timeouts']],
  ];
  for (const [value, paths] of cases) assert.deepEqual(problems(value), paths, JSON.stringify(value));
});

test('a key must belong to its certificate', () => {
  const [one, two] = [createCertificate(), createCertificate()];
  const withTls = (pair: object, tls: object = {}) => ({
    ...good,
    listener: { ...good.listener, tls: { certificates: [pair], ...tls } },
  });
  assert.deepEqual(problems(withTls({ cert: one.cert, key: one.key })), []);
  const path = 'listener.tls.certificates[0]';
  assert.deepEqual(problems(withTls({ cert: one.cert, key: two.key })), [`${path}.key`]);
  assert.deepEqual(problems(withTls({ cert: 'x', key: one.key })), [`${path}.cert`]);
  const broken = '-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----';
  assert.deepEqual(problems(withTls({ cert: broken, key: one.key })), [`${path}.cert`]);
  assert.deepEqual(problems(withTls(one && { cert: one.cert, key: one.key }, { clientCa: broken })), [
    'listener.tls.clientCa',
  ]);
  const reversed = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' };
  assert.deepEqual(problems(withTls({ cert: one.cert, key: one.key }, reversed)), ['listener.tls.minVersion']);
});

test('whatever comes, it is taken or refused with reasons', () => {
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.record({ listener: fc.anything(), clusters: fc.anything() })), (value) => {
      problems(value);
    }),
    { numRuns: 500, seed: 11 },
  );
});
