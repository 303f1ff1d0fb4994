/** One subject against another, paired by round: an interval, an exact p, and what may be said of it. */
import { type Estimate, transform } from '#bench/stats/estimate.ts';
import { hodgesLehmann } from '#bench/stats/hodges-lehmann.ts';
import { holm } from '#bench/stats/holm.ts';
import { signedRank } from '#bench/stats/signed-rank.ts';
import { type MetricName } from './metrics.ts';

/** Rounds that a claim needs (METHOD 13); fewer are a look. */
export const CLAIM_ROUNDS = 12;
export const CONFIDENCE = 0.95;
const ALPHA = 1 - CONFIDENCE;

/** A figure per round: round number → value. */
export type Rounds = ReadonlyMap<number, number>;

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
   * 'claim': ≥ 12 rounds, the interval covers ≥ 95 % and excludes no difference, and Holm's p agrees. 'look': all that is here points
   * one way, but there are too few rounds to claim it. 'cannot tell': the interval holds no difference, or there is none.
   */
  readonly strength: Strength;
  /** The smallest effect that this host could have resolved here, as a ratio or in the metric's unit; from the run's A/A pairs. */
  readonly resolvable?: number;
}
export type Strength = 'claim' | 'look' | 'cannot tell';

/** How far a figure by itself may be trusted: by its rounds and its interval. */
export const strengthOfFigure = ({ n, coverage }: Estimate): Strength =>
  n < 2 ? 'cannot tell' : n >= CLAIM_ROUNDS && coverage >= CONFIDENCE ? 'claim' : 'look';

/** Undefined where no round has both. Ratios need positive figures; rounds without them are left out. */
export function compare(
  measure: { metric: MetricName; kind: Comparison['kind']; subject: Side; reference: Side },
  subject: Rounds,
  reference: Rounds,
): Comparison | undefined {
  const differences = differencesOf(measure.kind, subject, reference);
  if (differences.length === 0) return undefined;
  const isRatio = measure.kind === 'ratio';
  const location = hodgesLehmann(differences, CONFIDENCE);
  const { p } = signedRank(differences);
  return {
    ...measure,
    estimate: isRatio ? transform(location, Math.exp) : location,
    p,
    adjustedP: p,
    strength: strengthOf(location, p),
  };
}

/** One a round that has both: ln of the ratio, or the difference. */
export function differencesOf(kind: Comparison['kind'], subject: Rounds, reference: Rounds): number[] {
  return [...subject].flatMap(([round, value]): number[] => {
    const other = reference.get(round);
    if (other === undefined || (kind === 'ratio' && !(value > 0 && other > 0))) return [];
    return [kind === 'ratio' ? Math.log(value) - Math.log(other) : value - other];
  });
}

function strengthOf({ low, high, coverage, n }: Estimate, p: number): Strength {
  if (n < 2 || (low <= 0 && high >= 0)) return 'cannot tell';
  return n >= CLAIM_ROUNDS && coverage >= CONFIDENCE && p <= ALPHA ? 'claim' : 'look';
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
