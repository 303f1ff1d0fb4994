import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bucketMicros, LATENCY_BUCKETS, latencyBucket } from '#bench/model/latency-bucket.ts';

test('a bucket holds what lies from its least latency up to the next one, within 12.5 %', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 120e6, noNaN: true }), (micros) => {
      const bucket = latencyBucket(micros);
      assert.ok(bucketMicros(bucket) <= micros && Math.floor(micros) < bucketMicros(bucket + 1));
      assert.ok(micros < 8 || bucketMicros(bucket + 1) / bucketMicros(bucket) <= 1.125);
    }),
    { seed: 3 },
  );
});

test('buckets rise without a gap; what is out of range counts at the ends', () => {
  for (let bucket = 0; bucket < LATENCY_BUCKETS - 1; bucket++)
    assert.equal(latencyBucket(bucketMicros(bucket)), bucket);
  assert.equal(latencyBucket(-3), 0);
  assert.ok(latencyBucket(1e12) < LATENCY_BUCKETS);
});
