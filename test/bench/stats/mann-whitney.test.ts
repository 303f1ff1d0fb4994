/**
 * Fixtures from scipy 1.17.1: `mannwhitneyu` (exact, and asymptotic with continuity correction), with ties `permutation_test` over all
 * C(m + n, m) choices; estimate and ends by numpy's sort of all differences, their ranks by enumeration of all choices.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EXACT_UP_TO, mannWhitney, shiftBetween, untied } from '#bench/stats/mann-whitney.ts';

const near = (actual: number, expected: number, tolerance = 1e-12): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

/** Permeability of the human chorioamnion at term and at 12 to 26 weeks; M. Hollander, D. A. Wolfe, 1973, table 4.1. */
const TERM = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
const EARLY = [1.15, 0.88, 0.9, 0.74, 1.21];

/** Every sum that `count` of the values can have. */
function choices(values: readonly number[], count: number): number[] {
  if (count === 0) return [0];
  return values.flatMap((value, i) => choices(values.slice(i + 1), count - 1).map((rest) => value + rest));
}

test('the null distribution of three against two is that of their ten choices', () => {
  assert.deepEqual(
    [...untied(3, 2)].map((p) => Number((p * 10).toFixed(9))),
    [1, 1, 2, 2, 2, 1, 1],
  );
});

test('exact p without ties', () => {
  const { statistic, p, method } = mannWhitney(TERM, EARLY);
  assert.deepEqual({ statistic, method }, { statistic: 35, method: 'exact' });
  near(p, 0.2544122544122544);
  near(mannWhitney(EARLY, TERM).p, p);
});

test('exact p with ties: the values at hand decide what could have been', () => {
  const { statistic, p } = mannWhitney([1, 2, 2, 3, 5, 5], [2, 3, 4, 5, 6, 6, 7]);
  assert.equal(statistic, 9.5);
  near(p, 0.10955710955710955);
});

test('above the exact range: normal approximation, corrected for ties and continuity', () => {
  const first = Array.from({ length: 40 }, (_, i) => (i * 37) % 101);
  const second = Array.from({ length: 35 }, (_, i) => 12 + ((i * 53) % 97));
  const tied = [first, second].map((values) => values.map((value) => Math.floor(value / 10)));
  const plain = mannWhitney(first, second);
  assert.deepEqual([plain.statistic, plain.method], [605, 'normal approximation']);
  near(plain.p, 0.31554021573397617, 1e-10);
  const withTies = mannWhitney(tied[0]!, tied[1]!);
  assert.equal(withTies.statistic, 612.5);
  near(withTies.p, 0.35333602743567183, 1e-10);
});

test('the approximation is close to what is exact there: p, and the ranks of the ends', () => {
  const first = Array.from({ length: 40 }, (_, i) => (i * 37) % 101);
  const second = Array.from({ length: 35 }, (_, i) => 12.5 + ((i * 53) % 97) + i / 1e4);
  // Exact, scipy: 0.2876726496437438; the 516-th difference from either end.
  assert.ok(first.length + second.length > EXACT_UP_TO);
  near(mannWhitney(first, second).p, 0.2876726496437438, 0.002);
  const { low, high } = shiftBetween(first, second);
  const differences = first.flatMap((a) => second.map((b) => a - b)).toSorted((a, b) => a - b);
  assert.ok(Math.abs(differences.indexOf(low) + 1 - 516) <= 3, `rank ${differences.indexOf(low) + 1}`);
  assert.ok(Math.abs(differences.length - differences.lastIndexOf(high) - 516) <= 3);
});

test('the shift between two samples: median of all differences, ends and true coverage', () => {
  const { value, low, high, coverage, n } = shiftBetween(TERM, EARLY);
  near(value, 0.305);
  near(low, -0.15);
  near(high, 0.76);
  near(coverage, 0.9600399600399601);
  assert.equal(n, 5);
});

for (const { m, n, coverage } of [
  { m: 1, n: 1, coverage: 0 },
  { m: 3, n: 3, coverage: 0.9 },
  { m: 4, n: 4, coverage: 1 - 2 / 70 },
  { m: 12, n: 12, coverage: 0.9550980047009122 },
  { m: 12, n: 3, coverage: 0.9516483516483516 },
])
  test(`${m} against ${n} values cover with ${coverage.toFixed(4)}`, () => {
    const ramp = (length: number): number[] => Array.from({ length }, (_, i) => i * i);
    const estimate = shiftBetween(ramp(m), ramp(n));
    near(estimate.coverage, coverage, 1e-9);
    if (coverage < 0.95)
      assert.deepEqual([estimate.low, estimate.high], [0 - (n - 1) ** 2, (m - 1) ** 2], 'the widest interval there is');
  });

test('equal values: no difference, p is 1; an empty sample or no number is refused', () => {
  assert.equal(mannWhitney([2, 2, 2], [2, 2]).p, 1);
  assert.equal(mannWhitney(Array<number>(40).fill(2), Array<number>(40).fill(2)).p, 1);
  const { value, low, high } = shiftBetween([2, 2, 2], [2, 2]);
  assert.deepEqual([value, low, high], [0, 0, 0]);
  assert.throws(() => mannWhitney([], [1]), /at least one finite value each/);
  assert.throws(() => shiftBetween([1], [Number.NaN]), /at least one finite value each/);
});

test('p equals the share of choices at least as extreme, ties or not', () => {
  const sample = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(sample, sample, (first, second) => {
      const all = [...first, ...second];
      const rank = (x: number): number => (all.filter((y) => y < x).length + 1 + all.filter((y) => y <= x).length) / 2;
      const sums = choices(all.map(rank), first.length);
      const observed = first.reduce((total, x) => total + rank(x), 0);
      const share = (holds: (sum: number) => boolean): number => sums.filter(holds).length / sums.length;
      const expected = Math.min(
        1,
        2 *
          Math.min(
            share((s) => s <= observed),
            share((s) => s >= observed),
          ),
      );
      near(mannWhitney(first, second).p, expected, 1e-12);
    }),
    { seed: 8, numRuns: 150 },
  );
});

test('moving and scaling moves and scales the shift; swapping the samples turns it round', () => {
  const value = fc.float({ min: -1_000, max: 1_000, noNaN: true });
  const sample = fc.array(value, { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(sample, sample, value, (first, second, move) => {
      const before = shiftBetween(first, second);
      const after = shiftBetween(
        first.map((x) => 2 * x + move),
        second.map((x) => 2 * x),
      );
      const turned = shiftBetween(second, first);
      for (const key of ['value', 'low', 'high'] as const) near(after[key], 2 * before[key] + move, 1e-6);
      near(turned.value, -before.value, 1e-9);
      near(turned.low, -before.high, 1e-9);
      assert.ok(before.low <= before.value && before.value <= before.high);
    }),
    { seed: 12, numRuns: 200 },
  );
});
