/**
 * Figures of turns: per generation a robust mean over its rounds. Where subjects were alive in several groups, each group's host was another
 * minute's; the subjects that all groups have in common are the yardstick that brings the groups of a generation to one level.
 */
import type { CompletedTrial, TrialRecord } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { hodgesLehmann } from '#bench/stats/hodges-lehmann.ts';
import type { Rounds } from '../comparison/comparison.ts';
import type { Metric } from './metrics.ts';

/** ln by which a figure of this turn lies above the level of its generation, by the subjects that all groups share; 0 in one group. */
export type Yardstick = (metric: Metric, generation: number, turn: string) => number;

export const noYardstick: Yardstick = () => 0;

type Turned = CompletedTrial & { readonly turns: NonNullable<CompletedTrial['turns']> };

const isTurned = (trial: TrialRecord): trial is Turned => trial.state === 'completed' && trial.turns !== undefined;

const keyOf = ({ cohort }: TrialRecord, round: number): string => `${cohort ?? 0}/${round}`;

const robustMean = (values: readonly number[]): number => hodgesLehmann(values).value;

/**
 * Undefined where these are not all turns, or the metric is none of a turn's: a quantile that fewer than half of a generation's turns have
 * samples for is read from the generation's own histogram.
 */
export function turnedRounds(
  metric: Metric,
  trials: readonly CompletedTrial[],
  yardstick: Yardstick,
): Rounds | undefined {
  const { ofTurn } = metric;
  if (!ofTurn || trials.length === 0 || !trials.every(isTurned)) return undefined;
  const turns = new Map<number, Map<string, number>>();
  const values = new Map<number, number>();
  for (const [generation, own] of Map.groupBy(trials as readonly Turned[], ({ generation }) => generation)) {
    const all = own.flatMap((trial) => trial.turns.map((turn) => [keyOf(trial, turn.round), ofTurn(turn)] as const));
    const known = all.filter((one): one is [string, number] => one[1] !== undefined);
    if (known.length < all.length / 2 || known.length === 0) return undefined;
    const level = known.map(([turn, value]) => value / Math.exp(yardstick(metric, generation, turn)));
    turns.set(generation, new Map(known));
    values.set(
      generation,
      level.every((value) => value > 0) ? Math.exp(robustMean(level.map(Math.log))) : robustMean(level),
    );
  }
  return Object.assign(values, { turns });
}

/** From all trials of one scenario. */
export function yardstickOf(trials: readonly TrialRecord[]): Yardstick {
  const turned = trials.filter(isTurned);
  const cohorts = new Set(turned.map(({ cohort }) => cohort ?? 0));
  if (cohorts.size < 2) return noYardstick;
  const bySubject = Map.groupBy(turned, ({ subject }) => subjectName(subject));
  const common = [...bySubject.values()].filter(
    (own) => new Set(own.map(({ cohort }) => cohort)).size === cohorts.size,
  );
  const levels = new Map<Metric['title'], ReadonlyMap<string, number>>();
  return (metric, generation, turn) => {
    const known = levels.get(metric.title) ?? levelsOf(metric, common);
    levels.set(metric.title, known);
    return known.get(`${generation}:${turn}`) ?? 0;
  };
}

/** Generation and turn → the mean over common subjects of ln figure less the subject's own mean of that generation. */
function levelsOf({ ofTurn }: Metric, common: readonly (readonly Turned[])[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number[]>();
  for (const subject of common)
    for (const [generation, own] of Map.groupBy(subject, ({ generation }) => generation)) {
      const logs = own.flatMap((trial) =>
        trial.turns.flatMap((turn) => {
          const value = ofTurn?.(turn);
          return value !== undefined && value > 0 ? [[keyOf(trial, turn.round), Math.log(value)] as const] : [];
        }),
      );
      if (logs.length === 0) continue;
      const mean = robustMean(logs.map(([, log]) => log));
      for (const [turn, log] of logs) {
        const key = `${generation}:${turn}`;
        sums.set(key, [...(sums.get(key) ?? []), log - mean]);
      }
    }
  return new Map([...sums].map(([key, values]) => [key, values.reduce((a, b) => a + b, 0) / values.length]));
}
