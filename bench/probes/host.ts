/** What happened to the whole host in the window: steal, busy CPUs, throttling, lost connections. */
import { loadavg } from 'node:os';
import type { HostReading, Probe } from '#bench/model/probe.ts';
import { micros } from '#bench/model/units.ts';
import {
  cgroupFiles,
  parseCpuTicks,
  parseNetCounters,
  parsePairs,
  TICKS_PER_SECOND,
  type CpuTicks,
} from '#proxies/platform/procfs.ts';
import { readIfThere } from '#proxies/platform/read-if-there.ts';

/** A host's figures before the parties' own CPU time is taken off: `foreign` is still to be told. */
export type HostFigures = Omit<HostReading, 'foreign'> & {
  /** CPU time of the interval, all cores together; microseconds. */
  readonly cpuTime: number;
};

export interface HostSnapshot {
  readonly cpu: CpuTicks;
  /** Microseconds. */
  readonly throttled: number;
  readonly listenOverflows: number;
  readonly retransmits: number;
}

/** `foreign`: busy CPU time that none of ours used, as a share of all. Microseconds in. */
export const foreignShare = ({ busy, cpuTime }: HostFigures, ours: number): number =>
  cpuTime > 0 ? Math.max(0, busy - ours / cpuTime) : 0;

/** What cannot be read on this platform, with the reason. */
export const hostGaps = (platform = process.platform): string[] =>
  platform === 'linux'
    ? []
    : [
        `host: steal, throttling, lost connections and foreign CPU cannot be read on ${platform}, only on Linux (/proc)`,
      ];

/** The pids are not needed: it is the host that is read. */
export const hostProbe = (): Probe<HostFigures> => ({
  async attach() {
    let before: HostSnapshot | undefined;
    return {
      begin() {
        before = hostSnapshot();
      },
      async finish() {
        const after = hostSnapshot();
        if (!before) throw new Error('host probe: finish() came before begin()');
        return hostFigures(before, after, loadavg()[0] ?? 0);
      },
      async [Symbol.asyncDispose]() {},
    };
  },
});

export function hostFigures(before: HostSnapshot, after: HostSnapshot, loadAverage: number): HostFigures {
  const total = after.cpu.total - before.cpu.total;
  const share = (field: 'busy' | 'steal') =>
    total > 0 ? Math.max(0, after.cpu[field] - before.cpu[field]) / total : 0;
  return {
    steal: share('steal'),
    busy: share('busy'),
    loadAverage,
    throttled: micros(after.throttled - before.throttled),
    tcp: {
      listenOverflows: after.listenOverflows - before.listenOverflows,
      retransmits: after.retransmits - before.retransmits,
    },
    cpuTime: (total * 1e6) / TICKS_PER_SECOND,
  };
}

export function hostSnapshot(): HostSnapshot {
  const netstat = parseNetCounters(readIfThere('/proc/net/netstat') ?? '');
  const snmp = parseNetCounters(readIfThere('/proc/net/snmp') ?? '');
  const stat = readIfThere('/proc/stat');
  return {
    cpu: stat === undefined ? { total: 0, busy: 0, steal: 0 } : parseCpuTicks(stat),
    throttled: throttledMicros(),
    // Every overflow is a drop too; drops have further causes (no memory, a filter), which cost a connection as well.
    listenOverflows: Math.max(netstat.get('TcpExt.ListenOverflows') ?? 0, netstat.get('TcpExt.ListenDrops') ?? 0),
    retransmits: snmp.get('Tcp.RetransSegs') ?? 0,
  };
}

/** cpu.stat of our cgroup or the ancestor that was throttled most: v2 in microseconds, v1 in nanoseconds. */
function throttledMicros(): number {
  const files = cgroupFiles(readIfThere('/proc/self/cgroup') ?? '', 'cpu', 'cpu.stat', 'cpu.stat');
  return files.reduce((most, file) => {
    const pairs = parsePairs(readIfThere(file) ?? '');
    return Math.max(most, pairs.get('throttled_usec') ?? (pairs.get('throttled_time') ?? 0) / 1e3);
  }, 0);
}
