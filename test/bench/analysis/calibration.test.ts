import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  accuracyOf,
  delayChecks,
  describeCalibration,
  errorChecks,
  rateChecks,
  stallChecks,
  type CalibrationCheck,
} from '#bench/analysis/calibration.ts';
import { analyse } from '#bench/analysis/analyse.ts';
import { millis } from '#bench/model/units.ts';
import { syntheticRun } from '#test/reports/synthetic-run.ts';
import { histogramOf, load, open } from './evidence.ts';

const passed = (checks: readonly CalibrationCheck[]): boolean[] => checks.map((check) => check.passed);
const delays = Array.from({ length: 200 }, () => 5);
const reported = (nanos: number) => load({ service: histogramOf(delays.map(() => nanos)) });

test('a delay is held against what the origin truly waited, at p50 and p99, warm-up left out', () => {
  assert.deepEqual(passed(delayChecks(5, delays, reported(5_080_000))), [true, true]);
  assert.deepEqual(passed(delayChecks(5, delays, reported(5_200_000))), [false, true]);
  assert.deepEqual(passed(delayChecks(5, delays, reported(4_600_000))), [false, false]);
  const late = delays.map((delay) => delay + 1); // the origin's own timer was late: no error of the driver's
  assert.deepEqual(passed(delayChecks(5, [9, 9, 9, ...late], reported(6_050_000))), [true, true]);
  assert.deepEqual(passed(delayChecks(5, [], reported(5_000_000))), [false]);
});

test('a rate within half a percent, and nothing dropped', () => {
  const at = (requests: number, dropped = 0) => rateChecks(20_000, open({ requests, dropped, window: millis(1_000) }));
  assert.deepEqual(passed(at(20_090)), [true, true]);
  assert.deepEqual(passed(at(19_890)), [false, true]);
  assert.deepEqual(passed(at(20_000, 1)), [true, false]);
});

test('a stall shows as all the requests that were due in it, not as one', () => {
  const response = (late: number) =>
    histogramOf(Array.from({ length: 500 }, (_, i) => (i < late ? 60e6 : i < 2 * late ? 30e6 : 1e5)));
  const late = (count: number) => passed(stallChecks(100, 1_000, open({ response: response(count) })));
  assert.deepEqual([late(50), late(54), late(1), late(80)].flat(), [true, true, false, false]);
});

test('errors to the very one', () => {
  const errors = { ...load().errors, status: 75 };
  assert.deepEqual(passed(errorChecks(4, open({ scheduled: 300, errors }))), [true, true]);
  assert.deepEqual(passed(errorChecks(4, open({ scheduled: 300, errors: { ...errors, status: 73 } }))), [false, true]);
  assert.deepEqual(passed(errorChecks(4, open({ scheduled: 300, errors: { ...errors, reset: 1 } }))), [true, false]);
});

test('it is said in the findings: the accuracy, or what was off and by how much', () => {
  const records = syntheticRun({ rounds: 2, scenarios: ['http-small'], micro: false });
  const good = { record: 'calibration' as const, checks: delayChecks(5, delays, reported(5_080_000)) };
  const bad = { record: 'calibration' as const, checks: delayChecks(5, delays, reported(5_900_000)) };
  assert.ok(Math.abs(accuracyOf(good, 'p50')! - 80) < 5);
  const said = (calibration: typeof good): string =>
    analyse({ ...records, calibration }).findings.find(({ sentence }) => sentence.startsWith('Calibration'))!.sentence;
  assert.match(said(good).replaceAll('\u00a0', ' '), /within \d\d\.\d µs \(p50\)/);
  assert.match(
    said(bad).replaceAll('\u00a0', ' '),
    /delay 5 ms, p50: 5 9\d\d µs instead of 5 000 µs \(limit ± 100 µs\)/,
  );
  assert.equal(describeCalibration(good), said(good));
  assert.equal(analyse(records).calibration, null);
});
