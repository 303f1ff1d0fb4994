import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectableEffect } from '#bench/stats/detectable.ts';
import { normalQuantile } from '#bench/stats/hodges-lehmann.ts';
import { signedRank } from '#bench/stats/signed-rank.ts';
import { normals } from './normals.ts';

/** n values spread as the normal distribution spreads: their own median deviation is the true one. */
const ideal = (n: number, sd: number): number[] =>
  Array.from({ length: n }, (_, i) => sd * normalQuantile((i + 0.5) / n));

test('an effect of that size is seen in about 8 of 10 comparisons, half of it much more rarely', () => {
  const next = normals(11);
  for (const n of [12, 20, 40]) {
    const effect = detectableEffect(ideal(n, 1));
    const seen = (size: number): number => {
      const runs = 3_000;
      let found = 0;
      for (let i = 0; i < runs; i++) if (signedRank(Array.from({ length: n }, () => size + next())).p <= 0.05) found++;
      return found / runs;
    };
    const power = seen(effect);
    assert.ok(Math.abs(power - 0.8) < 0.06, `n = ${n}: ${power}`);
    assert.ok(seen(effect / 2) < 0.4);
  }
});

test('it scales with the spread, falls with the root of the rounds, and is nothing that one round could show', () => {
  const one = detectableEffect(ideal(100, 1));
  assert.ok(Math.abs(detectableEffect(ideal(100, 3)) / one - 3) < 1e-9);
  assert.ok(Math.abs(detectableEffect(ideal(400, 1)) / one - 0.5) < 0.02);
  assert.equal(detectableEffect([0.3, 0.4]), Infinity);
  assert.equal(detectableEffect([]), Infinity);
});
