/** What the exit code of a run follows from, by precedence. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import type { KneeAnalysis, Knees } from '#bench/analysis/knees/knees.ts';
import type { RunRecords, TrialRecord } from '#bench/model/record.ts';
import { hopName } from '#bench/model/scenario.ts';
import { codeOf } from '#scripts/commands/bench.ts';
import { syntheticRun, TRUTHS } from '#test/reports/synthetic-run.ts';
import { syntheticSearch } from '#test/reports/synthetic-search.ts';

const records = syntheticRun({ rounds: 1, scenarios: ['http-small'], mishaps: false });
const failed: RunRecords = { ...records, trials: [] };
const budget = (state: 'kept' | 'exceeded' | 'unknown') => ({ text: '', state, reason: '' });

test('interrupted, nothing measured, a budget exceeded, something unclear under --strict', () => {
  const cases = [
    [{ interrupted: true, named: [], records: failed, budgets: [budget('exceeded')], strict: true }, 130],
    [{ interrupted: false, named: [], records: failed, budgets: [budget('exceeded')], strict: true }, 1],
    [{ interrupted: false, named: [], records, budgets: [budget('kept'), budget('exceeded')], strict: false }, 99],
    [{ interrupted: false, named: [], records, budgets: [budget('unknown'), budget('exceeded')], strict: true }, 99],
    [{ interrupted: false, named: [], records, budgets: [budget('unknown')], strict: true }, 98],
    [{ interrupted: false, named: [], records, budgets: [budget('unknown')], strict: false }, 0],
    [{ interrupted: false, named: [], records, budgets: [budget('kept')], strict: true }, 0],
  ] as const;
  for (const [outcome, code] of cases) assert.equal(codeOf(outcome), code);
});

test('a subject that was named and has no figure is a failure, whatever the others have', () => {
  const [first, ...others] = records.trials.filter(({ subject }) => subject.kind === 'proxy');
  const name = hopName(first!.subject);
  const spoilt = (trial: TrialRecord): TrialRecord => ({
    ...trial,
    state: 'invalid',
    reasons: [{ code: 'proxy-died', message: 'it is gone', evidence: {} }],
  });
  const trials = records.trials.map((trial) => (hopName(trial.subject) === name ? spoilt(trial) : trial));
  const outcome = { interrupted: false, budgets: [], strict: false };
  assert.ok(others.length > 0);
  assert.equal(codeOf({ ...outcome, records, named: [name] }), 0);
  assert.equal(codeOf({ ...outcome, records: { ...records, trials }, named: [name] }), 1);
  assert.equal(codeOf({ ...outcome, records: { ...records, trials }, named: [] }), 0, 'a group’s own choice');
  assert.equal(codeOf({ ...outcome, records, named: ['never-started'] }), 1);
  const none = records.trials.map(spoilt);
  assert.equal(
    codeOf({ ...outcome, records: { ...records, trials: none }, named: [] }),
    1,
    'no trial completed at all',
  );
});

test('a search: one knee that cannot be told is unclear, one that was never held is not; nothing measured is a failure', () => {
  const search = syntheticSearch({ rounds: 0, subjects: TRUTHS.slice(0, 1), cutAfter: 1 });
  const knees = (...states: KneeAnalysis['state'][]): Knees => {
    const { knees: found } = analyse(search);
    return { ...found!, searches: states.map((state) => ({ ...found!.searches[0]!, state })) };
  };
  const code = (of: Knees, strict: boolean): number =>
    codeOf({ interrupted: false, named: [], records: search, budgets: [], knees: of, strict });
  assert.equal(code(knees('found', 'never'), true), 0);
  assert.equal(code(knees('found', 'cannot tell'), true), 98);
  assert.equal(code(knees('found', 'cannot tell'), false), 0);
  const broken = search.windows!.map(({ trial: { scenario, subject, generation, position, startedAt }, ...rest }) => ({
    ...rest,
    trial: {
      record: 'trial' as const,
      scenario,
      subject,
      generation,
      position,
      startedAt,
      state: 'failed' as const,
      error: { code: 'X', message: 'x' },
    },
  }));
  const records = { ...search, windows: broken };
  assert.equal(
    codeOf({ interrupted: false, named: [], records, budgets: [], knees: knees('cannot tell'), strict: true }),
    1,
  );
});
