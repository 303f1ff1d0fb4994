/**
 * Where does a series change? E-divisive: the split of a stretch that puts the two sides farthest apart in energy distance, tested by
 * permuting the values within their stretches, and so on within the parts until no split is significant. Assumes no shape of noise and
 * no number of changes. A slow drift is found as one step or several.
 * Source: D. S. Matteson, N. A. James, A Nonparametric Approach for Multiple Change Point Analysis of Multivariate Data, 2014 (with α = 1,
 * univariate); G. J. Székely, M. L. Rizzo, Hierarchical Clustering via Joint Between-Within Distances, 2005.
 */
import { mulberry32 } from '#proxies/platform/random.ts';

export interface ChangePointOptions {
  /** Of the permutations: the same seed finds the same points. */
  readonly seed?: number;
  /** A split is kept where its p is at most this. */
  readonly level?: number;
  /** The least p is 1 ÷ (permutations + 1). */
  readonly permutations?: number;
  /** Least length of a part, 2 or more: fewer are outliers, no level. */
  readonly least?: number;
}

export interface ChangePoint {
  /** Index of the first value of the new level. */
  readonly at: number;
  /** Scaled energy distance of the two sides where they lie farthest apart. */
  readonly statistic: number;
  /** Of the test that found it. Later ones are conditional on those found before. */
  readonly p: number;
}

export const CHANGE_DEFAULTS = { seed: 1, level: 0.01, permutations: 499, least: 3 } as const;

/** In the order of the series. Values must be finite (RangeError). */
export function eDivisive(series: readonly number[], options: ChangePointOptions = {}): ChangePoint[] {
  const { seed, level, permutations, least } = { ...CHANGE_DEFAULTS, ...options };
  if (!series.every(Number.isFinite)) throw new RangeError('expected finite values only');
  if (!(Number.isInteger(least) && least >= 2))
    throw new RangeError(`expected parts of at least 2 values, got ${least}`);
  const random = mulberry32(seed);
  const found: ChangePoint[] = [];
  for (;;) {
    const edges = [0, ...found.map(({ at }) => at), series.length].toSorted((a, b) => a - b);
    const parts = edges.slice(1).map((end, i) => series.slice(edges[i], end));
    const splits = parts.map((part) => bestSplit(part, least));
    const best = splits.reduce<number>((top, split, i) => (of(split) > of(splits[top]) ? i : top), 0);
    const split = splits[best];
    if (!split) return found.toSorted((a, b) => a.at - b.at);
    const p = permutationP(parts, split.statistic, { random, level, permutations, least });
    if (p > level) return found.toSorted((a, b) => a.at - b.at);
    found.push({ at: edges[best]! + split.at, statistic: split.statistic, p });
  }
}

const of = (split: Split | undefined): number => split?.statistic ?? -Infinity;

export interface Split {
  readonly at: number;
  readonly statistic: number;
}

/**
 * The split with the greatest mn ÷ (m + n) × energy distance between [0, at) and [at, end), over all ends too: a second change further on
 * would else hide the first. Undefined for less than two least parts.
 */
export function bestSplit(part: ArrayLike<number>, least: number): Split | undefined {
  const n = part.length;
  if (n < 2 * least) return undefined;
  const sums = distanceSums(part);
  const width = n + 1;
  /** Sum of |xi − xj| over i in [a, b), j in [c, d). */
  const block = (a: number, b: number, c: number, d: number): number =>
    sums[b * width + d]! - sums[a * width + d]! - sums[b * width + c]! + sums[a * width + c]!;
  let best: Split | undefined;
  for (let at = least; at <= n - least; at++) {
    const left = block(0, at, 0, at) / (at * (at - 1));
    for (let end = at + least; end <= n; end++) {
      const m = end - at;
      const right = block(at, end, at, end) / (m * (m - 1));
      const between = (2 * block(0, at, at, end)) / (at * m);
      const statistic = ((at * m) / (at + m)) * (between - left - right);
      if (best === undefined || statistic > best.statistic) best = { at, statistic };
    }
  }
  return best;
}

/** Two-dimensional prefix sums of the distances, (n + 1)² in rows: a block's sum is four reads. */
function distanceSums(part: ArrayLike<number>): Float64Array {
  const n = part.length;
  const width = n + 1;
  const sums = new Float64Array(width * width);
  for (let i = 0; i < n; i++) {
    let row = 0;
    for (let j = 0; j < n; j++) {
      row += Math.abs(part[i]! - part[j]!);
      sums[(i + 1) * width + j + 1] = sums[i * width + j + 1]! + row;
    }
  }
  return sums;
}

interface Permuting {
  readonly random: () => number;
  readonly level: number;
  readonly permutations: number;
  readonly least: number;
}

/** Gives up, with 1, as soon as p cannot come to lie within the level any more. */
function permutationP(
  parts: readonly (readonly number[])[],
  statistic: number,
  { random, level, permutations, least }: Permuting,
): number {
  const shuffled = parts.map((part) => Float64Array.from(part));
  let reached = 0;
  for (let i = 0; i < permutations; i++) {
    const top = Math.max(
      ...shuffled.map((part) => {
        shuffle(part, random);
        return of(bestSplit(part, least));
      }),
    );
    // Sums of the same distances in another order differ in their last bits.
    if (top >= statistic * (1 - 1e-9)) reached++;
    if ((reached + 1) / (permutations + 1) > level) return 1;
  }
  return (reached + 1) / (permutations + 1);
}

/** Fisher–Yates, in place. */
function shuffle(values: Float64Array, random: () => number): void {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [values[i], values[j]] = [values[j]!, values[i]!];
  }
}
