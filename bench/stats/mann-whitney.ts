/**
 * Two samples that no round connects, such as the rounds of two runs: is one larger than the other (Mann–Whitney), and by how much
 * (Hodges–Lehmann: the median of all differences between them, with the interval that the test gives). Where rounds are shared, compare
 * them in pairs instead: what drifts from round to round then drops out.
 * Source: H. B. Mann, D. R. Whitney, On a Test of Whether one of Two Random Variables is Stochastically Larger than the Other, 1947;
 * J. L. Hodges, E. L. Lehmann, Estimates of Location Based on Rank Tests, 1963; M. Hollander, D. A. Wolfe, Nonparametric Statistical
 * Methods, §4.1 and §4.3 (ties, interval).
 */
import type { Estimate } from './estimate.ts';
import { median, normalCdf, normalQuantile } from './hodges-lehmann.ts';
import { doubledMidranks } from './ranks.ts';

/** Observations of both samples together up to which p and interval are exact; above, the normal approximation takes over. */
export const EXACT_UP_TO = 60;

export interface MannWhitney {
  /** U: pairs in which the first sample's value is the larger one; equal ones count half. */
  readonly statistic: number;
  /** Two-sided. */
  readonly p: number;
  /** 'exact': over all ways in which the values at hand, ties included, could have fallen to the two samples. */
  readonly method: 'exact' | 'normal approximation';
}

/** Each sample needs one finite value at least (RangeError). */
export function mannWhitney(first: readonly number[], second: readonly number[]): MannWhitney {
  requireValues(first, second);
  const [m, n] = [first.length, second.length];
  const all = [...first, ...second];
  const doubled = doubledMidranks(all);
  const rankSum = sum(doubled.slice(0, m));
  const statistic = (rankSum - m * (m + 1)) / 2;
  if (m + n > EXACT_UP_TO) return { statistic, p: approximateP(statistic, m, n, all), method: 'normal approximation' };
  const distribution = rankSumDistribution(doubled, m);
  const below = sum(distribution.subarray(0, rankSum + 1));
  const above = sum(distribution.subarray(rankSum));
  return { statistic, p: Math.min(1, 2 * Math.min(below, above)), method: 'exact' };
}

/**
 * By how much the first sample lies above the second: median and interval of the first − second differences. Each needs one finite value
 * at least (RangeError). The interval covers with at least `confidence` where the samples allow it (4 and 4 values for 95 %); below that
 * it is the widest there is, with its true coverage. Ties make it cover more. `n` is the size of the smaller sample.
 */
export function shiftBetween(first: readonly number[], second: readonly number[], confidence = 0.95): Estimate {
  requireValues(first, second);
  const differences = first.flatMap((a) => second.map((b) => a - b)).toSorted((a, b) => a - b);
  const { k, coverage } = endpoint(first.length, second.length, confidence);
  return {
    value: median(differences),
    low: differences[k - 1]!,
    high: differences[differences.length - k]!,
    coverage,
    n: Math.min(first.length, second.length),
  };
}

/** The interval runs from the k-th least to the k-th greatest difference; it covers with 1 − 2 P(U < k). */
function endpoint(m: number, n: number, confidence: number): { k: number; coverage: number } {
  if (m + n > EXACT_UP_TO) {
    const sd = Math.sqrt((m * n * (m + n + 1)) / 12);
    const k = Math.floor((m * n) / 2 - normalQuantile(0.5 + confidence / 2) * sd);
    return { k: Math.max(1, k), coverage: confidence };
  }
  const distribution = untied(m, n);
  let tail = distribution[0]!;
  let k = 1;
  while (tail + distribution[k]! <= (1 - confidence) / 2) tail += distribution[k++]!;
  return { k, coverage: 1 - 2 * tail };
}

/** Null distribution of U for samples of m and n untied values: `[u]` is P(U = u), u = 0 … mn. */
export function untied(m: number, n: number): Float64Array {
  const ranks = Array.from({ length: m + n }, (_, i) => i + 1);
  return rankSumDistribution(ranks, m).subarray((m * (m + 1)) / 2, (m * (m + 1)) / 2 + m * n + 1);
}

/** Distribution of the sum of `count` of the integer `ranks`, each choice of so many being as likely as any other. */
function rankSumDistribution(ranks: readonly number[], count: number): Float64Array {
  const total = sum(ranks);
  /** Of each number of ranks chosen so far: ways to reach each sum. */
  const ways = Array.from({ length: count + 1 }, () => new Float64Array(total + 1));
  ways[0]![0] = 1;
  let reach = 0;
  for (const [seen, rank] of ranks.entries()) {
    reach += rank;
    for (let chosen = Math.min(count, seen + 1); chosen > 0; chosen--) {
      const [to, from] = [ways[chosen]!, ways[chosen - 1]!];
      for (let s = rank; s <= reach; s++) to[s]! += from[s - rank]!;
    }
  }
  const all = sum(ways[count]!);
  return ways[count]!.map((one) => one / all);
}

/** With the variance that ties leave, and the correction for continuity. */
function approximateP(statistic: number, m: number, n: number, all: readonly number[]): number {
  const size = m + n;
  const ties = [...Map.groupBy(all, (value) => value).values()].reduce((t, { length }) => t + length ** 3 - length, 0);
  const sd = Math.sqrt(((m * n) / 12) * (size + 1 - ties / (size * (size - 1))));
  if (sd === 0) return 1; // all values are equal
  const distance = Math.max(0, Math.abs(statistic - (m * n) / 2) - 0.5);
  return Math.min(1, 2 * normalCdf(-distance / sd));
}

const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

function requireValues(...samples: readonly (readonly number[])[]): void {
  for (const sample of samples)
    if (sample.length === 0 || !sample.every(Number.isFinite))
      throw new RangeError(`expected two samples of at least one finite value each, got [${sample.join(', ')}]`);
}
