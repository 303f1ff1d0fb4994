import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import { addedTail, tailsOf } from '#bench/analysis/figures/tail.ts';
import type { CompletedTrial } from '#bench/model/record.ts';
import { decodeHistogram, mergeHistograms } from '#bench/stats/histogram.ts';
import { syntheticRun } from '#test/reports/synthetic-run.ts';

const records = syntheticRun({ rounds: 12, scenarios: ['http-small', 'http-paced-50'], mishaps: false, micro: false });
const of = (name: string): CompletedTrial[] =>
  records.trials
    .filter((trial) => trial.state === 'completed')
    .filter(
      ({ scenario, subject }) =>
        scenario === 'http-paced-50' && (subject.kind === 'direct' ? 'direct' : subject.name) === name,
    );
const p999 = (trials: readonly CompletedTrial[]): number =>
  mergeHistograms(trials.map(({ load }) => load.response!))!.getValueAtPercentile(99.9) / 1e3;

test('the value is that of the merged histograms, to the width of a bucket', () => {
  const [hop, direct] = [of('l7-http'), of('direct')];
  const { estimate } = addedTail(tailsOf(hop), tailsOf(direct), 'response')!;
  const expected = p999(hop) - p999(direct);
  assert.ok(Math.abs(estimate.value - expected) < 0.01 * p999(hop), `${estimate.value} against ${expected}`);
  assert.ok(estimate.low <= estimate.value && estimate.value <= estimate.high && estimate.low < estimate.high);
  assert.equal(estimate.n, 12);
});

test('the same rounds give the same interval', () => {
  const again = (): unknown => addedTail(tailsOf(of('l4-tcp')), tailsOf(of('direct')), 'service');
  assert.deepEqual(again(), again());
});

test('too few requests carry no p99.9, however many rounds', () => {
  const few = of('l7-http').slice(0, 2);
  assert.ok(few.reduce((sum, { load }) => sum + decodeHistogram(load.response!).totalCount, 0) < 10_000);
  assert.equal(addedTail(tailsOf(few), tailsOf(of('direct').slice(0, 2)), 'response'), null);
});

test('only rounds that both sides completed are drawn', () => {
  const { estimate } = addedTail(tailsOf(of('l7-http').slice(0, 8)), tailsOf(of('direct').slice(3)), 'response')!;
  assert.equal(estimate.n, 5);
});

test('an analysis has them for paced scenarios alone, and none for direct', () => {
  const { scenarios } = analyse(records);
  for (const { offered, subjects } of scenarios)
    for (const { subject, addedTails } of subjects)
      assert.equal(addedTails.length > 0, offered !== null && subject !== 'direct' && subject !== 'l7-tls', subject);
});
