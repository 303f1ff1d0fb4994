/** Which process is which, and whose a listening port is. Linux tells by /proc; elsewhere the answer is 'unknown', and says so. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { parseProcessStat, parseTcpSockets, type TcpSocket } from '#bench/model/procfs.ts';

/** A pid alone may be reused; with its start time it names one process. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Ticks after boot; undefined where the system does not tell. */
  readonly startTime: number | undefined;
}

const ENDED = new Set(['Z', 'X', 'x']);

function statOf(pid: number) {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

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

/** Of this network namespace, whosever they are. */
export const tcpSockets = (): TcpSocket[] =>
  ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => parseTcpSockets(textOf(path)));

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Inodes of the sockets that a process holds; none if it has ended, undefined if it may not be looked into. */
const socketInodes = (pid: number): string[] | undefined =>
  descriptorsOf(pid)?.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);

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
