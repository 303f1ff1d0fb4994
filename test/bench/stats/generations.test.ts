/**
 * Which interval over generations is right: simulated runs with what a shared host does. Each start of a process is off by its own amount, the
 * host drifts by a factor of two, some turns are hit by something else, some are missing. The truth is known, so coverage is counted.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mulberry32 } from '#proxies/platform/random.ts';
import { hodgesLehmann } from '#bench/stats/hodges-lehmann.ts';
import { studentMean } from '#bench/stats/student.ts';

interface Host {
  readonly generations: number;
  readonly rounds: number;
  /** ln of the truth. */
  readonly truth: number;
  /** Standard deviation of what one start of a process is off by. */
  readonly start: number;
  readonly turn: number;
  readonly spikes: number;
  readonly missing: number;
}

const HOST: Omit<Host, 'generations' | 'rounds'> = {
  truth: Math.log(1.07),
  start: 0.02,
  turn: 0.03,
  spikes: 0.08,
  missing: 0.1,
};

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** One run: a robust mean of the rounds' log ratios, per generation. */
function draw({ generations, rounds, truth, start, turn, spikes, missing }: Host, random: () => number): number[] {
  return Array.from({ length: generations }, () => {
    const [a, b] = [start * normal(random), start * normal(random)];
    const ratios: number[] = [];
    for (let round = 0; round < rounds || ratios.length === 0; round++) {
      if (random() < missing) continue;
      const drift = Math.log(1 + random()); // meets both of a round alike
      const of = (level: number): number =>
        drift + level + turn * normal(random) + (random() < spikes ? 0.3 + 0.7 * random() : 0);
      ratios.push(of(truth + a) - of(b));
    }
    return hodgesLehmann(ratios).value;
  });
}

const RUNS = 2_000;

function coverage(host: Host, interval: typeof studentMean, seed: number): number {
  const random = mulberry32(seed);
  let covered = 0;
  for (let run = 0; run < RUNS; run++) {
    const { low, high } = interval(draw(host, random));
    if (low <= host.truth && host.truth <= high) covered++;
  }
  return covered / RUNS;
}

describe('the interval over generations', () => {
  for (const [generations, rounds] of [
    [3, 20],
    [4, 12],
    [6, 7],
    [8, 8],
    [12, 5],
  ] as const)
    test(`covers 95 ± 2 % with ${generations} generations of ${rounds} rounds`, () => {
      const found = coverage({ ...HOST, generations, rounds }, studentMean, 1_000 + generations);
      assert.ok(Math.abs(found - 0.95) <= 0.02, `covered ${found}`);
    });

  test('ranks over few generations cannot: that is why they are not used', () => {
    const found = coverage({ ...HOST, generations: 4, rounds: 12 }, hodgesLehmann, 7);
    assert.ok(found < 0.93, `covered ${found}`);
  });

  test('turns pooled over generations would claim far too much', () => {
    const random = mulberry32(11);
    let covered = 0;
    for (let run = 0; run < 400; run++) {
      const host = { ...HOST, generations: 1, rounds: 10 };
      // As if all 60 turns were independent: their starts are not.
      const turns = Array.from({ length: 6 }, () => draw(host, random)[0]!).flatMap((mean) =>
        Array.from({ length: 10 }, () => mean + 0.045 * normal(random)),
      );
      const { low, high } = studentMean(turns);
      if (low <= HOST.truth && HOST.truth <= high) covered++;
    }
    assert.ok(covered / 400 < 0.85, `covered ${covered / 400}`);
  });
});
