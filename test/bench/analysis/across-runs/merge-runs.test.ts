import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import { MergeError, mergeRuns } from '#bench/analysis/across-runs/merge-runs.ts';
import { perSecond } from '#bench/model/units.ts';
import { type RunRecords, RunRecord, type KneeRecord, type KneeWindowRecord } from '#bench/model/record.ts';
import { syntheticRun } from '#test/reports/synthetic-run.ts';

const first = syntheticRun({ rounds: 6, seed: 1, mishaps: false });
const later = (records: RunRecords, day: number): RunRecords => ({
  ...records,
  run: { ...records.run, run: `run-${day}`, startedAt: `2027-01-0${day}T00:00:00.000Z` },
});
const second = later(syntheticRun({ rounds: 6, seed: 2, mishaps: false }), 2);

test('two runs of six rounds make a claim that neither makes alone', () => {
  const { records, newestOnly } = mergeRuns([second, first]);
  assert.equal(records.run.rounds, 12);
  assert.deepEqual(newestOnly, ['http-paced-50']);
  const cost = (of: RunRecords) =>
    analyse(of).scenarios[0]!.subjects.find(({ subject }) => subject === 'l7-http')!.metrics;
  assert.equal(cost(records).cpuPerRequest?.n, 12);
  assert.equal(analyse(first).findings[0]?.strength, 'look');
  assert.equal(analyse(records).findings[0]?.strength, 'claim');
});

test('no trial is lost or doubled but those that were driven at another rate', () => {
  const { records } = mergeRuns([first, second]);
  const paced = first.trials.filter(({ scenario }) => scenario === 'http-paced-50').length;
  assert.equal(records.trials.length, first.trials.length + second.trials.length - paced);
  const keys = records.trials.map(({ scenario, subject, generation }) =>
    JSON.stringify([scenario, subject, generation]),
  );
  assert.equal(new Set(keys).size, keys.length);
});

test('what does not measure the same is refused, naming what differs', () => {
  const changed = (change: Partial<RunRecords['run']>): RunRecords => ({
    ...second,
    run: { ...second.run, ...change },
  });
  const cases: [RunRecords, RegExp][] = [
    [changed({ environment: { ...second.run.environment, fingerprint: 'other' } }), /the host/],
    [changed({ revision: 'other' }), /version of hopcost/],
    [changed({ window: (second.run.window + 1) as typeof second.run.window }), /the window/],
    [changed({ scenarios: second.run.scenarios.slice(1) }), /set of scenarios/],
    [{ ...second, subjects: second.subjects.slice(1) }, /set of subjects/],
  ];
  for (const [other, words] of cases)
    assert.throws(
      () => mergeRuns([first, other]),
      (error: unknown) => error instanceof MergeError && words.test(error.message),
    );
  assert.throws(() => mergeRuns([]), MergeError);
});

test('a run that was interrupted leaves the merged one unfinished', () => {
  const { end: _, ...torn } = first;
  assert.equal(mergeRuns([torn, second]).records.end, undefined);
});

test('searches are kept: of each subject the newest, windows and verdict together', () => {
  const search: NonNullable<RunRecords['run']['search']> = RunRecord.shape.search.unwrap().parse({
    objective: { clauses: [{ kind: 'errors', below: 0.01 }] },
    scenarios: ['http-small'],
    tolerance: 0.04,
    confirm: [{ need: 5, of: 5 }],
  });
  const searched = (records: RunRecords, names: readonly string[], rate: number): RunRecords => {
    const trials = records.trials.filter(
      ({ scenario, generation, subject }) =>
        scenario === 'http-small' && generation === 0 && subject.kind === 'proxy' && names.includes(subject.name),
    );
    return {
      ...records,
      run: { ...records.run, search },
      windows: trials.map((trial): KneeWindowRecord => ({ record: 'knee-window', trial, outcome: { kind: 'held' } })),
      knees: trials.map(({ subject }): KneeRecord => ({
        record: 'knee',
        scenario: 'http-small',
        subject,
        windows: 1,
        verdict: { state: 'never', high: { rate: perSecond(rate), held: 0, missed: 4 } },
      })),
    };
  };
  const rates = ({ knees = [] }: RunRecords): Record<string, number> =>
    Object.fromEntries(
      knees.map(({ subject, verdict }) => [
        subject.kind === 'proxy' ? subject.name : 'direct',
        verdict.state === 'never' ? verdict.high.rate : 0,
      ]),
    );
  const both = mergeRuns([searched(second, ['l7-http'], 2), searched(first, ['l4-tcp', 'l7-http'], 1)]).records;
  assert.deepEqual(rates(both), { 'l4-tcp': 1, 'l7-http': 2 });
  assert.equal(both.windows?.length, 2);
  const { records } = mergeRuns([searched(first, ['l7-http'], 1), second]);
  assert.deepEqual(rates(records), { 'l7-http': 1 });
  assert.deepEqual(records.run.search, search);
  const other = searched(second, ['l7-http'], 2);
  assert.throws(
    () =>
      mergeRuns([
        searched(first, ['l7-http'], 1),
        { ...other, run: { ...other.run, search: { ...search, tolerance: 0.1 } } },
      ]),
    /the objective of the knee search/,
  );
});
