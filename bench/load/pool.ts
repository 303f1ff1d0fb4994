/** Worker threads that make load together, on one clock. They outlive a job, so that a later one finds their code compiled. */
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { LIVE_FIELDS, type LiveField, type LoadJob, type LoadResult, type SecondResult } from '#bench/model/load.ts';
import { micros, perSecond } from '#bench/model/units.ts';
import { LoadError } from './contract.ts';
import { mergeResults } from './merge.ts';
import { type LoadStage, openStage } from './stage.ts';
import type { Meeting, ShardTask } from './worker.ts';

export type PooledJob = Omit<LoadJob, 'shard'>;

export interface LoadRun {
  /** Summed over the shards, read from shared memory: no message, no turn of an event loop. `ready` counts ready shards. */
  live(): Record<LiveField, number>;
  /** Rejects with an AbortError once every shard has closed all it had, or with the first shard's error likewise. */
  readonly result: Promise<LoadResult>;
}

export interface LoadPool extends AsyncDisposable {
  readonly workers: number;
  /** Resolves when all workers have started; a job given before must allow for that in its `startAt`. */
  ready(): Promise<void>;
  /** One job at a time. */
  run(job: PooledJob, signal: AbortSignal): LoadRun;
  /** Occupies all workers with lanes that take turns, until it is disposed; no job runs meanwhile. */
  stage(): LoadStage;
}

type Workers = Piscina<ShardTask | Meeting | { readonly port: MessagePort }, LoadResult>;
type TransferList = NonNullable<NonNullable<Parameters<Piscina['run']>[1]>['transferList']>;

/** A row of live counters fills a cache line, so that no worker's counting slows another's. */
const ROW_LENGTH = 16;

export interface PoolOptions {
  readonly workers: number;
  /** Whether there is one more worker, for second streams: on a thread of its own it does not wait for the load's answers to be read. */
  readonly second?: boolean;
}

export function createLoadPool({ workers, second = false }: PoolOptions): LoadPool {
  const threads = workers + (second ? 1 : 0);
  const piscina: Workers = new Piscina({
    filename: fileURLToPath(import.meta.resolve('#bench/load/worker.ts')),
    minThreads: threads,
    maxThreads: threads,
    idleTimeout: Infinity,
    concurrentTasksPerWorker: 1,
    atomics: 'disabled', // an idle worker has to go on closing what it closes
  });
  let busy = false;

  /** As many tasks as workers, none of which ends before all have begun. */
  async function ready(): Promise<void> {
    const meeting: Meeting = { cells: new Int32Array(new SharedArrayBuffer(8)), expected: threads };
    await Promise.all(Array.from({ length: threads }, () => piscina.run(meeting, { name: 'meet' })));
  }

  function run(job: PooledJob, signal: AbortSignal): LoadRun {
    if (busy) throw new LoadError('a load pool runs one job at a time; take a second pool for a second stream');
    if (job.second && !second) throw new LoadError('this load pool was made without a worker for a second stream');
    busy = true;
    // A shard without a connection could only drop its share of the arrivals; a cap is kept by one shard alone.
    const count = job.maxRate === undefined ? Math.min(workers, job.loop.connections) : 1;
    const tasks = tasksOf(job, count);
    const memory = new SharedArrayBuffer(4 * ROW_LENGTH * tasks.length);
    const rows = Array.from(
      { length: tasks.length },
      (_, row) => new Int32Array(memory, 4 * ROW_LENGTH * row, LIVE_FIELDS.length),
    );
    return { live: () => sumOf(rows), result: runShards(piscina, tasks, rows, signal).finally(() => (busy = false)) };
  }

  function stage(): LoadStage {
    if (busy) throw new LoadError('a load pool that runs a job cannot take turns beside it');
    busy = true;
    const opened = openStage(workers, (port) => {
      const transferList = [port] as unknown as TransferList;
      return piscina.run({ port }, { name: 'stage', transferList });
    });
    return {
      ...opened,
      async [Symbol.asyncDispose]() {
        await opened[Symbol.asyncDispose]();
        busy = false;
      },
    };
  }

  return {
    workers,
    ready,
    run,
    stage,
    [Symbol.asyncDispose]: () => piscina.destroy(),
  };
}

/** Resolves with what all shards counted together, and rejects with the first one's error once all have ended. */
async function runShards(
  piscina: Workers,
  tasks: readonly LoadJob[],
  rows: readonly Int32Array[],
  signal: AbortSignal,
): Promise<LoadResult> {
  const channels = rows.map(() => new MessageChannel());
  const abort = (): void => channels.forEach(({ port1 }) => port1.postMessage('abort'));
  const results = tasks.map(async (job, index) => {
    const live = rows[index]!;
    const port = channels[index]!.port2;
    try {
      // An array, as piscina wants it; its types, inferred from one overload of postMessage, say otherwise.
      const transferList = [port] as unknown as TransferList;
      return await piscina.run({ job, live, abort: port }, { transferList });
    } catch (error) {
      abort();
      throw error;
    }
  });
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    const settled = await Promise.allSettled(results);
    signal.throwIfAborted();
    const failed = settled.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
    const values = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const shardsOf = tasks[0]!.shard.count;
    const merged = mergeResults(values.slice(0, shardsOf));
    const beside = values[shardsOf];
    return beside ? withSecond(merged, beside) : merged;
  } finally {
    signal.removeEventListener('abort', abort);
    for (const { port1 } of channels) port1.close();
  }
}

/** The shards of a job's loop, then its second stream, which is a job of one shard with arrivals of its own. */
function tasksOf({ second, ...job }: PooledJob, count: number): LoadJob[] {
  const shards = Array.from({ length: count }, (_, index) => ({ ...job, shard: { index, count } }));
  if (!second) return shards;
  const beside: LoadJob = { ...job, driver: 'http1', loop: second, seed: job.seed + 1, shard: { index: 0, count: 1 } };
  return [...shards, beside];
}

function withSecond(result: LoadResult, beside: LoadResult): LoadResult {
  const { connections, offered, scheduled, dropped, requests, errors, failures, service, generatorLag, pacing } =
    beside;
  const second: SecondResult = {
    connections,
    offered: offered ?? perSecond(0),
    scheduled: scheduled ?? 0,
    dropped: dropped ?? 0,
    requests,
    errors,
    ...(failures && { failures }),
    service,
    generatorLag: generatorLag ?? service,
    ...(pacing && { pacing }),
  };
  const { cpuUser, cpuSystem, eventLoop } = result.generator;
  return {
    ...result,
    errorSamples: [...new Set([...result.errorSamples, ...beside.errorSamples])],
    second,
    generator: {
      cpuUser: micros(cpuUser + beside.generator.cpuUser),
      cpuSystem: micros(cpuSystem + beside.generator.cpuSystem),
      eventLoop,
    },
  };
}

function sumOf(rows: readonly Int32Array[]): Record<LiveField, number> {
  const sums = LIVE_FIELDS.map((field, index) => [field, rows.reduce((sum, row) => sum + Atomics.load(row, index), 0)]);
  return Object.fromEntries(sums) as Record<LiveField, number>;
}
