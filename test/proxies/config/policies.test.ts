/** Policies of a cluster: what they may say, and which of it could never work. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IntentError } from '#proxies/config/intent-error.ts';
import type { Cluster } from '#proxies/config/intent.ts';
import { parseEndpoints, parseIntent } from '#proxies/config/schema.ts';

const endpoints = [1, 2, 3].map((port) => ({ host: '10.0.0.1', port }));

const intent = (policies: object, more: object = {}) => ({
  listener: { address: { host: '127.0.0.1', port: 0 } },
  clusters: [{ name: 'a', endpoints, ...policies }],
  defaultCluster: 'a',
  ...more,
});

function problems(value: unknown): string[] {
  try {
    parseIntent(value);
    return [];
  } catch (error) {
    assert.ok(error instanceof IntentError, String(error));
    return error.problems.map(({ path, message }) => {
      assert.ok(message.length > 10, message);
      return path.replace(/^clusters\[0\]\./, '');
    });
  }
}

test('every policy, said in full, comes out as it went in', () => {
  const policies: Omit<Cluster, 'name' | 'endpoints'> = {
    healthCheck: {
      kind: 'http',
      path: '/healthz?full=1',
      host: 'api.example.org:8080',
      expected: [
        { from: 200, to: 204 },
        { from: 301, to: 301 },
      ],
      port: 9_000,
      interval: 1_000,
      jitter: 0,
      timeout: 500,
      unhealthyThreshold: 2,
      healthyThreshold: 1,
    },
    ejection: {
      consecutive: 0,
      errorRate: 0.5,
      window: 1_000,
      minimum: 5,
      baseTime: 100,
      maxTime: 100,
      maxShare: 0.34,
    },
    panicThreshold: 0,
    circuitBreaker: { connections: 10, requests: 20, pending: 5, retries: 3 },
    retry: {
      on: ['connect', 'reset', 'timeout', 'gateway-error', 'server-error'],
      attempts: 2,
      perTryTimeout: 100,
      backoff: { base: 5, max: 50 },
      budget: { share: 0, minimum: 1 },
    },
    slowStart: { window: 10_000, aggression: 1.5, minimum: 0.05 },
    queue: { size: 10, timeout: 100 },
    hedge: { delay: 50, most: 2 },
  };
  const full = intent(policies);
  assert.deepEqual(parseIntent(full), full);
  const others: readonly object[] = [
    { healthCheck: { kind: 'tcp' } },
    { ejection: {} },
    { stickiness: { kind: 'cookie', name: 'sid', maxAge: 3_600, path: '/' } },
    { stickiness: { kind: 'header', name: 'X-User' }, policy: 'source-ip' },
    { discovery: { kind: 'dns', name: 'api.example.org', port: 80, servers: ['192.0.2.1:53'] } },
    { discovery: { kind: 'srv', name: '_http._tcp.example.org', minTtl: 10, maxTtl: 20 }, endpoints: [] },
    { discovery: { kind: 'file', path: '/etc/endpoints.json' }, endpoints: [] },
    { circuitBreaker: { retries: 0 } },
  ];
  for (const each of others) assert.deepEqual(problems(intent(each)), [], JSON.stringify(each));
});

test('what could never work is refused by its path', () => {
  const one = endpoints.slice(0, 1);
  const retry = { on: ['reset'] };
  const cases: readonly (readonly [object, readonly string[]])[] = [
    [{ endpoints: [] }, ['endpoints']],
    [{ healthCheck: { kind: 'http', unhealthyThreshold: 0 } }, ['healthCheck.unhealthyThreshold']],
    [{ healthCheck: { kind: 'http', healthyThreshold: 0 } }, ['healthCheck.healthyThreshold']],
    [{ healthCheck: { kind: 'tcp', interval: 0, timeout: 0 } }, ['healthCheck.interval', 'healthCheck.timeout']],
    [{ healthCheck: { kind: 'tcp', jitter: 1.5 } }, ['healthCheck.jitter']],
    [{ healthCheck: { kind: 'tcp', path: '/', expected: [{ from: 200, to: 200 }] } }, ['healthCheck']],
    [{ healthCheck: { kind: 'http', expected: [] } }, ['healthCheck.expected']],
    [{ healthCheck: { kind: 'http', expected: [{ from: 300, to: 200 }] } }, ['healthCheck.expected[0]']],
    [
      { healthCheck: { kind: 'http', expected: [{ from: 99, to: 600 }] } },
      ['healthCheck.expected[0].from', 'healthCheck.expected[0].to'],
    ],
    [{ healthCheck: { kind: 'http', path: 'healthz' } }, ['healthCheck.path']],
    [{ healthCheck: { kind: 'http', path: '/a b' } }, ['healthCheck.path']],
    [{ healthCheck: { kind: 'http', host: 'a\r\nX: y' } }, ['healthCheck.host']],
    [{ healthCheck: { kind: 'http', port: 0 } }, ['healthCheck.port']],
    [{ ejection: { consecutive: 0 } }, ['ejection']],
    [{ ejection: { window: 10, minimum: 1 } }, ['ejection.window', 'ejection.minimum']],
    [{ ejection: { errorRate: 0 } }, ['ejection.errorRate']],
    [{ ejection: { errorRate: 1.1 } }, ['ejection.errorRate']],
    [{ ejection: { baseTime: 10, maxTime: 5 } }, ['ejection.baseTime']],
    [{ ejection: { maxShare: 0 } }, ['ejection.maxShare']],
    [{ ejection: { maxShare: 0.1 } }, ['ejection.maxShare']],
    [{ ejection: {}, endpoints: one }, ['ejection.maxShare']],
    [{ panicThreshold: 0.5 }, ['panicThreshold']],
    [{ circuitBreaker: {} }, ['circuitBreaker']],
    [
      { circuitBreaker: { connections: 0, requests: 0, pending: 0 } },
      ['circuitBreaker.connections', 'circuitBreaker.requests', 'circuitBreaker.pending'],
    ],
    [{ circuitBreaker: { retries: 0 }, retry }, ['circuitBreaker.retries']],
    [{ retry: { on: [] } }, ['retry.on']],
    [{ retry: { ...retry, attempts: 0 } }, ['retry.attempts']],
    [{ retry: { ...retry, budget: { share: 0, minimum: 0 } } }, ['retry.budget']],
    [{ retry: { ...retry, backoff: { base: 20, max: 10 } } }, ['retry.backoff']],
    [{ retry: { ...retry, perTryTimeout: 0 } }, ['retry.perTryTimeout']],
    [{ retry: { on: ['timeout'] } }, ['retry.on']],
    [{ retry: { on: ['5xx'] } }, ['retry.on[0]']],
    [{ slowStart: { window: 0 } }, ['slowStart.window']],
    [{ slowStart: { window: 10, minimum: 0, aggression: 0 } }, ['slowStart.aggression', 'slowStart.minimum']],
    [{ slowStart: { window: 10 }, policy: 'source-ip' }, ['slowStart']],
    [{ slowStart: { window: 10 }, stickiness: { kind: 'header', name: 'a' } }, ['slowStart']],
    [{ stickiness: { kind: 'cookie', name: 'a' }, policy: 'least-request' }, ['stickiness']],
    [{ stickiness: { kind: 'cookie', name: 'a b' } }, ['stickiness.name']],
    [{ stickiness: { kind: 'cookie', name: 'a', path: '/;x' } }, ['stickiness.path']],
    [{ stickiness: { kind: 'header', name: 'a', path: '/', maxAge: 1 } }, ['stickiness']],
    [{ discovery: { kind: 'dns', name: 'a.test' } }, ['discovery.port']],
    [{ discovery: { kind: 'srv', name: 'a.test', port: 80 } }, ['discovery']],
    [{ discovery: { kind: 'file', name: 'a.test' } }, ['discovery.path', 'discovery']],
    [{ discovery: { kind: 'dns', name: 'a.test', port: 80, minTtl: 20, maxTtl: 10 } }, ['discovery.minTtl']],
    [
      {
        discovery: {
          kind: 'srv',
          name: 'a.test',
          servers: ['192.0.2.1', '[::1]:53', '192.0.2.1:0', 'ns.test', '[192.0.2.1]:53'],
        },
      },
      ['discovery.servers[2]', 'discovery.servers[3]', 'discovery.servers[4]'],
    ],
    [{ queue: { size: 0 } }, ['queue.size']],
    [{ queue: { size: 1, timeout: 0 } }, ['queue.timeout']],
    [{ hedge: { delay: 0 } }, ['hedge.delay']],
    [{ hedge: { delay: 10, most: 0 } }, ['hedge.most']],
    [{ hedge: { delay: 10 }, endpoints: one }, ['hedge']],
    [{ hedge: { delay: 100 }, retry: { on: ['timeout'], perTryTimeout: 100 } }, ['hedge.delay']],
    [{ retries: {} }, ['clusters[0]']],
  ];
  for (const [policies, expected] of cases)
    assert.deepEqual(problems(intent(policies)), expected, JSON.stringify(policies));
});

test('a try that could not end before the whole request is refused', () => {
  const retry = { on: ['timeout'], perTryTimeout: 500 };
  const route = (timeout: number) => [{ match: {}, action: { kind: 'forward', clusters: [{ name: 'a' }], timeout } }];
  assert.deepEqual(problems(intent({ retry }, { routes: route(500) })), ['retry.perTryTimeout']);
  assert.deepEqual(problems(intent({ retry }, { routes: route(501) })), []);
  assert.deepEqual(problems(intent({ retry }, { routes: route(0) })), []);
});

test('a list of endpoints by itself', () => {
  assert.deepEqual(parseEndpoints([{ host: 'a.test', port: 80, weight: 2 }]), [
    { host: 'a.test', port: 80, weight: 2 },
  ]);
  const broken: readonly unknown[] = [
    [],
    {},
    null,
    [{ host: 'a.test' }],
    [{ host: 'a b', port: 80 }],
    [{ host: 'a', port: 0 }],
  ];
  for (const each of broken) assert.throws(() => parseEndpoints(each), IntentError, JSON.stringify(each));
});
