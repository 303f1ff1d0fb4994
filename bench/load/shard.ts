/** The course of every shard that has a window to itself: connect, start together, warm up, measure, finish, close. */
import type { LoadJob, LoadResult } from '#bench/model/load.ts';
import { until } from './clock.ts';
import type { LoadDriver, Session } from './contract.ts';
import { GeneratorMeter } from './generator.ts';
import { Recorder } from './recorder.ts';
import { requireCappable } from './turnstile.ts';

/**
 * From connecting to closing. `live` is the shard's row of counters, indexed as `LIVE_FIELDS`, in shared memory, written by nobody else.
 * Rejects with the signal's reason once everything is closed, and with `LoadError` where the job is impossible.
 */
export async function runShard(
  driver: LoadDriver,
  job: LoadJob,
  live: Int32Array,
  signal: AbortSignal,
): Promise<LoadResult> {
  const broken = new AbortController();
  const either = AbortSignal.any([signal, broken.signal]);
  try {
    requireCappable(job);
    const recorder = new Recorder(job, live);
    return await run(() => driver.open(job, recorder, (error) => broken.abort(error)), recorder, either);
  } catch (error) {
    broken.signal.throwIfAborted(); // the cause, rather than the AbortError that it led to
    throw error;
  }
}

async function run(open: () => Promise<Session>, recorder: Recorder, signal: AbortSignal): Promise<LoadResult> {
  signal.throwIfAborted();
  const { start, windowStart, windowEnd } = recorder.timetable;
  await using session = await open();
  // Not awaited: what is not connected by the start joins later, and its absence is measured, not hidden.
  void session.connect().then(() => recorder.ready());
  await until(start, signal);
  session.start(performance.now());
  await until(windowStart, signal);
  const meter = new GeneratorMeter(session.helperCpu);
  await until(windowEnd, signal);
  const cost = meter.read();
  await session.finish(performance.now(), signal);
  const checked = session.bodiesChecked?.();
  return { ...recorder.result(cost, session.pacing), ...(checked !== undefined && { bodiesChecked: checked }) };
}
