/** Lines of many subjects: a few are told apart, the others are thin and grey, and the pointer names them. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { referencesOf } from '#bench/analysis/scenarios/roles.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { tip } from './chart.ts';
import { type Layer, lines } from './marks.ts';
import { distinctLooks, type Look } from './palette.ts';

const MOST_LINES = 8;
const TOLD_APART = 6;

export interface Told<T> {
  readonly names: readonly string[];
  readonly looks: ReadonlyMap<string, Look>;
  readonly shown: readonly T[];
  /** For a description: how many are not told apart; '' for none. */
  readonly words: string;
  /** The lines that are not told apart. */
  readonly thin: (x: string, y: string) => Layer[];
}

/**
 * All where they are few; else direct, the references, then the least and the greatest by turns. Subjects without a value come last.
 */
function chosen(
  { subjects }: Pick<Analysis, 'subjects'>,
  names: readonly string[],
  valueOf: (name: string) => number | undefined,
): readonly string[] {
  if (names.length <= MOST_LINES) return names;
  const known = names.filter((name) => valueOf(name) !== undefined);
  const rising = known.toSorted((a, b) => valueOf(a)! - valueOf(b)!);
  const byTurns = rising.map((_, i) => (i % 2 === 0 ? rising.at(-1 - i / 2)! : rising[(i - 1) / 2]!));
  const first = ['direct', ...referencesOf(subjects).map(({ subject }) => subjectName(subject))].filter((name) =>
    names.includes(name),
  );
  const few = [...new Set([...first, ...byTurns, ...names])].slice(0, TOLD_APART);
  return names.filter((name) => few.includes(name));
}

export function tellApart<T extends { readonly subject: string }>(
  analysis: Analysis,
  data: readonly T[],
  valueOf: (subject: string) => number | undefined,
): Told<T> {
  const all = [...new Set(data.map(({ subject }) => subject))];
  const names = chosen(analysis, all, valueOf);
  const others = data.filter(({ subject }) => !names.includes(subject));
  const faint = others.map((one) => ({ ...one, tip: tip(one.subject, one.subject) }));
  return {
    names,
    looks: distinctLooks(analysis, names),
    shown: data.filter(({ subject }) => names.includes(subject)),
    words: names.length === all.length ? '' : ` ${all.length - names.length} others are thin and grey.`,
    thin: (x, y) =>
      faint.length === 0
        ? []
        : [lines(faint, { x, y }, { colour: 'var(--soft)', width: 1, faint: true, detail: 'subject' })],
  };
}
