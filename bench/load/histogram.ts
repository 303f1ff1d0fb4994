/**
 * Durations in integer nanoseconds, in the bucket layout of an HdrHistogram with 3 significant digits. `record` is a shift and
 * an increment, a twentieth of what the library's own takes; `encode` hands the counts to the library, bucket for bucket.
 */
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram as Hdr } from 'hdr-histogram-js';
import type { EncodedHistogram } from '#bench/model/load.ts';

/** 120 s. What lasted longer is counted as this. */
export const LONGEST_NANOS = 120e9;

/** Half of the 2,048 sub-buckets that three digits need: bucket k counts in steps of 2^k ns. */
const HALF_BITS = 10;
const HALF = 1 << HALF_BITS;
const INT_MAX = 2 ** 31 - 1;

/** Where a value counts. Exact for every integer in [0, LONGEST_NANOS]. */
export function bucketIndex(nanos: number): number {
  if (nanos <= INT_MAX) {
    const bucket = Math.max(0, 31 - HALF_BITS - Math.clz32(nanos));
    return (bucket << HALF_BITS) + (nanos >> bucket);
  }
  // Above 2^31: the same from the upper bits, which alone decide.
  const high = Math.floor(nanos / 1024);
  const bucket = 31 - Math.clz32(high);
  return (bucket << HALF_BITS) + Math.floor(nanos / 2 ** bucket);
}

/** The least value of a bucket. */
function lowestValue(index: number): number {
  if (index < 2 * HALF) return index;
  const bucket = (index >> HALF_BITS) - 1;
  return ((index & (HALF - 1)) + HALF) * 2 ** bucket;
}

const LENGTH = bucketIndex(LONGEST_NANOS) + 1;

const emptyHdr = (): Hdr =>
  build({ lowestDiscernibleValue: 1, highestTrackableValue: LONGEST_NANOS, numberOfSignificantValueDigits: 3 });

const encodeHdr = (hdr: Hdr): EncodedHistogram => encodeIntoCompressedBase64(hdr) as EncodedHistogram;

export class Histogram {
  readonly #counts = new Float64Array(LENGTH);

  /** Rounded to whole nanoseconds; negative counts as 0. */
  record(nanos: number): void {
    const value = nanos <= 0 ? 0 : nanos >= LONGEST_NANOS ? LONGEST_NANOS : Math.round(nanos);
    this.#counts[bucketIndex(value)]!++;
  }

  /** What was recorded since the last time, bucket by bucket; begins anew. */
  take(): BucketCounts {
    const taken: [number, number][] = [];
    for (let index = 0; index < LENGTH; index++) {
      const count = this.#counts[index]!;
      if (count === 0) continue;
      taken.push([index, count]);
      this.#counts[index] = 0;
    }
    return taken;
  }

  encode(): EncodedHistogram {
    return encodeBuckets([...this.#counts.entries()].filter(([, count]) => count > 0));
  }
}

export function encodeBuckets(counts: BucketCounts): EncodedHistogram {
  const hdr = emptyHdr();
  for (const [index, count] of counts) hdr.recordValueWithCount(lowestValue(index), count);
  return encodeHdr(hdr);
}

/** Pairs [bucket, count] of those that hold anything, the least bucket first: how a turn's histogram leaves its thread. */
export type BucketCounts = readonly (readonly [number, number])[];

/** Buckets of several threads that drove the same turn, together. */
export function mergeBuckets(all: readonly BucketCounts[]): BucketCounts {
  if (all.length === 1) return all[0]!;
  const sums = new Map<number, number>();
  for (const [index, count] of all.flat()) sums.set(index, (sums.get(index) ?? 0) + count);
  return [...sums].toSorted(([a], [b]) => a - b);
}

export const countOf = (counts: BucketCounts): number => counts.reduce((sum, [, count]) => sum + count, 0);

/** Nanoseconds at quantile q: the middle of the bucket in which it lies. Undefined below 10 ÷ (1 − q) samples (METHOD 6). */
export function quantileOf(counts: BucketCounts, q: number): number | undefined {
  const total = countOf(counts);
  if (total * (1 - q) < 10 - 1e-9) return undefined;
  let seen = 0;
  for (const [index, count] of counts) {
    seen += count;
    if (seen >= q * total) return (lowestValue(index) + lowestValue(index + 1)) / 2;
  }
  return undefined;
}

/** The sum of several: every bucket's count added. */
export function mergeHistograms(encoded: readonly EncodedHistogram[]): EncodedHistogram {
  const sum = emptyHdr();
  for (const one of encoded) sum.add(decodeFromCompressedBase64(one, 64));
  return encodeHdr(sum);
}
