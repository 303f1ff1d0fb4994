/** Fixtures from scipy 1.17 (`wilcoxon`, exact and by permutation); the distribution also against plain enumeration of all signs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { signedRank, signedRankDistribution } from '#bench/stats/signed-rank.ts';
import { DEPRESSION } from './signed-rank.fixture.ts';

const near = (actual: number, expected: number, tolerance = 1e-12): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

test('the null distribution of four observations is that of their 16 signs', () => {
  const sixteenths = [1, 1, 1, 2, 2, 2, 2, 2, 1, 1, 1].map((count) => count / 16);
  assert.deepEqual([...signedRankDistribution(4)], sixteenths);
});

test('a distribution sums to one and is symmetric, for any n', () => {
  for (const n of [1, 5, 12, 50, 100]) {
    const p = signedRankDistribution(n);
    near(
      p.reduce((a, b) => a + b, 0),
      1,
      1e-9,
    );
    near(p[3] ?? p[0]!, p.at(-4) ?? p.at(-1)!, 1e-15);
  }
});

test('exact p without ties', () => {
  const { statistic, p, n } = signedRank(DEPRESSION);
  assert.deepEqual({ statistic, n }, { statistic: 40, n: 9 });
  near(p, 0.0390625);
});

test('exact p with ties and a zero, which is left out', () => {
  const { statistic, p, n } = signedRank([1, -1, 2, 2, 3, -2, 4, 5, 0]);
  assert.deepEqual({ statistic, n }, { statistic: 36 - 5.5, n: 8 });
  near(p, 0.1015625);
});

test('nothing but zeros, or nothing: p is 1', () => {
  assert.equal(signedRank([0, 0, 0]).p, 1);
  assert.equal(signedRank([]).p, 1);
});

test('p equals the share of sign patterns at least as extreme, ties or not', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 9 }), (differences) => {
      const kept = differences.filter((d) => d !== 0);
      const sizes = kept.map(Math.abs);
      const rank = (x: number): number =>
        (sizes.filter((y) => y < x).length + 1 + sizes.filter((y) => y <= x).length) / 2;
      const patterns = Array.from({ length: 2 ** kept.length }, (_, bits) =>
        sizes.reduce((sum, size, i) => sum + ((bits >> i) & 1 ? rank(size) : 0), 0),
      );
      const observed = kept.reduce((sum, d) => sum + (d > 0 ? rank(Math.abs(d)) : 0), 0);
      const below = patterns.filter((t) => t <= observed).length / patterns.length;
      const above = patterns.filter((t) => t >= observed).length / patterns.length;
      near(signedRank(differences).p, Math.min(1, 2 * Math.min(below, above)), 1e-12);
    }),
    { seed: 3, numRuns: 150 },
  );
});
