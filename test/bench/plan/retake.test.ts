import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrialRecord } from '#bench/model/record.ts';
import type { WarningCode } from '#bench/model/warning.ts';
import { measureRound, retakeShare } from '#bench/plan/retake.ts';
import { type PlannedTrial, planGenerations } from '#bench/plan/generations.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';

const ROUND = planGenerations({
  scenarios: SCENARIOS.filter(({ name }) => name === 'http-small'),
  subjects: [
    { name: 'direct', layer: 'direct', capabilities: new Set() },
    ...Array.from({ length: 7 }, (_, i) => ({
      name: `hop-${i}`,
      layer: 'l7' as const,
      capabilities: new Set<never>(),
    })),
  ],
  generations: 3,
  seed: 5,
})[2]!;

const outcome = (
  { scenario, subject, generation, position }: PlannedTrial,
  codes: readonly WarningCode[],
): TrialRecord => ({
  record: 'trial',
  scenario: scenario.name,
  subject,
  generation,
  position,
  startedAt: '2026-01-01T00:00:00.000Z',
  ...(codes.length === 0
    ? { state: 'failed', error: { code: 'start-failed', message: 'it did not start' } }
    : {
        state: 'invalid',
        reasons: codes.map((code) => ({ code, message: code, evidence: {} })) as [never],
      }),
});

/** The order in which trials were measured where those at `spoiled` positions come out as `codes` say, and how many were added. */
async function measured(spoiled: Readonly<Record<number, readonly WarningCode[]>>, rounds = 3) {
  const order: PlannedTrial[] = [];
  const added: number[] = [];
  await measureRound(ROUND, {
    share: retakeShare(rounds),
    measure: (trial) => {
      order.push(trial);
      return Promise.resolve(outcome(trial, spoiled[trial.position] ?? []));
    },
    adding: (trials) => void added.push(trials),
  });
  return { again: order.slice(ROUND.length), first: order.slice(0, ROUND.length), added };
}

test('a round that nothing spoiled is measured once, in its order', async () => {
  const { first, again, added } = await measured({});
  assert.deepEqual(first, ROUND);
  assert.deepEqual([again, added], [[], []]);
});

test('what the host spoiled is measured once more behind its round, and not a third time', async () => {
  const { again, added } = await measured({ 2: ['steal'], 5: ['schedule-lag', 'steal'], 8: ['steal'] });
  assert.deepEqual(
    again,
    [2, 5].map((position, i) => ({ ...ROUND[position]!, position: ROUND.length + i })),
  );
  assert.ok(again.every(({ generation }) => generation === 2));
  assert.deepEqual(added, [2]);
});

test('what may be the subject’s own doing is not', async () => {
  const { again } = await measured({ 1: ['errors-above-limit'], 2: ['steal', 'proxy-died'], 3: ['no-requests'] });
  assert.deepEqual(again, []);
});

test('a quarter of the round at most', async () => {
  const { again } = await measured(Object.fromEntries(ROUND.map(({ position }) => [position, ['steal'] as const])));
  assert.equal(again.length, 2);
});

test('a single round, which claims nothing, is taken as it comes', async () => {
  assert.deepEqual((await measured({ 2: ['steal'] }, 1)).again, []);
});
