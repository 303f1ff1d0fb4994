/** Where marks stand: rows with names at the left, or two axes; ticks, domains with room for words, legends. */
import type { TopLevelSpec } from 'vega-lite';
import { type Group, GROUPS } from '../content/groups.ts';
import { by, type Layer } from './marks.ts';
import { CONFIG, type Look } from './palette.ts';
import { textWidth } from './text-width.ts';

export const isNarrow = (width: number): boolean => width < 400;

/** A single view that fills `width` with its labels. */
export const sized = (width: number, height: number) =>
  ({ width, height, autosize: { type: 'fit', contains: 'padding' }, config: CONFIG }) as const;

/** What stands beside an axis, and how values are placed along it. */
export interface Axis {
  readonly title: string | null;
  readonly domain?: readonly [number, number];
  readonly log?: boolean;
  /** Values that are labelled; else about so many. */
  readonly ticks?: readonly number[] | number;
  readonly format?: string;
  /** Vega's expression for a label. */
  readonly label?: string;
  readonly grid?: boolean;
}

const axisOf = ({ title, domain, log = false, ticks = 5, format, label, grid = true }: Axis) =>
  ({
    type: 'quantitative',
    title,
    scale: {
      ...(log && { type: 'log' as const }),
      ...(domain ? { domain: [...domain], nice: false } : { nice: true }),
      ...(!log && domain && { zero: false }),
    },
    axis: {
      ...(typeof ticks === 'number' ? { tickCount: ticks } : { values: [...ticks] }),
      ...(format !== undefined && { format }),
      ...(label !== undefined && { labelExpr: label }),
      grid,
    },
  }) as const;

const ROW = 30;
const DENSE_ROW = 20;
/** More rows than these are grouped, and closer together. */
const MOST_UNGROUPED = 8;
/** U+2064, invisible: tells the name of a layer from a subject of that name. */
const HEAD = '\u2064';
const IS_HEAD = `indexof(datum.value, '${HEAD}') === 0`;
const HEADED = {
  labelFontWeight: { condition: { test: IS_HEAD, value: 'bold' as const }, value: 'normal' as const },
};

export interface Rows {
  /** Field of the data that names the row. */
  readonly field: string;
  /** Every row from top to bottom, names of layers among them. */
  readonly order: readonly string[];
  readonly height: number;
  /** Texts in place of the names, by place. */
  readonly labels?: readonly string[];
}

export const namedRows = (field: string, order: readonly string[], dense = order.length > MOST_UNGROUPED): Rows => ({
  field,
  order,
  height: order.length * (dense ? DENSE_ROW : ROW),
});

/** Under the names of their layers where they are many; `rows` in the order that they have within a layer. */
export function layeredRows(field: string, rows: readonly { readonly name: string; readonly group: Group }[]): Rows {
  if (rows.length <= MOST_UNGROUPED)
    return namedRows(
      field,
      rows.map(({ name }) => name),
    );
  const groups = GROUPS.filter((group) => rows.some((row) => row.group === group));
  return namedRows(
    field,
    groups.flatMap((group) => [
      ...(group === 'direct' ? [] : [HEAD + group]),
      ...rows.filter((row) => row.group === group).map(({ name }) => name),
    ]),
  );
}

const LABELS = { narrow: 118, wide: 190 } as const;
const limitOf = (width: number): number => (isNarrow(width) ? LABELS.narrow : LABELS.wide);

/** Rows from top to bottom, values to the right, `legends` lines of legend above them. */
export const rowsView = (
  width: number,
  rows: Rows,
  { legends = 0, ...axis }: Axis & { readonly legends?: number },
  layer: readonly Layer[],
): TopLevelSpec => ({
  ...sized(width, rows.height + 44 + 24 * legends),
  encoding: {
    y: {
      field: rows.field,
      type: 'nominal',
      scale: { domain: [...rows.order] },
      axis: {
        title: null,
        domain: false,
        ticks: false,
        labelLimit: limitOf(width),
        ...(rows.order.some((name) => name.startsWith(HEAD)) && HEADED),
        ...(rows.labels && {
          labelExpr: `${JSON.stringify(Object.fromEntries(rows.order.map((name, i) => [name, rows.labels![i]])))}[datum.value]`,
        }),
      },
    },
    x: { ...axisOf(axis), axis: { ...axisOf(axis).axis, domain: false, ticks: false } },
  },
  layer: [...layer],
});

/** Two axes. */
export const curveView = (
  width: number,
  height: number,
  { x, y }: { readonly x: Axis; readonly y: Axis },
  layer: readonly Layer[],
): TopLevelSpec => ({
  ...sized(width, height),
  encoding: { x: axisOf(x), y: axisOf(y) },
  layer: [...layer],
});

/** Where the axis of a bar chart must end so that the words behind each bar still fit into the drawing. */
export function barsEnd(
  bars: readonly { readonly name: string; readonly end: number; readonly text: string }[],
  width: number,
): number {
  const names = Math.max(...bars.map(({ name }) => textWidth(name)));
  const plot = width - Math.min(names, limitOf(width)) - 24;
  const scale = Math.min(
    ...bars
      .filter(({ end }) => end > 0)
      .map(({ end, text }) => Math.max(40, plot - textWidth(text, { bold: true }) - 14) / end),
  );
  return Number.isFinite(scale) ? plot / scale : 1;
}

/** Labelled values of a logarithmic axis: 1, 2, 5 of each decade; 1 and 3, or 1 alone, where those would stand too close. */
export function logTicks(least: number, most: number, room = 8): number[] {
  const first = Math.floor(Math.log10(least));
  const decades = Array.from({ length: Math.ceil(Math.log10(most)) - first + 1 }, (_, i) => 10 ** (first + i));
  const within = (steps: readonly number[]): number[] =>
    decades.flatMap((decade) => steps.map((step) => step * decade)).filter((tick) => tick >= least && tick <= most);
  return [[1, 2, 5], [1, 3], [1]].map(within).find(({ length }) => length <= room) ?? within([1]);
}

const LABEL = (value: string): string => `format(${value}, '~r')`;
/** Times over several orders of magnitude, in microseconds; each label in the unit that fits it. */
export const logMicros = (title: string, values: readonly number[], room = 8): Axis => {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return {
    title,
    log: true,
    domain: [least / 1.06, most * 1.06],
    ticks: logTicks(least, most, room),
    label: `datum.value >= 1e6 ? ${LABEL('datum.value / 1e6')} + ' s' : datum.value >= 1e3 ? ${LABEL('datum.value / 1e3')} + ' ms' : ${LABEL('datum.value')} + ' µs'`,
  };
};

/** Lines of names above a drawing. */
export const legendOf = (width: number, columns = isNarrow(width) ? 2 : 4) => ({
  columns,
  labelLimit: Math.floor((width - (isNarrow(width) ? 40 : 70)) / columns) - 26,
  symbolStrokeWidth: 2,
});

/** A channel that gives each subject its own colour, shape or dash. */
export const looks = <K extends keyof Look>(
  of: ReadonlyMap<string, Look>,
  names: readonly string[],
  key: K,
  legend: object | null,
) =>
  by(
    'subject',
    names,
    names.map((name) => of.get(name)![key]),
    legend,
  );
