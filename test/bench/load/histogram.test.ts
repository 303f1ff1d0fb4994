import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { build, decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { bucketIndex, Histogram, LONGEST_NANOS, mergeHistograms } from '#bench/load/histogram.ts';

const reference = () =>
  build({ lowestDiscernibleValue: 1, highestTrackableValue: LONGEST_NANOS, numberOfSignificantValueDigits: 3 });

/** Small, around every power of two, and anywhere. */
const durations = fc.oneof(
  fc.integer({ min: 0, max: 10_000 }),
  fc.tuple(fc.integer({ min: 1, max: 36 }), fc.integer({ min: -2, max: 2 })).map(([k, d]) => Math.max(0, 2 ** k + d)),
  fc.integer({ min: 0, max: LONGEST_NANOS }),
);

const percentiles = [0, 1, 25, 50, 90, 99, 99.9, 100];

test('every duration falls into the bucket that HdrHistogram gives it', () => {
  const hdr = reference() as unknown as { lowestEquivalentValue(value: number): number };
  const lowest = (value: number): number => hdr.lowestEquivalentValue(value);
  fc.assert(
    fc.property(durations, durations, (a, b) => {
      assert.equal(bucketIndex(a) === bucketIndex(b), lowest(a) === lowest(b));
      if (lowest(a) < lowest(b)) assert.ok(bucketIndex(a) < bucketIndex(b));
    }),
    { numRuns: 5_000 },
  );
});

test('what is encoded is what the library would have recorded itself', () => {
  fc.assert(
    fc.property(fc.array(durations, { minLength: 1, maxLength: 200 }), (values) => {
      const ours = new Histogram();
      const theirs = reference();
      for (const value of values) {
        ours.record(value);
        theirs.recordValue(value);
      }
      const decoded = decodeFromCompressedBase64(ours.encode(), 64);
      assert.equal(decoded.totalCount, values.length);
      for (const p of percentiles) assert.equal(decoded.getValueAtPercentile(p), theirs.getValueAtPercentile(p));
    }),
    { numRuns: 100 },
  );
});

test('merging loses nothing: the same as all recorded in one', () => {
  const lists = fc.array(fc.array(durations, { maxLength: 60 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(lists, (shards) => {
      const whole = new Histogram();
      const parts = shards.map((values) => {
        const part = new Histogram();
        for (const value of values) {
          part.record(value);
          whole.record(value);
        }
        return part.encode();
      });
      const merged = decodeFromCompressedBase64(mergeHistograms(parts), 64);
      const expected = decodeFromCompressedBase64(whole.encode(), 64);
      assert.equal(merged.totalCount, expected.totalCount);
      for (const p of percentiles) assert.equal(merged.getValueAtPercentile(p), expected.getValueAtPercentile(p));
    }),
    { numRuns: 50 },
  );
});

test('durations beyond the range count at its ends, fractions are rounded', () => {
  const histogram = new Histogram();
  for (const value of [-5, 0.4, 0.6, LONGEST_NANOS * 2, Infinity]) histogram.record(value);
  const decoded = decodeFromCompressedBase64(histogram.encode(), 64);
  assert.equal(decoded.totalCount, 5);
  assert.equal(decoded.getValueAtPercentile(40), 0);
  assert.equal(decoded.getValueAtPercentile(60), 1);
  assert.ok(decoded.getValueAtPercentile(100) >= LONGEST_NANOS);
});
