/**
 * Time inside a shard: milliseconds with a fraction on the thread's monotonic clock (nanosecond resolution, about 40 ns a
 * reading). All threads of a process share its origin, so an instant on one is the same instant on another.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadJob } from '#bench/model/load.ts';
import { epochMillis, type EpochMillis, type PerSecond } from '#bench/model/units.ts';

/** An instant on this process's monotonic clock, in milliseconds. */
export type Instant = number;

export const epochNow = (): EpochMillis => epochMillis(performance.timeOrigin + performance.now());
const instantOf = (epoch: EpochMillis): Instant => epoch - performance.timeOrigin;

/** When a shard starts, and which part of it is measured: [windowStart, windowEnd). */
export interface Timetable {
  readonly start: Instant;
  readonly windowStart: Instant;
  readonly windowEnd: Instant;
  /** Open loop in turns: requests a second, found while the lanes were open already. */
  readonly offered?: PerSecond;
}

export function timetableOf(job: Pick<LoadJob, 'startAt' | 'warmup' | 'window'>): Timetable {
  const start = instantOf(job.startAt);
  return { start, windowStart: start + job.warmup, windowEnd: start + job.warmup + job.window };
}

/** Resolves at `instant`, never before it (a timer alone may be up to 1 ms early). Rejects with an AbortError. */
export async function until(instant: Instant, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  for (let left = instant - performance.now(); left > 0; left = instant - performance.now()) {
    await sleep(Math.max(1, left), undefined, { signal });
  }
}
