/**
 * Bencher Metric Format: benchmark → measure → value with the ends of its interval, for `bencher run --adapter json --file`. Head's
 * figures alone: Bencher compares with what it has stored. Checked against its published schema (bencher.dev/bmf.json), and held to
 * its longest names: 1,024 characters of a benchmark, 64 of a measure.
 */
import type { GateMetric, GateResult } from '#bench/gate/result.ts';
import type { GateOutput } from './contract.ts';
import { measureName, nineDigits, PLAIN_UNITS } from './units.ts';

const LONGEST_NAME = 1_024;

/** Nothing of what could not be measured, or is no number. */
const isTold = ({ state, head }: GateMetric): boolean => state !== 'invalid' && Number.isFinite(head?.value);

function metricOf({ head, unit }: GateMetric): Record<string, number> {
  const { value, low, high, n } = head!;
  const of = (figure: number): number => nineDigits(figure * PLAIN_UNITS[unit].factor);
  const hasInterval = n > 1 && Number.isFinite(low) && Number.isFinite(high);
  return { value: of(value), ...(hasInterval && { lower_value: of(low), upper_value: of(high) }) };
}

function render({ metrics }: GateResult): string {
  const benchmarks = Map.groupBy(metrics.filter(isTold), ({ scenario, subject }) =>
    `${scenario}/${subject}`.slice(0, LONGEST_NAME).toWellFormed(),
  );
  const all = [...benchmarks].map(([name, own]) => {
    const measures = own.map((metric) => [measureName(metric.metric, metric.unit), metricOf(metric)] as const);
    return [name, Object.fromEntries(measures)] as const;
  });
  return `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`;
}

export const bencher: GateOutput = { format: 'bencher', file: 'gate-bencher.json', render };
