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
    this.#counts[bucketIndex(value)]! += 1;
  }

  encode(): EncodedHistogram {
    const hdr = emptyHdr();
    this.#counts.forEach((count, index) => {
      if (count > 0) hdr.recordValueWithCount(lowestValue(index), count);
    });
    return encodeHdr(hdr);
  }
}

/** The sum of several: every bucket's count added. */
export function mergeHistograms(encoded: readonly EncodedHistogram[]): EncodedHistogram {
  const sum = emptyHdr();
  for (const one of encoded) sum.add(decodeFromCompressedBase64(one, 64));
  return encodeHdr(sum);
}
