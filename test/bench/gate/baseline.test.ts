/** Head against stored records with known true costs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baselineRevision, type BaselineVerdict, judgeBaseline } from '#bench/gate/baseline.ts';
import { rulesWith } from '#bench/gate/rules.ts';
import type { GateMetric } from '#bench/gate/result.ts';
import type { RunRecords, TrialRecord } from '#bench/model/record.ts';
import { micros } from '#bench/model/units.ts';
import { type SyntheticOptions, syntheticRun, TRUTHS } from '#test/reports/synthetic-run.ts';

/** direct, l4-tcp and l7-http, whose cost is `factor` times its own. */
function runOf(seed: number, factor = 1, options: SyntheticOptions = {}): RunRecords {
  const subjects = TRUTHS.slice(0, 3).map((truth) =>
    truth.name === 'l7-http' ? { ...truth, cpu: truth.cpu * factor, hop: truth.hop * factor } : truth,
  );
  const defaults = { seed, rounds: 12, subjects, scenarios: ['http-small'], mishaps: false, noise: 0.01 };
  const records = syntheticRun({ ...defaults, ...options });
  const configured = records.subjects.map((one) =>
    one.subject.kind === 'proxy' && one.subject.name === 'l7-http' ? { ...one, nativeConfig: `filters ${seed}` } : one,
  );
  return { ...records, run: { ...records.run, run: `run-${seed}` }, subjects: configured };
}
const otherHost = (records: RunRecords): RunRecords => ({
  ...records,
  run: { ...records.run, environment: { ...records.run.environment, fingerprint: 'other', kernel: '7.0' } },
});
const without = (records: RunRecords, subject: string): RunRecords => ({
  ...records,
  trials: records.trials.filter(
    (trial) => (trial.subject.kind === 'proxy' ? trial.subject.name : 'direct') !== subject,
  ),
});

function judged(verdict: BaselineVerdict): Extract<BaselineVerdict, { kind: 'judged' }> {
  return verdict.kind === 'judged' ? verdict : assert.fail(verdict.reason);
}
const cpu = (verdict: BaselineVerdict, subject = 'l7-http'): GateMetric =>
  judged(verdict).metrics.find((one) => one.metric === 'cpuPerRequest' && one.subject === subject) ??
  assert.fail(`no CPU of ${subject}`);

test('one host: dearer, cheaper, the same', () => {
  const dearer = judgeBaseline(runOf(1), runOf(2, 1.1));
  assert.deepEqual([judged(dearer).state, judged(dearer).yardsticks], ['regressed', ['l4-tcp']]);
  const metric = cpu(dearer);
  assert.deepEqual(
    [metric.state, metric.primary, metric.better, metric.unit, metric.title],
    ['regressed', true, 'lower', 'ratio', 'CPU per request, ratio to l4-tcp'],
  );
  assert.ok(metric.ratio!.low < 1.1 && 1.1 < metric.ratio!.high);
  assert.ok(metric.base!.value < 2.2 && metric.head!.value > 2.25);
  assert.deepEqual([metric.rounds!.length, metric.effect.asked], [12, 0.03]);
  assert.ok(metric.effect.used >= 0.03 && metric.effect.used < 0.06);
  assert.match(metric.reason, /^\+\d[\d.]*.% .*more than the \d.*that matters; p = .* against 0\.00600/);
  assert.equal(cpu(judgeBaseline(runOf(1), runOf(2, 0.85))).state, 'improved');
  const equal = judged(judgeBaseline(runOf(1), runOf(2)));
  assert.ok(
    equal.metrics.filter(({ primary }) => primary).every(({ state }) => state === 'same' || state === 'inconclusive'),
  );
  assert.equal(cpu(judgeBaseline(runOf(1), runOf(2))).state, 'same');
});

test('the sizes that matter are the gate’s own, and those of bench.config.ts', () => {
  const [base, head] = [runOf(1), runOf(2, 1.1)];
  assert.equal(cpu(judgeBaseline(base, head, { rules: rulesWith({ cpuPerRequest: 0.25 }) })).state, 'same');
  // 5 % of a p50 is less than 50 µs here: no change of it matters.
  const scenarios = ['http-single'];
  const single = judged(judgeBaseline(runOf(1, 1, { scenarios }), runOf(2, 1.4, { scenarios })));
  const p50 = single.metrics.find(({ metric }) => metric === 'serviceP50');
  if (p50) assert.notEqual(p50.state, 'regressed');
});

test('what the host changed by itself is not head’s, and without a yardstick nobody can tell', () => {
  const head = runOf(2);
  const slow: RunRecords = {
    ...head,
    trials: head.trials.map((trial): TrialRecord => {
      if (trial.state !== 'completed') return trial;
      const { proxy, origin, generator } = trial.probes;
      const dearer = <T extends { readonly cpu: number }>(one: T): T => ({ ...one, cpu: micros(one.cpu * 1.1) });
      const probes = { ...trial.probes, ...(origin && { origin: dearer(origin) }), generator: dearer(generator) };
      return { ...trial, probes: { ...probes, ...(proxy && { proxy: dearer(proxy) }) } };
    }),
  };
  const verdict = judgeBaseline(runOf(1), slow);
  assert.equal(cpu(verdict).state, 'same');
  assert.ok(judged(verdict).notes.some((note) => /CPU per request of l4-tcp, the yardstick, .*\+\d/.test(note)));
  const alone = judgeBaseline(without(runOf(1), 'l4-tcp'), without(runOf(2, 1.5), 'l4-tcp'));
  assert.ok(alone.kind === 'refused' && /measure l4-tcp along/.test(alone.reason), JSON.stringify(alone));
});

test('where nothing changed nothing regressed, whatever the figures', () => {
  const same: RunRecords = { ...runOf(2, 1.5), subjects: runOf(1).subjects };
  const metric = cpu(judgeBaseline(runOf(1), same));
  assert.equal(metric.state, 'inconclusive');
  assert.match(metric.reason, /neither l7-http nor l4-tcp changed/);
});

test('another host, and a yardstick that is not known to be the same, are said', () => {
  const other = otherHost(runOf(2, 1.1));
  const verdict = judged(judgeBaseline(runOf(1), { ...other, run: { ...other.run, revision: 'fedcba' } }));
  assert.equal(cpu(verdict).state, 'regressed');
  assert.match(verdict.notes[0]!, /another host/);
  assert.ok(verdict.notes.some((note) => note.startsWith('l4-tcp, the yardstick, is not known to be the same')));
  assert.ok(verdict.notes.some((note) => note.startsWith('kernel: ')));
});

test('a rate that something else limited decides nothing', () => {
  const limit = (records: RunRecords): RunRecords => ({
    ...records,
    trials: records.trials.map((trial) => (trial.state === 'completed' ? { ...trial, bound: 'generator' } : trial)),
  });
  const { metrics } = judged(judgeBaseline(limit(runOf(1)), limit(runOf(2, 4))));
  const throughput = metrics.find(({ metric, subject }) => metric === 'throughput' && subject === 'l7-http')!;
  assert.deepEqual([throughput.primary, throughput.state], [false, 'inconclusive']);
  assert.match(throughput.reason, /the limit was the load generator/);
});

test('too few generations are invalid', () => {
  const verdict = judged(judgeBaseline(runOf(1, 1, { rounds: 3 }), runOf(2, 2, { rounds: 5 })));
  assert.equal(verdict.state, 'invalid');
  assert.match(cpu(verdict).reason, /3 generations of the baseline and 5 of head; 4 of each/);
  assert.notEqual(cpu(judgeBaseline(runOf(1, 1, { rounds: 4 }), runOf(2, 2, { rounds: 4 }))).state, 'invalid');
});

test('refused, with the reason, where nothing can be compared', () => {
  const reason = (baseline: RunRecords, head: RunRecords): string => {
    const verdict = judgeBaseline(baseline, head);
    return verdict.kind === 'refused' ? verdict.reason : assert.fail('judged');
  };
  assert.match(reason(runOf(1), runOf(2, 1, { scenarios: ['tls-keepalive'] })), /no scenario and subject is in both/);
  const alone = (records: RunRecords): RunRecords => without(without(records, 'direct'), 'l4-tcp');
  assert.match(reason(alone(runOf(1)), otherHost(alone(runOf(2)))), /measure l4-tcp along/);
  assert.match(reason(runOf(1), runOf(1)), /both are the run/);
  assert.match(reason({ ...runOf(1), trials: [] }, runOf(2)), /run-1 has nothing/);
});

test('the revision of a file', () => {
  const { run } = runOf(1);
  assert.deepEqual(baselineRevision({ run: { ...run, revision: '0123456789ab-dirty' } }, 'base.ndjson'), {
    label: 'base.ndjson',
    commit: '0123456789ab',
    dirty: true,
  });
  assert.equal(baselineRevision({ run: { ...run, revision: null } }, 'b').commit, null);
});
