/** Budgets against seeded runs whose true costs are known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBudget } from '#bench/gate/budget.ts';
import { judgeBudgets } from '#bench/gate/budgets.ts';
import type { BudgetOutcome } from '#bench/gate/result.ts';
import type { RunRecords, TrialRecord } from '#bench/model/record.ts';
import { baseName } from '#bench/model/scenario.ts';
import { micros } from '#bench/model/units.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';
import { hodgesLehmann } from '#bench/stats/hodges-lehmann.ts';
import { syntheticRun, TRUTHS } from '#test/reports/synthetic-run.ts';

const subjects = TRUTHS.slice(0, 4);
const names = { subjects: subjects.map(({ name }) => name), scenarios: SCENARIOS.map(({ name }) => name) };
const records = syntheticRun({
  rounds: 12,
  subjects,
  scenarios: ['http-small', 'tls-keepalive', 'idle-connections', 'http-paced-50'],
  mishaps: false,
});

function judge(text: string, of: RunRecords = records): BudgetOutcome {
  const [outcome] = judgeBudgets([parseBudget(text, names)], of);
  return outcome!;
}

/** Changed trials of one subject in one scenario. */
const changed = (
  scenario: string,
  subject: string,
  change: (trial: Extract<TrialRecord, { state: 'completed' }>) => TrialRecord,
): RunRecords => ({
  ...records,
  trials: records.trials.map((trial) =>
    trial.state === 'completed' && trial.scenario === scenario && baseName(trial.subject) === subject
      ? change(trial)
      : trial,
  ),
});

test('kept, exceeded, or unknown where the interval holds the limit', () => {
  // l7-http costs 18.2 µs, l4-tcp 8.6: 2.12 times as much.
  const cases: readonly [string, BudgetOutcome['state'], RegExp][] = [
    ['l7-http.cpuPerRequest <= 2.5 * l4-tcp.cpuPerRequest', 'kept', /below the limit of 2\.50×/],
    ['l7-http.cpuPerRequest <= 1.8 * l4-tcp.cpuPerRequest', 'exceeded', /above the limit of 1\.80×/],
    ['l7-http.cpuPerRequest <= 2.12 * l4-tcp.cpuPerRequest', 'unknown', /holds the limit of 2\.12×/],
    ['l7-http.cpuPerRequest >= 1.8 * l4-tcp.cpuPerRequest', 'kept', /above/],
    ['l4-tcp.cpuPerRequest < 60 % * l7-http.cpuPerRequest', 'kept', /below the limit of 0\.600×/],
    ['l7-http.cpuPerRequest <= 20 µs', 'kept', /below the limit of 20\.0/],
    ['l7-http.cpuPerRequest <= 0.017 ms', 'exceeded', /above the limit of 17\.0/],
    // 68 µs of hop, no request slower than its share of the generator.
    ['l7-http.addedP50 <= 100 µs', 'kept', /\(response time, http-paced-50\)/],
    ['l7-http.addedServiceP50 <= 50 µs', 'exceeded', /\(http-paced-50\)/],
    ['l7-http.addedP50 <= 1.2 * l4-tcp.addedP50', 'exceeded', /above the limit of 1\.20×/],
    ['l7-http.memoryPerConnection < 6 KiB', 'kept', /idle-connections/],
    ['l7-http.memoryPerConnection < l4-tcp.memoryPerConnection', 'kept', /1\.00×/],
    ['l7-http.errorShare <= 0.1 %', 'kept', /http-small/],
  ];
  for (const [text, state, reason] of cases) {
    const outcome = judge(text);
    assert.deepEqual([text, outcome.state], [text, state], outcome.reason);
    assert.match(outcome.reason, reason);
    assert.equal(outcome.text, text);
    assert.ok(outcome.measured && outcome.measured.n === 12 && outcome.unit && outcome.limit !== undefined);
  }
});

test('the figure is the Hodges–Lehmann estimate of what the same rounds say', () => {
  const cpu = (subject: string): Map<number, number> =>
    new Map(
      records.trials.flatMap((trial): [number, number][] =>
        trial.scenario === 'http-small' && baseName(trial.subject) === subject && trial.state === 'completed'
          ? [[trial.generation, trial.probes.proxy!.cpu / trial.probes.proxy!.requests]]
          : [],
      ),
    );
  const [l4, l7] = [cpu('l4-tcp'), cpu('l7-http')];
  const logs = [...l7].map(([round, micros]) => Math.log(micros / l4.get(round)!));
  const { measured, limit } = judge('l7-http.cpuPerRequest <= 2.5 * l4-tcp.cpuPerRequest');
  const expected = hodgesLehmann(logs);
  assert.ok(Math.abs(measured!.value - Math.exp(expected.value)) < 1e-9);
  assert.ok(Math.abs(measured!.low - Math.exp(expected.low)) < 1e-9);
  assert.equal(limit, 2.5);
});

test('where nothing is said, a side is read where it is told best, and follows the other one where it can', () => {
  const places = (text: string): string => /\(([^()]*)\)(?::|$)/.exec(judge(text).reason)![1]!;
  assert.equal(places('l7-tls.cpuPerRequest <= 3 * l7-http.cpuPerRequest'), 'tls-keepalive against http-small');
  assert.equal(places('l7-tls.cpuPerRequest <= 9 * l4-tcp.cpuPerRequest'), 'tls-keepalive');
  assert.equal(places('l4-tcp.cpuPerRequest <= l7-tls.cpuPerRequest@tls-keepalive'), 'tls-keepalive');
  assert.equal(places('l7-http.cpuPerRequest@http-paced-50 <= 3 * l4-tcp.cpuPerRequest'), 'http-paced-50');
});

test('added latency is read at the lowest offered rate', () => {
  const two = syntheticRun({
    rounds: 6,
    subjects: subjects.slice(0, 3),
    scenarios: ['http-small', 'http-paced-50', 'http-paced-80'],
    mishaps: false,
  });
  const turned = { ...two, run: { ...two.run, scenarios: two.run.scenarios.toReversed() } };
  assert.match(judge('l7-http.addedP50 <= 900 µs', turned).reason, /http-paced-50/);
});

test('what was not measured is unknown, with the reason', () => {
  const none: RunRecords = {
    ...records,
    trials: records.trials.filter(({ subject }) => subject.kind !== 'direct'),
  };
  const failing = changed('http-small', 'l7-http', (trial) => {
    const { load: _, probes: __, bound: ___, warnings: ____, ...rest } = trial;
    return { ...rest, state: 'failed', error: { code: 'ProxyExited', message: 'gone' } };
  });
  const few = { ...records, trials: records.trials.filter(({ generation }) => generation < 3) };
  const cases: readonly [string, RunRecords, RegExp][] = [
    ['l7-http.instructionsPerRequest < 60 k', records, /no such figure/],
    ['l7-tls.addedP99 <= 400 µs', records, /no scenario of this run tells addedP99 of l7-tls; it had tls-keepalive/],
    ['l7-http.cpuPerRequest@tcp-echo <= 3 µs', records, /l7-http was not measured in tcp-echo/],
    ['l7-http.addedP99 <= 400 µs', none, /direct was not measured in http-paced-50/],
    ['l7-http.cpuPerRequest <= 9 µs', failing, /none of 12 trials completed \(ProxyExited\)/],
    ['l7-http.errorShare <= 1 %', failing, /12 of 12 trials have no result/],
    ['l7-http.cpuPerRequest <= 900 µs', few, /3 rounds tell too little; 6 at least are needed/],
    ['l7-http.errorShare <= 1 %', few, /6 at least/],
    ['l7-http.cpuPerRequest <= 9 µs', { ...records, subjects: [], trials: [] }, /was not measured in this run/],
  ];
  for (const [text, of, reason] of cases) {
    const outcome = judge(text, of);
    assert.equal(outcome.state, 'unknown', text);
    assert.match(outcome.reason, reason);
  }
  const [strict] = judgeBudgets([parseBudget('l7-http.cpuPerRequest <= 90 µs', names)], records, 0.9999);
  assert.match(strict!.reason, /12 rounds tell too little; 15 at least/);
});

test('failed requests count although they make their trial invalid', () => {
  const half = changed('http-small', 'l7-http', (trial) => {
    const { bound: _, warnings: __, ...rest } = trial;
    if (trial.generation % 2 === 0) return trial;
    const load = { ...trial.load, errors: { ...trial.load.errors, reset: trial.load.requests } };
    return { ...rest, state: 'invalid', load, reasons: [{ code: 'errors-above-limit', message: '', evidence: {} }] };
  });
  const outcome = judge('l7-http.errorShare <= 0.1 %', half);
  assert.equal(outcome.state, 'exceeded', outcome.reason);
  assert.ok(Math.abs(outcome.measured!.value - 1 / 3) < 0.02);
});

test('a rate that something else limited may be higher in truth: it keeps a floor, and never breaks one', () => {
  const boundBy = (l7: 'proxy' | 'generator'): RunRecords => ({
    ...records,
    trials: records.trials.map((trial) =>
      trial.state === 'completed' ? { ...trial, bound: baseName(trial.subject) === 'l7-http' ? l7 : 'proxy' } : trial,
    ),
  });
  for (const [text, own, limited] of [
    ['l7-http.throughput >= 30000 /s', 'kept', 'kept'],
    ['l7-http.throughput >= 90000 /s', 'exceeded', 'unknown'],
    ['l7-http.throughput <= 90000 /s', 'kept', 'unknown'],
    ['l7-http.throughput >= 20 % * direct.throughput', 'kept', 'kept'],
    ['l4-tcp.throughput >= 50 % * l7-http.throughput', 'kept', 'unknown'],
    ['l4-tcp.throughput >= 9 * l7-http.throughput', 'exceeded', 'exceeded'],
  ] as const) {
    assert.equal(judge(text, boundBy('proxy')).state, own, text);
    const outcome = judge(text, boundBy('generator'));
    assert.equal(outcome.state, limited, `${text}: ${outcome.reason}`);
    if (limited === 'unknown') assert.match(outcome.reason, /the limit was the load generator, not l7-http itself/);
  }
});

test('an added latency that may be zero or less is set against another one by difference', () => {
  const same: RunRecords = {
    ...records,
    trials: records.trials.map((trial) => {
      const direct = records.trials.find(
        ({ scenario, generation, subject }) =>
          scenario === trial.scenario && generation === trial.generation && subject.kind === 'direct',
      );
      return trial.state === 'completed' && direct?.state === 'completed' && baseName(trial.subject) === 'l4-tcp'
        ? { ...trial, load: direct.load }
        : trial;
    }),
  };
  const outcome = judge('l7-http.addedP50 <= 2 * l4-tcp.addedP50', same);
  assert.equal(outcome.state, 'exceeded');
  assert.deepEqual([outcome.limit, outcome.unit], [0, 'µs']);
  assert.match(outcome.reason, /limit of 0, left side less 2\.00× the right side/);
});

test('of a gate’s run it is head that must keep them', () => {
  const { trials, subjects: of } = records;
  const sided = (side: 'base' | 'head', factor: number): TrialRecord[] =>
    trials.flatMap((trial): TrialRecord[] => {
      if (trial.subject.kind !== 'proxy' || trial.state !== 'completed') return side === 'head' ? [trial] : [];
      const { proxy } = trial.probes;
      const cpu = micros(proxy!.cpu * factor);
      const probes = { ...trial.probes, proxy: { ...proxy!, cpu } };
      return [{ ...trial, subject: { ...trial.subject, side }, probes }];
    });
  const gate = { ...records, subjects: of, trials: [...sided('base', 1), ...sided('head', 1.5)] };
  const outcome = judge('l7-http.cpuPerRequest <= 20 µs', gate);
  assert.equal(outcome.state, 'exceeded');
  assert.ok(Math.abs(outcome.measured!.value / (18.2 * 1.5) - 1) < 0.03);
  // Both ran at once on one core: its rate alone would be higher, its latency lower, its cost per request is counted by itself.
  for (const [text, state] of [
    ['l7-http.throughput >= 1 /s', 'kept'],
    ['l7-http.throughput >= 900000 /s', 'unknown'],
    ['l7-http.addedP50 <= 100 µs', 'kept'],
    ['l7-http.addedP50 <= 9 µs', 'unknown'],
    ['l7-http.serviceP50 <= 9 µs', 'unknown'],
  ] as const) {
    const found = judge(text, gate);
    assert.equal(found.state, state, `${text}: ${found.reason}`);
    if (state === 'unknown') assert.match(found.reason, /shared its core with base/);
  }
});
