/** Horizontal bars, one a subject, with its interval and its figure behind: the skeleton of every chart of one cost. */
import { formatQuantity, scaleOf, significant, type Unit } from '#bench/analysis/words/quantity.ts';
import type { Estimate } from '#bench/analysis/analysis.ts';
import type { Group } from '../content/groups.ts';
import { figureOf } from '../document/table.ts';
import type { Column, Figure, Table } from '../document/tree.ts';
import { tip } from './chart.ts';
import { type Layer, whiskers, words } from './marks.ts';
import { barsEnd, isNarrow, layeredRows, rowsView } from './views.ts';

export interface SubjectFigure {
  readonly name: string;
  readonly group: Group;
  readonly estimate: Estimate;
}

/** As it is placed along the axis. */
export interface Bar {
  readonly name: string;
  readonly group: Group;
  readonly from: number;
  readonly to: number;
  readonly low: number;
  readonly high: number;
  readonly text: string;
  readonly tip: string;
}

export const rising = (figures: readonly SubjectFigure[]): SubjectFigure[] =>
  figures.toSorted((a, b) => a.estimate.value - b.estimate.value);

/** In one scale; `unitWords` is its suffix. */
export function barsOf(figures: readonly SubjectFigure[], unit: Unit) {
  const { factor, suffix } = scaleOf(
    unit,
    figures.map(({ estimate }) => estimate.value),
  );
  const bars = figures.map(({ name, group, estimate: { value, low, high } }): Bar => {
    return {
      name,
      group,
      from: 0,
      to: value * factor,
      low: low * factor,
      high: high * factor,
      text: significant(value * factor), // the unit stands at the axis
      tip: tip(name, `${name}: ${formatQuantity(value, unit)}`),
    };
  });
  return { bars, factor, unitWords: suffix };
}

interface BarsSpec {
  readonly width: number;
  readonly bars: readonly Bar[];
  readonly axis: string;
  readonly legends: number;
  readonly layers: readonly Layer[];
  /** Reaches beyond the intervals: so far. */
  readonly ends?: readonly number[];
}

export function barsSpec({ width, bars, axis, legends, layers, ends = [] }: BarsSpec) {
  const placed = bars.map((bar, i) => ({ ...bar, end: Math.max(bar.high, ends[i] ?? 0) }));
  const domain = [Math.min(0, ...bars.map(({ low }) => low)), barsEnd(placed, width)] as const;
  return rowsView(width, layeredRows('name', bars), { title: axis, domain, ticks: isNarrow(width) ? 4 : 6, legends }, [
    ...layers,
    whiskers(placed),
    words(placed, { x: 'end' }, { bold: true, dx: 7 }),
  ]);
}

export const barsTable = (
  label: string,
  figures: readonly SubjectFigure[],
  column: Column,
  more: readonly { readonly column: Column; readonly cells: readonly (Figure | string | null)[] }[] = [],
): Table => ({
  kind: 'table',
  label,
  head: 'Subject',
  columns: [column, ...more.map((one) => one.column)],
  rows: figures.map(({ name, estimate }, i) => ({
    head: name,
    cells: [figureOf(estimate), ...more.map(({ cells }) => cells[i]!)],
  })),
});
