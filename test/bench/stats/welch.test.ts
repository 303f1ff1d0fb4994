/** Two samples against a worked example, its limits, and coverage by simulation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { studentQuantile } from '#bench/stats/student.ts';
import { welch } from '#bench/stats/welch.ts';
import { normals } from './normals.ts';

const near = (value: number, expected: number, by = 1e-9): void =>
  assert.ok(Math.abs(value - expected) <= by, `${value}, expected ${expected}`);

/** Worked by hand: means 3 and 7, variances of them 1/2 and 13/6. */
const FIRST = [1, 2, 3, 4, 5];
const SECOND = [4, 5, 9, 10];

test('difference, interval and degrees of freedom by their definition', () => {
  const { estimate, own, error } = welch(FIRST, SECOND);
  const df = (8 / 3) ** 2 / (0.5 ** 2 / 4 + (13 / 6) ** 2 / 3);
  near(estimate.value, -4);
  near(own.variance, 8 / 3);
  near(own.df, df);
  near(estimate.high - estimate.value, studentQuantile(0.975, df) * Math.sqrt(8 / 3));
  near(error, Math.sqrt(8 / 3));
  assert.deepEqual([estimate.n, estimate.coverage], [4, 0.95]);
});

test('the interval excludes no difference exactly where p is below its level', () => {
  const normal = normals(5);
  for (let i = 0; i < 200; i++) {
    const [a, b] = [Array.from({ length: 4 }, normal), Array.from({ length: 7 }, () => 1.5 + 2 * normal())];
    const { estimate, p } = welch(a, b, { besides: { variance: 0.1, df: 3 } });
    assert.equal(estimate.low > 0 || estimate.high < 0, p < 0.05);
    const turned = welch(b, a, { besides: { variance: 0.1, df: 3 } });
    near(turned.p, p);
    near(turned.estimate.value, -estimate.value);
  }
});

test('what both have besides widens the interval, the less of it is known the more', () => {
  const width = (besides?: { variance: number; df: number }): number => {
    const { estimate } = welch(FIRST, SECOND, besides && { besides });
    return estimate.high - estimate.low;
  };
  assert.ok(width() < width({ variance: 3, df: Infinity }));
  assert.ok(width({ variance: 3, df: Infinity }) < width({ variance: 3, df: 1 }));
  near(width({ variance: 0, df: Infinity }), width());
});

test('too little, all equal, nothing', () => {
  const one = welch([1], [2, 3]);
  assert.deepEqual([one.estimate.low, one.estimate.high, one.estimate.coverage, one.p], [-1.5, -1.5, 0, 1]);
  assert.deepEqual([welch([1, 1], [1, 1]).p, welch([2, 2], [1, 1]).p], [1, 0]);
  assert.throws(() => welch([], [1]), RangeError);
  assert.throws(() => welch([1, Number.NaN], [1]), RangeError);
});

test('covers 95 ± 2 % where the variances differ and a common error is added', () => {
  const normal = normals(9);
  const runs = 2_000;
  let covered = 0;
  for (let run = 0; run < runs; run++) {
    const common = 0.7 * normal();
    const a = Array.from({ length: 4 }, () => 1 + common + normal());
    const b = Array.from({ length: 8 }, () => 3 * normal());
    const { low, high } = welch(a, b, { besides: { variance: 0.49, df: Infinity } }).estimate;
    if (low <= 1 && 1 <= high) covered++;
  }
  assert.ok(Math.abs(covered / runs - 0.95) <= 0.02, `covered ${covered / runs}`);
});
