/** The neutral protection, and what of it each proxy is given. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IntentError } from '#proxies/config/intent-error.ts';
import { proxies } from '#proxies/registry.ts';
import { protectionOf } from '#bench/lab/policies.ts';

const named = (name: string) => protectionOf(proxies.get(name)!);

test('each policy is given or withheld, and what is given is what its proxy would start with', () => {
  for (const definition of proxies.values()) {
    const { given, withheld, policies } = protectionOf(definition);
    assert.equal(given.length + withheld.length, 5, definition.name);
    const endpoints = [1, 2, 3].map((port) => ({ host: '127.0.0.1', port }));
    assert.doesNotThrow(() =>
      definition.check?.({
        listener: { address: { host: '127.0.0.1', port: 0 } },
        clusters: [{ name: 'origin', endpoints, ...policies }],
        defaultCluster: 'origin',
      }),
    );
  }
});

test('ours is given all of it in its fullest form; a form that is not offered gives way to a lesser one', () => {
  assert.deepEqual(named('l7-http').withheld, []);
  assert.ok(named('l7-http').policies.retry?.budget);
  assert.deepEqual(named('nginx-http').given, ['retries', 'ejection']);
  assert.equal(named('nginx-http').policies.retry?.budget, undefined);
  assert.deepEqual(named('caddy-http').policies.retry?.on, ['connect', 'reset', 'timeout']);
  assert.ok(!named('l4-tcp').given.includes('retries'));
  assert.deepEqual(named('node-http').given, []);
});

test('what a proxy does not offer beside what it has been given is withheld', () => {
  assert.deepEqual(named('haproxy-http').given, ['health checks', 'retries', 'circuit breaker', 'slow start']);
  assert.deepEqual(named('haproxy-http').withheld, ['ejection']);
  const { capabilities } = proxies.get('l7-http')!;
  const check = ({ clusters: [cluster] }: { clusters: readonly object[] }): void => {
    if ('retry' in cluster!) throw new IntentError([{ path: 'clusters[0].retry', message: 'not today' }]);
  };
  assert.deepEqual(protectionOf({ capabilities, check }).withheld, ['retries']);
  const broken = (): void => {
    throw new TypeError('a mistake of ours');
  };
  assert.throws(() => protectionOf({ capabilities, check: broken }), TypeError);
});
