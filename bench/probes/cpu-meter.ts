/**
 * CPU time of a set of processes, read at the edges of turns: nothing but the scheduler's own counters, so that a reading takes some
 * hundred microseconds. The kernel brings a thread's counter up to date when it goes to sleep; at the edge of a turn all do.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { parseSchedstat } from '#bench/model/procfs.ts';
import { ProcessGone, takeSnapshot, withDescendants } from './snapshot.ts';

/** What the processes used between two readings. */
export interface CpuUse {
  /** Microseconds, all threads together. */
  readonly cpu: number;
  /** Of the busiest thread: microseconds for which it ran or was ready to run. */
  readonly demand: number;
  /** Times that any thread was given a core. */
  readonly slices: number;
}

interface Thread {
  readonly ran: number;
  readonly waited: number;
  readonly slices: number;
}

export class CpuMeter {
  readonly pids: readonly number[];
  #threads: ReadonlyMap<string, Thread> = new Map();

  /** `descendants`: whether children of the processes belong to them; those that there are now. Begins to measure. */
  constructor(pids: readonly number[], descendants: boolean) {
    this.pids = descendants ? withDescendants(pids) : pids;
    this.lap();
  }

  /** What was used since the last lap, or since the beginning. Throws `ProcessGone` when a process has ended. */
  lap(): CpuUse {
    const before = this.#threads;
    const after = process.platform === 'linux' ? this.#read() : this.#coarse();
    this.#threads = after;
    let [cpu, demand, slices] = [0, 0, 0];
    for (const [path, { ran, waited, slices: given }] of after) {
      const earlier = before.get(path) ?? { ran: 0, waited: 0, slices: 0 };
      cpu += ran - earlier.ran;
      slices += given - earlier.slices;
      demand = Math.max(demand, ran - earlier.ran + waited - earlier.waited);
    }
    return { cpu: cpu / 1e3, demand: demand / 1e3, slices };
  }

  #read(): Map<string, Thread> {
    // A thread that ended keeps what it used.
    const threads = new Map(this.#threads);
    for (const pid of this.pids) {
      const folder = `/proc/${pid}/task`;
      for (const thread of threadsOf(folder, pid)) {
        const path = `${folder}/${thread}/schedstat`;
        try {
          threads.set(path, parseSchedstat(readFileSync(path, 'latin1')));
        } catch {
          // It ended since the folder was read.
        }
      }
    }
    return threads;
  }

  /** In steps of 10 ms, which is all that other systems tell. */
  #coarse(): Map<string, Thread> {
    const { coarse } = takeSnapshot({ pids: this.pids, descendants: false, completed: () => 0 });
    return new Map([['all', { ran: coarse.user + coarse.system, waited: 0, slices: 0 }]]);
  }
}

function threadsOf(folder: string, pid: number): string[] {
  try {
    return readdirSync(folder);
  } catch {
    throw new ProcessGone(pid);
  }
}
