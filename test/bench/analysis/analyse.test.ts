/** From records to analysis on runs whose true costs are known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Analysis, SubjectAnalysis } from '#bench/analysis/analysis.ts';
import { analyse } from '#bench/analysis/analyse.ts';
import { readRecords } from '#bench/model/read.ts';
import { latencyByPercentile } from '#reports/charts/latency-by-percentile.ts';
import { renderTerminal } from '#reports/terminal/report.ts';
import { histogramOf } from './verdict/evidence.ts';
import { ODD_NAME, syntheticRun, TRUTHS } from '#test/reports/synthetic-run.ts';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');
const of = (analysis: Analysis, scenario: string, subject: string): SubjectAnalysis =>
  analysis.scenarios.find((one) => one.scenario.name === scenario)!.subjects.find((one) => one.subject === subject)!;
const twelve = analyse(syntheticRun());

test('the true costs lie in their intervals', () => {
  for (const { name, cpu, tls, layer } of TRUTHS) {
    const { metrics } = of(twelve, tls ? 'tls-keepalive' : 'http-small', name);
    if (layer === 'direct') {
      assert.equal(metrics.cpuPerRequest, undefined, 'direct has no proxy process');
      assert.ok(metrics.originCpuPerRequest);
      continue;
    }
    const { low, high, n } = metrics.cpuPerRequest!;
    assert.ok(low < cpu * 1.01 && high > cpu * 0.99, `${name}: ${low}–${high} does not hold ${cpu}`);
    assert.equal(n, name === 'node-http' ? 11 : 12);
  }
});

test('intervals hold the truth about as often as they say, over many runs', () => {
  const runs = 20;
  const subjects = TRUTHS.slice(0, 3);
  let held = 0;
  for (let seed = 1; seed <= runs; seed++) {
    const analysis = analyse(
      syntheticRun({ seed, rounds: 6, scenarios: ['http-small'], subjects, mishaps: false, micro: false }),
    );
    const ratio = analysis.comparisons.find(({ name }) => name === 'L7 over L4')!.estimate;
    if (ratio.low <= 18.2 / 8.6 && 18.2 / 8.6 <= ratio.high) held++;
  }
  assert.ok(held >= runs * 0.85, `${held} of ${runs}, 96.9 % stated`);
});

test('user and system make the whole, and the L7:L4 ratio and the price of TLS are found', () => {
  const { cpuUserPerRequest, cpuSystemPerRequest, cpuPerRequest } = of(twelve, 'http-small', 'l7-http').metrics;
  assert.ok(Math.abs(cpuUserPerRequest!.value + cpuSystemPerRequest!.value - cpuPerRequest!.value) < 0.05);
  const named = (name: string, subject: string) =>
    twelve.comparisons.find(
      (one) => one.name === name && one.subject.subject === subject && one.metric === 'cpuPerRequest',
    )!;
  const ratio = named('L7 over L4', 'l7-http');
  assert.equal(ratio.reference.subject, 'l4-tcp');
  assert.ok(Math.abs(ratio.estimate.value - 18.2 / 8.6) < 0.1);
  const tls = named('TLS added', 'l7-tls');
  assert.deepEqual([tls.subject.scenario, tls.reference.scenario], ['tls-keepalive', 'http-small']);
  assert.ok(Math.abs(tls.estimate.value - (42.1 - 18.2)) < 1.5);
  assert.ok(Math.abs(named('over the reference', 'node-http').estimate.value - 148 / 18.2) < 0.5);
});

test('only the saturated subject has a measured capacity; the others a derived one, of one core', () => {
  const measured = of(twelve, 'http-small', 'node-http');
  assert.deepEqual([measured.bound, measured.capacity?.kind], ['proxy', 'measured']);
  const limited = of(twelve, 'http-small', 'l4-tcp');
  assert.deepEqual([limited.bound, limited.capacity?.kind], ['host', 'derived per core']);
  assert.ok(Math.abs(limited.capacity!.estimate.value / (1e6 / limited.metrics.cpuPerRequest!.value) - 1) < 1e-9);
  assert.ok(limited.capacity!.estimate.value > 2 * limited.metrics.throughput!.value);
  assert.equal(of(twelve, 'http-small', 'direct').capacity, null, 'on a shared core direct has no capacity either');
});

test('percentiles come from loads below saturation only', () => {
  assert.equal(of(twelve, 'http-small', 'l7-http').metrics.serviceP50, undefined);
  assert.equal(of(twelve, 'http-small', 'l7-http').curves, null);
  const paced = of(twelve, 'http-paced-50', 'l7-http');
  const added = paced.versusDirect.find(({ metric }) => metric === 'responseP50')!;
  assert.ok(Math.abs(added.estimate.value - 68) < 4, `${added.estimate.value}`);
  assert.equal(added.kind, 'difference');
  assert.ok(paced.curves!.response.at(-1)!.nines >= 3, 'twelve rounds merged carry p99.9');
  assert.equal(paced.metrics.responseP999, undefined, 'no single round does');
});

test('memory per idle connection is the growth within one process', () => {
  const { value } = of(twelve, 'idle-connections', 'l7-http').metrics.memoryPerConnection!;
  assert.ok(Math.abs(value / 5_300 - 1) < 0.05);
  assert.equal(of(twelve, 'http-small', 'l7-http').metrics.memoryPerConnection, undefined);
});

test('instructions per request where they were counted', () => {
  const counted = analyse(syntheticRun({ instructions: true, rounds: 3 }));
  assert.ok(of(counted, 'http-small', 'l7-http').metrics.instructionsPerRequest!.value > 28_400);
  assert.ok(counted.comparisons.some(({ metric }) => metric === 'instructionsPerRequest'));
  assert.ok(!counted.warnings.some(({ code }) => code === 'no-hardware-counters'));
});

test('invalid and failed trials are listed with their reasons and count in no figure', () => {
  const rows = twelve.trials.filter(({ state }) => state !== 'completed');
  assert.deepEqual(
    rows.map(({ state, codes }) => [state, ...codes]),
    [
      ['failed', 'ProxyExited'],
      ['invalid', 'steal'],
    ],
  );
  assert.deepEqual(of(twelve, 'http-small', 'node-http').trials, {
    completed: 11,
    invalid: 0,
    failed: 1,
    reasons: ['ProxyExited'],
  });
  assert.deepEqual(twelve.warnings[0], { ...twelve.warnings[0], code: 'steal', severity: 'invalid', trials: 1 });
  assert.match(plain(twelve.findings.at(-1)!.sentence), /^1 of 216 trials is invalid and 1 failed;/);
});

test('the first sentence says what an L7 hop costs, with intervals, and over an L4 hop', () => {
  const [first] = twelve.findings;
  assert.match(
    plain(first!.sentence),
    /^One L7 hop \(l7-http\) cost 18\.\d µs \(1\d\.\d–18\.\d\) of CPU per request, (\d\.\d\d to \d\.\d\d times as much as|1\d\d to 1\d\d % more than) an L4 hop \(l4-tcp\)\.$/,
  );
  assert.equal(first!.strength, 'claim');
  assert.ok(twelve.findings.some(({ sentence }) => sentence.startsWith(`${ODD_NAME} cost`)));
  assert.match(plain(twelve.basis), /^12 rounds: .* 95\.8 % of runs\.$/);
});

test('three rounds are a look, and one is no claim at all', () => {
  const three = analyse(syntheticRun({ rounds: 3 }));
  assert.ok(three.findings.every(({ strength }) => strength !== 'claim'));
  assert.match(plain(three.basis), /75 % of runs\. A first look\./);
  const one = analyse(syntheticRun({ rounds: 1 }));
  assert.match(plain(one.findings[0]!.sentence), /µs \(no interval\) of CPU per request/);
  assert.ok(one.findings.every(({ strength }) => strength === 'cannot tell' || strength === 'note'));
});

test('what noise hides is told by its bound, which is a claim', () => {
  const alike = TRUTHS.slice(0, 3).map((truth) => (truth.layer === 'l7' ? { ...truth, cpu: 8.6 } : truth));
  const analysis = analyse(syntheticRun({ subjects: alike, noise: 0.1, scenarios: ['http-small'], mishaps: false }));
  assert.match(plain(analysis.findings[0]!.sentence), /, at most \d+(\.\d)? % more than an L4 hop \(l4-tcp\)\.$/);
  assert.equal(analysis.findings[0]!.strength, 'claim');
});

test('a subject without one completed trial is named with the reason', () => {
  const records = syntheticRun({ rounds: 2, scenarios: ['http-small'], mishaps: false });
  const trials = records.trials.map((trial) =>
    trial.subject.kind === 'proxy' && trial.subject.name === 'l7-http' && trial.state === 'completed'
      ? { ...trial, state: 'failed' as const, error: { code: 'E', message: 'it died' } }
      : trial,
  );
  const analysis = analyse({ ...records, trials });
  assert.equal(
    analysis.findings[0]!.sentence,
    'What one L7 hop (l7-http) costs cannot be told: no trial of it completed (0 invalid, 2 failed: E).',
  );
});

test('where pacing failed, what a hop adds cannot be told, and the chart says so too', () => {
  const records = syntheticRun({ rounds: 2, mishaps: false });
  const lag = {
    code: 'schedule-lag' as const,
    message: 'schedule lag p99 1 ms exceeds service time p50 40 µs',
    evidence: {},
  };
  const trials = records.trials.map((trial) =>
    trial.scenario === 'http-paced-50' && trial.state === 'completed'
      ? { ...trial, state: 'invalid' as const, reasons: [lag] as [typeof lag] }
      : trial,
  );
  const analysis = analyse({ ...records, trials });
  const finding = analysis.findings.find(({ scenario }) => scenario === 'http-paced-50')!;
  assert.match(
    plain(finding.sentence),
    /^At 3,\d\d0\/s, what l7-http adds to the response time of direct cannot be told: l7-http: no trial of it completed \(2 invalid, 0 failed: schedule-lag\)\.$/,
  );
  const [drawing] = latencyByPercentile.draw(analysis);
  assert.match(drawing!.state === 'missing' ? drawing!.what : '', /10 are invalid and 0 failed \(schedule-lag\)/);
});

test('what a request sees beside a saturating load is told by itself, as far as its samples carry', () => {
  const records = syntheticRun({ scenarios: ['http-small', 'http-probe-under-load'], mishaps: false });
  const analysis = analyse(records);
  const { metrics, versusDirect } = of(analysis, 'http-probe-under-load', 'l7-http');
  assert.ok(metrics.besideP50!.value > 1_000, 'about as long as the 64 of the load wait for each other');
  assert.ok(metrics.besideP90!.value > metrics.besideP50!.value);
  assert.deepEqual([metrics.besideP99, metrics.serviceP50], [undefined, undefined]);
  assert.ok(!versusDirect.some(({ metric }) => metric.startsWith('beside')), 'both are saturated, not equally loaded');
  const said = analysis.findings
    .filter(({ sentence }) => sentence.startsWith('Beside'))
    .map(({ sentence }) => plain(sentence));
  assert.match(
    said.find((sentence) => sentence.includes('l7-http'))!,
    /^Beside a closed loop of 64 connections \(.*\), requests through l7-http took p50 .*, p99 has too few samples, it needs a window of 2\.50 s\.$/,
  );
  assert.ok(said.some((sentence) => sentence.includes('to direct')));
  assert.ok(!analyse(syntheticRun({ rounds: 1 })).findings.some(({ sentence }) => sentence.startsWith('Beside')));
});

test('too few samples for a p99 at an offered rate: no sentence of it, and the window that carries it is said', () => {
  const records = syntheticRun({ rounds: 2, mishaps: false, scenarios: ['http-small', 'http-paced-50'] });
  const two = histogramOf(Array.from({ length: 200 }, (_, i) => 80_000 + i));
  const few = {
    ...records,
    trials: records.trials.map((trial) =>
      trial.scenario === 'http-paced-50' && trial.state === 'completed'
        ? { ...trial, load: { ...trial.load, service: two, response: two } }
        : trial,
    ),
  };
  const analysis = analyse(few);
  const finding = analysis.findings.find(({ sentence }) => sentence.startsWith('At'))!;
  assert.match(
    plain(finding.sentence),
    /^At [\d,]+\/s, a hop through l7-http added at most .* at p50 to direct’s response time\.$/,
  );
  assert.match(plain(renderTerminal(analysis, { width: 200 })), /p99 needs a window of \d{3} ms at this rate/);
});

test('an empty, unfinished run gives an analysis too', () => {
  const { run } = syntheticRun({ rounds: 1 });
  const analysis = analyse({ run, subjects: [], trials: [], micro: [] });
  assert.equal(analysis.state, 'unfinished');
  assert.deepEqual([analysis.trials, analysis.comparisons, analysis.ledger.accounts], [[], [], []]);
});

test('the micro-benchmarks stand in the ledger, with what one request needs of each suite', () => {
  const http = twelve.ledger.suites.find(({ suite }) => suite === 'http')!;
  assert.equal(http.nanosPerRequest, 610 + 540 + 2 * 380);
  assert.equal(http.lines[0]!.task, 'rewrite the head');
});

test('records survive their file: the analysis of what is read back is the same', () => {
  const { run, subjects, trials, micro, end } = syntheticRun({ rounds: 2 });
  const text = [run, ...subjects, ...trials, ...micro, end].map((line) => `${JSON.stringify(line)}\n`).join('');
  const { records, torn } = readRecords(text);
  assert.equal(torn, false);
  assert.deepEqual(analyse(records), analyse({ run, subjects, trials, micro, end: end! }));
});
