/**
 * HdrHistograms of integer nanoseconds as they come from the load drivers: decoded, merged without loss, read at quantiles.
 * Source: HdrHistogram V2 compressed interchange format (G. Tene).
 */
import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js';

export type { Histogram };

/** Error: what came is no V2 compressed histogram in base64. */
export function decodeHistogram(encoded: string): Histogram {
  try {
    // 64-bit counts: a merge of many rounds never overflows.
    return decodeFromCompressedBase64(encoded, 64, false);
  } catch (cause) {
    throw new Error(
      `expected a base64 HdrHistogram in V2 compressed encoding, got '${encoded.slice(0, 24)}…'; the record is damaged`,
      { cause },
    );
  }
}

/** One histogram of all samples; the inputs stay as they are. Undefined for none. */
export function mergeHistograms(encoded: readonly string[]): Histogram | undefined {
  const [first, ...rest] = encoded;
  if (first === undefined) return undefined;
  const merged = decodeHistogram(first);
  merged.autoResize = true;
  for (const other of rest) merged.add(decodeHistogram(other));
  return merged;
}

/** Samples that a quantile must rest on before it is printed: 10 beyond it. */
export const samplesFor = (q: number): number => Math.round(10 / (1 - q));

/** Nanoseconds at quantile q (0 ≤ q < 1); undefined with fewer than 10/(1−q) samples. */
export function quantile(histogram: Histogram, q: number): number | undefined {
  return histogram.totalCount >= samplesFor(q) ? histogram.getValueAtPercentile(q * 100) : undefined;
}

export interface CurvePoint {
  readonly q: number;
  /** −log₁₀(1 − q): 1 at p90, 2 at p99, 3 at p99.9. */
  readonly nines: number;
  readonly value: number;
}

const STEPS_PER_NINE = 12;

/** Nanoseconds along the nines axis, evenly spaced on it, as far as the samples carry. Empty below 20 samples. */
export function percentileCurve(histogram: Histogram): CurvePoint[] {
  const points: CurvePoint[] = [];
  for (let step = 0; ; step++) {
    const nines = step / STEPS_PER_NINE;
    const q = 1 - 10 ** -nines;
    const value = histogram.totalCount < 20 ? undefined : quantile(histogram, q);
    if (value === undefined) return points;
    points.push({ q, nines, value });
  }
}
