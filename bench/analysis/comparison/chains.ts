/**
 * What a further hop costs: the same proxy 1, 2, … times in a row, in every round the slope of a figure over the number of hops. A slope
 * needs no direct figure and sees what one hop alone hides in the noise. Whether k hops cost k times one is asked beside it.
 */
import type { SubjectRecord } from '#bench/model/record.ts';
import { hopsOf, type Scenario, subjectName } from '#bench/model/scenario.ts';
import type { Estimate } from '#bench/stats/estimate.ts';
import { hodgesLehmann } from '#bench/stats/hodges-lehmann.ts';
import { slopeOf } from '#bench/stats/slope.ts';
import { asFamily, compare, type Comparison, CONFIDENCE, type Rounds } from './comparison.ts';
import { metric as metricNamed, type MetricName } from '../figures/metrics.ts';
import type { FiguresBy } from '../figures/figures.ts';

export interface ChainLength {
  readonly hops: number;
  readonly subject: string;
  /** Of the rounds that have every length. */
  readonly estimate: Estimate;
  /**
   * What it took beyond `hops` times one hop, each over direct where direct has the figure; null for one hop. Zero within the interval:
   * as many times one hop as there are.
   */
  readonly excess: Estimate | null;
}

/** `estimate`: the slope, in the metric's unit per hop. `subject` is the longest chain, `reference` one hop. */
export interface ChainCost extends Comparison {
  /** The proxy that stands in a row. */
  readonly hop: string;
  readonly layer: SubjectRecord['layer'];
  readonly lengths: readonly ChainLength[];
  /** Whether every length fits its multiple of one hop; null where one round cannot tell. */
  readonly linear: boolean | null;
}

/** Costs that add up from hop to hop, and the time in the middle of all requests, where it tells of the hops and not of a queue. */
const ADDING: readonly MetricName[] = ['cpuPerRequest', 'instructionsPerRequest', 'serviceP50'];

interface Chain {
  readonly hop: string;
  readonly layer: SubjectRecord['layer'];
  /** One hop first; the number of hops and the name that the figures go by. */
  readonly lengths: readonly (readonly [hops: number, subject: string])[];
}

function chainsOf(subjects: readonly SubjectRecord[]): Chain[] {
  // By the name of one hop: in a gate each revision of a proxy is one.
  const nameOfOne = ({ subject }: SubjectRecord): string =>
    subjectName(subject.kind === 'proxy' ? { ...subject, hops: undefined } : subject);
  const proxies = subjects.filter(({ subject }) => hopsOf(subject) > 0 && subject.again !== true);
  return [...Map.groupBy(proxies, nameOfOne)]
    .flatMap(([hop, records]) => {
      const lengths = records
        .map(({ subject }) => [hopsOf(subject), subjectName(subject)] as const)
        .toSorted(([a], [b]) => a - b);
      return lengths.length > 1 && lengths[0]![0] === 1 ? [{ hop, layer: records[0]!.layer, lengths }] : [];
    })
    .toSorted((a, b) => b.layer.localeCompare(a.layer)); // L7 first, as everywhere
}

/** Dearest to read first: scenario by scenario in the order of the run, CPU before time. One family a metric for Holm. */
export function chainCosts(
  subjects: readonly SubjectRecord[],
  scenarios: readonly Scenario[],
  figures: FiguresBy,
): ChainCost[] {
  const chains = chainsOf(subjects);
  const families = ADDING.map((metric) => {
    const costs = scenarios.flatMap(({ name }) =>
      chains.flatMap((chain) => costOf(chain, name, metric, figures) ?? []),
    );
    return asFamily(costs).map((comparison, i) => ({ ...costs[i]!, ...comparison }));
  });
  return scenarios.flatMap(({ name }) => families.flat().filter(({ subject }) => subject.scenario === name));
}

function costOf(
  { hop, layer, lengths }: Chain,
  scenario: string,
  metric: MetricName,
  figures: FiguresBy,
): ChainCost | undefined {
  const of = (subject: string): Rounds => figures(scenario, subject).get(metric) ?? new Map();
  const columns = lengths.map(([, subject]) => of(subject));
  // A slope over other lengths is another slope: rounds that lack one are left out.
  const rounds = [...columns[0]!.keys()].filter((round) => columns.every((column) => column.has(round)));
  if (rounds.length === 0) return undefined;
  const at = (index: number, round: number): number => columns[index]!.get(round)!;
  const slopes = new Map(
    rounds.map((round) => [round, slopeOf(lengths.map(([hops], i) => [hops, at(i, round)] as const))]),
  );
  const comparison = compare(
    {
      metric,
      kind: 'difference',
      subject: { scenario, subject: lengths.at(-1)![1] },
      reference: { scenario, subject: lengths[0]![1] },
    },
    slopes,
    new Map(rounds.map((round) => [round, 0])),
  )!;
  const none = metricNamed(metric).versusDirect === undefined ? undefined : of('direct');
  const excessOf = (index: number): Estimate | null => {
    const [hops] = lengths[index]!;
    const beyond = rounds.flatMap((round) => {
      const base = none === undefined ? 0 : none.get(round);
      return base === undefined ? [] : [at(index, round) - base - hops * (at(0, round) - base)];
    });
    return hops === 1 || beyond.length === 0 ? null : hodgesLehmann(beyond, CONFIDENCE);
  };
  const read = lengths.map(([hops, subject], i): ChainLength => ({
    hops,
    subject,
    estimate: hodgesLehmann(
      rounds.map((round) => at(i, round)),
      CONFIDENCE,
    ),
    excess: excessOf(i),
  }));
  const excesses = read.flatMap(({ excess }) => (excess && excess.n > 1 ? [excess] : []));
  return {
    ...comparison,
    hop,
    layer,
    lengths: read,
    linear: excesses.length === 0 ? null : excesses.every(({ low, high }) => low <= 0 && 0 <= high),
  };
}
