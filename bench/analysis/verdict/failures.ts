/** Why requests of a trial failed, in words. */
import type { ErrorCounts, FailureCount, LoadResult } from '#bench/model/load.ts';
import type { TrialRecord } from '#bench/model/record.ts';

type Failure = Pick<FailureCount, 'kind' | 'status' | 'count'> & { readonly first?: string };

/** Of the load and of what ran beside it, the most frequent first. Records that do not tell statuses tell kinds. */
export function failuresByKind({ errors, failures, second }: LoadResult): Failure[] {
  const sums = new Map<string, Failure>();
  for (const failure of [...told(errors, failures), ...(second ? told(second.errors, second.failures) : [])]) {
    const known = sums.get(nameOf(failure));
    sums.set(nameOf(failure), known ? { ...known, count: known.count + failure.count } : failure);
  }
  return [...sums.values()].toSorted((a, b) => b.count - a.count);
}

const told = (errors: ErrorCounts, failures: readonly FailureCount[] | undefined): readonly Failure[] =>
  failures ??
  (Object.keys(errors) as (keyof ErrorCounts)[])
    .map((kind) => ({ kind, count: errors[kind] }))
    .filter(({ count }) => count > 0);

/** 'reset', 'status 429'. */
export const nameOf = ({ kind, status }: Failure): string => (status === undefined ? kind : `${kind} ${status}`);

/** '95 status 429, 2 reset'. */
export const failureWords = (failures: readonly Failure[]): string =>
  failures.map((failure) => `${failure.count} ${nameOf(failure)}`).join(', ');

/** What the subject of a trial that did not complete printed last; undefined where that is not known, or was nothing. */
export function lastOutputOf(trial: TrialRecord): string | undefined {
  if (trial.state === 'completed') return undefined;
  const said =
    trial.state === 'failed'
      ? trial.error.detail
      : trial.reasons.map(({ evidence }) => evidence['output']).find((one) => one !== undefined && one !== '');
  return said === undefined || said === '' ? undefined : String(said);
}
