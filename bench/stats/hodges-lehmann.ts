/**
 * Location of a few noisy observations: the median of all pairwise means, with the interval that the signed-rank test gives.
 * Source: J. L. Hodges, E. L. Lehmann, Estimates of Location Based on Rank Tests, 1963; J. W. Tukey for the interval.
 */
import type { Estimate } from './estimate.ts';
import { signedRankDistribution } from './signed-rank.ts';

/** Up to here the interval is exact; above, the normal approximation of the signed-rank statistic places its ends. */
export const EXACT_UP_TO = 100;

/** Means of all pairs, each observation with itself too; sorted. n(n+1)/2 of them. */
function walshAverages(values: readonly number[]): number[] {
  const averages: number[] = [];
  for (let i = 0; i < values.length; i++)
    for (let j = i; j < values.length; j++) averages.push((values[i]! + values[j]!) / 2);
  return averages.toSorted((a, b) => a - b);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * Needs one finite value at least (RangeError). The interval covers with at least `confidence` where n allows it (n ≥ 6 for 95 %);
 * below that it is the widest there is, from the least to the greatest value, with its true coverage 1 − 2^(1−n).
 */
export function hodgesLehmann(values: readonly number[], confidence = 0.95): Estimate {
  if (values.length === 0 || !values.every(Number.isFinite))
    throw new RangeError(`expected at least one finite value, got [${values.join(', ')}]`);
  const averages = walshAverages(values);
  const { k, coverage } = endpoint(values.length, confidence);
  return {
    value: median(averages),
    low: averages[k - 1]!,
    high: averages[averages.length - k]!,
    coverage,
    n: values.length,
  };
}

/** The interval runs from the k-th least to the k-th greatest Walsh average; it covers with 1 − 2 P(T⁺ < k). */
function endpoint(n: number, confidence: number): { k: number; coverage: number } {
  if (n > EXACT_UP_TO) {
    const mean = (n * (n + 1)) / 4;
    const sd = Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24);
    return { k: Math.max(1, Math.floor(mean - normalQuantile(0.5 + confidence / 2) * sd)), coverage: confidence };
  }
  const distribution = signedRankDistribution(n);
  let tail = distribution[0]!;
  let k = 1;
  while (tail + distribution[k]! <= (1 - confidence) / 2) tail += distribution[k++]!;
  return { k, coverage: 1 - 2 * tail };
}

/** Inverse of the standard normal distribution function, by bisection; |error| < 1e-9. */
export function normalQuantile(p: number): number {
  let [low, high] = [-10, 10];
  while (high - low > 1e-10) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Φ(x) by its Taylor series about 0 (Marsaglia, Evaluating the Normal Distribution, 2004); good to 1e-15 for |x| < 7. */
export function normalCdf(x: number): number {
  if (Math.abs(x) > 7) return x > 0 ? 1 : 0;
  let term = x;
  let total = x;
  for (let i = 3; Math.abs(term) > 1e-17; i += 2) {
    term *= (x * x) / i;
    total += term;
  }
  return 0.5 + total * Math.exp(-0.5 * x * x - 0.918_938_533_204_672_8);
}
