/** Runs the suites with tinybench; results are records like any other. */
import { Bench } from 'tinybench';
import type { MicroRecord } from '#bench/model/record.ts';
import { suite as cluster } from './cluster.ts';
import { suite as exchange } from './exchange.ts';
import { suite as filters } from './filters.ts';
import { suite as http } from './http.ts';
import { suite as inPlace } from './in-place.ts';
import { suite as load } from './load.ts';
import { suite as relay } from './relay.ts';
import { suite as routing } from './routing.ts';
import { suite as sockets } from './sockets.ts';
import type { ClockedTask, HotTask, MicroSuite, MicroTask } from './suite.ts';

/** Filters come last: what they make of the code that all requests share is not to be found in the others' figures. */
export const SUITES: readonly MicroSuite[] = [http, routing, cluster, exchange, inPlace, relay, sockets, load, filters];

/** One sample is a batch of this many operations: a single one is shorter than what reading the clock costs. */
const BATCH = 1_000;
/** The same where each operation waits for sockets. */
const CLOCKED_BATCH = 256;

export interface MicroOptions {
  readonly suites: readonly MicroSuite[];
  /** Milliseconds of measuring a task, after as long a warm-up. */
  readonly time: number;
  readonly onResult?: (record: MicroRecord) => void;
}

/** One record a task, in order. Rejects with the task's own error. */
export async function runMicro({ suites, time, onResult }: MicroOptions, signal: AbortSignal): Promise<MicroRecord[]> {
  const records: MicroRecord[] = [];
  for (const suite of suites)
    for (const task of suite.tasks) {
      signal.throwIfAborted();
      const record = await measure(suite, task, time, signal);
      onResult?.(record);
      records.push(record);
    }
  return records;
}

let sink = 0;

/** Nanoseconds per operation, a sample a batch. */
async function hotSamples(suite: MicroSuite, task: HotTask, time: number): Promise<number[]> {
  const { batch = BATCH } = task;
  const bench = new Bench({ time, warmupTime: time, retainSamples: true, throws: true });
  bench.add(task.name, () => {
    sink += task.run(batch);
  });
  const [done] = await bench.run();
  if (done?.result.state !== 'completed')
    throw new Error(`${suite.name} · ${task.name}: ${done?.result.state ?? 'no result'}`);
  if (!Number.isFinite(sink)) throw new Error(`${suite.name} · ${task.name} returned no number`);
  return (done.result.latency.samples ?? []).map((ms) => (ms * 1e6) / batch);
}

async function clockedSamples(task: ClockedTask, time: number, signal: AbortSignal): Promise<number[]> {
  await using clock = await task.open();
  const sample = async (): Promise<number[]> => {
    const samples: number[] = [];
    const end = performance.now() + time;
    do {
      signal.throwIfAborted();
      samples.push((await clock.measure(CLOCKED_BATCH)) / CLOCKED_BATCH);
    } while (performance.now() < end);
    return samples;
  };
  await sample(); // warm-up
  return await sample();
}

async function measure(suite: MicroSuite, task: MicroTask, time: number, signal: AbortSignal): Promise<MicroRecord> {
  const before = { cpu: process.threadCpuUsage(), at: performance.now() };
  const taken = await ('run' in task ? hotSamples(suite, task, time) : clockedSamples(task, time, signal));
  const { user, system } = process.threadCpuUsage(before.cpu);
  const samples = taken.toSorted((a, b) => a - b);
  const { low, high } = medianInterval(samples.length);
  return {
    record: 'micro',
    suite: suite.name,
    task: task.name,
    perRequest: task.perRequest,
    median: samples[Math.floor(samples.length / 2)]!,
    low: samples[low]!,
    high: samples[high]!,
    samples: samples.length,
    share: Math.min(1, (user + system) / 1e3 / (performance.now() - before.at)),
  };
}

/** Ranks (0-based) of the order statistics that enclose the median with 95 %: binomial, normal approximation (David & Nagaraja, Order Statistics, §7.1). */
export function medianInterval(n: number): { readonly low: number; readonly high: number } {
  const half = 0.98 * Math.sqrt(n); // 1.96 · √(n/4)
  return { low: Math.max(0, Math.floor(n / 2 - half)), high: Math.min(n - 1, Math.ceil(n / 2 + half)) };
}
