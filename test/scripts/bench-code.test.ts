/** What the exit code of a run follows from, by precedence. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import type { KneeAnalysis, Knees } from '#bench/analysis/knees.ts';
import type { RunRecords } from '#bench/model/record.ts';
import { codeOf } from '#scripts/commands/bench.ts';
import { syntheticRun, TRUTHS } from '#test/reports/synthetic-run.ts';
import { syntheticSearch } from '#test/reports/synthetic-search.ts';

const records = syntheticRun({ rounds: 1, scenarios: ['http-small'], mishaps: false });
const failed: RunRecords = { ...records, trials: [] };
const budget = (state: 'kept' | 'exceeded' | 'unknown') => ({ text: '', state, reason: '' });

test('interrupted, nothing measured, a budget exceeded, something unclear under --strict', () => {
  const cases = [
    [{ interrupted: true, records: failed, budgets: [budget('exceeded')], strict: true }, 130],
    [{ interrupted: false, records: failed, budgets: [budget('exceeded')], strict: true }, 1],
    [{ interrupted: false, records, budgets: [budget('kept'), budget('exceeded')], strict: false }, 99],
    [{ interrupted: false, records, budgets: [budget('unknown'), budget('exceeded')], strict: true }, 99],
    [{ interrupted: false, records, budgets: [budget('unknown')], strict: true }, 98],
    [{ interrupted: false, records, budgets: [budget('unknown')], strict: false }, 0],
    [{ interrupted: false, records, budgets: [budget('kept')], strict: true }, 0],
  ] as const;
  for (const [outcome, code] of cases) assert.equal(codeOf(outcome), code);
});

test('a search: one knee that cannot be told is unclear, one that was never held is not; nothing measured is a failure', () => {
  const search = syntheticSearch({ rounds: 0, subjects: TRUTHS.slice(0, 1), cutAfter: 1 });
  const knees = (...states: KneeAnalysis['state'][]): Knees => {
    const { knees: found } = analyse(search);
    return { ...found!, searches: states.map((state) => ({ ...found!.searches[0]!, state })) };
  };
  const code = (of: Knees, strict: boolean): number =>
    codeOf({ interrupted: false, records: search, budgets: [], knees: of, strict });
  assert.equal(code(knees('found', 'never'), true), 0);
  assert.equal(code(knees('found', 'cannot tell'), true), 98);
  assert.equal(code(knees('found', 'cannot tell'), false), 0);
  const broken = search.windows!.map(({ trial: { scenario, subject, round, position, startedAt }, ...rest }) => ({
    ...rest,
    trial: {
      record: 'trial' as const,
      scenario,
      subject,
      round,
      position,
      startedAt,
      state: 'failed' as const,
      error: { code: 'X', message: 'x' },
    },
  }));
  const records = { ...search, windows: broken };
  assert.equal(codeOf({ interrupted: false, records, budgets: [], knees: knees('cannot tell'), strict: true }), 1);
});
