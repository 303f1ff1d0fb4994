/**
 * Priority and timer of the threads that keep an open loop's time, as far as the system permits; on Linux alone.
 *
 * Load and origin may share a core. A generator that waits its turn there sends late, and its own lag, not the subject, would be what
 * is measured. The pacer thread is woken without timer slack (50 µs by default) and ahead of all others: it sleeps nearly all the
 * time, so real-time priority cannot starve anybody. The thread that sends is raised by its nice value only: as a real-time thread it has
 * been seen to spin for a lock of its own process for a whole second. It does not starve the origin either, for it has nothing to do once
 * all of its connections wait for an answer: from 10,000 requests a second to beyond capacity both get as much done with it as without,
 * and where somebody else is busy on the core it sends on time.
 */
import { spawnSync } from 'node:child_process';
import { readlinkSync, writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { basename } from 'node:path';
import type { Pacing } from '#bench/model/load.ts';

/** The thread that calls: setpriority(2) with 0 means it, not the whole process. */
const THIS_THREAD = 0;
const HIGHEST = -20;

/** For the rest of the calling thread's life. */
export function prioritizePacer(): Pacing['pacer'] {
  if (process.platform !== 'linux') return 'normal';
  const thread = thisThread();
  attempt(() => writeFileSync(`/proc/${thread}/timerslack_ns`, '1'));
  const { status } = spawnSync('chrt', ['--reset-on-fork', '--fifo', '--pid', '1', thread], { stdio: 'ignore' });
  if (status === 0) return 'real-time';
  return attempt(() => setPriority(THIS_THREAD, HIGHEST)) ? 'raised' : 'normal';
}

/** Until disposed, in the calling thread; threads that it makes meanwhile inherit it. */
export function raiseThisThread(): Disposable & { readonly priority: Pacing['sender'] } {
  if (process.platform !== 'linux') return { priority: 'normal', [Symbol.dispose]() {} };
  const before = getPriority(THIS_THREAD);
  const raised = attempt(() => setPriority(THIS_THREAD, HIGHEST));
  return {
    priority: raised ? 'raised' : 'normal',
    [Symbol.dispose]() {
      if (raised) attempt(() => setPriority(THIS_THREAD, before));
    },
  };
}

/** For the rest of the calling thread's life, as far as that is possible; the process's other threads stay where they are. */
export function pinThisThread(cores: readonly number[] | null): void {
  if (cores === null || process.platform !== 'linux') return;
  spawnSync('taskset', ['-p', '-c', cores.join(','), thisThread()], { stdio: 'ignore' });
}

/** Its id, as the system's tools take it. */
const thisThread = (): string => basename(readlinkSync('/proc/thread-self')); // PID/task/TID

function attempt(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false; // not permitted here
  }
}
