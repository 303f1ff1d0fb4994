/** The trials that count in no figure; those of one subject in one scenario for the same reasons are one entry. */
import type { Analysis, TrialRow } from '#bench/analysis/analysis.ts';
import { subjectName } from '#bench/model/scenario.ts';

export interface LeftOut {
  readonly scenario: string;
  readonly subject: string;
  readonly state: TrialRow['state'];
  readonly codes: readonly string[];
  /** 'round 3', 'rounds 1–3, 7' */
  readonly rounds: string;
  readonly trials: number;
  /** What the first of them says. */
  readonly note: string;
}

export function leftOutOf(trials: readonly TrialRow[]): LeftOut[] {
  const groups = Map.groupBy(
    trials.filter(({ state }) => state !== 'completed'),
    ({ scenario, subject, state, codes }) => JSON.stringify([scenario, subject, state, codes]),
  );
  return [...groups.values()].map((own): LeftOut => {
    const [{ scenario, subject, state, codes, notes }] = own as [TrialRow];
    const numbers = own.map(({ round }) => round + 1);
    return {
      scenario,
      subject,
      state,
      codes,
      rounds: `${numbers.length === 1 ? 'round' : 'rounds'} ${ranges(numbers)}`,
      trials: own.length,
      note: notes.join('; '),
    };
  });
}

/** Subjects that failed a check before the run: they have no trials, and nothing may sound as if they had. */
export const unfitOf = ({ subjects }: Pick<Analysis, 'subjects'>): string[] =>
  subjects
    .filter(({ preflight }) => preflight.some(({ passed }) => !passed))
    .map(({ subject }) => subjectName(subject));

/** The sentence for a run of which no trial was left out. */
export function allCompleted(analysis: Pick<Analysis, 'subjects' | 'trials'>): string {
  const { length } = analysis.trials;
  if (length === 0) return 'No trial ran.';
  const unfit = unfitOf(analysis);
  const all = length === 1 ? 'The one trial' : `All ${length} trials`;
  if (unfit.length === 0) return `${all} completed.`;
  return `${all} of what was measured completed; ${unfit.join(', ')} ${unfit.length === 1 ? 'was' : 'were'} not measured.`;
}

/** '1–3, 7' */
function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const n of numbers.toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && n <= last[1] + 1) last[1] = n;
    else runs.push([n, n]);
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}–${to}`)).join(', ');
}
