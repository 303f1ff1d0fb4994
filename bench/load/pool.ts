/** Worker threads that make load together, on one clock. They outlive a job, so that a later one finds their code compiled. */
import { fileURLToPath } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { LIVE_FIELDS, type LiveField, type LoadJob, type LoadResult } from '#bench/model/load.ts';
import { LoadError } from './contract.ts';
import { mergeResults } from './merge.ts';
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
}

type TransferList = NonNullable<NonNullable<Parameters<Piscina['run']>[1]>['transferList']>;

/** A row of live counters fills a cache line, so that no worker's counting slows another's. */
const rowLength = 16;

export function createLoadPool({ workers }: { readonly workers: number }): LoadPool {
  const piscina = new Piscina<ShardTask | Meeting, LoadResult>({
    filename: fileURLToPath(new URL('worker.ts', import.meta.url)),
    minThreads: workers,
    maxThreads: workers,
    idleTimeout: Infinity,
    concurrentTasksPerWorker: 1,
    atomics: 'disabled', // an idle worker has to go on closing what it closes
  });
  let busy = false;

  /** As many tasks as workers, none of which ends before all have begun. */
  async function ready(): Promise<void> {
    const meeting: Meeting = { cells: new Int32Array(new SharedArrayBuffer(8)), expected: workers };
    await Promise.all(Array.from({ length: workers }, () => piscina.run(meeting, { name: 'meet' })));
  }

  function run(job: PooledJob, signal: AbortSignal): LoadRun {
    if (busy) throw new LoadError('a load pool runs one job at a time; take a second pool for a second stream');
    busy = true;
    // A shard without a connection could only drop its share of the arrivals; a cap is kept by one shard alone.
    const count = job.maxRate === undefined ? Math.min(workers, job.loop.connections) : 1;
    const memory = new SharedArrayBuffer(4 * rowLength * count);
    const rows = Array.from(
      { length: count },
      (_, row) => new Int32Array(memory, 4 * rowLength * row, LIVE_FIELDS.length),
    );
    return { live: () => sumOf(rows), result: shards(job, rows, signal).finally(() => (busy = false)) };
  }

  async function shards(job: PooledJob, rows: readonly Int32Array[], signal: AbortSignal): Promise<LoadResult> {
    const channels = rows.map(() => new MessageChannel());
    const abort = (): void => channels.forEach(({ port1 }) => port1.postMessage('abort'));
    const results = rows.map(async (live, index) => {
      const shard = { index, count: rows.length };
      const port = channels[index]!.port2;
      try {
        // An array, as piscina wants it; its types, inferred from one overload of postMessage, say otherwise.
        const transferList = [port] as unknown as TransferList;
        return await piscina.run({ job: { ...job, shard }, live, abort: port }, { transferList });
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
      return mergeResults(settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
    } finally {
      signal.removeEventListener('abort', abort);
      for (const { port1 } of channels) port1.close();
    }
  }

  return {
    workers,
    ready,
    run,
    [Symbol.asyncDispose]: () => piscina.destroy(),
  };
}

function sumOf(rows: readonly Int32Array[]): Record<LiveField, number> {
  const sums = LIVE_FIELDS.map((field, index) => [field, rows.reduce((sum, row) => sum + Atomics.load(row, index), 0)]);
  return Object.fromEntries(sums) as Record<LiveField, number>;
}
