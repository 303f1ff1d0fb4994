/**
 * A/A: the same subject twice in every round, as if it were two. What differs between the twins is this host's noise, and sets the
 * floor below which no difference between others is claimed (METHOD 20).
 */
import type { TrialRecord } from '#bench/model/record.ts';
import { type Scenario, subjectName } from '#bench/model/scenario.ts';
import { detectableEffect } from '#bench/stats/detectable.ts';
import { asFamily, compare, type Comparison, differencesOf } from './comparison.ts';
import { METRIC_NAMES, type MetricName } from '../figures/metrics.ts';
import type { FiguresBy } from '../figures/figures.ts';

export interface Noise {
  /** Each metric of each twin against itself; ratios and, in the metric's unit, differences. */
  readonly comparisons: readonly (Comparison & {
    /** Largest size that the interval allows: ln of the ratio, or in the metric's unit. */
    readonly floor: number;
    /** The smallest effect that as many rounds would have shown, 8 times in 10; on the same scale. */
    readonly smallest: number;
  })[];
  /** How many of them were called different, which all are known not to be. */
  readonly falseAlarms: number;
}

/** One figure of a metric may be zero for both (no failed request): nothing to compare. */
const COMPARED = METRIC_NAMES.filter((name) => name !== 'errorShare');

/** Undefined where no subject ran twice. */
export function noiseOf(
  scenarios: readonly Scenario[],
  trials: readonly TrialRecord[],
  figures: FiguresBy,
): Noise | undefined {
  const comparisons = scenarios.flatMap(({ name: scenario }) => {
    const twins = trials.filter((trial) => trial.scenario === scenario && trial.subject.again === true);
    const names = new Map(
      twins.map(({ subject }) => [subjectName(subject), subjectName({ ...subject, again: undefined })]),
    );
    return [...names].flatMap(([twin, original]) =>
      (['ratio', 'difference'] as const).flatMap((kind) => {
        const sides = { subject: { scenario, subject: twin }, reference: { scenario, subject: original } };
        const of = (side: string, metric: MetricName) =>
          figures(scenario, side).get(metric) ?? new Map<number, number>();
        const found = COMPARED.flatMap(
          (metric) => compare({ metric, kind, ...sides }, of(twin, metric), of(original, metric)) ?? [],
        );
        return asFamily(found).map((comparison) => {
          const { metric, estimate } = comparison;
          const scale = kind === 'ratio' ? Math.log : (x: number): number => x;
          return {
            ...comparison,
            floor: Math.max(Math.abs(scale(estimate.low)), Math.abs(scale(estimate.high))),
            smallest: detectableEffect(differencesOf(kind, of(twin, metric), of(original, metric))),
          };
        });
      }),
    );
  });
  if (comparisons.length === 0) return undefined;
  // Ratios alone: the differences ask the same question once more.
  const falseAlarms = comparisons.filter(({ kind, strength }) => kind === 'ratio' && strength === 'claim').length;
  return { comparisons, falseAlarms };
}

/**
 * A comparison whose effect lies within the noise of its own scenarios cannot be told, however narrow its interval; with the smallest
 * effect that could have been seen. As it is where nothing ran twice.
 */
export function aboveNoise<C extends Comparison>(comparison: C, noise: Noise | undefined): C {
  const { metric, kind, subject, reference, estimate } = comparison;
  const own = noise?.comparisons.filter(
    (one) =>
      one.metric === metric &&
      one.kind === kind &&
      [subject.scenario, reference.scenario].includes(one.subject.scenario) &&
      one.estimate.n > 1,
  );
  if (!own || own.length === 0) return comparison;
  const floor = Math.max(...own.map((one) => one.floor));
  const smallest = Math.max(...own.map((one) => one.smallest));
  const size = Math.abs(kind === 'ratio' ? Math.log(estimate.value) : estimate.value);
  const resolvable = kind === 'ratio' ? Math.exp(smallest) : smallest;
  return { ...comparison, resolvable, ...(size < floor && { strength: 'cannot tell' as const }) };
}
