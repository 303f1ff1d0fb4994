/**
 * How much may be said of a figure, by what the run's instruments said of a known origin: a label follows the instruments (METHOD 18). Pure.
 *
 * | the instruments, in what the figure rests on | at most |
 * | --- | --- |
 * | right, or not tried | a claim |
 * | wrong while others used the host: nobody knows whose doing it was | a first look |
 * | wrong | a note |
 *
 * A run that only shows that everything works gives notes alone, whatever its instruments said.
 */
import type { CalibrationRecord, CalibrationSubject, RunRecord } from '#bench/model/record.ts';
import type { Comparison, Strength } from '../comparison/comparison.ts';
import { METRIC_NAMES, metric, type MetricName } from '../figures/metrics.ts';
import type { SecondOpinion } from './second-opinion.ts';

export type Label = Strength | 'note';

/** What a label may be at most. */
export type Most = Exclude<Label, 'cannot tell'>;

/** From the least: what cannot be told at all stays so, whatever the instruments. */
const ORDER: readonly Label[] = ['cannot tell', 'note', 'look', 'claim'];

export const weakest = <L extends Label>(...labels: readonly [L, ...L[]]): L =>
  labels.reduce((a, b) => (ORDER.indexOf(a) <= ORDER.indexOf(b) ? a : b));

export interface Trust {
  /** Of a figure, or of a sentence with several of them. */
  most(metrics: readonly MetricName[]): Most;
  /** Whether the run is there to be believed at all. */
  readonly isForFigures: boolean;
}

type Check = CalibrationRecord['checks'][number];

export function trustOf(
  { isForFigures }: Pick<RunRecord, 'isForFigures'>,
  calibration: CalibrationRecord | undefined,
  opinion: SecondOpinion | null,
): Trust {
  const failed = (calibration?.checks ?? []).filter(({ passed }) => !passed);
  const isDisputed = (opinion?.targets ?? []).some(({ opinions }) =>
    opinions.some(({ verdict }) => verdict === 'disagrees'),
  );
  const mostOf = (name: MetricName): Most => {
    const wrong = failed.filter((check) => restsOn(name, check));
    if (wrong.some(({ disturbed }) => disturbed === undefined)) return 'note';
    if (name === 'throughput' && isDisputed) return 'note';
    return wrong.length > 0 ? 'look' : 'claim';
  };
  return {
    isForFigures,
    most: (metrics) => (isForFigures ? weakest<Most>('claim', ...metrics.map(mostOf)) : 'note'),
  };
}

/** What a figure of the load is known by. Memory and what is counted by the system alone rest on none of it. */
const RESTS_ON: Partial<Record<MetricName, readonly CalibrationSubject[]>> = {
  throughput: ['rate', 'count', 'drops'],
  errorShare: ['errors', 'count'],
  cpuPerRequest: ['count'],
  cpuUserPerRequest: ['count'],
  cpuSystemPerRequest: ['count'],
  instructionsPerRequest: ['count'],
  instructionsUserPerRequest: ['count'],
  instructionsKernelPerRequest: ['count'],
  contextSwitchesPerRequest: ['count'],
  readsPerRequest: ['count'],
  writesPerRequest: ['count'],
  generatorReadsPerRequest: ['count'],
  originCpuPerRequest: ['count'],
  generatorCpuPerRequest: ['count'],
};

function restsOn(name: MetricName, { tries, quantile }: Check): boolean {
  const time = metric(name).quantile;
  if (!time) return RESTS_ON[name]?.includes(tries) ?? false;
  if (tries === 'stall') return time.time === 'response';
  // What lies above the middle is as wrong as the middle, and as the tail.
  return tries === 'way' || (tries === 'delay' && (quantile !== 'p99' || time.q > 0.5));
}

/** The metric that a quantile of a time is read as: the nearest one at or above it. */
export function metricAt(time: 'service' | 'response', q: number): MetricName {
  const all = METRIC_NAMES.filter((name) => metric(name).quantile?.time === time);
  return all.find((name) => metric(name).quantile!.q >= q) ?? all.at(-1)!;
}

/** A comparison as a table shows it, which has no room for notes: what may be no more than one cannot be told. */
export function underTrust<C extends Pick<Comparison, 'metric' | 'strength'>>(comparison: C, trust: Trust): C {
  return { ...comparison, strength: shownStrength(comparison.strength, trust.most([comparison.metric])) };
}

export const shownStrength = (strength: Strength, most: Most): Strength =>
  most === 'note' ? 'cannot tell' : weakest(strength, most);
