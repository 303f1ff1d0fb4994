import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  accuracyOf,
  delayChecks,
  describeCalibration,
  disturbs,
  dropChecks,
  errorChecks,
  rateChecks,
  stallChecks,
  type CalibrationCheck,
  underHost,
  wakeupsOf,
  verdictOf,
  wayChecks,
  wayOf,
} from '#bench/analysis/instruments/calibration.ts';
import { analyse } from '#bench/analysis/analyse.ts';
import { millis } from '#bench/model/units.ts';
import { syntheticRun } from '#test/reports/synthetic-run.ts';
import { histogramOf, load, open } from '../verdict/evidence.ts';

const passed = (checks: readonly CalibrationCheck[]): boolean[] => checks.map((check) => check.passed);
const delays = Array.from({ length: 200 }, () => 5);
const reported = (nanos: number) => load({ service: histogramOf(delays.map(() => nanos)) });

test('a delay is held against what the origin truly waited, at p50 and p99, warm-up left out', () => {
  const of = (nanos: number, truth = delays, way = 0) => passed(delayChecks(5, truth, reported(nanos), way));
  assert.deepEqual(of(5_080_000), [true, true]);
  assert.deepEqual(of(5_200_000), [false, true]);
  assert.deepEqual(of(4_600_000), [false, false]);
  const late = delays.map((delay) => delay + 1); // the origin's own timer was late: no error of the driver's
  assert.deepEqual(of(6_050_000, [9, 9, 9, ...late]), [true, true]);
  assert.deepEqual(of(5_250_000, delays, 170), [true, true], 'the way is no error');
  assert.deepEqual(of(5_000_000, []), [false]);
});

test('the way is what is reported of an origin that answers at once, and must be short', () => {
  const way = wayOf(
    delays.map(() => 0.01),
    reported(130_000),
  );
  assert.ok(Math.abs(way - 120) < 0.5, `${way}`);
  assert.deepEqual([...passed(wayChecks(way)), ...passed(wayChecks(40_000))], [true, false]);
});

test('a rate within half a percent, as many as the origin counted, and nothing dropped', () => {
  const at = (requests: number, counted = requests, dropped = 0) =>
    rateChecks(20_000, counted, open({ requests, dropped, window: millis(1_000) }));
  assert.deepEqual(passed(at(20_090)), [true, true, true]);
  assert.deepEqual(passed(at(19_890)), [false, true, true]);
  assert.deepEqual(passed(at(20_000, 20_001)), [true, false, true]);
  assert.deepEqual(passed(at(20_000, 20_000, 1)), [true, true, false]);
});

test('a stall shows as all the requests that were due in it, not as one', () => {
  const response = (late: number) =>
    histogramOf(Array.from({ length: 500 }, (_, i) => (i < late ? 60e6 : i < 2 * late ? 30e6 : 1e5)));
  // It truly stood still for 110.2 ms: at 1,000/s, 60 were due at least 50 ms before its end.
  const late = (count: number) => passed(stallChecks(110.2, 50, 1_000, open({ response: response(count) })));
  assert.deepEqual([late(60), late(61), late(1), late(62)].flat(), [true, true, false, false]);
});

test('errors to the very one', () => {
  const errors = { ...load().errors, status: 75 };
  assert.deepEqual(passed(errorChecks(4, open({ scheduled: 300, errors }))), [true, true]);
  assert.deepEqual(passed(errorChecks(4, open({ scheduled: 300, errors: { ...errors, status: 74 } }))), [false, true]);
  assert.deepEqual(passed(errorChecks(4, open({ scheduled: 300, errors: { ...errors, reset: 1 } }))), [true, false]);
});

test('drops to the very one: what is held by the connections was sent, all else was not', () => {
  const of = (scheduled: number, dropped: number) =>
    passed(dropChecks(100, 1_000, open({ connections: 8, window: millis(350), scheduled, dropped })));
  assert.deepEqual(of(350, 318), [true, true]);
  assert.deepEqual(of(350, 317), [true, false]);
  assert.deepEqual(of(349, 318), [false, true]);
});

test('a failure on a disturbed host is the host’s, and says what was disturbed', () => {
  const quiet = { steal: 0, foreign: 0.02 };
  const busy = { steal: 0.12, foreign: 0.3 };
  assert.deepEqual([disturbs(quiet), disturbs(busy), disturbs({ ...quiet, steal: 0.01 })], [false, true, true]);
  const off = delayChecks(5, delays, reported(5_900_000), 0);
  const record = (...checks: CalibrationCheck[]) => ({ record: 'calibration' as const, checks });
  const good = delayChecks(5, delays, reported(5_080_000), 0);
  assert.equal(verdictOf(record(...underHost(good, busy, true))), 'passed');
  assert.equal(verdictOf(record(...underHost(off, quiet, false))), 'failed');
  const disturbed = record(...underHost(off, busy, true));
  assert.equal(verdictOf(disturbed), 'disturbed');
  assert.equal(verdictOf(record(...disturbed.checks, ...underHost(off, quiet, false))), 'failed');
  const said = describeCalibration(disturbed).replaceAll('\u00a0', ' ');
  assert.match(said, /cannot be told, the host was disturbed: 2 of 2 .*hypervisor took up to 12 % .*others up to 30 %/);
  assert.match(said, /checked once more/);
  assert.match(
    describeCalibration(record(...underHost(good, busy, true))),
    /as they were \(what failed .* once more\)/,
  );
});

test('a p99 that is off by what bare threads were late is the host’s; beyond that, or at p50, it is the instruments’', () => {
  const quiet = { steal: 0, foreign: 0 };
  const of = (nanos: number, tail: number) =>
    underHost(delayChecks(5, delays, reported(nanos), 0), quiet, false, { p50: 60, p99: 60 + tail });
  const blamed = (checks: readonly CalibrationCheck[]) =>
    checks.map((one) => one.passed || one.disturbed !== undefined);
  assert.deepEqual(blamed(of(5_900_000, 700)), [false, true]);
  assert.equal(of(5_900_000, 700)[1]!.disturbed!.wakeups, 700);
  assert.deepEqual(blamed(of(5_900_000, 500)), [false, false]);
  assert.deepEqual(blamed(of(5_080_000, 0)), [true, true]);
  assert.deepEqual(blamed(of(4_100_000, 700)), [false, false], 'too early is nobody’s wake-up');
  const others = underHost(wayChecks(40_000), quiet, false, { p50: 60, p99: 90_000 });
  assert.deepEqual(blamed(others), [false], 'nothing else is excused by it');
  const checks = of(5_090_000, 640);
  const said = describeCalibration({ record: 'calibration', checks, wakeups: { p50: 60, p99: 700 } });
  assert.match(said.replaceAll('\u00a0', ' '), /woke a bare thread within 60\.0 µs \(p50\) and 700 µs \(p99\)/);
});

test('wake-ups at two quantiles, in any order', () => {
  assert.deepEqual(wakeupsOf(Array.from({ length: 1_000 }, (_, i) => 1_000 - i)), { p50: 500, p99: 990 });
});

test('it is said in the findings: the accuracy, or what was off and by how much', () => {
  const records = syntheticRun({ rounds: 2, scenarios: ['http-small'], micro: false });
  const good = { record: 'calibration' as const, checks: delayChecks(5, delays, reported(5_080_000), 0) };
  const bad = { record: 'calibration' as const, checks: delayChecks(5, delays, reported(5_900_000), 0) };
  assert.ok(Math.abs(accuracyOf(good, 'p50')! - 80) < 5);
  const said = (calibration: typeof good): string =>
    analyse({ ...records, calibration }).findings.find(({ sentence }) => sentence.startsWith('Calibration'))!.sentence;
  assert.match(said(good).replaceAll('\u00a0', ' '), /within \d\d\.\d µs \(p50\)/);
  assert.match(said(bad).replaceAll('\u00a0', ' '), /delay 5 ms, p50: 5.9\d ms instead of 5.00 ms \(limit ± 100 µs\)/);
  assert.equal(describeCalibration(good), said(good));
  assert.equal(analyse(records).calibration, null);
});
