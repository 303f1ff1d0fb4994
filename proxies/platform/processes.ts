/**
 * Which processes and threads there are, what they hold and whose a listening port is. Linux tells by /proc (proc(5)); elsewhere the
 * answer is 'unknown', empty or as asked, and says so.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import {
  parseCpuList,
  parseFields,
  parseProcessStat,
  parseTcpSockets,
  type ProcessStat,
  type TcpSocket,
} from './procfs.ts';
import { readIfThere } from './read-if-there.ts';

/** A pid alone may be reused; with its start time it names one process. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Ticks after boot; undefined where the system does not tell. */
  readonly startTime: number | undefined;
}

const ENDED = new Set(['Z', 'X', 'x']);

/** Of a zombie too; undefined once it was waited for. */
export function statOf(pid: number): ProcessStat | undefined {
  const text = readIfThere(`/proc/${pid}/stat`);
  return text ? parseProcessStat(text) : undefined;
}

/** All processes that run on this machine, zombies left out, by pid in ascending order. */
export const runningProcesses = (): ProcessStat[] =>
  entriesOf('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)) ?? [])
    .filter(({ state }) => !ENDED.has(state))
    .toSorted((a, b) => a.pid - b.pid);

export const identify = (pid: number): ProcessIdentity => ({ pid, startTime: statOf(pid)?.startTime });

/** True as long as this very process runs; a zombie does not. */
export function isRunning({ pid, startTime }: ProcessIdentity): boolean {
  if (process.platform === 'linux') {
    const stat = statOf(pid);
    return stat !== undefined && stat.startTime === startTime && !ENDED.has(stat.state);
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Ids of the threads of a process; none once it has ended. */
export const threadsOf = (pid: number): string[] => entriesOf(`/proc/${pid}/task`);

/** With all children of all of them; on Linux alone, elsewhere as they are. */
export function withDescendants(pids: readonly number[]): number[] {
  const found = new Set(pids);
  // A Set that grows while it is walked is walked to its new end.
  for (const pid of found)
    for (const tid of threadsOf(pid)) {
      const children = readIfThere(`/proc/${pid}/task/${tid}/children`) ?? '';
      for (const child of children.split(' ')) if (child.trim() !== '') found.add(Number(child));
    }
  return [...found];
}

/** Cores that a process may run on; undefined where the system does not tell. */
export function allowedCores(pid: number | 'self'): number[] | undefined {
  const text = readIfThere(`/proc/${pid}/status`);
  return text === undefined ? undefined : parseCpuList(parseFields(text).get('Cpus_allowed_list') ?? '');
}

/** What each open descriptor of a process is; none if it has ended, undefined if it may not be looked into. */
export function descriptorsOf(pid: number): string[] | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return []; // closed in between
      }
    });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : undefined;
  }
}

/** Of this network namespace, whosever they are. */
export const tcpSockets = (): TcpSocket[] =>
  ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => parseTcpSockets(readIfThere(path) ?? ''));

/** Inodes of the sockets that a process holds; none if it has ended, undefined if it may not be looked into. */
const socketInodes = (pid: number): string[] | undefined =>
  descriptorsOf(pid)?.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);

export type Ownership =
  | { readonly state: 'owned' }
  | { readonly state: 'foreign'; readonly reason: string }
  | { readonly state: 'unknown'; readonly reason: string };

/** Whether every socket that listens on TCP `port` is held by one of `pids`. */
export function portOwnership(port: number, pids: readonly number[]): Ownership {
  if (process.platform !== 'linux')
    return { state: 'unknown', reason: `${process.platform} does not tell whose a socket is; only Linux does (/proc)` };
  const inodes = tcpSockets()
    .filter((socket) => socket.listens && socket.port === port)
    .map((socket) => socket.inode);
  if (inodes.length === 0) return { state: 'foreign', reason: `nothing listens on port ${port}` };
  const held = new Set<string>();
  for (const pid of pids) {
    const sockets = socketInodes(pid);
    if (!sockets) return { state: 'unknown', reason: `the sockets of process ${pid} cannot be read` };
    for (const inode of sockets) held.add(inode);
  }
  return inodes.every((inode) => held.has(inode))
    ? { state: 'owned' }
    : { state: 'foreign', reason: `port ${port} is held by a process other than ${pids.join(', ')}` };
}

/** TCP ports on which these processes listen, in ascending order; none where the system does not tell. */
export function listeningPorts(pids: readonly number[]): number[] {
  const held = new Set(pids.flatMap((pid) => socketInodes(pid) ?? []));
  const ports = tcpSockets().filter(({ listens, inode }) => listens && held.has(inode));
  return [...new Set(ports.map(({ port }) => port))].toSorted((a, b) => a - b);
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
