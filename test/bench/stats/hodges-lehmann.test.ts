/** Fixtures computed with numpy and scipy 1.17: medians of all Walsh averages, ranks of the interval's ends by exact enumeration. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { transform } from '#bench/stats/estimate.ts';
import { EXACT_UP_TO, hodgesLehmann, median, normalQuantile } from '#bench/stats/hodges-lehmann.ts';
import { mulberry32 } from '#proxies/platform/random.ts';
import { DEPRESSION } from './signed-rank.fixture.ts';

const near = (actual: number, expected: number, tolerance = 1e-9): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

const ROUNDS = [18.001, 18.299, 17.726, 17.109, 17.545, 17.008, 18.06, 19.34, 17.508, 17.38, 18.49, 18.357];

test('twelve rounds: estimate, ends and true coverage', () => {
  const { value, low, high, coverage, n } = hodgesLehmann(ROUNDS);
  near(value, 17.866);
  near(low, 17.4625);
  near(high, 18.357);
  near(coverage, 0.95751953125);
  assert.equal(n, 12);
});

test('nine paired differences (Hollander & Wolfe)', () => {
  const { value, coverage } = hodgesLehmann(DEPRESSION);
  near(value, 0.46);
  near(coverage, 0.9609375);
});

for (const { n, coverage } of [
  { n: 2, coverage: 0.5 },
  { n: 3, coverage: 0.75 },
  { n: 5, coverage: 0.9375 },
  { n: 6, coverage: 0.96875 },
  { n: 8, coverage: 0.9609375 },
  { n: 20, coverage: 0.9515590667724609 },
])
  test(`${n} rounds cover with ${coverage}`, () => {
    const values = Array.from({ length: n }, (_, i) => i * i);
    const estimate = hodgesLehmann(values);
    near(estimate.coverage, coverage);
    if (n < 6) assert.deepEqual([estimate.low, estimate.high], [0, (n - 1) ** 2], 'the widest interval there is');
  });

test('one round has a value and no interval', () => {
  assert.deepEqual(hodgesLehmann([7]), { value: 7, low: 7, high: 7, coverage: 0, n: 1 });
});

test('no round, or no number, is refused', () => {
  assert.throws(() => hodgesLehmann([]), /at least one finite value/);
  assert.throws(() => hodgesLehmann([1, Number.NaN]), /at least one finite value/);
});

test('above the exact range the normal approximation is within a rank or two of the exact ends', () => {
  const random = mulberry32(150);
  const values = Array.from({ length: EXACT_UP_TO + 50 }, () => random() + random() + random());
  const walsh = values.flatMap((a, i) => values.slice(i).map((b) => (a + b) / 2)).toSorted((a, b) => a - b);
  const { low, high } = hodgesLehmann(values);
  // Exact for n = 150 by dynamic programming in numpy: the 4,619th from either end.
  assert.ok(Math.abs(walsh.indexOf(low) + 1 - 4_619) <= 3, `rank ${walsh.indexOf(low) + 1}`);
  assert.ok(Math.abs(walsh.length - walsh.lastIndexOf(high) - 4_619) <= 3);
});

test('quantiles of the normal distribution', () => {
  for (const [p, z] of [
    [0.975, 1.95996398],
    [0.995, 2.5758293],
    [0.5, 0],
    [0.001, -3.09023231],
  ] as const)
    near(normalQuantile(p), z, 1e-7);
});

test('median of odd and even lengths', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

test('moving and scaling the rounds moves and scales the estimate', () => {
  const value = fc.float({ min: -1_000, max: 1_000, noNaN: true });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 14 }), value, (rounds, shift) => {
      const before = hodgesLehmann(rounds);
      const after = hodgesLehmann(rounds.map((x) => 2 * x + shift));
      for (const key of ['value', 'low', 'high'] as const) near(after[key], 2 * before[key] + shift, 1e-6);
      assert.ok(before.low <= before.value && before.value <= before.high);
    }),
    { seed: 11, numRuns: 200 },
  );
});

test('a falling transformation swaps the ends', () => {
  const estimate = { value: 20, low: 10, high: 40, coverage: 0.95, n: 12 };
  assert.deepEqual(
    transform(estimate, (x) => 1e6 / x),
    { ...estimate, value: 5e4, low: 2.5e4, high: 1e5 },
  );
});
