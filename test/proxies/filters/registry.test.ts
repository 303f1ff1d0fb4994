/** The filters there are, the table of features and the page about them name the same ones. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { featuresAsked } from '#proxies/config/asked.ts';
import { FEATURES, FILTER_FEATURES } from '#proxies/config/features.ts';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import type { FilterDefinition } from '#proxies/filters/contract.ts';
import { FILTERS } from '#proxies/filters/registry.ts';
import { proxies } from '#proxies/registry.ts';
import { problemsOf, settings } from './lab.ts';

const configured = FILTERS.filter((definition) => 'schema' in definition);

test('every filter that can be configured is a feature by its name, at both places', () => {
  const rows = Object.keys(FEATURES).filter((row) => row.startsWith('filters.') && row !== 'filters.*');
  assert.deepEqual(rows.toSorted(), configured.map(({ name }) => `filters.${name}`).toSorted());
  for (const row of rows) assert.ok(`routes[].${row}` in FEATURES, row);
});

test('each is registered by its own name', async () => {
  for (const { name } of configured) {
    const { filter } = (await import(`#proxies/filters/${name}.ts`)) as { filter: FilterDefinition<unknown> };
    assert.equal(filter.name, name);
  }
});

const intent: ProxyIntent = { listener: { address: { host: '127.0.0.1', port: 0 } }, clusters: [] };

test('a filter is asked for by its name, and nothing below it', () => {
  const filters = settings({ 'rate-limit': { requests: 1 }, planted: { x: {} } });
  const asked = featuresAsked({
    ...intent,
    filters,
    routes: [{ match: {}, action: { kind: 'reply', status: 200 }, filters }],
  });
  assert.deepEqual(
    asked.flatMap(({ feature, path }) => (path.includes('filters.') ? [`${path}: ${feature}`] : [])),
    [
      'routes[0].filters.rate-limit: filter rate-limit',
      'routes[0].filters.planted: unlisted filters',
      'filters.rate-limit: filter rate-limit',
      'filters.planted: unlisted filters',
    ].toSorted((a, b) => Number(a.startsWith('routes')) - Number(b.startsWith('routes'))),
  );
});

test('the references offer all of them or none', () => {
  for (const name of ['l7-http', 'l7-tls', 'l7-forward', 'l4-tcp', 'l4-udp']) {
    const { layer, capabilities } = proxies.get(name)!;
    const offered = FILTER_FEATURES.filter((feature) => capabilities.has(feature));
    assert.deepEqual(offered, layer === 'l7' ? FILTER_FEATURES : [], name);
  }
});

test('the page about them has a row for each, in the order in which requests pass them', () => {
  const page = readFileSync(new URL('../../../proxies/filters/README.md', import.meta.url), 'utf8');
  const rows = Array.from(
    page.matchAll(/^\| `([\w-]+)` +\|.*\| `(\{.*\})` *\|$/gm),
    ([, name, text]) => [name!, text!] as const,
  );
  assert.deepEqual(
    rows.map(([name]) => name),
    configured.map(({ name }) => name),
  );
  for (const [i, [name, text]] of rows.entries()) {
    const { success } = configured[i]!.schema.safeParse(JSON.parse(text.replaceAll('…', 'x'.repeat(32))));
    assert.ok(success, `${name}: ${text}`);
  }
});

test('a filter that nobody has is refused with the names of those there are', () => {
  assert.match(problemsOf({ planted: {} })[0]!, /^filters\.planted: there is no such filter; there are: .*rate-limit/);
});
