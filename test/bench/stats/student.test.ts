/** Student's distribution against published tables, and the mean's interval by its definition. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { studentCdf, studentMean, studentQuantile, studentTest } from '#bench/stats/student.ts';

/** Two-sided 95 % and 99 % points of the t distribution (NIST/SEMATECH e-Handbook, table 1.3.6.7.2). */
const TABLE = [
  [1, 12.706, 63.657],
  [2, 4.303, 9.925],
  [3, 3.182, 5.841],
  [5, 2.571, 4.032],
  [7, 2.365, 3.499],
  [11, 2.201, 3.106],
  [30, 2.042, 2.75],
  [100, 1.984, 2.626],
] as const;

describe('Student’s distribution', () => {
  test('quantiles as in the published table', () => {
    for (const [df, at95, at99] of TABLE) {
      assert.ok(Math.abs(studentQuantile(0.975, df) - at95) < 6e-4, `${df}: ${studentQuantile(0.975, df)}`);
      assert.ok(Math.abs(studentQuantile(0.995, df) - at99) < 6e-4, `${df}: ${studentQuantile(0.995, df)}`);
    }
  });

  test('exact where there is a closed form: df 1 is Cauchy, df 2 is algebraic', () => {
    for (const t of [-40, -3, -0.5, 0, 0.1, 1, 2.5, 17]) {
      assert.ok(Math.abs(studentCdf(t, 1) - (0.5 + Math.atan(t) / Math.PI)) < 1e-12);
      assert.ok(Math.abs(studentCdf(t, 2) - (0.5 + t / (2 * Math.sqrt(2 + t * t)))) < 1e-12);
    }
  });

  test('a mean with its interval; the test rejects exactly where the interval excludes 0', () => {
    const { value, low, high, coverage, n } = studentMean([1, 2, 3]);
    assert.equal(value, 2);
    assert.ok(Math.abs(high - 2 - 4.302_652_73 / Math.sqrt(3)) < 1e-6);
    assert.ok(Math.abs(low + high - 4) < 1e-12);
    assert.deepEqual([coverage, n], [0.95, 3]);
    for (const shift of [-4, -2.5, -2, 0, 0.3, 0.5, 2.47, 2.5]) {
      const values = [1, 2, 3].map((one) => one + shift);
      const interval = studentMean(values);
      assert.equal(studentTest(values) < 0.05, interval.low > 0 || interval.high < 0, `${shift}`);
    }
  });

  test('one value has no interval; none, or what is no number, is refused', () => {
    assert.deepEqual(studentMean([7]), { value: 7, low: 7, high: 7, coverage: 0, n: 1 });
    assert.equal(studentTest([7]), 1);
    assert.throws(() => studentMean([]), RangeError);
    assert.throws(() => studentMean([1, NaN]), RangeError);
  });
});
