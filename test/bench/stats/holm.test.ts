/** Fixtures from R's documented p.adjust(method = "holm") and by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { holm } from '#bench/stats/holm.ts';

const rounded = (values: readonly number[]): number[] => values.map((p) => Number(p.toFixed(10)));

test('each p is multiplied by the number of those not yet decided, and never falls below an earlier one', () => {
  assert.deepEqual(rounded(holm([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02]);
  assert.deepEqual(rounded(holm([0.01, 0.011, 0.5])), [0.03, 0.03, 0.5]);
});

test('never above one; an empty family stays empty', () => {
  assert.deepEqual(holm([0.6, 0.9]), [1, 1]);
  assert.deepEqual(holm([]), []);
});

test('between the raw p and Bonferroni, and in the same order', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 }), (ps) => {
      const adjusted = holm(ps);
      for (const [i, p] of ps.entries()) {
        assert.ok(adjusted[i]! >= p && adjusted[i]! <= Math.min(1, p * ps.length) + 1e-12);
        for (const [j, q] of ps.entries()) if (p < q) assert.ok(adjusted[i]! <= adjusted[j]!);
      }
    }),
    { seed: 5 },
  );
});
