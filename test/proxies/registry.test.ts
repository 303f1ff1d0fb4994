/** What proxies say of themselves, and nobody reads from their names. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxies } from '#proxies/registry.ts';

const all = [...proxies.values()];

test('a maker’s proxies are one family, whatever their layer; libraries are makers of their own', () => {
  const families = Map.groupBy(all, ({ family }) => family);
  const names = (family: string): string[] => (families.get(family) ?? []).map(({ name }) => name);
  assert.deepEqual(names('nginx'), ['nginx-stream', 'nginx-http', 'nginx-tls']);
  assert.deepEqual(names('http-proxy'), ['http-proxy', 'http-proxy-tls']);
  assert.deepEqual(names('http-proxy-3'), ['http-proxy-3', 'http-proxy-3-tls']);
  assert.deepEqual(names('node-http'), ['node-http']);
  assert.ok(names('hopcost').includes('l7-tls-reencrypt'));
});

test('each layer has one reference in the clear, and L7 one with TLS; all are of one family', () => {
  const references = all.filter(({ isReference }) => isReference);
  assert.deepEqual(
    references.map(({ layer, capabilities }) => `${layer}${capabilities.has('tls-termination') ? ' with TLS' : ''}`),
    ['l4', 'l7', 'l7 with TLS'],
  );
  assert.equal(new Set(references.map(({ family }) => family)).size, 1);
});

test('whoever encrypts anew ends TLS first', () => {
  const reencrypting = all.filter(({ reencrypts }) => reencrypts);
  assert.equal(reencrypting.length, 1);
  for (const { capabilities } of reencrypting)
    assert.ok(capabilities.has('tls-termination') && capabilities.has('tls-origination'));
});
