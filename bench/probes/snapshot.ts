/**
 * What a set of processes has used up to one instant. Linux tells it per thread in nanoseconds (/proc); elsewhere `ps` tells it per
 * process in hundredths of a second. Reads are synchronous, so that all of them belong to one instant.
 */
import { execFileSync } from 'node:child_process';
import { statOf, threadsOf, withDescendants } from '#proxies/platform/processes.ts';
import { parseFields, parseSchedstat, TICKS_PER_SECOND } from '#proxies/platform/procfs.ts';
import { readIfThere } from '#proxies/platform/read-if-there.ts';

const NANOS_PER_TICK = 1e9 / TICKS_PER_SECOND;

export interface Switches {
  readonly voluntary: number;
  readonly involuntary: number;
}

export interface Task {
  /** CPU time since its start, nanoseconds. */
  readonly cpu: number;
  /** Time for which it was ready to run and had no core, nanoseconds; absent where the system does not tell. */
  readonly waited?: number;
  readonly switches: Switches;
}

export interface Snapshot {
  /** Monotonic, nanoseconds. */
  readonly at: number;
  /** What the caller's counter stood at, read in that very instant. */
  readonly completed: number;
  readonly processes: number;
  /** By 'PID' or 'PID/TID'. */
  readonly tasks: ReadonlyMap<string, Task>;
  /** Nanoseconds in steps of a tick, of ended threads and reaped children too. */
  readonly coarse: { readonly user: number; readonly system: number };
  /** Bytes. */
  readonly rss: number;
}

export interface SnapshotRequest {
  readonly pids: readonly number[];
  /** Whether the children (and theirs) of `pids` belong to them. */
  readonly descendants: boolean;
  readonly completed: () => number;
}

/** A process that was to be read has ended. */
export class ProcessGone extends Error {
  override readonly name = 'ProcessGone';
  readonly code = 'PROCESS_GONE';
  constructor(pid: number) {
    super(`process ${pid} was to be measured but has ended; read its last output`);
  }
}

export const takeSnapshot = (request: SnapshotRequest): Snapshot =>
  process.platform === 'linux' ? fromProc(request) : fromPs(request);

/** Resident bytes of all of them together; those that have ended count nothing. */
export function residentBytes(pids: readonly number[]): number {
  if (process.platform !== 'linux') return parsePs(runPs(pids)).reduce((sum, row) => sum + row.rss, 0);
  return pids.reduce((sum, pid) => sum + residentOf(readIfThere(`/proc/${pid}/status`)), 0);
}

/** Figures that this platform does not give, with the reason. */
export const snapshotGaps = (platform = process.platform): string[] =>
  platform === 'linux'
    ? []
    : [
        `context switches: ${platform} does not tell them, only Linux does (/proc)`,
        `process CPU: read by ps in steps of 10 ms, child processes left out`,
      ];

function fromProc({ pids, descendants, completed }: SnapshotRequest): Snapshot {
  const processes = descendants ? withDescendants(pids) : [...new Set(pids)];
  const threads = processes.flatMap((pid) =>
    threadsOf(pid).map((tid) => ({ pid, tid, path: `/proc/${pid}/task/${tid}` })),
  );
  // The pair that everything rests on: the instant and the counter, then CPU time, with nothing slow in between.
  const at = Number(process.hrtime.bigint());
  const completedNow = completed();
  const cpus = threads.map(({ path }) => readIfThere(`${path}/schedstat`));

  const stats = processes.map((pid) => {
    const stat = statOf(pid);
    if (stat === undefined && pids.includes(pid)) throw new ProcessGone(pid);
    return stat;
  });
  const ticks = (field: 'user' | 'system', reaped: 'childrenUser' | 'childrenSystem') =>
    stats.reduce((sum, stat) => sum + (stat ? stat[field] + (descendants ? stat[reaped] : 0) : 0), 0) * NANOS_PER_TICK;

  const tasks = new Map<string, Task>();
  for (const [index, { pid, tid, path }] of threads.entries()) {
    const schedstat = cpus[index];
    const status = readIfThere(`${path}/status`);
    if (schedstat === undefined || status === undefined) continue; // ended in between: the coarse figures have it
    const { ran, waited } = parseSchedstat(schedstat);
    tasks.set(`${pid}/${tid}`, { cpu: ran, waited, switches: switchesOf(status) });
  }
  return {
    at,
    completed: completedNow,
    processes: processes.length,
    tasks,
    coarse: { user: ticks('user', 'childrenUser'), system: ticks('system', 'childrenSystem') },
    rss: residentBytes(processes),
  };
}

const switchesOf = (status: string): Switches => {
  const fields = parseFields(status);
  return {
    voluntary: Number(fields.get('voluntary_ctxt_switches')),
    involuntary: Number(fields.get('nonvoluntary_ctxt_switches')),
  };
};

/** `VmRSS:  1234 kB`; kernel threads and zombies have none. */
const residentOf = (status: string | undefined): number =>
  status === undefined ? 0 : 1024 * Number.parseInt(parseFields(status).get('VmRSS') ?? '0', 10);

function fromPs({ pids, completed }: SnapshotRequest): Snapshot {
  const at = Number(process.hrtime.bigint());
  const completedNow = completed();
  const rows = parsePs(runPs(pids));
  for (const pid of pids) if (!rows.some((row) => row.pid === pid)) throw new ProcessGone(pid);
  const sum = (field: 'user' | 'cpu' | 'rss') => rows.reduce((total, row) => total + row[field], 0);
  return {
    at,
    completed: completedNow,
    processes: rows.length,
    tasks: new Map(rows.map(({ pid, cpu }) => [String(pid), { cpu, switches: { voluntary: 0, involuntary: 0 } }])),
    coarse: { user: sum('user'), system: sum('cpu') - sum('user') },
    rss: sum('rss'),
  };
}

const runPs = (pids: readonly number[]): string => {
  try {
    return execFileSync('ps', ['-o', 'pid=,rss=,utime=,time=', '-p', pids.join(',')], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return ''; // ps fails when none of them is left
  }
};

/** Rows of `ps -o pid=,rss=,utime=,time=` as macOS writes them: KiB, then `[[H:]M:]S.cc` twice. */
export function parsePs(text: string): { pid: number; rss: number; user: number; cpu: number }[] {
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words.length === 4)
    .map(([pid, rss, user, cpu]) => ({
      pid: Number(pid),
      rss: Number(rss) * 1024,
      user: clockNanos(user!),
      cpu: clockNanos(cpu!),
    }));
}

const clockNanos = (clock: string): number =>
  Math.round(clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * 1e9);
