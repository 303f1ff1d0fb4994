/**
 * One subject against another: an interval, a p, and what may be said of it. Where subjects took turns, each generation gives a robust
 * mean over its rounds' differences, and the interval is Student's over generations; windows by themselves are paired by round, and
 * their interval is that of the exact signed-rank test.
 */
import { type Estimate, transform } from '#bench/stats/estimate.ts';
import { hodgesLehmann } from '#bench/stats/hodges-lehmann.ts';
import { holm } from '#bench/stats/holm.ts';
import { signedRank } from '#bench/stats/signed-rank.ts';
import { NOTHING_BESIDES, studentMean, studentTest, type Variance } from '#bench/stats/student.ts';
import { type MetricName } from '../figures/metrics.ts';

/** Generations that a claim needs (of windows: rounds), with an interval that covers 95 %; fewer are a look. */
export const CLAIM_GENERATIONS = 4;
export const CONFIDENCE = 0.95;
const ALPHA = 1 - CONFIDENCE;
/**
 * Standard deviation of what all generations of a run have in common, in ln of the ratio of two proxies' CPU per request: what runs of one
 * revision on one host showed, quiet and busy ones. It is held to be known as well as so many proxies that did not change would show it.
 */
export const RUN_TO_RUN = { sd: 0.01, weight: 4 } as const;

/** A figure per generation (of windows: per round): its number → value. */
export type Rounds = ReadonlyMap<number, number> & {
  /** Generation → turn → value, where the figure is of turns; a turn is known by its group and round. */
  readonly turns?: ReadonlyMap<number, Turns>;
};
export type Turns = ReadonlyMap<string, number>;

export interface Side {
  readonly scenario: string;
  readonly subject: string;
}

export interface Comparison {
  readonly metric: MetricName;
  readonly kind: 'difference' | 'ratio';
  readonly subject: Side;
  readonly reference: Side;
  /** `n` is the number of rounds that have both. */
  readonly estimate: Estimate;
  /** Exact signed-rank p of no difference, and the same after Holm over its family. */
  readonly p: number;
  readonly adjustedP: number;
  /**
   * 'claim': generations (or windows) enough, the interval covers ≥ 95 % and excludes no difference, and Holm's p agrees. 'look': all that is here points
   * one way, but there are too few rounds to claim it. 'cannot tell': the interval holds no difference, or there is none.
   */
  readonly strength: Strength;
  /** The smallest effect that this host could have resolved here, as a ratio or in the metric's unit; from the run's A/A pairs. */
  readonly resolvable?: number;
}
export type Strength = 'claim' | 'look' | 'cannot tell';

/** How far a figure by itself may be trusted: by how often it was taken and its interval. */
export const strengthOfFigure = ({ n, coverage }: Estimate): Strength =>
  n < 2 ? 'cannot tell' : n >= CLAIM_GENERATIONS && coverage >= CONFIDENCE ? 'claim' : 'look';

/** What may be said of a comparison by its bound: its interval says how large a difference can be at most, also where it holds none. */
export const strengthOfBound = ({ estimate, strength }: Comparison): Strength =>
  strength === 'cannot tell' ? strengthOfFigure(estimate) : strength;

/** Location of one figure a generation, or a round. */
export const locate = (values: readonly number[], isTurned: boolean): Estimate =>
  isTurned ? studentMean(values, CONFIDENCE) : hodgesLehmann(values, CONFIDENCE);

/** How a host wakes and feeds two proxies differs from run to run, in ln of a ratio; two starts of one proxy share it. Of other metrics it is not known. */
export const besidesOf = (metric: MetricName): Variance =>
  metric === 'cpuPerRequest' ? { variance: RUN_TO_RUN.sd ** 2, df: Infinity } : NOTHING_BESIDES;

/**
 * Undefined where no round has both. Ratios need positive figures; rounds without them are left out. `besides`: what all generations of the
 * run have in common, which only figures of turns can take in.
 */
export function compare(
  measure: { metric: MetricName; kind: Comparison['kind']; subject: Side; reference: Side },
  subject: Rounds,
  reference: Rounds,
  besides: Variance = NOTHING_BESIDES,
): Comparison | undefined {
  const differences = differencesOf(measure.kind, subject, reference);
  if (differences.length === 0) return undefined;
  const isRatio = measure.kind === 'ratio';
  const isTurned = subject.turns !== undefined && reference.turns !== undefined;
  const location = isTurned ? studentMean(differences, CONFIDENCE, besides) : hodgesLehmann(differences, CONFIDENCE);
  const p = isTurned ? studentTest(differences, besides) : signedRank(differences).p;
  return {
    ...measure,
    estimate: isRatio ? transform(location, Math.exp) : location,
    p,
    adjustedP: p,
    strength: strengthOf(location, p),
  };
}

/** ln of the ratio, or the difference; undefined for a ratio of what is not positive. */
function differ(kind: Comparison['kind'], value: number, other: number): number | undefined {
  if (kind === 'difference') return value - other;
  return value > 0 && other > 0 ? Math.log(value) - Math.log(other) : undefined;
}

/**
 * One a generation (or round) that has both. Of turns it is a robust mean over the rounds that both were alive in; where they never
 * were, in different groups, the generation's figures, which the subjects that all groups share have brought to one level.
 */
export function differencesOf(kind: Comparison['kind'], subject: Rounds, reference: Rounds): number[] {
  return [...subject].flatMap(([generation, value]): number[] => {
    const other = reference.get(generation);
    if (other === undefined) return [];
    const whole = differ(kind, value, other);
    const paired = pairedOf(kind, subject.turns?.get(generation), reference.turns?.get(generation));
    if (paired.length > 0) return [hodgesLehmann(paired, CONFIDENCE).value];
    return whole === undefined ? [] : [whole];
  });
}

const pairedOf = (kind: Comparison['kind'], subject: Turns | undefined, reference: Turns | undefined): number[] =>
  [...(subject ?? [])].flatMap(([turn, value]) => {
    const other = reference?.get(turn);
    return other === undefined ? [] : (differ(kind, value, other) ?? []);
  });

function strengthOf({ low, high, coverage, n }: Estimate, p: number): Strength {
  if (n < 2 || (low <= 0 && high >= 0)) return 'cannot tell';
  return n >= CLAIM_GENERATIONS && coverage >= CONFIDENCE && p <= ALPHA ? 'claim' : 'look';
}

/** The same comparisons with Holm's p over all of them as one family: a claim that does not survive it becomes a look. */
export function asFamily(comparisons: readonly Comparison[]): Comparison[] {
  const adjusted = holm(comparisons.map(({ p }) => p));
  return comparisons.map((comparison, i) => {
    const adjustedP = adjusted[i]!;
    const strength = comparison.strength === 'claim' && adjustedP > ALPHA ? 'look' : comparison.strength;
    return { ...comparison, adjustedP, strength };
  });
}
