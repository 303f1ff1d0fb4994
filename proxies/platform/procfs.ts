/** The texts of Linux' /proc and cgroup files → figures. Pure; whoever reads the files passes their text. Source: proc(5), cgroups(7). */

/** Ticks of a second in /proc (USER_HZ): 100 on every architecture that Node runs on. */
export const TICKS_PER_SECOND = 100;

/** /proc/PID/io; undefined where it was not to be read. */
export function parseCalls(text: string): { readonly reads: number; readonly writes: number } | undefined {
  const [, reads] = /^syscr: (\d+)$/m.exec(text) ?? [];
  const [, writes] = /^syscw: (\d+)$/m.exec(text) ?? [];
  return reads === undefined || writes === undefined ? undefined : { reads: Number(reads), writes: Number(writes) };
}

export interface ProcessStat {
  readonly pid: number;
  readonly name: string;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  /** Ticks of all its threads, ended ones too. */
  readonly user: number;
  readonly system: number;
  /** Ticks of children that ended and were waited for. */
  readonly childrenUser: number;
  readonly childrenSystem: number;
  /** Ticks after boot; with the pid it names one process for good. */
  readonly startTime: number;
}

/** /proc/PID/stat. The name stands in parentheses and may itself hold spaces and parentheses. */
export function parseProcessStat(text: string): ProcessStat {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const rest = text.slice(close + 2).split(' ');
  const field = (number: number): number => Number(rest[number - 3]); // numbered as in proc(5), from 1
  const stat = {
    pid: Number.parseInt(text, 10),
    name: text.slice(open + 1, close),
    state: rest[0] ?? '',
    parent: field(4),
    group: field(5),
    user: field(14),
    system: field(15),
    childrenUser: field(16),
    childrenSystem: field(17),
    startTime: field(22),
  };
  if (open < 0 || close < open || !Number.isFinite(stat.startTime))
    throw new Error(`not a /proc/PID/stat line: '${text.slice(0, 80)}'`);
  return stat;
}

/**
 * /proc/PID/task/TID/schedstat: nanoseconds that this thread ran, and that it was ready to run while others had the core; how many
 * times it was given one.
 */
export function parseSchedstat(text: string): {
  readonly ran: number;
  readonly waited: number;
  readonly slices: number;
} {
  const [ran, waited, slices] = text.split(' ', 3).map(Number);
  return { ran: ran ?? NaN, waited: waited ?? NaN, slices: slices ?? NaN };
}

/** `Name:  value` lines: /proc/PID/status, /proc/meminfo. */
export function parseFields(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  return fields;
}

/** `name value` lines: cpu.stat, memory.stat. */
export function parsePairs(text: string): ReadonlyMap<string, number> {
  return new Map(
    text
      .split('\n')
      .map((line) => line.split(' '))
      .filter((words) => words.length === 2)
      .map(([name, value]) => [name!, Number(value)]),
  );
}

/** '0-2,5' → [0, 1, 2, 5]. */
export function parseCpuList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first, last = first] = part.split('-').map(Number) as [number, number?];
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

export interface CpuTicks {
  /** All time of all CPUs. */
  readonly total: number;
  readonly busy: number;
  readonly steal: number;
}

/** First line of /proc/stat. Guest time is part of user time already. */
export function parseCpuTicks(text: string): CpuTicks {
  const words = text.slice(0, text.indexOf('\n')).trim().split(/\s+/);
  if (words[0] !== 'cpu') throw new Error(`/proc/stat: expected the 'cpu' line first, found '${words[0] ?? ''}'`);
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = words
    .slice(1)
    .map(Number);
  const busy = user + nice + system + irq + softirq;
  return { busy, steal, total: busy + steal + idle + iowait };
}

/** /proc/net/netstat and /proc/net/snmp: a line of names, then a line of values, per protocol → 'TcpExt.ListenDrops'. */
export function parseNetCounters(text: string): ReadonlyMap<string, number> {
  const counters = new Map<string, number>();
  const lines = text.split('\n');
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const names = lines[i]!.split(' ');
    const values = lines[i + 1]!.split(' ');
    const protocol = names[0]!.replace(':', '');
    for (let j = 1; j < names.length; j++) counters.set(`${protocol}.${names[j]}`, Number(values[j]));
  }
  return counters;
}

export interface TcpSocket {
  readonly port: number;
  readonly peerPort: number;
  readonly listens: boolean;
  /** '0': no process holds it any more. */
  readonly inode: string;
}

const LISTEN = '0A';
const portOf = (address: string): number => Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16);

/** /proc/net/tcp and tcp6. */
export function parseTcpSockets(text: string): TcpSocket[] {
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words.length > 9)
    .map((words) => ({
      port: portOf(words[1]!),
      peerPort: portOf(words[2]!),
      listens: words[3] === LISTEN,
      inode: words[9]!,
    }));
}

/** /proc/PID/limits: the soft limit of 'Max open files'; Infinity where unlimited, undefined where the line is missing. */
export function parseOpenFilesLimit(text: string): number | undefined {
  const value = /^Max open files\s+(\S+)/m.exec(text)?.[1];
  return value === undefined ? undefined : value === 'unlimited' ? Infinity : Number(value);
}

/**
 * Where a cgroup file of this process may be, leaf first, up to the root of the hierarchy: a limit of any ancestor binds. v2 paths
 * come first. `ownCgroups` is the text of /proc/self/cgroup; inside a container its paths may not exist, the roots do.
 */
export function cgroupFiles(ownCgroups: string, controller: string, v2File: string, v1File: string): string[] {
  const hierarchies = ownCgroups
    .split('\n')
    .map((line) => /^(\d+):([^:]*):(.*)$/.exec(line))
    .filter((match) => match !== null);
  const upwards = (root: string, path: string, file: string): string[] => {
    const parts = path.split('/').filter((part) => part !== '');
    return Array.from({ length: parts.length + 1 }, (_, up) =>
      [root, ...parts.slice(0, parts.length - up), file].join('/'),
    );
  };
  return hierarchies
    .toSorted((a, b) => Number(a[1]) - Number(b[1]))
    .flatMap(([, id, controllers = '', path = '']) => {
      if (id === '0')
        return ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].flatMap((root) => upwards(root, path, v2File));
      return controllers.split(',').includes(controller) ? upwards(`/sys/fs/cgroup/${controllers}`, path, v1File) : [];
    });
}
