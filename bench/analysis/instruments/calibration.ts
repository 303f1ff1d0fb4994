/** What the instruments said of an origin whose behaviour is known, against what it did. Pure. */
import type { LoadResult } from '#bench/model/load.ts';
import type { HostReading } from '#bench/model/probe.ts';
import type { CalibrationRecord } from '#bench/model/record.ts';
import { decodeHistogram } from '#bench/stats/histogram.ts';
import { formatQuantity, percent } from '../words/quantity.ts';

export type CalibrationCheck = CalibrationRecord['checks'][number];

/** Microseconds that a reported delay may be off, at two quantiles, and that the way may take; the share that a rate may be off. */
const LIMITS = { p50: 100, p99: 300, way: 500, rate: 0.005 } as const;

const check = (of: Omit<CalibrationCheck, 'passed'>): CalibrationCheck => ({
  ...of,
  passed: Math.abs(of.measured - of.expected) <= of.limit,
});
/** Requests that are known to the last one. */
const exactly = (
  tries: CalibrationCheck['tries'],
  name: string,
  expected: number,
  measured: number,
): CalibrationCheck => check({ name, tries, unit: 'requests', expected, measured, limit: 0 });

const QUANTILES = { p50: 0.5, p99: 0.99 } as const;
type Quantile = keyof typeof QUANTILES;
const atRank = (sorted: readonly number[], name: Quantile): number =>
  sorted[Math.ceil(QUANTILES[name] * sorted.length) - 1]!;

/** What the origin truly waited against what the driver reports, microseconds, warm-up left out; undefined where nothing came. */
function reported(delays: readonly number[], load: LoadResult) {
  const service = decodeHistogram(load.service);
  // The first ones belong to the warm-up.
  const own = delays.slice(-service.totalCount).toSorted((a, b) => a - b);
  if (own.length === 0) return undefined;
  return (name: Quantile): { readonly truly: number; readonly says: number } => ({
    truly: atRank(own, name) * 1e3,
    says: service.getValueAtPercentile(QUANTILES[name] * 100) / 1e3,
  });
}

/**
 * The way to the origin and back, microseconds: what the driver reports where the origin answers at once. Two system calls and two
 * wake-ups, part of every service time, and no error of anybody's; `delays`: what the origin truly took, milliseconds.
 */
export function wayOf(delays: readonly number[], load: LoadResult): number {
  const { says, truly } = reported(delays, load)?.('p50') ?? { says: 0, truly: 0 };
  return says - truly;
}
export const wayChecks = (way: number): CalibrationCheck[] => [
  check({ name: 'the way there and back', tries: 'way', unit: 'µs', expected: 0, measured: way, limit: LIMITS.way }),
];

/**
 * An open loop at an origin that waits `millis` before each answer, and knows how long it truly waited (`delays`, milliseconds, in the
 * order of the answers). What the driver reports beyond that and the way is its own error.
 */
export function delayChecks(
  millis: number,
  delays: readonly number[],
  load: LoadResult,
  way: number,
): CalibrationCheck[] {
  const at = reported(delays, load);
  if (!at) return [exactly('delay', `delay ${millis} ms`, load.scheduled ?? 1, 0)];
  return (['p50', 'p99'] as const).map((quantile) => {
    const { truly, says } = at(quantile);
    return check({
      name: `delay ${millis} ms, ${quantile}`,
      tries: 'delay',
      quantile,
      unit: 'µs',
      expected: truly + way,
      measured: says,
      limit: LIMITS[quantile],
    });
  });
}

/** An open loop at a rate that the origin carries with ease; `counted`: the requests of the window by the origin's own count. */
export function rateChecks(rate: number, counted: number, load: LoadResult): CalibrationCheck[] {
  const seconds = load.window / 1_000;
  return [
    check({
      name: 'rate',
      tries: 'rate',
      unit: '/s',
      expected: rate,
      measured: load.requests / seconds,
      limit: Math.max(LIMITS.rate * rate, 1 / seconds),
    }),
    exactly('count', 'requests, by the origin’s count', counted, load.requests),
    exactly('drops', 'dropped below capacity', 0, load.dropped ?? 0),
  ];
}

/**
 * An open loop at a uniform rate while the origin stands still, once, for `stalled` milliseconds by its own clock: all that was due in it
 * up to `least` milliseconds before its end is late by at least those, whether it was under way or not. By one more or less, as the
 * stall falls between two arrivals.
 */
export function stallChecks(stalled: number, least: number, rate: number, load: LoadResult): CalibrationCheck[] {
  const response = decodeHistogram(load.response!);
  const late = response.totalCount - countBelow(response, least * 1e6);
  return [
    check({
      name: `answers late by a stall, ${least} ms or more`,
      tries: 'stall',
      unit: 'requests',
      expected: ((stalled - least) * rate) / 1_000,
      measured: late,
      limit: 1,
    }),
  ];
}

/** Every `every`-th answer is an error: of what was sent all of them counted, and nothing else. */
export function errorChecks(every: number, load: LoadResult): CalibrationCheck[] {
  const { status, ...others } = load.errors;
  const otherErrors = Object.values(others).reduce((a, b) => a + b, 0);
  return [
    exactly(
      'errors',
      `errors, one in ${every}`,
      Math.floor(((load.scheduled ?? 0) - (load.dropped ?? 0)) / every),
      status,
    ),
    exactly('errors', 'other errors', 0, otherErrors),
  ];
}

/**
 * An open loop at far more than its connections can carry: each is held for `millis` a request, so that what is sent within the window
 * is known, and all the rest is dropped. `rate` × window and what is sent are whole numbers by the choice of whoever asks.
 */
export function dropChecks(millis: number, rate: number, load: LoadResult): CalibrationCheck[] {
  const due = Math.round((rate * load.window) / 1_000);
  const sent = load.connections * Math.ceil(load.window / millis);
  return [
    exactly('drops', 'scheduled beyond capacity', due, load.scheduled ?? 0),
    exactly('drops', 'dropped beyond capacity', due - sent, load.dropped ?? 0),
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

/** Shares of all CPU time from which on a check's failure is the host's: the checks stand and fall with single milliseconds. */
const DISTURBED = { steal: 0.005, foreign: 0.05 } as const;

export const disturbs = ({ steal, foreign }: Pick<HostReading, 'steal' | 'foreign'>): boolean =>
  steal > DISTURBED.steal || foreign > DISTURBED.foreign;

/** How soon the host woke bare threads, microseconds each. */
export function wakeupsOf(took: readonly number[]): Wakeups {
  const sorted = took.toSorted((a, b) => a - b);
  return { p50: atRank(sorted, 'p50'), p99: atRank(sorted, 'p99') };
}
type Wakeups = NonNullable<CalibrationRecord['wakeups']>;

/**
 * The checks of one step as they stand: a failed one on a disturbed host says so. Of a delay at p99 that is also what lies within the
 * limit once the host's own tail is taken off: a bare thread, without the driver, was woken as much later than it mostly is.
 */
export const underHost = (
  checks: readonly CalibrationCheck[],
  { steal, foreign }: Pick<HostReading, 'steal' | 'foreign'>,
  repeated: boolean,
  wakeups?: Wakeups,
): CalibrationCheck[] =>
  checks.map((one) => {
    const tail = wakeups && isTail(one) ? wakeups.p99 - wakeups.p50 : undefined;
    // Late only: what is reported too early no host has done.
    const late = one.measured - one.expected;
    const woken = tail !== undefined && late > 0 && late <= one.limit + tail;
    const blamed = !one.passed && (woken || disturbs({ steal, foreign }));
    const disturbed = { steal, foreign, ...(tail !== undefined && { wakeups: tail }) };
    return { ...one, ...(repeated && { repeated }), ...(blamed && { disturbed }) };
  });

const isTail = ({ tries, quantile }: CalibrationCheck): boolean => tries === 'delay' && quantile === 'p99';

/** The worst error of a kind over all delays, microseconds; undefined where it was not measured. */
export function accuracyOf({ checks }: CalibrationRecord, quantile: Quantile): number | undefined {
  const errors = checks
    .filter((one) => one.tries === 'delay' && one.quantile === quantile)
    .map(({ expected, measured }) => Math.abs(measured - expected));
  return errors.length === 0 ? undefined : Math.max(...errors);
}

/** 'passed', 'failed' by the instruments' own fault, or 'disturbed': the host was too restless to tell. */
export function verdictOf({ checks }: CalibrationRecord): 'passed' | 'failed' | 'disturbed' {
  const failed = checks.filter(({ passed }) => !passed);
  if (failed.length === 0) return 'passed';
  return failed.every(({ disturbed }) => disturbed !== undefined) ? 'disturbed' : 'failed';
}

/** One sentence: the stated accuracy, or why the run cannot be trusted. */
export function describeCalibration(record: CalibrationRecord): string {
  const repeated = record.checks.some((one) => one.repeated === true);
  const again = repeated ? ' (what failed on a disturbed host was checked once more)' : '';
  switch (verdictOf(record)) {
    case 'passed':
      return `Calibration: ${accuracy(record)}; rate, stall, errors and drops as they were${again}.`;
    case 'failed':
      return `Calibration: this run’s instruments were off by more than they may be, read its figures with that care: ${failures(record)}${again}.`;
    case 'disturbed':
      return `Calibration: how exact this run’s instruments are cannot be told, the host was disturbed: ${disturbance(record)}${again}.`;
  }
}

function accuracy(record: CalibrationRecord): string {
  const [p50, p99] = [accuracyOf(record, 'p50'), accuracyOf(record, 'p99')];
  if (p50 === undefined || p99 === undefined) return 'no delays were measured';
  return `delays of 0.2 to 50 ms were reported within ${formatQuantity(p50, 'µs')} (p50) and ${formatQuantity(p99, 'µs')} (p99)${wakeupWords(record)}`;
}

function wakeupWords({ wakeups }: CalibrationRecord): string {
  if (!wakeups) return '';
  return `; this host woke a bare thread within ${formatQuantity(wakeups.p50, 'µs')} (p50) and ${formatQuantity(wakeups.p99, 'µs')} (p99)`;
}

export const figureOf = (value: number, unit: CalibrationCheck['unit']): string =>
  unit === 'requests'
    ? `${Math.round(value)} ${Math.round(value) === 1 ? 'request' : 'requests'}`
    : formatQuantity(value, unit);

/** Those that are the instruments' own. */
function failures({ checks }: CalibrationRecord): string {
  const own = checks.filter(({ passed, disturbed }) => !passed && !disturbed).toSorted((a, b) => excess(b) - excess(a));
  const named = own.slice(0, MOST_NAMED).map(({ name, unit, expected, measured, limit }) => {
    const figures = [measured, expected, limit].map((value) => figureOf(value, unit));
    return `${name}: ${figures[0]} instead of ${figures[1]} (limit ± ${figures[2]})`;
  });
  return `${named.join('; ')}${moreOf(own.length)}`;
}

/** How many times of what is borne it was off. */
const excess = ({ expected, measured, limit }: CalibrationCheck): number =>
  Math.abs(measured - expected) / Math.max(limit, 1e-9);

/** All of them stand in the report's table. */
const MOST_NAMED = 3;
const moreOf = (count: number): string => (count > MOST_NAMED ? `; and ${count - MOST_NAMED} more` : '');

function disturbance(record: CalibrationRecord): string {
  const { checks } = record;
  const all = checks.flatMap(({ disturbed }) => disturbed ?? []);
  const most = (of: 'steal' | 'foreign'): string => percent(Math.max(...all.map((one) => one[of])));
  const names = checks.filter(({ disturbed }) => disturbed).map(({ name }) => name);
  return `${all.length} of ${checks.length} checks failed while the hypervisor took up to ${most('steal')} of the CPU and others up to ${most('foreign')} (${names.slice(0, MOST_NAMED).join('; ')}${moreOf(names.length)})${wakeupWords(record)}`;
}
