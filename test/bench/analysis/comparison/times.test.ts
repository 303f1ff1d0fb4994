/** How many times direct and an L4 hop: as the truth of the run has it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import { driftingRun } from '#test/bench/analysis/across-runs/drifting-run.ts';
import { syntheticRun } from '#test/reports/synthetic-run.ts';

const ORIGIN = 9.2;
const near = (estimate: { value: number; low: number; high: number } | undefined, truth: number): void => {
  assert.ok(
    estimate && estimate.low <= truth * 1.02 && estimate.high >= truth / 1.02,
    `${JSON.stringify(estimate)} ${truth}`,
  );
  assert.ok(Math.abs(estimate.value / truth - 1) < 0.05, `${estimate.value} for ${truth}`);
};

test('CPU over an L4 hop, and that of hop and origin over the origin alone', () => {
  const { scenarios } = analyse(syntheticRun({ rounds: 12, mishaps: false }));
  const of = (scenario: string, name: string) =>
    scenarios.find((one) => one.scenario.name === scenario)!.subjects.find(({ subject }) => subject === name)!.times;
  near(of('http-small', 'l7-http').cpuPerRequest?.l4, 18.2 / 8.6);
  near(of('http-small', 'l7-http').cpuPerRequest?.direct, (18.2 + ORIGIN) / ORIGIN);
  near(of('http-small', 'l4-tcp').cpuPerRequest?.l4, 1);
  near(of('http-paced-50', 'l7-http').serviceP50?.direct, (38 + 68) / 38);
  assert.deepEqual(of('http-small', 'direct'), {});
});

test('of turns each turn is set against that of the same round', () => {
  const costs = { 'l4-tcp': 8.6, 'l7-http': 18.2 };
  const [scenario] = analyse(driftingRun({ seed: 3, host: 1, costs })).scenarios;
  const l7 = scenario!.subjects.find(({ subject }) => subject === 'l7-http')!;
  near(l7.times.cpuPerRequest?.l4, 18.2 / 8.6);
});
