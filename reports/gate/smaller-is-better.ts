/**
 * `customSmallerIsBetter` of github-action-benchmark: head's figures, as { name, unit, value, range, extra }. A figure of which more is
 * better is turned over, for the tool knows one direction a file: a throughput becomes the time that one request takes at it. The
 * fields are those that its `src/extract.ts` reads (`BenchmarkResult`).
 */
import { formatInterval, formatQuantity, type Unit } from '#bench/analysis/words/quantity.ts';
import type { Estimate } from '#bench/analysis/analysis.ts';
import type { GateMetric, GateResult } from '#bench/gate/result.ts';
import { decidingP, formatChange, formatP } from './change.ts';
import type { GateOutput } from './contract.ts';
import { nineDigits } from './units.ts';

interface Entry {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly range?: string;
  readonly extra: string;
}

interface Turned {
  /** From the metric's own. */
  readonly title: (own: string) => string;
  readonly unit: Unit;
  readonly of: (value: number) => number;
}
const same = (title: string): string => title;

/** Undefined: there is no honest way to turn this unit over, so the metric is left out. */
const OVER: Partial<Readonly<Record<Unit, Turned>>> = {
  '/s': { title: (own) => `time per request (1 s ÷ ${own})`, unit: 'µs', of: (rate) => 1e6 / rate },
  ratio: { title: (own) => `1 ÷ ${own}`, unit: 'ratio', of: (ratio) => 1 / ratio },
};

function turn(metric: GateMetric): Turned | undefined {
  if (metric.better === 'lower') return { title: same, unit: metric.unit, of: (value) => value };
  return OVER[metric.unit];
}

const turned = ({ value, low, high, coverage, n }: Estimate, { of }: Turned): Estimate => {
  const [a, b] = [of(low), of(high)];
  return { value: of(value), low: Math.min(a, b), high: Math.max(a, b), coverage, n };
};

function entryOf(metric: GateMetric): Entry[] {
  const { scenario, subject, state, head, base, ratio } = metric;
  const way = turn(metric);
  if (state === 'invalid' || head === undefined || way === undefined) return [];
  const figure = turned(head, way);
  if (!Number.isFinite(figure.value)) return [];
  const p = decidingP(metric);
  const extra = [
    ...(base === undefined ? [] : [`base: ${formatQuantity(way.of(base.value), way.unit)}`]),
    ...(ratio === undefined ? [] : [`change: ${formatChange(turned(ratio, RATIO[metric.better]))}`]),
    ...(p === undefined ? [] : [`p: ${formatP(p)}`]),
    `state: ${state}${metric.primary ? '' : ' (advisory)'}`,
  ];
  return [
    {
      name: `${scenario} / ${subject} / ${way.title(metric.title)}`.toWellFormed(),
      unit: way.unit,
      value: nineDigits(figure.value),
      ...(figure.n > 1 && { range: formatInterval(figure, way.unit) }),
      extra: extra.join('\n'),
    },
  ];
}

/** A ratio turns over as its figures do. */
const RATIO: Readonly<Record<GateMetric['better'], Turned>> = {
  lower: { title: same, unit: 'ratio', of: (ratio) => ratio },
  higher: { title: same, unit: 'ratio', of: (ratio) => 1 / ratio },
};

const render = ({ metrics }: GateResult): string => `${JSON.stringify(metrics.flatMap(entryOf), null, 2)}\n`;

export const smallerIsBetter: GateOutput = {
  format: 'smaller-is-better',
  file: 'gate-smaller-is-better.json',
  render,
};
