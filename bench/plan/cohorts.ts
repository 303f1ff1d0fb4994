/** Which subjects are alive at once. Where all do not fit, groups take turns by themselves, with direct and the references in each. */
import { hopName, type Subject } from '#bench/model/scenario.ts';
import type { PlannedTrial } from './generations.ts';

export interface Fit {
  /** Bytes of memory that may be used. */
  readonly memory: number;
  /** Open files of one process. */
  readonly openFiles: number;
}

/** Bytes that a subject's processes take at most, with what they hold for their connections; Node proxies and Traefik take most of it. */
const PER_SUBJECT = 150e6;
/** Of the memory; the rest is the load's, the origin's and everybody else's. */
const USABLE = 0.6;
/** More subjects than this make a round so long that the host changes within it. */
const MOST_AT_ONCE = 16;
/** Open files besides connections: of the harness, of the pipes and channels to each process that it starts, of a proxy or an origin. */
export const OWN_FILES = { harness: 100, process: 8, proxy: 100 } as const;

/** Bytes that a run may use: the host's, or less where its control group says so. */
export const memoryOf = ({ memory, cgroup }: { memory: number; cgroup: { memoryLimit: number | null } }): number =>
  Math.min(memory, cgroup.memoryLimit ?? Infinity);

/** Bytes of memory that a host must have for so many subjects at once. */
export const memoryFor = (subjects: number): number => (subjects * PER_SUBJECT) / USABLE;

/** Subjects that fit at once; 3 at least, which is direct, a reference and one other. */
export function mostAtOnce({ memory, openFiles }: Fit, connectionsOfOne: number): number {
  const byMemory = Math.floor((memory * USABLE) / PER_SUBJECT);
  const byFiles = Math.floor((openFiles - OWN_FILES.harness) / (OWN_FILES.process + connectionsOfOne));
  return Math.max(3, Math.min(MOST_AT_ONCE, byMemory, byFiles));
}

/**
 * The trials of a generation in groups of at most `most` subjects, `common` ones (by name, direct always) in each of them. One group where all fit.
 * Groups without anything of their own do not exist.
 */
export function cohortsOf(
  trials: readonly PlannedTrial[],
  common: ReadonlySet<string>,
  most: number,
): PlannedTrial[][] {
  const key = (subject: Subject): string => JSON.stringify(subject);
  const isCommon = ({ subject }: PlannedTrial): boolean => subject.kind === 'direct' || common.has(hopName(subject));
  const shared = trials.filter(isCommon);
  const others = [
    ...Map.groupBy(
      trials.filter((trial) => !isCommon(trial)),
      ({ subject }) => key(subject),
    ).values(),
  ];
  const room = Math.max(1, most - new Set(shared.map(({ subject }) => key(subject))).size);
  if (others.length <= room) return trials.length === 0 ? [] : [[...trials]];
  const groups = Math.ceil(others.length / room);
  const lone = new Set(trials.map(({ scenario }) => scenario.name)).difference(scenariosOf(others.flat()));
  return Array.from({ length: groups }, (_, group) => {
    const own = new Set(others.filter((_other, i) => i % groups === group).flat());
    // What only common subjects carry is measured once.
    const scenarios = group === 0 ? scenariosOf([...own]).union(lone) : scenariosOf([...own]);
    // A common subject in a scenario that nobody else of the group carries would only cost time.
    return trials.filter((trial) => own.has(trial) || (isCommon(trial) && scenarios.has(trial.scenario.name)));
  });
}

const scenariosOf = (trials: readonly PlannedTrial[]): Set<string> =>
  new Set(trials.map(({ scenario }) => scenario.name));
