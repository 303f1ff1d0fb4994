/** CPU, memory and context switches of one party's processes over the window, paired with the requests of that very interval. */
import type { Probe, ProcessReading } from '#bench/model/probe.ts';
import { bytes, micros, millis } from '#bench/model/units.ts';
import { allowedCores, withDescendants } from '#proxies/platform/processes.ts';
import { TICKS_PER_SECOND } from '#proxies/platform/procfs.ts';
import { residentBytes, takeSnapshot, type Snapshot } from './snapshot.ts';

export interface ProcessProbeOptions {
  /** Requests completed up to now. */
  readonly completed: () => number;
  /** Whether children of the processes belong to them; not so for the generator, whose children are the other parties. */
  readonly descendants: boolean;
  /** Cores that they may use; read from the first process where undefined. */
  readonly cores?: number | undefined;
  /** Milliseconds between two looks at the resident memory; 250 by default. */
  readonly memoryInterval?: number;
}

export const processProbe = ({
  completed,
  descendants,
  cores,
  memoryInterval = 250,
}: ProcessProbeOptions): Probe<ProcessReading> => ({
  async attach(pids) {
    const request = { pids, descendants, completed };
    const rssBefore = residentBytes(descendants ? withDescendants(pids) : pids);
    let before: Snapshot | undefined;
    let timer: NodeJS.Timeout | undefined;
    let peak = 0;
    return {
      begin() {
        before = takeSnapshot(request);
        timer = setInterval(() => (peak = Math.max(peak, residentBytes(pids))), memoryInterval).unref();
      },
      async finish() {
        const after = takeSnapshot(request);
        clearInterval(timer);
        if (!before) throw new Error('process probe: finish() came before begin()');
        const reading = processReading(pids, { before, after, peak }, cores ?? coresOf(pids[0]));
        return { ...reading, rss: { before: bytes(rssBefore), ...reading.rss } };
      },
      async [Symbol.asyncDispose]() {
        clearInterval(timer);
      },
    };
  },
});

const NANOS_PER_TICK = 1e9 / TICKS_PER_SECOND;

export interface Interval {
  readonly before: Snapshot;
  readonly after: Snapshot;
  /** Bytes, the highest seen in between; what nobody looked at is left out. */
  readonly peak?: number;
}

/** `cores` is what a share of 1 would fill. Pure. */
export function processReading(
  pids: readonly number[],
  { before, after, peak = 0 }: Interval,
  cores: number,
): ProcessReading {
  let cpu = 0;
  let voluntary = 0;
  let involuntary = 0;
  let busiest: number | undefined;
  for (const [id, task] of after.tasks) {
    const earlier = before.tasks.get(id); // none: it started within the window, all of it counts
    cpu += task.cpu - (earlier?.cpu ?? 0);
    voluntary += task.switches.voluntary - (earlier?.switches.voluntary ?? 0);
    involuntary += task.switches.involuntary - (earlier?.switches.involuntary ?? 0);
    if (task.waited === undefined) continue;
    const demanded = task.cpu - (earlier?.cpu ?? 0) + task.waited - (earlier?.waited ?? 0);
    busiest = Math.max(busiest ?? 0, demanded);
  }
  const user = Math.max(0, after.coarse.user - before.coarse.user);
  const system = Math.max(0, after.coarse.system - before.coarse.system);
  // Threads and children that ended within the window are in the coarse figures alone. Each process' user and system ticks are
  // rounded, so only what exceeds that rounding is theirs.
  const rounding = 3 * NANOS_PER_TICK * Math.max(before.processes, after.processes);
  const ended = user + system - cpu;
  if (ended > rounding) cpu += ended;

  const userShare = user + system > 0 ? user / (user + system) : lifetimeUserShare(after);
  const interval = (after.at - before.at) / 1e6;
  return {
    pids: [...pids],
    interval: millis(interval),
    requests: after.completed - before.completed,
    cpu: micros(cpu / 1e3),
    cpuUser: micros((cpu / 1e3) * userShare),
    cpuSystem: micros((cpu / 1e3) * (1 - userShare)),
    rss: { start: bytes(before.rss), end: bytes(after.rss), peak: bytes(Math.max(peak, before.rss, after.rss)) },
    contextSwitches: { voluntary, involuntary },
    cpuShare: interval > 0 ? cpu / 1e6 / interval / cores : 0,
    ...(busiest !== undefined && interval > 0 && { demand: busiest / 1e6 / interval }),
  };
}

/** Too short for a single tick: the best that is known is how it spent its time so far. */
const lifetimeUserShare = ({ coarse: { user, system } }: Snapshot): number =>
  user + system > 0 ? user / (user + system) : 1;

const coresOf = (pid: number | undefined): number =>
  Math.max(1, (pid === undefined ? undefined : allowedCores(pid))?.length ?? 1);
