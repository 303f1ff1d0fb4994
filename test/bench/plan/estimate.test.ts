/** The estimate of a run's time holds each preset to its promise, and grows with what is asked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cohortsOf } from '#bench/plan/cohorts.ts';
import { estimateRun } from '#bench/plan/estimate.ts';
import { PRESETS } from '#bench/plan/presets.ts';
import { planGenerations } from '#bench/plan/generations.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';
import { takesTurns } from '#bench/plan/turns.ts';
import type { SubjectFacts } from '#bench/plan/applies.ts';

const facts = (name: string, layer: SubjectFacts['layer'], ...capabilities: string[]): SubjectFacts => ({
  name,
  layer,
  capabilities: new Set(capabilities),
});
const REFERENCES = [
  facts('direct', 'direct'),
  facts('l4-tcp', 'l4'),
  facts('l7-http', 'l7'),
  facts('l7-tls', 'l7', 'tls-termination'),
  facts('node-http', 'l7'),
];

/** Milliseconds; what calibration takes is left to it. */
const LIMITS = { smoke: 20_000, quick: 85_000 } as const;

const estimateOf = (name: string, generations?: number): number => {
  const preset = PRESETS.find((one) => one.name === name)!;
  const chosen = preset.scenarios;
  const scenarios = SCENARIOS.filter((one) => chosen.includes(one.name));
  const plan = planGenerations({
    scenarios,
    subjects: REFERENCES,
    generations: generations ?? preset.generations,
    seed: 1,
  });
  return estimateRun({
    cohorts: plan.flatMap((trials) =>
      cohortsOf(
        trials.filter(({ scenario }) => takesTurns(scenario, 'http1')),
        new Set(),
        16,
      ),
    ),
    windows: plan.flat().filter(({ scenario }) => !takesTurns(scenario, 'http1')),
    hosted: new Set(REFERENCES.map(({ name }) => name)),
    subjects: REFERENCES.length,
    settings: preset,
  });
};

for (const [name, limit] of Object.entries(LIMITS))
  test(`preset ${name} fits its time`, () => {
    assert.ok(estimateOf(name) <= limit, `${estimateOf(name)} ms`);
  });

test('twice the generations take about twice as long', () => {
  const fixed = estimateOf('quick', 0);
  assert.ok(Math.abs((estimateOf('quick', 12) - fixed) / (estimateOf('quick', 6) - fixed) - 2) < 1e-9);
});
