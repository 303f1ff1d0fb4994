import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { arrivalsOf, pace } from '#bench/load/pacer.ts';
import { perSecond } from '#bench/model/units.ts';

const whole = { index: 0, count: 1 };
const uniform = (rate: number) => ({ offered: perSecond(rate), arrivals: 'uniform' }) as const;
const poisson = (rate: number) => ({ offered: perSecond(rate), arrivals: 'poisson' }) as const;

function until(end: number, arrivals: ReturnType<typeof arrivalsOf>): number[] {
  const taken: number[] = [];
  while (arrivals.due < end) taken.push(arrivals.take());
  return taken;
}

test('uniform arrivals are exactly 1/rate apart, a million of them too', () => {
  const arrivals = arrivalsOf(uniform(3_000), whole, 1);
  for (let i = 0; i < 1_000_000; i += 1) arrivals.take();
  assert.equal(arrivals.due, 1_000_000 * (1000 / 3_000));
});

test('pace waits for the next arrival and never for one that is due', () => {
  const arrivals = arrivalsOf(uniform(100), whole, 1);
  assert.equal(pace(arrivals, 0), 0);
  arrivals.take();
  assert.equal(pace(arrivals, 4), 6);
  assert.equal(pace(arrivals, 10), 0);
  assert.equal(pace(arrivals, 500), 0);
});

test('uniform shards take turns: together they are the whole schedule', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 5_000 }), (count, rate) => {
      const all = Array.from({ length: count }, (_, index) =>
        until(500, arrivalsOf(uniform(rate), { index, count }, 1)),
      );
      assert.deepEqual(
        all.flat().toSorted((a, b) => a - b),
        until(500, arrivalsOf(uniform(rate), whole, 1)),
      );
    }),
    { numRuns: 100 },
  );
});

test('Poisson gaps are exponential: their mean and their variation are what they must be', () => {
  for (const seed of [1, 2, 3]) {
    const times = until(100_000, arrivalsOf(poisson(1_000), whole, seed));
    const gaps = times.slice(1).map((time, i) => time - times[i]!);
    const mean = gaps.reduce((sum, gap) => sum + gap) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    // 100,000 samples: 4 standard errors are 1.3 % of the mean; the variation of an exponential equals its mean.
    assert.ok(Math.abs(mean - 1) < 0.013, `mean gap ${mean}`);
    assert.ok(Math.abs(Math.sqrt(variance) / mean - 1) < 0.02, `variation ${Math.sqrt(variance) / mean}`);
    // Kolmogorov–Smirnov distance to 1 − e^(−x), at the level of 0.1 %: true exponentials fail it for one seed in a thousand.
    const sorted = gaps.toSorted((a, b) => a - b);
    const distance = Math.max(...sorted.map((gap, i) => Math.abs((i + 0.5) / sorted.length - (1 - Math.exp(-gap)))));
    assert.ok(distance < 1.95 / Math.sqrt(sorted.length), `distance ${distance}`);
  }
});

test('Poisson shards add up to the rate and do not repeat one another; a seed repeats itself', () => {
  const shards = [0, 1, 2].map((index) => until(30_000, arrivalsOf(poisson(3_000), { index, count: 3 }, 9)));
  const together = shards.flat().length;
  assert.ok(Math.abs(together - 90_000) < 4 * Math.sqrt(90_000), `${together} arrivals`);
  assert.notEqual(shards[0]![0], shards[1]![0]);
  assert.deepEqual(until(1_000, arrivalsOf(poisson(500), whole, 4)), until(1_000, arrivalsOf(poisson(500), whole, 4)));
  assert.notDeepEqual(
    until(1_000, arrivalsOf(poisson(500), whole, 4)),
    until(1_000, arrivalsOf(poisson(500), whole, 5)),
  );
});

test('a rate of nothing is never due', () => {
  assert.equal(pace(arrivalsOf(uniform(0), whole, 1), 1e9), Infinity);
});
