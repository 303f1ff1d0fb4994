/** Labels follow the instruments: every label under every state of every instrument. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Analysis, Finding } from '#bench/analysis/analysis.ts';
import { analyse } from '#bench/analysis/analyse.ts';
import { compareRuns } from '#bench/analysis/across-runs/compare-runs.ts';
import { METRIC_NAMES } from '#bench/analysis/figures/metrics.ts';
import { type Label, metricAt, trustOf, weakest } from '#bench/analysis/instruments/trust.ts';
import type { CalibrationRecord, RunRecords, TrialRecord } from '#bench/model/record.ts';
import { syntheticRun, TRUTHS } from '#test/reports/synthetic-run.ts';

type Check = CalibrationRecord['checks'][number];
type State = 'passed' | 'failed' | 'disturbed';

const check = (tries: Check['tries'], quantile?: Check['quantile']): Check => ({
  name: `${tries} ${quantile ?? ''}`,
  tries,
  ...(quantile && { quantile }),
  unit: 'µs',
  expected: 0,
  measured: 0,
  limit: 1,
  passed: true,
});
const inState = (one: Check, state: State): Check => ({
  ...one,
  passed: state === 'passed',
  ...(state === 'disturbed' && { disturbed: { steal: 0.1, foreign: 0.3 } }),
});
const CHECKS = [
  check('way'),
  check('delay'),
  check('delay', 'p50'),
  check('delay', 'p99'),
  check('rate'),
  check('count'),
  check('stall'),
  check('errors'),
  check('drops'),
];
const calibrationWith = (one: Check, state: State): CalibrationRecord => ({
  record: 'calibration',
  checks: CHECKS.map((other) => (other === one ? inState(other, state) : other)),
});

/** Turns out a sentence about each kind of figure. */
const run = syntheticRun({
  rounds: 6,
  noise: 0.005,
  mishaps: false,
  // A reference that is its own limit has a capacity to tell of.
  subjects: TRUTHS.slice(0, 5).map((one) => (one.name === 'l7-http' ? { ...one, cpu: 70 } : one)),
  scenarios: [
    'http-small',
    'tls-keepalive',
    'http-paced-50',
    'idle-connections',
    'http-probe-under-load',
    'http-single',
  ],
});
const isAsserted = ({ strength }: Finding): boolean => strength === 'claim' || strength === 'look';

const sound = analyse({ ...run, calibration: { record: 'calibration', checks: CHECKS } });

/** What a sentence tells of, read from its words alone; which check speaks for it. */
const SPEAKS_FOR: readonly (readonly [is: RegExp, tries: (one: Check) => boolean])[] = [
  [/p99 (?!has)/, ({ tries, quantile }) => ['way', 'delay'].includes(tries) && quantile !== 'p50'],
  [/p50 /, ({ tries, quantile }) => ['way', 'delay'].includes(tries) && quantile !== 'p99'],
  [/response time/, ({ tries }) => tries === 'stall'],
  [/was itself the limit/, ({ tries }) => ['rate', 'count', 'drops'].includes(tries)],
  [/CPU per request/, ({ tries }) => tries === 'count'],
];

test('the run has sentences of every kind, each of them asserted while nothing is known against it', () => {
  for (const [is] of SPEAKS_FOR)
    assert.ok(
      sound.findings.some((one) => is.test(one.sentence) && isAsserted(one)),
      `${is}`,
    );
});

for (const one of CHECKS)
  for (const state of ['failed', 'disturbed'] as const)
    test(`${one.name} ${state}: no sentence that rests on it is more than that allows`, () => {
      const { findings } = analyse({ ...run, calibration: calibrationWith(one, state) });
      for (const [is, speaks] of SPEAKS_FOR)
        for (const finding of findings.filter(
          ({ sentence }) => is.test(sentence) && !sentence.startsWith('Calibration'),
        ))
          if (speaks(one))
            assert.ok(
              state === 'failed' ? !isAsserted(finding) : finding.strength !== 'claim',
              `${finding.strength}: ${finding.sentence}`,
            );
    });

test('where p99 alone failed, p50 is still told as surely as before, in a sentence of its own', () => {
  const added = ({ findings }: Analysis): Finding[] =>
    findings.filter(({ sentence }) => /^At .*a hop through l7-http added/.test(sentence));
  const [before, ...none] = added(sound);
  assert.deepEqual(none, []);
  const ofL7 = added(analyse({ ...run, calibration: calibrationWith(CHECKS[3]!, 'failed') }));
  assert.deepEqual(
    ofL7.map(({ sentence, strength }) => [/p50/.test(sentence), /p99/.test(sentence), strength]),
    [
      [true, false, before!.strength],
      [false, true, 'note'],
    ],
  );
  assert.ok(isAsserted(before!));
  assert.match(ofL7[1]!.sentence, /instruments failed their check of it\.$/);
});

test('a table’s comparison that the instruments take back cannot be told', () => {
  const strengthOf = ({ scenarios }: Analysis, metric: string) =>
    scenarios
      .find(({ scenario }) => scenario.role === 'added-latency')!
      .subjects.find(({ subject }) => subject === 'l7-http')!
      .versusDirect.find((comparison) => comparison.metric === metric)!.strength;
  const failed = analyse({ ...run, calibration: calibrationWith(CHECKS[3]!, 'failed') });
  assert.equal(strengthOf(failed, 'responseP50'), strengthOf(sound, 'responseP50'));
  assert.equal(strengthOf(failed, 'responseP99'), 'cannot tell');
});

test('two runs: what the instruments of either failed at is not compared as if they had not', () => {
  const named = (name: string, seed: number, calibration?: CalibrationRecord): RunRecords => {
    const records = syntheticRun({
      seed,
      rounds: 12,
      mishaps: false,
      noise: 0.005,
      scenarios: ['http-small'],
      subjects: TRUTHS.slice(0, 3).map((one) => (one.name === 'l7-http' && seed > 1 ? { ...one, cpu: 24 } : one)),
    });
    return {
      ...records,
      run: { ...records.run, run: name },
      subjects: records.subjects.map((one) =>
        one.subject.kind === 'proxy' && one.subject.name === 'l7-http' ? { ...one, nativeConfig: name } : one,
      ),
      ...(calibration && { calibration }),
    };
  };
  const cpu = (second: RunRecords) =>
    compareRuns(named('a', 1), second).lines.find(
      ({ subject, metric }) => subject === 'l7-http' && metric === 'cpuPerRequest',
    )!;
  assert.equal(cpu(named('b', 2)).strength, 'claim');
  const failed = cpu(named('b', 2, calibrationWith(CHECKS[5]!, 'failed')));
  assert.equal(failed.strength, 'cannot tell');
  assert.match(failed.reason!, /instruments/);
});

test('a run that only shows that everything runs says so first, and asserts nothing', () => {
  const busy: RunRecords = {
    ...run,
    run: { ...run.run, preset: 'smoke', isForFigures: false },
    trials: run.trials.map((trial): TrialRecord => {
      if (trial.state !== 'completed') return trial;
      return { ...trial, warnings: [{ code: 'foreign-load', message: 'others', evidence: {} }] };
    }),
  };
  const analysis = analyse(busy);
  const [first, ...others] = analysis.findings;
  assert.match(
    first!.sentence,
    /not to be trusted: the preset smoke only shows that everything runs, and other processes used the CPU in \d+ of \d+ trials/,
  );
  assert.deepEqual(
    [first, ...others].filter((one) => isAsserted(one!)),
    [],
  );
  const shown = [
    ...analysis.comparisons,
    ...analysis.rankings.flatMap(({ ranked }) => ranked),
    ...analysis.scenarios.flatMap(({ subjects }) => subjects.flatMap(({ versusDirect }) => versusDirect)),
  ];
  assert.deepEqual(new Set(shown.map(({ strength }) => strength)), new Set(['cannot tell']));
});

test('of two labels the weaker; of metrics the one whose instruments allow least', () => {
  const labels: Label[] = ['cannot tell', 'note', 'look', 'claim'];
  for (const [i, a] of labels.entries())
    for (const [j, b] of labels.entries()) assert.equal(weakest<Label>(a, b), labels[Math.min(i, j)]);
  const trust = trustOf({ isForFigures: true }, calibrationWith(CHECKS[3]!, 'disturbed'), null);
  assert.equal(trust.most(['serviceP50', 'cpuPerRequest']), 'claim');
  assert.equal(trust.most(['serviceP50', 'serviceP99']), 'look');
  assert.equal(trust.most([]), 'claim');
  const failed = trustOf({ isForFigures: true }, calibrationWith(CHECKS[0]!, 'failed'), null);
  assert.equal(failed.most(METRIC_NAMES), 'note');
});

test('a quantile that is not one of the metrics is read as the next above it', () => {
  assert.deepEqual(
    [0.25, 0.5, 0.75, 0.95, 0.99, 0.9999].map((q) => metricAt('service', q)),
    ['serviceP50', 'serviceP50', 'serviceP90', 'serviceP99', 'serviceP99', 'serviceP999'],
  );
});
