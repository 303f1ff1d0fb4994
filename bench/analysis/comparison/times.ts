/**
 * How many times direct's figure, and that of an L4 hop, each subject's figure is, in the same scenario and the same rounds. To be read
 * beside the figure; what may be claimed of a difference stands in the comparisons.
 */
import type { Estimate } from '#bench/stats/estimate.ts';
import { besidesOf, compare, type Rounds, type Turns } from './comparison.ts';
import type { Figures, FiguresBy } from '../figures/figures.ts';
import type { MetricName } from '../figures/metrics.ts';

export interface Times {
  /** Of CPU: what hop and origin take together, over what the origin takes where there is no hop. */
  readonly direct?: Estimate;
  readonly l4?: Estimate;
}

export type TimesBy = Partial<Record<MetricName, Times>>;

const READ: readonly MetricName[] = [
  'cpuPerRequest',
  'throughput',
  'serviceP50',
  'serviceP99',
  'responseP50',
  'responseP99',
  'residentMemory',
  'memoryPerConnection',
];

/** `l4Name`: the L4 reference's name, where the run has one. Empty for direct itself. */
export function timesOf(scenario: string, subject: string, figures: FiguresBy, l4Name?: string): TimesBy {
  if (subject === 'direct') return {};
  const [own, direct] = [figures(scenario, subject), figures(scenario, 'direct')];
  const l4 = l4Name === undefined ? undefined : figures(scenario, l4Name);
  const ratio = (metric: MetricName, of?: Rounds, reference?: Rounds): Estimate | undefined => {
    if (!of || !reference) return undefined;
    const sides = { subject: { scenario, subject }, reference: { scenario, subject: 'its reference' } };
    return compare({ metric, kind: 'ratio', ...sides }, of, reference, besidesOf(metric))?.estimate;
  };
  return Object.fromEntries(
    READ.flatMap((metric): [MetricName, Times][] => {
      const overDirect =
        metric === 'cpuPerRequest'
          ? ratio(metric, servingCpu(own), direct.get('originCpuPerRequest'))
          : ratio(metric, own.get(metric), direct.get(metric));
      const overL4 = ratio(metric, own.get(metric), l4?.get(metric));
      if (!overDirect && !overL4) return [];
      return [[metric, { ...(overDirect && { direct: overDirect }), ...(overL4 && { l4: overL4 }) }]];
    }),
  );
}

/** CPU of the hop and of the origin behind it, for each round and turn that has both. */
function servingCpu(figures: Figures): Rounds | undefined {
  const [hop, origin] = [figures.get('cpuPerRequest'), figures.get('originCpuPerRequest')];
  if (!hop || !origin) return undefined;
  const sum = sumOf(hop, origin);
  if (!hop.turns || !origin.turns) return sum;
  const none: Turns = new Map();
  return Object.assign(sum, {
    turns: new Map(
      [...hop.turns].map(([generation, own]) => [generation, sumOf(own, origin.turns!.get(generation) ?? none)]),
    ),
  });
}

const sumOf = <K>(one: ReadonlyMap<K, number>, other: ReadonlyMap<K, number>): Map<K, number> =>
  new Map(
    [...one].flatMap(([key, value]): [K, number][] => {
      const beside = other.get(key);
      return beside === undefined ? [] : [[key, value + beside]];
    }),
  );
