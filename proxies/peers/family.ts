/** Which processes belong to one that was started, whatever they have made of themselves since. */
import { randomInt } from 'node:crypto';
import { runningProcesses } from '../platform/processes.ts';
import type { ProcessStat } from '../platform/procfs.ts';
import { readIfThere } from '../platform/read-if-there.ts';

export interface Member {
  readonly pid: number;
  readonly inGroup: boolean;
}

/** Of a line of /proc/<pid>/limits: the limit of RLIMIT_LOCKS, soft and hard. */
const LOCKS = /^Max file locks +(\S+) +(\S+)/m;

const locksOf = (pid: number | 'self'): RegExpExecArray | null => LOCKS.exec(readIfThere(`/proc/${pid}/limits`) ?? '');

/**
 * A number for RLIMIT_LOCKS that marks a process and whatever comes of it. Linux keeps that limit and has not enforced it since 2.4.25
 * (getrlimit(2)); children inherit it over fork, exec, setsid and a changed user, and it can be read from outside. A variable of the
 * environment would not do: NGINX overwrites its own, others clear it.
 */
export function freshMark(): number {
  const [, , hard] = locksOf('self') ?? [];
  const most = Number(hard); // NaN for 'unlimited'; a limit can be lowered by everybody, and raised by root alone
  return randomInt(1, Math.min(Number.isNaN(most) ? Infinity : most, 2 ** 47));
}

const markOf = (pid: number): number => Number(locksOf(pid)?.[1]);

/**
 * What runs in the process group of `leader` or descends from what does (a child may have left the group) or bears `mark` (its parent may
 * have ended), zombies left out, by pid in ascending order. Undefined where there is no /proc.
 */
export function familyOf(leader: number, mark?: number): Member[] | undefined {
  if (process.platform !== 'linux') return undefined;
  const all = runningProcesses();
  // Nothing that this process started is older than it is.
  const since = all.find(({ pid }) => pid === process.pid)?.startTime ?? 0;
  const isMarked = ({ pid, startTime }: ProcessStat): boolean =>
    mark !== undefined && startTime >= since && markOf(pid) === mark;
  const children = Map.groupBy(all, ({ parent }) => parent);
  const found = new Set(all.filter((one) => one.group === leader || isMarked(one)));
  // A Set that grows while it is walked is walked to its new end.
  for (const { pid } of found) for (const child of children.get(pid) ?? []) found.add(child);
  return [...found].map(({ pid, group }) => ({ pid, inGroup: group === leader })).toSorted((a, b) => a.pid - b.pid);
}
