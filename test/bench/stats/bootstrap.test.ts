import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootstrap } from '#bench/stats/bootstrap.ts';

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

test('the interval of a mean is that of its standard error', () => {
  // 40 values, mean 0, population sd 1: the bootstrap's standard error is 1/√40 = 0.158, 95 % within ±0.310.
  const values = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 1 : -1));
  const { value, low, high, coverage, n } = bootstrap(values, mean, { seed: 1, resamples: 8_000 });
  assert.deepEqual({ value, coverage, n }, { value: 0, coverage: 0.95, n: 40 });
  assert.ok(Math.abs(low + 0.31) < 0.05 && Math.abs(high - 0.31) < 0.05, `${low} … ${high}`);
});

test('the same seed gives the same interval, another seed another one', () => {
  const values = [3, 1, 4, 1, 5, 9, 2, 6];
  const run = (seed: number) => bootstrap(values, mean, { seed, resamples: 300 });
  assert.deepEqual(run(7), run(7));
  assert.notDeepEqual(run(7), run(8));
});

test('whole rounds are drawn, whatever a round is', () => {
  const rounds = [
    { cpu: 2, requests: 1 },
    { cpu: 8, requests: 4 },
  ];
  const ratio = (sample: typeof rounds): number =>
    sample.reduce((a, { cpu }) => a + cpu, 0) / sample.reduce((a, { requests }) => a + requests, 0);
  assert.deepEqual(
    bootstrap(rounds, (sample) => ratio([...sample]), { seed: 1 }),
    { value: 2, low: 2, high: 2, coverage: 0.95, n: 2 },
  );
});

test('one round gives no interval, none is refused', () => {
  assert.deepEqual(bootstrap([5], mean, { seed: 1 }), { value: 5, low: 5, high: 5, coverage: 0, n: 1 });
  assert.throws(() => bootstrap([], mean, { seed: 1 }), /at least one round/);
});
