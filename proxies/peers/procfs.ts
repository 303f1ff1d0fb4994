/** What Linux' /proc tells of a process group and of a listening port. Source: proc(5). */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

const LISTEN = '0A';

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // ended in between
  }
}

/** Pids that run in a process group, zombies left out, in ascending order. Undefined where there is no /proc. */
export function processGroup(group: number): number[] | undefined {
  if (process.platform !== 'linux') return undefined;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const stat = textOf(`/proc/${pid}/stat`);
      // After the name, which stands in parentheses and may hold anything: state, parent, group.
      const [state, , of] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(of) === group && state !== 'Z' && state !== 'X';
    })
    .map(Number)
    .toSorted((a, b) => a - b);
}

/** Whether there are sockets that listen on TCP `port` and all of them are held by `pids`. Undefined where the system does not tell. */
export function ownsPort(pids: readonly number[], port: number): boolean | undefined {
  if (process.platform !== 'linux') return undefined;
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const listening = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) =>
    textOf(path)
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => state === LISTEN && local?.endsWith(`:${hex}`))
      .map((fields) => `socket:[${fields[9]}]`),
  );
  const held = new Set(pids.flatMap(descriptors));
  return listening.length > 0 && listening.every((socket) => held.has(socket));
}

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
