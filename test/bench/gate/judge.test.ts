/** What a gate says of its rounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeGate } from '#bench/gate/judge.ts';
import { exitCodeOf, type GateResult } from '#bench/gate/result.ts';
import type { TrialRecord } from '#bench/model/record.ts';
import { syntheticRun } from '../../reports/synthetic-run.ts';

test('rounds taken again are those beyond what the looks planned', () => {
  for (const [rounds, looks, repeated] of [
    [12, 1, 0],
    [14, 1, 2],
    [24, 2, 0],
    [27, 2, 3],
    [5, 1, 0],
  ] as const) {
    const records = syntheticRun({ rounds, scenarios: ['http-small'], subjects: [DIRECT], mishaps: false });
    const revision = { label: 'x', commit: null, dirty: false };
    const result = judgeGate({
      records,
      directory: '.',
      mode: { kind: 'revisions' },
      base: revision,
      head: revision,
      planned: 12,
      looks,
      budgets: [],
      notes: [],
      seconds: 1,
    });
    assert.deepEqual(result.rounds, { planned: 12, measured: rounds, repeated, looks });
  }
});

const judged = (trials: readonly TrialRecord[]): GateResult => {
  const records = syntheticRun({ rounds: 1, scenarios: ['http-small'], subjects: [DIRECT], mishaps: false });
  const revision = { label: 'x', commit: null, dirty: false };
  return judgeGate({
    records: { ...records, trials },
    directory: '.',
    mode: { kind: 'revisions' },
    base: revision,
    head: revision,
    planned: 12,
    looks: 1,
    budgets: [],
    notes: [],
    seconds: 1,
  });
};

/** Twelve rounds of equal revisions, one with and one without a figure where that is asked for. */
function rounds(names: readonly string[], failing: readonly string[]): TrialRecord[] {
  const one = { name: 'l7-http', layer: 'l7', cpu: 20, userShare: 0.5, hop: 60, idleBytes: 0 } as const;
  const { trials } = syntheticRun({ rounds: 12, scenarios: ['http-small'], subjects: [one], mishaps: false });
  const own = trials.filter(({ subject }) => subject.kind === 'proxy' && !subject.again);
  return names.flatMap((name) =>
    own.flatMap((trial) =>
      (['base', 'head'] as const).map((side): TrialRecord => {
        const { scenario, generation, position, startedAt } = trial;
        const subject = { kind: 'proxy', name, side } as const;
        if (!failing.includes(`${side} ${name}`)) return { ...trial, subject };
        const error = { code: 'EXITED', message: 'it is gone' };
        return { record: 'trial', scenario, generation, position, startedAt, subject, state: 'failed', error };
      }),
    ),
  );
}

test('a subject without a figure makes the gate invalid, whatever the others say; head failing alone is worse', () => {
  const fine = judged(rounds(['one', 'two'], []));
  assert.deepEqual([fine.state, exitCodeOf(fine, true)], ['same', 0]);
  const both = judged(rounds(['one', 'two'], ['base two', 'head two']));
  assert.deepEqual([both.state, exitCodeOf(both, false)], ['invalid', 98]);
  assert.match(both.verdict, /^Nothing can be said of two in http-small: too few rounds/);
  const ofBase = judged(rounds(['one', 'two'], ['base two']));
  assert.deepEqual([ofBase.state, exitCodeOf(ofBase, false)], ['invalid', 98]);
  assert.equal(exitCodeOf(judged(rounds(['one', 'two'], ['head two'])), false), 99);
});

test('the exit code: what could not be measured passes nothing, what could not be told passes unless strict', () => {
  const of = (state: GateResult['state'], strict: boolean, more: Partial<GateResult> = {}): number =>
    exitCodeOf({ state, budgets: [], newErrors: [], ...more }, strict);
  const budget = (state: 'exceeded' | 'unknown') => ({ budgets: [{ text: '', state, reason: '' }] });
  assert.deepEqual(
    [of('same', true), of('improved', true), of('inconclusive', false), of('inconclusive', true)],
    [0, 0, 0, 98],
  );
  assert.deepEqual([of('invalid', false), of('invalid', true), of('regressed', false)], [98, 98, 99]);
  assert.deepEqual([of('same', false, budget('unknown')), of('same', true, budget('unknown'))], [0, 98]);
  assert.deepEqual([of('invalid', false, budget('exceeded')), of('invalid', false, { newErrors: ['x'] })], [99, 99]);
});

const DIRECT = { name: 'direct', layer: 'direct', cpu: 0, userShare: 0, hop: 0, idleBytes: 0 } as const;
