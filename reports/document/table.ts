/** Tables of figures → tables of words: one scale a column, its unit at the head, intervals in that same unit. */
import type { Estimate } from '#bench/analysis/analysis.ts';
import {
  formatIn,
  formatQuantity,
  intervalIn,
  type Scale,
  scaleOf,
  type Unit,
} from '#bench/analysis/words/quantity.ts';
import { type Badge, type Cell, type Column, type Figure, plainText, type Row, type Table, type Text } from './tree.ts';

export interface LaidColumn {
  /** With its unit: 'CPU per request, µs'. */
  readonly title: string;
  readonly short: string;
  /** Text is set left, figures right. */
  readonly isText: boolean;
}

export interface LaidCell {
  readonly text: string;
  /** The same with what is set apart in it, where it has that. */
  readonly spans?: Text;
  readonly interval?: string;
  readonly note?: string;
  /** To sort and to draw by. */
  readonly figure?: Figure;
  readonly badge?: Badge;
  readonly to?: string;
}

export interface LaidRow extends Omit<Row, 'cells'> {
  readonly cells: readonly LaidCell[];
}

export interface LaidTable {
  readonly head: string;
  readonly columns: readonly LaidColumn[];
  readonly rows: readonly LaidRow[];
}

const NONE: LaidCell = { text: '–' };
/** Counts and ranks: '12', '1,234', '≈ 2–3', '± 4 %', '−0.4 %'. */
const DIGITS = /^[±≈+−]?\s?[\d,.–]+\s?[%×]?$|^–$/;

export const isFigure = (cell: Cell): cell is Figure =>
  typeof cell === 'object' && cell !== null && 'value' in cell && typeof cell.value === 'number';

/** As a cell: with its interval where there is one that says something. */
export const figureOf = (estimate: Estimate | undefined | null, note?: string): Figure | null => {
  if (!estimate) return null;
  const { value, low, high, n } = estimate;
  return { value, ...(n > 1 && low < high && { low, high }), ...(note !== undefined && { note }) };
};

/** What stands behind a title; the factor of a ratio and what is counted need no unit. */
const UNIT_WORDS: Partial<Readonly<Record<Unit, (suffix: string) => string>>> = {
  '/s': () => 'per second',
  instructions: (suffix) => ({ M: 'millions', k: 'thousands' })[suffix] ?? '',
  'per request': () => '',
  ratio: () => '×',
};

function headOf({ title, short = title, unit }: Column, scale: Scale | undefined, isText: boolean): LaidColumn {
  if (!unit || !scale) return { title, short, isText };
  const words = (UNIT_WORDS[unit] ?? ((suffix: string) => suffix))(scale.suffix);
  const isSaid = words === '' || title.includes(words);
  const mark = unit === '/s' ? '/s' : words;
  return {
    title: isSaid ? title : `${title}, ${words}`,
    short: mark === '' || short.includes(mark) ? short : `${short} ${mark}`,
    isText: false,
  };
}

function cellOf(cell: Cell, { signed }: Column, scale: Scale | undefined): LaidCell {
  if (cell === null) return NONE;
  if (typeof cell === 'string' || cell instanceof Array) return { text: plainText(cell), spans: cell };
  if ('badge' in cell) {
    const { badge, text, to } = cell;
    return {
      text: [badge.word, ...(text === undefined ? [] : [plainText(text)])].join(' '),
      ...(text !== undefined && { spans: text }),
      badge,
      ...(to !== undefined && { to }),
    };
  }
  const { value, low, high, unit, note } = cell as Figure;
  const own = scale ?? scaleOf(unit!, [value]);
  const text = scale ? formatIn(value, scale) : formatQuantity(value, unit!);
  return {
    text: `${signed && value > 0 ? '+' : ''}${text}`,
    ...(low !== undefined && high !== undefined && { interval: intervalIn({ low, high }, own) }),
    ...(note !== undefined && { note }),
    figure: cell as Figure,
  };
}

/** Only columns that a row fills. */
export function lay({ head, columns, rows, oneScale }: Table): LaidTable {
  const figuresAt = (i: number): number[] =>
    rows.flatMap(({ cells }) => (isFigure(cells[i]!) ? [(cells[i] as Figure).value] : []));
  const alike = ({ unit }: Column): number[] =>
    columns.flatMap((other, i) => (other.unit === unit ? figuresAt(i) : []));
  const filled = columns
    .map((column, i) => ({ column, i }))
    .filter(({ i }) => rows.some(({ cells }) => (cells[i] ?? null) !== null));
  const laid = filled.map(({ column, i }) => {
    const figures = figuresAt(i);
    const scale = column.unit && scaleOf(column.unit, oneScale ? alike(column) : figures);
    const own = rows.map(({ cells }) => cellOf(cells[i]!, column, scale));
    const isText = figures.length === 0 && !own.every(({ text }) => DIGITS.test(text));
    return { head: headOf(column, scale, isText), cells: own };
  });
  return {
    head,
    columns: laid.map((column) => column.head),
    rows: rows.map((row, at) => ({ ...row, cells: laid.map(({ cells }) => cells[at]!) })),
  };
}

/** A row a column, for a table of few rows and many figures. */
export const turn = ({ head, columns, rows }: LaidTable): LaidTable => ({
  head: columns.length > 0 && rows.length > 0 ? 'Figure' : head,
  columns: rows.map((row) => ({ title: row.head, short: row.head, isText: false })),
  rows: columns.map((column, i) => ({ head: column.title, cells: rows.map(({ cells }) => cells[i]!) })),
});

/** As it is read: turned where it asks for that. */
export const laidOut = (table: Table): LaidTable => (table.turned ? turn(lay(table)) : lay(table));
