/** What Linux' /proc tells of a process group and of a listening port. Source: proc(5). */
import { randomInt } from 'node:crypto';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

const LISTEN = '0A';

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // ended in between
  }
}

export interface Member {
  readonly pid: number;
  readonly inGroup: boolean;
}

/** Of a line of /proc/<pid>/limits: the limit of RLIMIT_LOCKS, soft and hard. */
const LOCKS = /^Max file locks +(\S+) +(\S+)/m;

/**
 * A number for RLIMIT_LOCKS that marks a process and whatever comes of it. Linux keeps that limit and has not enforced it since 2.4.25
 * (getrlimit(2)); children inherit it over fork, exec, setsid and a changed user, and it can be read from outside. A variable of the
 * environment would not do: NGINX overwrites its own, others clear it.
 */
export function freshMark(): number {
  const [, , hard] = LOCKS.exec(textOf('/proc/self/limits')) ?? [];
  const most = Number(hard); // NaN for 'unlimited'; a limit can be lowered by everybody, and raised by root alone
  return randomInt(1, Math.min(Number.isNaN(most) ? Infinity : most, 2 ** 47));
}

const markOf = (pid: number): number => Number(LOCKS.exec(textOf(`/proc/${pid}/limits`))?.[1]);

/**
 * What runs in the process group of `leader` or descends from what does (a child may have left the group) or bears `mark` (its parent may
 * have ended), zombies left out, by pid in ascending order. Undefined where there is no /proc.
 */
export function familyOf(leader: number, mark?: number): Member[] | undefined {
  if (process.platform !== 'linux') return undefined;
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = textOf(`/proc/${name}/stat`);
      // After the name, which stands in parentheses and may hold anything: state, parent, group; the start is the 22nd of all.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const [state, parent, group] = fields;
      if (stat === '' || state === 'Z' || state === 'X') return [];
      return [{ pid: Number(name), parent: Number(parent), group: Number(group), startTime: fields[19] ?? '' }];
    });
  // Nothing that this process started is older than it is.
  const since = Number(all.find(({ pid }) => pid === process.pid)?.startTime ?? 0);
  const isMarked = ({ pid, startTime }: (typeof all)[number]): boolean =>
    mark !== undefined && Number(startTime) >= since && markOf(pid) === mark;
  const children = Map.groupBy(all, ({ parent }) => parent);
  const found = new Set(all.filter((one) => one.group === leader || isMarked(one)));
  // A Set that grows while it is walked is walked to its new end.
  for (const { pid } of found) for (const child of children.get(pid) ?? []) found.add(child);
  return [...found].map(({ pid, group }) => ({ pid, inGroup: group === leader })).toSorted((a, b) => a.pid - b.pid);
}

/** Whether there are sockets that listen on TCP `port` and all of them are held by `pids`. Undefined where the system does not tell. */
export function ownsPort(pids: readonly number[], port: number): boolean | undefined {
  if (process.platform !== 'linux') return undefined;
  const listening = listeners().filter((listener) => listener.port === port);
  const held = new Set(pids.flatMap(descriptors));
  return listening.length > 0 && listening.every(({ socket }) => held.has(socket));
}

/** TCP ports on which these processes listen, in ascending order; none where the system does not tell. */
export function portsOf(pids: readonly number[]): number[] {
  const held = new Set(pids.flatMap(descriptors));
  const ports = listeners().filter(({ socket }) => held.has(socket));
  return [...new Set(ports.map(({ port }) => port))].toSorted((a, b) => a - b);
}

const listeners = (): { readonly port: number; readonly socket: string }[] =>
  ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) =>
    textOf(path)
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state]) => state === LISTEN)
      .map((fields) => ({ port: Number.parseInt(fields[1]!.split(':').at(-1)!, 16), socket: `socket:[${fields[9]}]` })),
  );

function descriptors(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return ''; // closed in between
      }
    });
  } catch {
    return []; // ended in between
  }
}

/** The most files that a process started from here may open: Node raises its own soft limit to the hard one, children inherit it. */
export function openFiles(): number {
  const [, limit] = /^Max open files\s+(\d+)/m.exec(textOf('/proc/self/limits')) ?? [];
  return limit === undefined ? 10_240 : Number(limit);
}
