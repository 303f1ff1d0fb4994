/** What is priced: settings that our own filters take, and peers by the same; requests that meet them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pricedFilters } from '#bench/lab/priced-filters.ts';
import { Scenario } from '#bench/model/scenario.ts';
import { filtersOf } from '#bench/run/prices.ts';
import { IntentError } from '#proxies/config/intent-error.ts';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import { readSettings } from '#proxies/filters/read.ts';
import { binaries } from '#proxies/peers/registry.ts';
import { proxies } from '#proxies/registry.ts';

const filters = pricedFilters();
const origin = { host: '127.0.0.1', port: 9001 };
const surroundings = {
  address: { host: '127.0.0.1', port: 1 },
  spare: { host: '127.0.0.1', port: 2 },
  binary: { path: '', version: '', about: '' },
  openFiles: 1000,
  isRoot: false,
};

test('every one has settings that are read without a problem, a scenario by the model, and a name of its own', () => {
  for (const { name, settings, scenario, needs } of filters) {
    const read = readSettings(settings(origin));
    assert.deepEqual([...read.keys()], needs, name);
    assert.deepEqual(Scenario.parse(scenario), scenario);
    assert.equal(scenario.prices, name);
  }
  assert.equal(new Set(filters.map(({ name }) => name)).size, filters.length);
});

test('all that the reference offers is priced, but what depends on certificates, rules or modules of the user’s own', () => {
  const priced = new Set(filters.flatMap(({ needs }) => needs as readonly string[]));
  const offered = [...proxies.get('l7-http')!.capabilities].flatMap((one) => /^filter (.+)$/.exec(one)?.[1] ?? []);
  const without = offered.filter((name) => !priced.has(name));
  assert.deepEqual(without.toSorted(), ['client-cert-identity', 'request-rules', 'user']);
});

test('peers take the settings of what they offer; only what is named here is refused', () => {
  const refused: string[] = [];
  for (const peer of binaries.filter(({ layer, name }) => layer === 'l7' && !name.endsWith('-tls')))
    for (const filter of filtersOf(peer, filters)) {
      const intent: ProxyIntent = {
        listener: { address: { host: '127.0.0.1', port: 0 } },
        clusters: [{ name: 'o', endpoints: [origin] }],
        defaultCluster: 'o',
        filters: filter.settings(origin),
      };
      try {
        peer.render(intent, surroundings);
      } catch (error) {
        assert.ok(error instanceof IntentError, String(error));
        refused.push(`${peer.name}: ${filter.name}`);
      }
    }
  assert.deepEqual(refused, ['haproxy-http: jwt-cached']);
});
