import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asFamily, compare, type Comparison } from '#bench/analysis/comparison/comparison.ts';

const sides = {
  subject: { scenario: 'http-small', subject: 'l7-http' },
  reference: { scenario: 'http-small', subject: 'l4-tcp' },
};
const map = (values: readonly (number | null)[]): Map<number, number> =>
  new Map(values.flatMap((value, round): [number, number][] => (value === null ? [] : [[round, value]])));
const ratio = (a: readonly (number | null)[], b: readonly (number | null)[]): Comparison | undefined =>
  compare({ metric: 'cpuPerRequest', kind: 'ratio', ...sides }, map(a), map(b));
const twelve = Array.from({ length: 12 }, (_, i) => 10 + (i % 4) / 10);

test('ratios are paired by round: what moves both does not move the ratio', () => {
  const drift = [1, 1.5, 2, 1.2, 0.8, 3, 1, 1.1, 1.4, 0.9, 2.2, 1.7];
  const comparison = ratio(
    drift.map((d) => 20 * d),
    drift.map((d) => 10 * d),
  )!;
  const { value, low, high, n } = comparison.estimate;
  for (const x of [value, low, high]) assert.ok(Math.abs(x - 2) < 1e-12);
  assert.equal(n, 12);
  assert.equal(comparison.strength, 'claim');
  assert.ok(Math.abs(comparison.p - 2 / 4_096) < 1e-12);
});

test('rounds that only one side has are left out; no common round gives none', () => {
  assert.equal(ratio([1, null, 3], [2, 2, null])?.estimate.n, 1);
  assert.equal(ratio([1, null], [null, 2]), undefined);
});

test('a ratio of what is not positive leaves that round out', () => {
  assert.equal(ratio([0, 2, 4], [1, 1, 2])?.estimate.n, 2);
});

test('an interval that covers 95 % claims, fewer rounds look, one tells nothing, and so does no difference', () => {
  const dearer = twelve.map((x) => x * 1.5);
  assert.equal(ratio(dearer, twelve)?.strength, 'claim');
  assert.equal(ratio(dearer.slice(0, 6), twelve.slice(0, 6))?.strength, 'claim');
  assert.equal(ratio(dearer.slice(0, 5), twelve.slice(0, 5))?.strength, 'look');
  assert.equal(ratio(dearer.slice(0, 3), twelve.slice(0, 3))?.strength, 'look');
  assert.equal(ratio(dearer.slice(0, 1), twelve.slice(0, 1))?.strength, 'cannot tell');
  const mixed = twelve.map((x, i) => x * (i % 2 === 0 ? 1.02 : 0.98));
  assert.equal(ratio(mixed, twelve)?.strength, 'cannot tell');
});

test('a claim that does not survive Holm in its family becomes a look', () => {
  // Differences of sizes 1 … 12, those of 3 and 7 the other way: p is 0.02 alone, and 0.1 among five.
  const close = twelve.map((x, i) => x * Math.exp(((i + 1) / 1_000) * (i === 2 || i === 6 ? -1 : 1)));
  const weak = ratio(close, twelve)!;
  assert.equal(weak.strength, 'claim', `p ${weak.p}`);
  const family = asFamily([weak, weak, weak, weak, weak]);
  assert.ok(
    family.every(({ adjustedP, strength }) => adjustedP > 0.05 && strength === 'look'),
    JSON.stringify(family[0]),
  );
  assert.deepEqual(asFamily([weak])[0], weak);
});

test('differences may be negative or zero', () => {
  const comparison = compare({ metric: 'responseP50', kind: 'difference', ...sides }, map([5, 6, 7]), map([7, 7, 7]))!;
  assert.deepEqual([comparison.estimate.low, comparison.estimate.high], [-2, 0]);
  assert.equal(comparison.strength, 'cannot tell');
});
