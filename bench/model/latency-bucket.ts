/**
 * Coarse buckets of latency for what is drawn over time: whole microseconds, eight buckets an octave (at most 12.5 % wide). Exact
 * figures come from the HdrHistograms; these are small enough to keep one row an interval.
 */

/** Buckets up to 120 s. */
export const LATENCY_BUCKETS = 200;

/** Where a latency counts; negative counts as 0, too long as the longest. */
export function latencyBucket(micros: number): number {
  const whole = micros <= 0 ? 0 : micros >= 2 ** 27 ? 2 ** 27 - 1 : micros | 0;
  if (whole < 8) return whole;
  const octave = 31 - Math.clz32(whole);
  return Math.min(LATENCY_BUCKETS - 1, (octave - 2) * 8 + ((whole >> (octave - 3)) & 7));
}

/** The least latency of a bucket, in microseconds. */
export function bucketMicros(bucket: number): number {
  if (bucket < 8) return bucket;
  return (8 + (bucket & 7)) * 2 ** ((bucket >> 3) - 1);
}
