/** How other tools are given a unit: a name in plain letters, and the factor to it. */
import type { MetricName } from '#bench/analysis/figures/metrics.ts';
import type { Unit } from '#bench/analysis/words/quantity.ts';

interface PlainUnit {
  /** Ends the name of a measure, as in 'cpu-per-request-ns'; '' where the metric's name says it. */
  readonly suffix: string;
  readonly factor: number;
}

/** Times become nanoseconds: the unit that benchstat and Bencher know. */
export const PLAIN_UNITS: Readonly<Record<Unit, PlainUnit>> = {
  µs: { suffix: 'ns', factor: 1e3 },
  ns: { suffix: 'ns', factor: 1 },
  '/s': { suffix: 'per-s', factor: 1 },
  B: { suffix: 'B', factor: 1 },
  'B/connection': { suffix: 'B', factor: 1 },
  instructions: { suffix: '', factor: 1 },
  'per request': { suffix: '', factor: 1 },
  share: { suffix: 'share', factor: 1 },
  ratio: { suffix: 'ratio', factor: 1 },
};

/** 'cpu-per-request-ns', 'service-p99-ns', 'instructions-per-request' */
export function measureName(metric: MetricName, unit: Unit): string {
  const kebab = metric.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const { suffix } = PLAIN_UNITS[unit];
  return suffix === '' ? kebab : `${kebab}-${suffix}`;
}

/** Nine significant digits, and the same text on every machine. */
export const nineDigits = (value: number): number => Number(value.toPrecision(9));
