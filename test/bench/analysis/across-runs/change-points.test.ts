/** Change points of histories whose truth is known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changesOf, type SeriesVerdict } from '#bench/analysis/across-runs/change-points.ts';
import { historyLine } from '#bench/analysis/across-runs/history-line.ts';
import { historyView } from '#bench/analysis/across-runs/history.ts';
import { HistoryLine } from '#bench/model/history.ts';
import type { RunRecords } from '#bench/model/record.ts';
import { syntheticRun, TRUTHS } from '#test/reports/synthetic-run.ts';
import { driftingRun } from './drifting-run.ts';
import { historyLines } from './history-lines.ts';

const found = (verdicts: readonly SeriesVerdict[]): SeriesVerdict[] =>
  verdicts.filter(({ changes }) => changes.length > 0);
const kinds = (verdicts: readonly SeriesVerdict[]): string[] =>
  found(verdicts).map(({ series }) => `${series.subject} ${series.kind}`);

test('a step is found where it is, with its size, in the ratio, and nowhere else', () => {
  const verdicts = changesOf(historyLines({ runs: 30, l7: (run) => (run < 16 ? 1 : 1.06) }));
  assert.deepEqual(kinds(verdicts), ['l7-http to reference']);
  for (const { changes } of found(verdicts)) {
    assert.equal(changes.length, 1);
    const { before, after, ratio, p, along } = changes[0]!;
    assert.deepEqual([before.run, after.run, along], ['run-15', 'run-16', []]);
    assert.ok(ratio.low < 1.06 && 1.06 < ratio.high && ratio.low > 1.04, JSON.stringify(ratio));
    assert.ok(p <= 0.01);
  }
});

test('a slow drift shows that no two neighbours would', () => {
  // 0.25 % a run, a quarter of the scatter of one.
  const verdicts = changesOf(historyLines({ runs: 40, l7: (run) => 1.0025 ** run }));
  assert.ok(kinds(verdicts).includes('l7-http to reference'));
  for (const { changes } of found(verdicts)) assert.ok(changes.every(({ ratio }) => ratio.value > 1.02));
});

test('nothing changed: nothing is found', () => {
  assert.deepEqual(kinds(changesOf(historyLines({ runs: 40 }))), []);
});

test('another host is no change of a ratio, nor is one host that was slower for weeks', () => {
  const shape = { runs: 40, host: (run: number) => (run < 20 ? (['a1', 1] as const) : (['b2', 0.6] as const)) };
  assert.deepEqual(kinds(changesOf(historyLines(shape))), []);
  const both = changesOf(historyLines({ ...shape, l7: (run) => (run < 30 ? 1 : 1.08) }));
  assert.deepEqual(kinds(both), ['l7-http to reference']);
  const drift = historyLines({ runs: 40, host: (run) => ['a1', run < 20 ? 1 : 1.31] });
  assert.deepEqual(kinds(changesOf(drift)), []);
});

test('what changed along with it is told: the host, Node', () => {
  const lines = historyLines({
    runs: 30,
    l7: (run) => (run < 16 ? 1 : 1.1),
    host: (run) => (run < 16 ? ['a1', 1] : ['b2', 1]),
    node: (run) => (run < 16 ? 'v26.1.0' : 'v26.2.0'),
  });
  const [first] = found(changesOf(lines));
  assert.deepEqual(first!.changes[0]!.along, ['host', 'Node v26.1.0 → v26.2.0']);
});

test('too few runs are not tested, and runs beside a base are a series of their own', () => {
  const few = changesOf(historyLines({ runs: 9, l7: (run) => (run < 5 ? 1 : 2) }));
  assert.ok(few.every(({ tested, changes }) => !tested && changes.length === 0));
  const mixed = historyLines({ runs: 20 }).map((line, i) => ({ ...line, duet: i % 2 === 0 }));
  const ofL7 = changesOf(mixed).filter(({ series }) => series.subject === 'l7-http' && series.kind === 'to reference');
  assert.deepEqual(
    ofL7.map(({ series }) => [series.duet, series.points.length]),
    [
      [true, 10],
      [false, 10],
    ],
  );
});

test('what a chart draws: the main scenario, one denominator, its marks', () => {
  const lines = historyLines({ runs: 30, l7: (run) => (run < 16 ? 1 : 1.06) });
  const { points, marks } = historyView(lines, changesOf(lines));
  assert.equal(points.length, 60);
  assert.deepEqual(
    marks.map(({ subject, run }) => [subject, run]),
    [['l7-http', 'run-16']],
  );
  assert.ok(points.every(({ ratio }) => ratio === undefined || ratio.to === 'l4-tcp'));
  const noReference = lines.map((line) => ({
    ...line,
    entries: line.entries.map((entry) => {
      const { toReference: _, ...rest } = entry;
      return rest;
    }),
  }));
  const byOrigin = historyView(noReference, changesOf(noReference));
  assert.ok(byOrigin.points.every(({ ratio }) => ratio?.to === 'the origin'));
});

const records = syntheticRun({
  rounds: 6,
  subjects: TRUTHS.slice(0, 4),
  scenarios: ['http-small', 'tls-keepalive', 'http-paced-50'],
  mishaps: false,
});

test('the line of a run: its figures with intervals, ratios of the same rounds, and nothing undefined', () => {
  const line = historyLine(records);
  assert.deepEqual(HistoryLine.parse(JSON.parse(JSON.stringify(line))), line);
  assert.deepEqual(
    [line.run, line.commit, line.dirty, line.rounds, line.duet],
    [records.run.run, records.run.revision, false, 6, false],
  );
  const entry = (scenario: string, subject: string) =>
    line.entries.find((one) => one.scenario === scenario && one.subject === subject)!;
  const l7 = entry('http-small', 'l7-http');
  assert.ok(Math.abs(l7.cpuPerRequest!.value / 18.2 - 1) < 0.04 && l7.main);
  assert.ok(Math.abs(l7.toReference!.value / (18.2 / 8.6) - 1) < 0.04);
  assert.ok(Math.abs(l7.toOrigin!.value / (18.2 / 9.2) - 1) < 0.04);
  assert.ok(l7.toDirect!.throughput!.n === 6 && l7.toDirect!.serviceP50 === undefined);
  assert.ok(entry('http-paced-50', 'l7-http').toDirect!.serviceP50!.value > 1);
  assert.equal(entry('http-small', 'l4-tcp').toReference, undefined);
  assert.deepEqual([entry('tls-keepalive', 'l7-tls').main, entry('tls-keepalive', 'l4-tcp').main], [true, false]);
  const dirty: RunRecords = { ...records, run: { ...records.run, revision: '0123456789ab-dirty' } };
  const { commit, dirty: isDirty } = historyLine(dirty);
  assert.deepEqual([commit, isDirty], ['0123456789ab', true]);
});

test('l4-tcp, the yardstick itself, is held against somebody else’s proxy', () => {
  const line = historyLine(driftingRun({ seed: 1, host: 1.4, start: 0, run: 0, turn: 0 }));
  const ofL4 = line.entries.find(({ subject }) => subject === 'l4-tcp')!.toReference!;
  assert.equal(ofL4.reference, 'envoy-http');
  assert.ok(Math.abs(ofL4.value / (8.6 / 41) - 1) < 1e-4);
  const l7 = line.entries.find(({ subject }) => subject === 'l7-http')!.toReference!;
  assert.deepEqual([l7.reference, l7.n, l7.coverage], ['l4-tcp', 6, 0.95]);
  assert.ok(Math.abs(l7.value / (18.2 / 8.6) - 1) < 1e-4);
});

test('of a gate’s run: head, beside its ratio to base', () => {
  const sided = (side: 'base' | 'head', from: RunRecords): RunRecords['trials'] =>
    from.trials.flatMap((trial) =>
      trial.subject.kind === 'proxy'
        ? [{ ...trial, subject: { ...trial.subject, side } }]
        : side === 'head'
          ? [trial]
          : [],
    );
  const gate = { ...records, trials: [...sided('head', records), ...sided('base', records)] };
  const ratio = { value: 1.02, low: 1.01, high: 1.03, coverage: 0.95, n: 6 };
  const line = historyLine(gate, {
    base: 'fedcba',
    metrics: [{ scenario: 'http-small', subject: 'l7-http', metric: 'cpuPerRequest', ratio }],
  });
  assert.deepEqual([line.duet, line.base], [true, 'fedcba']);
  const l7 = line.entries.find(({ scenario, subject }) => scenario === 'http-small' && subject === 'l7-http')!;
  assert.deepEqual(l7.gate, ratio);
  assert.equal(l7.toDirect, undefined);
  const plain = historyLine(records).entries.find(({ subject }) => subject === 'l7-http')!;
  assert.deepEqual(l7.cpuPerRequest, plain.cpuPerRequest);
});
