/** Several runs of the same thing on the same host as one run with all their rounds. */
import type { RunRecords } from '#bench/model/record.ts';
import { type Subject, subjectName } from '#bench/model/scenario.ts';

/** These runs do not measure the same thing: what differs. */
export class MergeError extends Error {
  override readonly name = 'MergeError';
}

export interface MergedRuns {
  /** Of knee searches, each subject's newest in a scenario: two searches are two answers, not one with more windows. */
  readonly records: RunRecords;
  /** Scenarios of which only the newest run's rounds are kept: each run offered a rate of its own. */
  readonly newestOnly: readonly string[];
}

/** Rounds are numbered on from run to run, oldest first. Throws `MergeError` where host, version or scenario differ. */
export function mergeRuns(runs: readonly RunRecords[]): MergedRuns {
  const sorted = runs.toSorted((a, b) => a.run.startedAt.localeCompare(b.run.startedAt));
  const newest = sorted.at(-1);
  if (newest === undefined) throw new MergeError('nothing to merge: name two runs or more');
  for (const { run, subjects } of sorted) {
    const differs = (what: string, a: unknown, b: unknown): void => {
      if (JSON.stringify(a) !== JSON.stringify(b))
        throw new MergeError(
          `${run.run} and ${newest.run.run} cannot be merged: ${what} differs; leave --merge out to lay them side by side`,
        );
    };
    differs('the host (its fingerprint)', run.environment.fingerprint, newest.run.environment.fingerprint);
    differs('the version of hopcost', [run.hopcost, run.revision], [newest.run.hopcost, newest.run.revision]);
    differs('the placement on cores', run.placement, newest.run.placement);
    differs('the window', [run.warmup, run.window], [newest.run.warmup, newest.run.window]);
    differs('the set of scenarios', run.scenarios, newest.run.scenarios);
    const versions = (of: RunRecords['subjects']): string[] =>
      of.map(({ subject, version }) => `${subjectName(subject)} ${version}`).toSorted();
    differs('the set of subjects or a version', versions(subjects), versions(newest.subjects));
    const searched = sorted.findLast((one) => one.run.search)?.run.search;
    if (run.search) differs('the objective of the knee search', run.search, searched);
  }
  const newestOnly = newest.run.scenarios.filter(({ loop }) => loop.kind === 'paced').map(({ name }) => name);
  let rounds = 0;
  const trials = sorted.flatMap((one) => {
    const from = rounds;
    rounds += one.run.rounds;
    return one.trials
      .filter(({ scenario }) => one === newest || !newestOnly.includes(scenario))
      .map((trial) => ({ ...trial, generation: from + trial.generation }));
  });
  const { end, ...rest } = newest;
  const search = sorted.findLast((one) => one.run.search)?.run.search;
  return {
    newestOnly,
    records: {
      ...rest,
      run: { ...newest.run, run: `${newest.run.run}-merged-${sorted.length}`, rounds, ...(search && { search }) },
      trials,
      ...newestSearches(sorted),
      ...(sorted.every((one) => one.end?.state === 'completed') && end ? { end } : {}),
    },
  };
}

/** Windows and verdict of each subject in each scenario, from the newest run that has any; the two stay together. */
function newestSearches(sorted: readonly RunRecords[]): Pick<RunRecords, 'windows' | 'knees'> {
  const key = ({ scenario, subject }: { scenario: string; subject: Subject }): string =>
    JSON.stringify([scenario, subjectName(subject)]);
  const newest = new Map<string, RunRecords>();
  for (const run of sorted) for (const { trial } of run.windows ?? []) newest.set(key(trial), run);
  const windows = sorted.flatMap((run) => run.windows?.filter(({ trial }) => newest.get(key(trial)) === run) ?? []);
  const knees = sorted.flatMap((run) => run.knees?.filter((knee) => newest.get(key(knee)) === run) ?? []);
  return { ...(windows.length > 0 && { windows }), ...(knees.length > 0 && { knees }) };
}
