/**
 * CPU time of a set of processes, read at the edges of turns: nothing but the scheduler's own counters, so that a reading takes some
 * hundred microseconds. The kernel brings a thread's counter up to date when it goes to sleep; at the edge of a turn all do.
 */
import { threadsOf, withDescendants } from '#proxies/platform/processes.ts';
import { parseSchedstat } from '#proxies/platform/procfs.ts';
import { readIfThere } from '#proxies/platform/read-if-there.ts';
import { ProcessGone, takeSnapshot } from './snapshot.ts';

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
      const ids = threadsOf(pid);
      if (ids.length === 0) throw new ProcessGone(pid);
      for (const id of ids) {
        const path = `/proc/${pid}/task/${id}/schedstat`;
        const text = readIfThere(path);
        if (text !== undefined) threads.set(path, parseSchedstat(text)); // else it ended since the ids were read
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
