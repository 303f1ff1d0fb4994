import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replay, shareInterval } from '#bench/gate/replay.ts';
import { noisy } from './rounds.ts';

const rounds = 240;

test('equal revisions on a noisy host: at most one alarm in 300 gates', () => {
  const measured = [
    noisy({ seed: 1, rounds, slice: 0.04 }),
    noisy({ seed: 2, rounds, slice: 0.06, metric: 'serviceP50', level: 2_000 }),
    noisy({ seed: 3, rounds, slice: 0.15, metric: 'serviceP99', level: 5_000 }),
  ];
  const { states, gates } = replay(measured, { gates: 900, seed: 5, swap: true });
  assert.ok(states.regressed <= gates / 300, JSON.stringify(states));
});

test('ten per cent more on the same host: caught in at least 95 of 100', () => {
  const { states, gates } = replay([noisy({ seed: 4, rounds, slice: 0.04 })], { gates: 1_000, seed: 6, factor: 1.1 });
  assert.ok(states.regressed >= 0.95 * gates, JSON.stringify(states));
  assert.equal(states.improved, 0);
});

test('three per cent more: found or left open, never called better', () => {
  const { states } = replay([noisy({ seed: 7, rounds, slice: 0.04 })], { gates: 1_000, seed: 8, factor: 1.03 });
  assert.equal(states.improved, 0);
});

test('the same seed draws the same gates', () => {
  const measured = [noisy({ seed: 9, rounds: 30 })];
  assert.deepEqual(
    replay(measured, { gates: 50, seed: 1, factor: 1.05 }),
    replay(measured, { gates: 50, seed: 1, factor: 1.05 }),
  );
});

test('a share’s interval: Wilson’s, as published', () => {
  // Brown, Cai, DasGupta, Interval Estimation for a Binomial Proportion (2001): 0 of 10 → 0 to 0.2775; 5 of 10 → 0.2366 to 0.7634.
  const close = (a: number, b: number): void => assert.ok(Math.abs(a - b) < 5e-4, `${a} is not ${b}`);
  close(shareInterval(0, 10).high, 0.2775);
  close(shareInterval(5, 10).low, 0.2366);
  close(shareInterval(5, 10).high, 0.7634);
  assert.deepEqual(shareInterval(0, 0), { share: 0, low: 0, high: 1 });
});
