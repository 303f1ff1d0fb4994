import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ProxyIntent, Route } from '#proxies/config/intent.ts';
import { parseIntent } from '#proxies/config/schema.ts';
import { shiftedIntent } from '#proxies/config/weight-shift.ts';

type Weights = Readonly<Record<string, number>>;

const route = (weights: Weights, path = '/'): Route => ({
  match: { path: { kind: 'prefix', value: path } },
  action: { kind: 'forward', clusters: Object.entries(weights).map(([name, weight]) => ({ name, weight })) },
});

const intent = (
  weights: Weights,
  clusters: readonly string[] = ['blue', 'green'],
  more: readonly Route[] = [],
): ProxyIntent => ({
  listener: { address: { host: '127.0.0.1', port: 0 } },
  clusters: clusters.map((name, i) => ({ name, endpoints: [{ host: '10.0.0.1', port: i + 1 }] })),
  defaultCluster: clusters[0]!,
  routes: [route(weights), ...more],
});

/** Shares of the first route's clusters, in per cent. */
function shares({ routes }: ProxyIntent): Weights {
  const { action } = routes![0]!;
  assert.ok(action.kind === 'forward');
  const sum = action.clusters.reduce((total, { weight = 1 }) => total + weight, 0);
  return Object.fromEntries(
    action.clusters.map(({ name, weight = 1 }) => [name, Math.round((1_000 * weight) / sum) / 10]),
  );
}

test('canary and blue/green: shares go from the one to the other in proportion', () => {
  const from = intent({ blue: 1, green: 0 });
  const to = intent({ blue: 0, green: 7 });
  const course = [0, 0.25, 0.5, 0.999].map((share) => shares(shiftedIntent(from, to, share)));
  assert.deepEqual(course, [
    { blue: 100, green: 0 },
    { blue: 75, green: 25 },
    { blue: 50, green: 50 },
    { blue: 0.1, green: 99.9 },
  ]);
  assert.equal(shiftedIntent(from, to, 1), to);
});

test('a cluster that the new route does not name any more fades out while it is still defined', () => {
  const from = intent({ blue: 1 });
  assert.deepEqual(shares(shiftedIntent(from, intent({ green: 1 }), 0.3)), { blue: 70, green: 30 });
  assert.deepEqual(shares(shiftedIntent(from, intent({ green: 1 }, ['green']), 0.3)), { green: 100 });
});

test('endpoints move by weight too, those that come begin at the least; what does not move stays as it is', () => {
  const withWeights = (weights: readonly number[]): ProxyIntent => ({
    ...intent({ blue: 1 }),
    clusters: [{ name: 'blue', endpoints: weights.map((weight, i) => ({ host: '10.0.0.1', port: i + 1, weight })) }],
  });
  const weightsOf = ({ clusters }: ProxyIntent) => clusters[0]!.endpoints.map(({ weight }) => weight);
  assert.deepEqual(weightsOf(shiftedIntent(withWeights([1, 1]), withWeights([1, 3]), 0.5)), [3_750, 6_250]);
  assert.deepEqual(weightsOf(shiftedIntent(withWeights([1]), withWeights([1, 1]), 0)), [10_000, 1]);
  const same = withWeights([2, 3]);
  assert.equal(shiftedIntent(withWeights([2, 3]), same, 0.5).clusters[0], same.clusters[0]);
});

test('all but weights is the new one from the start, and routes are known by what they match', () => {
  const from = intent({ blue: 1 }, ['blue', 'green'], [route({ blue: 1 }, '/a')]);
  const to: ProxyIntent = { ...intent({ green: 1 }, ['blue', 'green'], []), limits: { headBytes: 9_000 } };
  const swapped: ProxyIntent = { ...to, routes: [route({ blue: 1 }, '/a'), route({ green: 1 })] };
  const half = shiftedIntent(from, swapped, 0.5);
  assert.deepEqual(half.limits, { headBytes: 9_000 });
  assert.equal(half.routes![0], swapped.routes![0]);
  assert.deepEqual(shares({ ...half, routes: [half.routes![1]!] }), { blue: 50, green: 50 });
});

test('property: on the way every intent is one that can be run, and no share overshoots', () => {
  const weights = fc.record({ blue: fc.nat({ max: 1_000_000 }), green: fc.integer({ min: 1, max: 1_000_000 }) });
  fc.assert(
    fc.property(weights, weights, fc.double({ min: 0, max: 1, noNaN: true }), (before, after, share) => {
      const [from, to] = [intent(before), intent(after)];
      const now = shiftedIntent(from, to, share);
      parseIntent(now);
      const [a, b, at] = [shares(from), shares(to), shares(now)];
      for (const name of ['blue', 'green']) {
        assert.ok(at[name]! >= Math.min(a[name]!, b[name]!) - 0.2, `${name}: ${at[name]} of ${a[name]}..${b[name]}`);
        assert.ok(at[name]! <= Math.max(a[name]!, b[name]!) + 0.2, `${name}: ${at[name]} of ${a[name]}..${b[name]}`);
      }
    }),
    { numRuns: 300, seed: 12 },
  );
});
