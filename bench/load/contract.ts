/** What makes load: one driver a kind of client. */
import type { LoadJob, Pacing } from '#bench/model/load.ts';
import type { Loop, Traffic } from '#bench/model/scenario.ts';
import type { Instant } from './clock.ts';
import type { CpuTime } from './generator.ts';
import type { Recorder } from './recorder.ts';

export interface LoadDriver {
  readonly name: LoadJob['driver'];
  supports(traffic: Traffic, loop: Loop): boolean;
  /**
   * One shard (`job.shard`) of a job, with nothing connected yet. Rejects with `LoadError` where the job is impossible. A target that
   * fails is no rejection: that is what the error counts are for.
   */
  open(job: LoadJob, recorder: Recorder, fail: Fail): Promise<Session>;
}

/** What one kind of traffic does: connect once, then start and finish, for one window or for many turns. */
export interface Session extends AsyncDisposable {
  /** Opens the connections. Resolves when each has been tried once; failing ones are tried again behind the scenes. Never rejects. */
  connect(): Promise<void>;
  /** A turn of `recorder.timetable` begins. */
  start(at: Instant): void;
  /** The window is over. Resolves when everything that belongs to it has been recorded. */
  finish(at: Instant, signal: AbortSignal): Promise<void>;
  /** CPU time of other threads that work for this one. */
  readonly helperCpu?: () => CpuTime;
  /** Open loop: how it keeps time. */
  readonly pacing?: Pacing;
  /** HTTP: answers whose body was held against its checksum so far. */
  readonly bodiesChecked?: () => number;
}

/** Ends the run with an error of the generator's own; a target's failure is an error count instead. */
export type Fail = (error: Error) => void;

/** The job cannot be run as it is. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
}
