/** The course of every shard: connect, start together, warm up, measure, finish, close. */
import type { LoadJob, LoadResult, Pacing } from '#bench/model/load.ts';
import { type Instant, until } from './clock.ts';
import { type CpuTime, GeneratorMeter } from './generator.ts';
import { Recorder } from './recorder.ts';
import { requireCappable } from './turnstile.ts';

/** What one kind of traffic does within that course. */
export interface Session extends AsyncDisposable {
  /** Opens the connections. Resolves when each has been tried once; failing ones are tried again behind the scenes. Never rejects. */
  connect(): Promise<void>;
  start(at: Instant): void;
  /** The window is over. Resolves when everything that belongs to it has been recorded. */
  finish(at: Instant, signal: AbortSignal): Promise<void>;
  /** CPU time of other threads that work for this one. */
  readonly helperCpu?: () => CpuTime;
  /** Open loop: how it keeps time. */
  readonly pacing?: Pacing;
}

/** Ends the run with an error of the generator's own; a target's failure is an error count instead. */
export type Fail = (error: Error) => void;

export async function runShard(
  job: LoadJob,
  live: Int32Array,
  signal: AbortSignal,
  open: (recorder: Recorder, fail: Fail) => Promise<Session>,
): Promise<LoadResult> {
  const broken = new AbortController();
  const either = AbortSignal.any([signal, broken.signal]);
  try {
    return await run(job, live, either, (recorder) => open(recorder, (error) => broken.abort(error)));
  } catch (error) {
    broken.signal.throwIfAborted(); // the cause, rather than the AbortError that it led to
    throw error;
  }
}

async function run(
  job: LoadJob,
  live: Int32Array,
  signal: AbortSignal,
  open: (recorder: Recorder) => Promise<Session>,
): Promise<LoadResult> {
  signal.throwIfAborted();
  requireCappable(job);
  const recorder = new Recorder(job, live);
  const { start, windowStart, windowEnd } = recorder.timetable;
  await using session = await open(recorder);
  // Not awaited: what is not connected by the start joins later, and its absence is measured, not hidden.
  void session.connect().then(() => recorder.ready());
  await until(start, signal);
  session.start(performance.now());
  await until(windowStart, signal);
  const meter = new GeneratorMeter(session.helperCpu);
  await until(windowEnd, signal);
  const cost = meter.read();
  await session.finish(performance.now(), signal);
  return recorder.result(cost, session.pacing);
}
