/** What two runs were measured with, where it differs, and what follows from that for whoever compares them. */
import type { Environment, Placement, RunRecords } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { median } from '#bench/stats/hodges-lehmann.ts';
import { percent } from '../words/quantity.ts';

export interface RunDifference {
  readonly what: string;
  readonly first: string;
  readonly second: string;
  readonly follows: string;
}

interface Fact {
  readonly what: string;
  readonly of: (records: RunRecords) => string;
  readonly follows: string;
}

const OTHER_HOST = 'absolute figures are not compared';
const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

const FACTS: readonly Fact[] = [
  {
    what: 'CPU',
    of: ({ run: { environment } }) => `${environment.cpuModel}, ${counted(environment.cores, 'core')}`,
    follows: OTHER_HOST,
  },
  { what: 'kernel', of: ({ run }) => run.environment.kernel, follows: OTHER_HOST },
  { what: 'CPU governor', of: ({ run }) => run.environment.governor ?? 'unknown', follows: OTHER_HOST },
  { what: 'cgroup limits', of: ({ run }) => limitsOf(run.environment), follows: OTHER_HOST },
  {
    what: 'Node',
    of: ({ run }) => run.environment.node,
    follows: `${OTHER_HOST}; proxies that run on Node changed with it, and so did load and origin`,
  },
  {
    what: 'hopcost',
    of: ({ run }) => `${run.hopcost}${run.revision === null ? '' : ` at ${run.revision}`}`,
    follows: 'a change of the reference proxies, the load or the origin is in every figure',
  },
  {
    what: 'placement',
    of: ({ run }) => placementWords(run.placement),
    follows: 'throughput and latency are not compared: other parties share the cores',
  },
  {
    what: 'warm-up and window',
    of: ({ run }) => `${run.warmup} and ${run.window} ms`,
    follows: 'the longer one has warmer code and evens out more; quantiles rest on other numbers of requests',
  },
  {
    what: 'turns',
    of: ({ run: { turns } }) =>
      turns === undefined ? 'none' : `${turns.rounds} of ${turns.closed} ms a generation, open loops ${turns.open} ms`,
    follows: 'where there are more or longer ones, more of a proxy’s code is compiled by the time it is measured',
  },
  {
    what: 'rounds',
    of: ({ run }) => String(run.rounds),
    follows: 'the smaller run sets how narrow the intervals are',
  },
  {
    what: 'subjects in a round',
    of: ({ subjects }) => counted(subjects.length, 'subject'),
    follows: 'a subject’s trials lie further apart in time where there are more, so that rounds scatter more',
  },
  {
    what: 'end',
    of: ({ end }) => end?.state ?? 'unfinished',
    follows: 'what was not reached is missing from one side',
  },
];

/** Facts of the runs first, then subjects whose version differs. */
export function differencesBetween(first: RunRecords, second: RunRecords): RunDifference[] {
  const facts = FACTS.flatMap(({ what, of, follows }): RunDifference[] => {
    const [a, b] = [of(first), of(second)];
    return a === b ? [] : [{ what, first: a, second: b, follows }];
  });
  const versions = first.subjects.flatMap((one): RunDifference[] => {
    const name = subjectName(one.subject);
    const other = second.subjects.find(({ subject }) => subjectName(subject) === name);
    // Ours have Node's version, which is told once.
    const isNode = one.version === first.run.environment.node && other?.version === second.run.environment.node;
    if (!other || isNode || other.version === one.version) return [];
    const follows = `lines of ${name} compare two versions of it`;
    return [{ what: `version of ${name}`, first: one.version, second: other.version, follows }];
  });
  return [...facts, ...otherWork(first, second), ...versions];
}

/** Shares of all CPU time that other processes had, further apart than this: a host that is busy and one that is not. */
const BUSY_LIMIT = 0.2;

/** Median over the trials of what other processes had of the host; 0 where no trial tells. */
function foreignOf({ trials }: RunRecords): number {
  const shares = trials.flatMap((trial) => (trial.state === 'completed' ? [trial.probes.host.foreign] : []));
  return shares.length === 0 ? 0 : median(shares);
}

/** Turns take out of a ratio what a busy host slows alike; that caches and clocks suit one proxy better than another they do not. */
export const isBusyAlike = (first: RunRecords, second: RunRecords): boolean =>
  Math.abs(foreignOf(first) - foreignOf(second)) <= BUSY_LIMIT;

function otherWork(first: RunRecords, second: RunRecords): RunDifference[] {
  if (isBusyAlike(first, second)) return [];
  const [a, b] = [first, second].map((records) => `${percent(foreignOf(records))} of its CPU time`);
  const follows = 'it slows some proxies more than others: no difference is more than a first look';
  return [{ what: 'other work on the host', first: a!, second: b!, follows }];
}

const limitsOf = ({ cgroup: { cpuQuota, cpuset, memoryLimit } }: Environment): string =>
  [
    `CPU quota ${cpuQuota ?? 'none'}`,
    `cores ${cpuset ?? 'all'}`,
    `memory ${memoryLimit === null ? 'unlimited' : `${Math.round(memoryLimit / 2 ** 20)} MiB`}`,
  ].join(', ');

/** Which parties meet on a core, not which number the core has. */
function placementWords({ proxy, origin, load, loadWorkers, shared }: Placement): string {
  const cores = (of: readonly number[] | null): string => (of === null ? 'not pinned' : counted(of.length, 'core'));
  const together = origin?.some((core) => load?.includes(core)) === true;
  return [
    `proxy ${cores(proxy)}`,
    `origin ${cores(origin)}${together ? ' with the load' : ''}`,
    `load ${cores(load)}, ${counted(loadWorkers, 'worker')}`,
    ...(shared ? ['shared with the proxy'] : []),
  ].join(', ');
}

export const isPlacedAlike = (first: RunRecords, second: RunRecords): boolean =>
  placementWords(first.run.placement) === placementWords(second.run.placement);
