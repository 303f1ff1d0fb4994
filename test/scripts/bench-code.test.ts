/** What the exit code of a run follows from, by precedence. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunRecords } from '#bench/model/record.ts';
import { codeOf } from '#scripts/commands/bench.ts';
import { syntheticRun } from '#test/reports/synthetic-run.ts';

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
