/** What the specs of several charts share: the size of a drawing, axes of named rows, a subject's colour and shape. */
import { CONFIG, type Look } from './palette.ts';

export const ROW = 34;
export const isNarrow = (width: number): boolean => width < 500;

/** A single view that fills `width` with its labels. */
export const sized = (width: number, height: number) =>
  ({ width, height, autosize: { type: 'fit', contains: 'padding' }, config: CONFIG }) as const;

/** Names of rows at the left, without a line. */
export const rowAxis = (width: number) =>
  ({ title: null, domain: false, ticks: false, labelLimit: isNarrow(width) ? 124 : 260 }) as const;

/** A scale that gives each name its own look: its colour, its shape or its dash. */
export const scaleOf = <K extends keyof Look>(looks: ReadonlyMap<string, Look>, names: readonly string[], key: K) => ({
  domain: [...names],
  range: names.map((name) => looks.get(name)![key]),
});

/** Micros as an axis shows them. */
export const MICROS_LABEL = `datum.value >= 1000 ? format(datum.value / 1000, '~r') + ' ms' : format(datum.value, '~r') + ' µs'`;

/** Durations over several orders of magnitude, in microseconds. */
export const LOG_MICROS = {
  scale: { type: 'log', nice: true },
  axis: { tickCount: 5, labelExpr: MICROS_LABEL },
} as const;

/** Labelled values of a logarithmic axis: 1, 2, 5 of each decade; 1 and 3, or 1 alone, where those would stand too close. */
export function logTicks(least: number, most: number, room = 10): number[] {
  const decades = Array.from(
    { length: Math.ceil(Math.log10(most)) - Math.floor(Math.log10(least)) + 1 },
    (_, i) => 10 ** (Math.floor(Math.log10(least)) + i),
  );
  const within = (steps: readonly number[]): number[] =>
    decades.flatMap((decade) => steps.map((step) => step * decade)).filter((tick) => tick >= least && tick <= most);
  return [[1, 2, 5], [1, 3], [1]].map(within).find(({ length }) => length <= room) ?? within([1]);
}

/** Pixels of a letter at 12 px: bold ones are wide, and names are mostly narrow. */
const LETTER = { bold: 7.6, plain: 6.6 } as const;

/** Where the axis of a bar chart must end so that the text behind each bar still fits into the drawing. */
export function barsEnd(
  bars: readonly { readonly label: string; readonly end: number; readonly text: string }[],
  width: number,
): number {
  const names = Math.max(...bars.map(({ label }) => label.length * LETTER.plain));
  const plot = width - Math.min(names, rowAxis(width).labelLimit) - 24;
  const scale = Math.min(
    ...bars
      .filter(({ end }) => end > 0)
      .map(({ end, text }) => Math.max(40, plot - text.length * LETTER.bold - 14) / end),
  );
  return Number.isFinite(scale) ? plot / scale : 1;
}
