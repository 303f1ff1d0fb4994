import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { decodeHistogram, mergeHistograms, percentileCurve, quantile, samplesFor } from '#bench/stats/histogram.ts';

function encode(values: readonly number[], highest = 60e9): string {
  const histogram = build({ highestTrackableValue: highest, numberOfSignificantValueDigits: 3, bitBucketSize: 32 });
  for (const value of values) histogram.recordValue(value);
  return encodeIntoCompressedBase64(histogram);
}

/** 1 … 1,000 µs in nanoseconds. */
const THOUSAND = Array.from({ length: 1_000 }, (_, i) => (i + 1) * 1_000);

test('a quantile needs ten samples beyond it', () => {
  assert.deepEqual([0.5, 0.9, 0.99, 0.999, 0.9999].map(samplesFor), [20, 100, 1_000, 10_000, 100_000]);
  const histogram = decodeHistogram(encode(THOUSAND));
  assert.equal(quantile(histogram, 0.999), undefined);
  assert.equal(quantile(decodeHistogram(encode(THOUSAND.slice(1))), 0.99), undefined);
  const p99 = quantile(histogram, 0.99)!;
  assert.ok(Math.abs(p99 / 990_000 - 1) < 1e-3, `${p99}`);
});

test('merging is lossless: the merged histogram is that of all samples, and the inputs stay', () => {
  const sample = fc.array(fc.integer({ min: 1, max: 59_000_000_000 }), { maxLength: 60 });
  fc.assert(
    fc.property(fc.array(sample, { minLength: 1, maxLength: 5 }), (rounds) => {
      const encoded = rounds.map((values) => encode(values));
      const merged = mergeHistograms(encoded)!;
      const all = decodeHistogram(encode(rounds.flat()));
      assert.equal(merged.totalCount, all.totalCount);
      for (const percentile of [1, 25, 50, 90, 99, 100])
        assert.equal(merged.getValueAtPercentile(percentile), all.getValueAtPercentile(percentile));
      assert.equal(decodeHistogram(encoded[0]!).totalCount, rounds[0]!.length);
    }),
    { seed: 2, numRuns: 40 },
  );
});

test('histograms of different ranges merge', () => {
  const merged = mergeHistograms([encode([1_000], 1e6), encode([5_000_000_000])])!;
  assert.equal(merged.totalCount, 2);
  assert.ok(Math.abs(merged.getValueAtPercentile(100) / 5e9 - 1) < 1e-3);
});

test('nothing to merge is undefined; damage is named', () => {
  assert.equal(mergeHistograms([]), undefined);
  assert.throws(
    () => decodeHistogram('bm90IGEgaGlzdG9ncmFt'),
    /expected a base64 HdrHistogram in V2 compressed encoding, got 'bm90/,
  );
});

test('the curve runs along the nines as far as the samples carry, and never falls', () => {
  const curve = percentileCurve(decodeHistogram(encode(THOUSAND)));
  assert.deepEqual([curve[0]!.nines, curve.at(-1)!.nines], [0, 2]);
  for (const [i, { value, q, nines }] of curve.entries()) {
    assert.ok(i === 0 || value >= curve[i - 1]!.value);
    assert.ok(Math.abs(-Math.log10(1 - q) - nines) < 1e-9);
  }
  assert.deepEqual(percentileCurve(decodeHistogram(encode(THOUSAND.slice(0, 19)))), []);
});
