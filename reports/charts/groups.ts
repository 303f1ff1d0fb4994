/** Charts of many subjects: rows stand under the names of their layers, lines are told apart for a few and thin for the others. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { referencesOf } from '#bench/analysis/scenarios/roles.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { type Group, GROUPS } from '../overview.ts';
import { TIP, tip } from './chart.ts';
import { ROW, rowAxis } from './frame.ts';

/** More rows than these are grouped, and closer together. */
const MOST_UNGROUPED = 8;
const DENSE_ROW = 24;
/** U+2064, invisible: tells the name of a layer from a subject of that name. */
const HEAD = '\u2064';

export interface Rows {
  /** Every row from top to bottom, names of layers among them. */
  readonly order: string[];
  readonly height: number;
}

/** `rows` in the order that they have within a layer. */
export function rowsOf(rows: readonly { readonly label: string; readonly group: Group }[]): Rows {
  if (rows.length <= MOST_UNGROUPED) return { order: rows.map(({ label }) => label), height: rows.length * ROW };
  const groups = GROUPS.filter((group) => rows.some((row) => row.group === group));
  const order = groups.flatMap((group) => [
    ...(group === 'direct' ? [] : [HEAD + group]),
    ...rows.filter((row) => row.group === group).map(({ label }) => label),
  ]);
  return { order, height: order.length * DENSE_ROW };
}

const IS_HEAD = `indexof(datum.value, '${HEAD}') === 0`;

const HEADED = {
  labelFontWeight: { condition: { test: IS_HEAD, value: 'bold' as const }, value: 'normal' as const },
};

/** The vertical channel of a chart whose rows are `rows`; layers in bold. */
export const rowChannel = (field: string, { order }: Rows, width: number) => {
  const heads = order.some((name) => name.startsWith(HEAD));
  return {
    field,
    type: 'nominal',
    scale: { domain: order },
    axis: heads ? { ...rowAxis(width), ...HEADED } : rowAxis(width),
  } as const;
};

const MOST_LINES = 8;
const TOLD_APART = 6;

/**
 * Which of many lines are drawn in full: direct, the references, then the least and the greatest by turns. All where they are few.
 * Names without a value come last.
 */
export function toldApart(
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
  const chosen = new Set([...first, ...byTurns, ...names]);
  const few = [...chosen].slice(0, TOLD_APART);
  return names.filter((name) => few.includes(name));
}

/** What a chart says of the lines that it does not tell apart. */
export const othersWords = (others: number): string =>
  others === 0 ? '' : ` ${others} others are thin and grey: the pointer names them, the table has them all.`;

/** The lines that are not told apart: seen as a whole, each named by the pointer. Datums carry `own`. */
export const thinLines = (values: readonly { readonly subject: string; readonly own: string }[], field: string) => ({
  data: { values: values.map((value) => ({ ...value, tip: tip(value.subject, value.subject) })) },
  mark: { type: 'line' as const, strokeWidth: 1, color: 'var(--soft)', opacity: 0.45 },
  encoding: {
    y: { field, type: 'quantitative' as const },
    detail: { field: 'subject', type: 'nominal' as const },
    ...TIP,
  },
});
