import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import { MergeError, mergeRuns } from '#bench/analysis/merge-runs.ts';
import type { RunRecords } from '#bench/model/record.ts';
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
  const keys = records.trials.map(({ scenario, subject, round }) => JSON.stringify([scenario, subject, round]));
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
