/**
 * Wilcoxon's signed-rank test, exact. Source: F. Wilcoxon, Individual Comparisons by Ranking Methods, 1945; null distribution by
 * dynamic programming over the ranks (each rank is added with probability ½).
 */
import { doubledMidranks } from './ranks.ts';

/** Null distribution of T⁺ for n untied observations: `[t]` is P(T⁺ = t), t = 0 … n(n+1)/2. */
export function signedRankDistribution(n: number): Float64Array {
  return rankSumDistribution(Array.from({ length: n }, (_, i) => i + 1));
}

/** Distribution of the sum of a subset in which each of the integer `ranks` is present with probability ½. */
function rankSumDistribution(ranks: readonly number[]): Float64Array {
  const total = ranks.reduce((sum, rank) => sum + rank, 0);
  const probability = new Float64Array(total + 1);
  probability[0] = 1;
  let reach = 0;
  for (const rank of ranks) {
    reach += rank;
    for (let t = reach; t >= 0; t--)
      probability[t] = 0.5 * probability[t]! + (t >= rank ? 0.5 * probability[t - rank]! : 0);
  }
  return probability;
}

export interface SignedRank {
  /** T⁺: sum of the (mid)ranks of the positive differences. */
  readonly statistic: number;
  /** Exact two-sided p; 1 where no difference is left. */
  readonly p: number;
  /** Differences that are not zero; zeros are left out (Wilcoxon's rule). */
  readonly n: number;
}

/** Is the median of the differences zero? Ties get midranks and their own exact (conditional) distribution. */
export function signedRank(differences: readonly number[]): SignedRank {
  const nonZero = differences.filter((d) => d !== 0);
  const doubled = doubledMidranks(nonZero.map(Math.abs));
  const statistic = doubled.reduce((sum, rank, i) => sum + (nonZero[i]! > 0 ? rank : 0), 0);
  const distribution = rankSumDistribution(doubled);
  const below = sum(distribution.subarray(0, statistic + 1));
  const above = sum(distribution.subarray(statistic));
  return { statistic: statistic / 2, p: Math.min(1, 2 * Math.min(below, above)), n: nonZero.length };
}

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);
