/** What the instruments said of an origin whose behaviour is known, against what it did. Pure. */
import type { LoadResult } from '#bench/model/load.ts';
import type { CalibrationRecord } from '#bench/model/record.ts';
import { decodeHistogram } from '#bench/stats/histogram.ts';
import { formatQuantity } from './quantity.ts';

export type CalibrationCheck = CalibrationRecord['checks'][number];

/** Microseconds that a reported delay may be off, at two quantiles; the share that a rate may be off; that of a stall's late answers. */
const LIMITS = { p50: 100, p99: 300, rate: 0.005, stall: 0.1 } as const;

const check = (
  name: string,
  unit: CalibrationCheck['unit'],
  expected: number,
  measured: number,
  limit: number,
): CalibrationCheck => ({ name, unit, expected, measured, limit, passed: Math.abs(measured - expected) <= limit });

/**
 * An open loop at an origin that waits `millis` before each answer, and knows how long it truly waited (`delays`, milliseconds, in the
 * order of the answers). What the driver reports beyond that is its own error, and the way between the two.
 */
export function delayChecks(millis: number, delays: readonly number[], load: LoadResult): CalibrationCheck[] {
  const service = decodeHistogram(load.service);
  // The first ones belong to the warm-up.
  const own = delays.slice(-service.totalCount).toSorted((a, b) => a - b);
  if (own.length === 0) return [check(`delay ${millis} ms`, 'requests', load.scheduled ?? 1, 0, 0)];
  return (['p50', 'p99'] as const).map((name) => {
    const q = name === 'p50' ? 0.5 : 0.99;
    const expected = own[Math.ceil(q * own.length) - 1]! * 1e3;
    const measured = service.getValueAtPercentile(q * 100) / 1e3;
    return check(`delay ${millis} ms, ${name}`, 'µs', expected, measured, LIMITS[name]);
  });
}

/** An open loop at a rate that the origin carries with ease: what was sent and answered, and that all of it was. */
export function rateChecks(rate: number, load: LoadResult): CalibrationCheck[] {
  const seconds = load.window / 1_000;
  return [
    check('rate', '/s', rate, load.requests / seconds, Math.max(LIMITS.rate * rate, 1 / seconds)),
    check('dropped', 'requests', 0, load.dropped ?? 0, 0),
  ];
}

/**
 * An open loop at a uniform rate while the origin stands still for `millis`, once: all that was due in its first half is late by at
 * least the other half, whether it was under way or not. Some more are, while the origin catches up.
 */
export function stallChecks(millis: number, rate: number, load: LoadResult): CalibrationCheck[] {
  const response = decodeHistogram(load.response!);
  const late = response.totalCount - countBelow(response, (millis / 2) * 1e6);
  const expected = (rate * millis) / 2 / 1_000;
  return [
    check(
      `answers late by half of a stall of ${millis} ms`,
      'requests',
      expected,
      late,
      Math.ceil(LIMITS.stall * expected),
    ),
  ];
}

/** Every `every`-th answer is an error: all of them counted, and nothing else. */
export function errorChecks(every: number, load: LoadResult): CalibrationCheck[] {
  const { status, ...others } = load.errors;
  const expected = (load.scheduled ?? 0) / every;
  return [
    check(`errors, one in ${every}`, 'requests', expected, status, 1),
    check(
      'other errors',
      'requests',
      0,
      Object.values(others).reduce((a, b) => a + b, 0),
      0,
    ),
  ];
}

/** Samples below a value, by the histogram's own quantiles. */
function countBelow(histogram: { totalCount: number; getValueAtPercentile(p: number): number }, value: number): number {
  let [low, high] = [0, histogram.totalCount];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (histogram.getValueAtPercentile(((middle + 0.5) / histogram.totalCount) * 100) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The worst error of a kind over all delays, microseconds; undefined where it was not measured. */
export function accuracyOf({ checks }: CalibrationRecord, quantile: 'p50' | 'p99'): number | undefined {
  const errors = checks
    .filter(({ name, unit }) => unit === 'µs' && name.endsWith(quantile))
    .map(({ expected, measured }) => Math.abs(measured - expected));
  return errors.length === 0 ? undefined : Math.max(...errors);
}

/** One sentence: the stated accuracy, or why the run cannot be trusted. */
export function describeCalibration(record: CalibrationRecord): string {
  const failed = record.checks.filter(({ passed }) => !passed);
  const figure = (value: number, unit: CalibrationCheck['unit']): string =>
    unit === 'requests' ? `${Math.round(value)} requests` : formatQuantity(value, unit);
  if (failed.length > 0)
    return `Calibration: this run’s instruments were off by more than they may be, read its figures with that care: ${failed
      .map(
        ({ name, unit, expected, measured, limit }) =>
          `${name}: ${figure(measured, unit)} instead of ${figure(expected, unit)} (limit ± ${figure(limit, unit)})`,
      )
      .join('; ')}.`;
  const [p50, p99] = [accuracyOf(record, 'p50'), accuracyOf(record, 'p99')];
  const within =
    p50 === undefined ? '' : `delays of 0.2 to 50 ms were reported within ${formatQuantity(p50, 'µs')} (p50)`;
  const tail = p99 === undefined ? '' : ` and ${formatQuantity(p99, 'µs')} (p99)`;
  return `Calibration: ${within}${tail}; a rate, a stall and an error mix as they were.`;
}
