/** Short jobs against loopback, and what their results say. */
import assert from 'node:assert/strict';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { epochNow } from '#bench/load/clock.ts';
import type { LoadDriver } from '#bench/load/contract.ts';
import {
  LIVE_FIELDS,
  type EncodedHistogram,
  type ErrorCounts,
  type LoadJob,
  type LoadResult,
} from '#bench/model/load.ts';
import type { Loop, Traffic } from '#bench/model/scenario.ts';
import { bytes, epochMillis, millis, perSecond } from '#bench/model/units.ts';
import { runShard } from '#bench/load/shard.ts';

export type HttpTraffic = Extract<Traffic, { kind: 'http' }>;

export const get = (bodyBytes: number, more: Partial<HttpTraffic> = {}): HttpTraffic => ({
  kind: 'http',
  request: { method: 'GET', path: '/', headers: [], bodyBytes: bytes(0) },
  expect: { status: 200, bodyBytes: bytes(bodyBytes) },
  connection: 'keep-alive',
  tls: 'none',
  ...more,
});

export const closed = (connections: number): Loop => ({ kind: 'closed', connections });
export const open = (connections: number, rate: number, arrivals: 'uniform' | 'poisson' = 'uniform'): Loop => ({
  kind: 'open',
  connections,
  offered: perSecond(rate),
  arrivals,
});

export interface Timing {
  readonly lead?: number;
  readonly warmup?: number;
  readonly window?: number;
  readonly response?: number;
}

/** So little happened in the time given that nothing can be said; no judgement about what did. */
class NotEnough extends Error {
  override readonly name = 'NotEnough';
}

export function enough(condition: boolean, what = 'too little happened in the time given'): void {
  if (!condition) throw new NotEnough(what);
}

/**
 * A busy host may give a test no turn within a window of 200 ms. Where `enough` says so, and only there, the whole test runs
 * again with more time, 16 times as much at most. A failed assertion fails at once.
 */
export const stretched =
  (body: (time: Required<Omit<Timing, 'response'>>) => Promise<void>) => async (): Promise<void> => {
    for (let factor = 1; ; factor *= 4) {
      try {
        return await body({ lead: 60 * factor, warmup: 40 * factor, window: 200 * factor });
      } catch (error) {
        if (!(error instanceof NotEnough) || factor >= 16) throw error;
      }
    }
  };

export function jobFor(
  driver: LoadJob['driver'],
  port: number,
  traffic: Traffic,
  loop: Loop,
  { lead = 60, warmup = 40, window = 200, response = 10_000 }: Timing = {},
): LoadJob {
  return {
    driver,
    target: { host: '127.0.0.1', port },
    traffic,
    loop,
    shard: { index: 0, count: 1 },
    seed: 7,
    startAt: epochMillis(epochNow() + lead),
    warmup: millis(warmup),
    window: millis(window),
    timeouts: { connect: millis(10_000), response: millis(response) },
  };
}

export const liveRow = (): Int32Array => new Int32Array(new SharedArrayBuffer(4 * LIVE_FIELDS.length));

/** In this thread; ends by itself. */
export const runHere = (driver: LoadDriver, job: LoadJob): Promise<LoadResult> =>
  runShard(driver, job, liveRow(), AbortSignal.timeout(60_000));

export const total = (errors: ErrorCounts): number => Object.values(errors).reduce((sum, count) => sum + count, 0);

/** A request that a busy host kept waiting for the whole window says nothing; any other error does. */
export function noErrors({ errors, errorSamples }: LoadResult): void {
  enough(errors.timeout === 0, errorSamples.join());
  assert.equal(total(errors), 0, errorSamples.join());
}

export const onlyErrors = (errors: ErrorCounts): Partial<ErrorCounts> =>
  Object.fromEntries(Object.entries(errors).filter(([, count]) => count > 0));

export interface Quantiles {
  readonly count: number;
  /** Milliseconds. */
  at(quantile: number): number;
  /** How many lasted at least so many milliseconds. */
  atLeast(millis: number): number;
}

export function quantilesOf(encoded: EncodedHistogram | undefined): Quantiles {
  if (encoded === undefined) throw new Error('expected a histogram');
  const histogram = decodeFromCompressedBase64(encoded, 64);
  const count = histogram.totalCount;
  return {
    count,
    at: (quantile) => histogram.getValueAtPercentile(quantile * 100) / 1e6,
    atLeast(limit) {
      // The share below the limit, by bisection over the ranks.
      let below = 0;
      let above = count;
      while (below < above) {
        const middle = (below + above) >> 1;
        if (histogram.getValueAtPercentile(((middle + 0.5) / count) * 100) / 1e6 < limit) below = middle + 1;
        else above = middle;
      }
      return count - below;
    },
  };
}
