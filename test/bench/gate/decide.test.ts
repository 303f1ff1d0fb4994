import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide, differences, noiseFloor } from '#bench/gate/decide.ts';
import { ALPHA } from '#bench/gate/rules.ts';
import { noisy } from './rounds.ts';

const stateOf = (...measured: Parameters<typeof noisy>[0][]) => decide(measured.map(noisy)).state;

test('a round is the difference of the mean logarithms of its slices', () => {
  const [d] = differences([{ round: 0, base: [2, 8], head: [4, 16] }]);
  assert.ok(Math.abs(d! - Math.log(2)) < 1e-12);
});

test('a clear change is called by its direction, equal revisions are the same', () => {
  assert.equal(stateOf({ seed: 1, factor: 1.2 }), 'regressed');
  assert.equal(stateOf({ seed: 2, factor: 0.8 }), 'improved');
  assert.equal(stateOf({ seed: 3, slice: 0.005 }), 'same');
  assert.equal(stateOf({ seed: 4, factor: 0.8, metric: 'throughput' }), 'regressed');
  assert.equal(stateOf({ seed: 5, factor: 1.2, metric: 'throughput' }), 'improved');
});

test('a change that is real and too small to matter is no regression', () => {
  const { metrics, state } = decide([noisy({ seed: 6, factor: 1.015, slice: 0.002 })]);
  assert.ok(metrics[0]!.p! < ALPHA / 2);
  assert.equal(state, 'same');
});

test('noise above the effect is never called a change, and never called the same', () => {
  assert.equal(stateOf({ seed: 7, slice: 0.3 }), 'inconclusive');
});

test('one worse metric decides over better ones', () => {
  assert.equal(
    stateOf({ seed: 8, factor: 0.5 }, { seed: 9, factor: 1.3, metric: 'serviceP99', slice: 0.03 }),
    'regressed',
  );
});

test('a secondary metric decides nothing', () => {
  const { state, metrics } = decide([
    noisy({ seed: 10, slice: 0.004 }),
    noisy({ seed: 11, factor: 1.5, metric: 'residentMemory' }),
  ]);
  assert.equal(state, 'same');
  assert.equal(metrics[1]!.state, 'regressed');
  assert.equal(metrics[1]!.primary, false);
});

test('p50 must move by 50 µs as well as by 5 %', () => {
  const paced = { metric: 'serviceP50', factor: 1.2, slice: 0.01 } as const;
  assert.equal(stateOf({ ...paced, seed: 12, level: 100 }), 'same');
  assert.equal(stateOf({ ...paced, seed: 12, level: 1_000 }), 'regressed');
});

test('too few rounds are invalid, whatever they show; nothing at all is invalid', () => {
  assert.equal(stateOf({ seed: 13, rounds: 8, factor: 2 }), 'invalid');
  assert.equal(decide([]).state, 'invalid');
});

test('every metric of a family pays for the others', () => {
  const alone = decide([noisy({ seed: 14, factor: 1.1, slice: 0.005 })]).metrics[0]!;
  const many = decide([
    noisy({ seed: 14, factor: 1.1, slice: 0.005 }),
    ...[1, 2, 3, 4, 5].map((seed) => noisy({ seed, metric: 'serviceP99', slice: 0.02 })),
  ]).metrics[0]!;
  assert.ok(many.adjustedP! > alone.adjustedP!);
});

test('the effect that matters is raised to what the same revision shows against itself', () => {
  const quiet = decide([noisy({ seed: 15, slice: 0.001 })]).metrics[0]!.effect;
  assert.equal(quiet.used, quiet.asked);
  const loud = noisy({ seed: 15, slice: 0.15 });
  const { effect } = decide([loud]).metrics[0]!;
  assert.equal(effect.used, noiseFloor(loud.rounds));
  assert.ok(effect.used > effect.asked);
});

test('drift from round to round cancels', () => {
  assert.equal(stateOf({ seed: 16, round: 0.8, slice: 0.005 }), 'same');
  assert.equal(stateOf({ seed: 16, round: 0.8, slice: 0.01, factor: 1.1 }), 'regressed');
});
