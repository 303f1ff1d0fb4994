/**
 * Calls of read() and write() of a process, as the kernel counts them (`syscr` and `syscw` of /proc/PID/io, proc_pid_io(5)). libuv moves
 * every byte of a socket by one of them; a program that takes recv() and send() has other counters, or none.
 */
import { parseCalls } from '#proxies/platform/procfs.ts';
import { readIfThere } from '#proxies/platform/read-if-there.ts';

export interface Calls {
  readonly reads: number;
  readonly writes: number;
}

export class CallMeter {
  readonly #pid: number;
  #last: Calls | undefined;

  /** Begins to count. */
  constructor(pid: number) {
    this.#pid = pid;
    this.lap();
  }

  /** Those since the last lap, or since the beginning; undefined where the system does not tell. */
  lap(): Calls | undefined {
    const before = this.#last;
    const now = parseCalls(readIfThere(`/proc/${this.#pid}/io`) ?? '');
    this.#last = now;
    return before && now && { reads: now.reads - before.reads, writes: now.writes - before.writes };
  }
}
