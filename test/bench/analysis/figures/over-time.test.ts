import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import { historyOf } from '#bench/analysis/across-runs/history.ts';
import { overTimeOf } from '#bench/analysis/figures/over-time.ts';
import { syntheticRun } from '#test/reports/synthetic-run.ts';

const records = syntheticRun({ rounds: 3, scenarios: ['http-small', 'http-paced-50', 'idle-connections'] });

test('the rounds lie over each other: the mean rate is that of the trials, idle scenarios have none', () => {
  const series = overTimeOf(records.run.scenarios, records.subjects, records.trials);
  assert.ok(series.every(({ scenario }) => scenario !== 'idle-connections'));
  const direct = series.find(({ scenario, subject }) => scenario === 'http-small' && subject === 'direct')!;
  const trials = records.trials.filter((trial) => trial.state === 'completed');
  const rates = trials
    .filter(({ scenario, subject }) => scenario === 'http-small' && subject.kind === 'direct')
    .map(({ load }) => load.requests / (load.window / 1_000));
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;
  assert.ok(Math.abs(mean(direct.throughput) / mean(rates) - 1) < 0.02);
  assert.equal(direct.rounds, rates.length);
  assert.ok(direct.warmup![0]! < direct.throughput[0]!);
});

test('latency over time: open loop response time, p99 above p50, null where a step has too few requests', () => {
  const series = overTimeOf(records.run.scenarios, records.subjects, records.trials);
  for (const { scenario, latency } of series) {
    assert.equal(latency?.kind, scenario === 'http-paced-50' ? 'response' : 'service');
    latency?.p99.forEach((p99, i) => assert.ok(p99 === null || p99 >= latency.p50[i]!));
  }
  const [trial] = records.trials.filter((one) => one.state === 'completed');
  const sparse = { ...trial!.load.timeline, latency: { interval: trial!.load.timeline.interval, counts: [[[9, 19]]] } };
  const [only] = overTimeOf(records.run.scenarios, records.subjects, [
    {
      ...trial!,
      scenario: 'http-small',
      load: { ...trial!.load, timeline: sparse as NonNullable<typeof trial>['load']['timeline'] },
    },
  ]);
  assert.deepEqual([only!.latency?.p50, only!.latency?.p99], [[null], [null]]);
});

test('records without a latency over time say so', () => {
  const trials = records.trials.map((trial) =>
    trial.state === 'completed'
      ? { ...trial, load: { ...trial.load, timeline: { interval: trial.load.timeline.interval, requests: [1, 2] } } }
      : trial,
  );
  for (const { warmup, latency } of overTimeOf(records.run.scenarios, records.subjects, trials))
    assert.deepEqual([warmup, latency], [null, null]);
});

test('history: oldest run first, TLS from its own scenario, nothing invented', () => {
  const later = { ...records, run: { ...records.run, run: 'later', startedAt: '2027-01-01T00:00:00.000Z' } };
  const points = historyOf([analyse(later), analyse(records)]);
  assert.deepEqual([...new Set(points.map(({ run }) => run))], [records.run.run, 'later']);
  assert.ok(points.every(({ subject, scenario }) => scenario === 'http-small' && subject !== 'direct'));
});
