/** Nothing that an intent says is ignored: all of it is asked for, and what a proxy does not offer is refused by its path. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { featuresAsked } from '#proxies/config/asked.ts';
import { FEATURES } from '#proxies/config/features.ts';
import { IntentError } from '#proxies/config/intent-error.ts';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import { offered, place } from '#proxies/config/offers.ts';
import type { ProxyDefinition } from '#proxies/contract.ts';
import { defineCommand } from '#proxies/peers/command.ts';
import { proxies } from '#proxies/registry.ts';
import { intents, leavesOf, placesOf } from './intents.ts';

const never = new AbortController().signal;
const definitions: readonly ProxyDefinition[] = [
  ...proxies.values(),
  defineCommand({ name: 'own', layer: 'l7', cwd: '/', command: ['none'] }),
];
const intent: ProxyIntent = {
  listener: { address: { host: '127.0.0.1', port: 0 } },
  clusters: [{ name: 'o', endpoints: [{ host: '127.0.0.1', port: 1 }] }],
  defaultCluster: 'o',
};

/** What the start says; never called with an intent that could start. */
async function problemsOf(definition: ProxyDefinition, asked: ProxyIntent) {
  try {
    await using _ = await definition.start(asked, never);
  } catch (error) {
    assert.ok(error instanceof IntentError, `${definition.name}: ${String(error)}`);
    return error.problems;
  }
  return assert.fail(`${definition.name} starts with ${JSON.stringify(asked)}`);
}

const isWithin = (path: string, outer: string): boolean =>
  path === outer || path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);

/** Rows for one value of an open field, and for a second element, stand besides what the types demand; filters have their own schemas. */
const isExact = (row: string): boolean => {
  const open = row.replace(/=[^=]*$/, '');
  return row.endsWith('[+]') || /\bfilters\./.test(row) || (open !== row && open in FEATURES);
};

test('the table knows every place of the schema, and no other', () => {
  assert.deepEqual(
    Object.keys(FEATURES)
      .filter((row) => !isExact(row))
      .toSorted(),
    [...new Set(placesOf())].toSorted(),
  );
});

test('rows for a second element are about lists that there are', () => {
  const lists = Object.keys(FEATURES).flatMap((row) => (row.endsWith('[+]') ? [row.replace('[+]', '[]')] : []));
  assert.ok(lists.length > 0);
  for (const list of lists)
    assert.ok(
      placesOf().some((place) => place.startsWith(list)),
      list,
    );
});

test('every value that is set is asked for', () => {
  fc.assert(
    fc.property(intents, (any) => {
      const asks = featuresAsked(any);
      for (const { feature, path } of asks) assert.notEqual(feature, undefined, path);
      // The kind of an alternative is asked for where it stands; what must be there and is empty asks for nothing.
      for (const leaf of leavesOf(any).filter((path) => !/^clusters$|\]\.(match|endpoints)$/.test(path)))
        assert.ok(
          asks.some(({ path }) => path === leaf || `${path}.kind` === leaf),
          leaf,
        );
    }),
  );
});

test('values, and how many there are, count', () => {
  const asked = (more: Partial<ProxyIntent>) =>
    featuresAsked({ ...intent, ...more }).flatMap(({ feature, path }) =>
      feature === 'plain forwarding' ? [] : [`${path}: ${feature}`],
    );
  const [endpoint] = intent.clusters[0]!.endpoints;
  assert.deepEqual(asked({}), []);
  assert.deepEqual(asked({ concurrency: 1, stats: false, limits: {} }), []);
  assert.deepEqual(asked({ concurrency: 2 }), ['concurrency: workers']);
  assert.deepEqual(
    asked({ clusters: [{ name: 'o', policy: 'random', endpoints: [endpoint!, { ...endpoint!, weight: 2 }] }] }),
    [
      'clusters[0].policy: policy random',
      'clusters[0].endpoints: balancing',
      'clusters[0].endpoints[1].weight: endpoint weights',
    ],
  );
  assert.deepEqual(asked({ clusters: [{ ...intent.clusters[0]!, tls: {} }] }), ['clusters[0].tls: tls-origination']);
});

for (const definition of definitions)
  describe(definition.name, () => {
    test('starts with nothing that it does not offer, and says so before anything else', async () => {
      await fc.assert(
        fc.asyncProperty(intents, async (any) => {
          const missing = featuresAsked(any).filter(({ feature }) => !definition.capabilities.has(feature!));
          fc.pre(missing.length > 0);
          const problems = await problemsOf(definition, any);
          for (const { path, feature } of missing)
            assert.ok(
              problems.some((problem) => isWithin(path, problem.path)),
              `${path}: ${feature}`,
            );
        }),
        { numRuns: 50 },
      );
    });

    test('refuses by its path what no intent has', async () => {
      const planted: readonly [unknown: object, path: string][] = [
        [{ ...intent, planted: { perSecond: 1 } }, 'planted'],
        [{ ...intent, planted: {} }, 'planted'],
        [{ ...intent, listener: { ...intent.listener, planted: null } }, 'listener.planted'],
        [{ ...intent, clusters: [{ ...intent.clusters[0], planted: [] }] }, 'clusters[0].planted'],
        [{ ...intent, clusters: [{ ...intent.clusters[0], policy: 'planted' }] }, 'clusters[0].policy'],
        [{ ...intent, routes: [{ match: {}, action: { kind: 'planted' } }] }, 'routes[0].action'],
        [{ ...intent, limits: { planted: 1 } }, 'limits.planted'],
      ];
      for (const [unknown, path] of planted) {
        const problems = await problemsOf(definition, unknown as ProxyIntent);
        // Where routes are not offered, those who ask for them are told that first.
        assert.ok(
          problems.some((problem) => isWithin(path, problem.path)),
          path,
        );
      }
    });
  });

test('a feature is placed once', () => {
  assert.throws(() => place(offered('drain'), offered('udp', 'drain')), /'drain' is placed twice/);
});
