import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { slopeOf } from '#bench/stats/slope.ts';

test('a line is found whatever its points, and what is added to all of them changes nothing', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -50, max: 50, noNaN: true }),
      fc.double({ min: -1e3, max: 1e3, noNaN: true }),
      fc.uniqueArray(fc.integer({ min: 0, max: 20 }), { minLength: 2, maxLength: 8 }),
      (slope, base, xs) => {
        const found = slopeOf(xs.map((x) => [x, base + slope * x] as const));
        assert.ok(Math.abs(found - slope) < 1e-9 * (1 + Math.abs(base) + Math.abs(slope)), `${found} for ${slope}`);
      },
    ),
    { seed: 1, numRuns: 200 },
  );
});

test('points off a line: NIST’s Norris data (StRD), certified slope 1.00211681802045', () => {
  // x and y as published, https://www.itl.nist.gov/div898/strd/lls/data/Norris.shtml
  const y = `0.1 338.8 118.1 888.0 9.2 228.1 668.5 998.5 449.1 778.9 559.2 0.3 0.1 778.1 668.8 339.3 448.9 10.8 557.7 228.3
    998.0 888.8 119.6 0.3 0.6 557.6 339.3 888.0 998.5 778.9 10.2 117.6 228.9 668.4 449.2 0.2`;
  const x = `0.2 337.4 118.2 884.6 10.1 226.5 666.3 996.3 448.6 777.0 558.2 0.4 0.6 775.5 666.9 338.0 447.5 11.6 556.0 228.1
    995.8 887.6 120.2 0.3 0.3 556.8 339.1 887.2 999.0 779.0 11.1 118.3 229.2 669.1 448.9 0.5`;
  const numbers = (text: string): number[] => text.trim().split(/\s+/).map(Number);
  const [xs, ys] = [numbers(x), numbers(y)];
  assert.equal(xs.length, 36);
  assert.ok(Math.abs(slopeOf(xs.map((at, i) => [at, ys[i]!] as const)) - 1.00211681802045) < 1e-11);
});

test('one place on the axis has no slope', () => {
  assert.throws(() => slopeOf([[1, 2]]), RangeError);
  assert.throws(
    () =>
      slopeOf([
        [2, 1],
        [2, 3],
      ]),
    /two different x/,
  );
});
