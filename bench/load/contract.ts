/** What makes load: one driver a kind of client. */
import type { LoadJob, LoadResult } from '#bench/model/load.ts';
import type { Loop, Traffic } from '#bench/model/scenario.ts';

export interface LoadDriver {
  readonly name: LoadJob['driver'];
  supports(traffic: Traffic, loop: Loop): boolean;
  /**
   * Runs one shard (`job.shard`) from connecting to closing. `live` is its row of counters, indexed as `LIVE_FIELDS`, in shared
   * memory, written by nobody else. Rejects with the signal's reason once everything is closed, with `LoadError` where
   * the job is impossible. A target that fails is no rejection: that is what the error counts are for.
   */
  run(job: LoadJob, live: Int32Array, signal: AbortSignal): Promise<LoadResult>;
}

/** The job cannot be run as it is. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
}
