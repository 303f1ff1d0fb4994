/** What a worker of the pool runs: one shard of one job. */
import '#proxies/platform/older-node.ts';
import type { MessagePort } from 'node:worker_threads';
import type { LoadJob, LoadResult } from '#bench/model/load.ts';
import { drivers } from './drivers.ts';
import { serveLanes } from './lanes.ts';
import { runShard } from './shard.ts';

export interface ShardTask {
  readonly job: LoadJob;
  readonly live: Int32Array;
  /** Any message on it aborts. */
  readonly abort: MessagePort;
}

/** All workers meet: cell 0 counts them in, cell 1 lets them go. */
export interface Meeting {
  readonly cells: Int32Array<SharedArrayBuffer>;
  readonly expected: number;
}

export async function meet({ cells, expected }: Meeting): Promise<void> {
  if (Atomics.add(cells, 0, 1) + 1 === expected) {
    Atomics.store(cells, 1, 1);
    Atomics.notify(cells, 1);
  }
  await Atomics.waitAsync(cells, 1, 0).value;
}

export default async function runTask({ job, live, abort }: ShardTask): Promise<LoadResult> {
  const controller = new AbortController();
  abort.once('message', () => controller.abort());
  try {
    return await runShard(drivers[job.driver], job, live, controller.signal);
  } finally {
    abort.close();
  }
}

/** Lanes until the port is closed: turns, ordered by `LoadStage`. */
export const stage = ({ port }: { readonly port: MessagePort }): Promise<void> => serveLanes(port);
