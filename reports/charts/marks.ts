/**
 * The marks that all charts are made of: bars, whiskers, points, lines, bands, guides, words. Each takes its data, the fields to place it
 * by, and how it looks; a datum's field `tip` says whose it is and what the pointer is told. Scales and axes are the view's.
 */
import type { TopLevelSpec } from 'vega-lite';

export type Layer = Extract<TopLevelSpec, { layer: unknown }>['layer'][number];

/** A colour of the page, or a scale that gives each name its own. */
type Colour = string | Nominal;

/** A channel that tells names apart. */
export const by = (field: string, names: readonly string[], range: readonly unknown[], legend: object | null) =>
  ({
    field,
    type: 'nominal',
    title: null,
    scale: { domain: [...names], range: [...range] as string[] },
    legend,
  }) as const;
type Nominal = ReturnType<typeof by>;

export const TIP = { description: { field: 'tip', type: 'nominal' } } as const;

const coloured = (colour: Colour) =>
  typeof colour === 'string' ? { mark: { color: colour }, encoding: {} } : { mark: {}, encoding: { color: colour } };

interface Place {
  readonly x?: string;
  readonly y?: string;
}

const placed = ({ x, y }: Place) => ({
  ...(x !== undefined && { x: { field: x } }),
  ...(y !== undefined && { y: { field: y } }),
});

/** Along a row, from one field to another. */
export const bars = (
  data: readonly object[],
  {
    from = 'from',
    to = 'to',
    colour,
    dashed = false,
  }: { from?: string; to?: string; colour: Colour; dashed?: boolean },
): Layer => {
  const { mark, encoding } = coloured(colour);
  const outline = { fill: 'transparent', stroke: 'var(--capacity)', strokeWidth: 1.2, strokeDash: [4, 3] };
  return {
    data: { values: data },
    mark: { type: 'bar', height: { band: 0.62 }, ...(dashed ? outline : mark) },
    encoding: { x: { field: from }, x2: { field: to }, ...encoding, ...TIP },
  };
};

/** Bins of a histogram, from the fields `from` to `to`, as high as a field says. */
export const columns = (data: readonly object[], height: string): Layer => ({
  data: { values: data },
  mark: { type: 'rect', color: 'var(--user)', stroke: 'var(--paper)' },
  encoding: { x: { field: 'from' }, x2: { field: 'to' }, y: { field: height }, y2: { datum: 0 }, ...TIP },
});

/** Intervals, from the fields `low` to `high`: along a row, or upright at the field `at`. */
export const whiskers = (data: readonly object[], colour: Colour = 'var(--ink)', at?: string): Layer => {
  const { mark, encoding } = coloured(colour);
  const along = { x: { field: 'low' }, x2: { field: 'high' } } as const;
  return {
    data: { values: data },
    mark: { type: 'rule', strokeWidth: 1.5, ...mark },
    encoding: {
      ...(at === undefined ? along : { x: { field: at }, y: { field: 'low' }, y2: { field: 'high' } }),
      ...encoding,
      ...TIP,
    },
  };
};

export const points = (
  data: readonly object[],
  place: Place,
  { colour, shape, size = 60, hollow = false }: { colour: Colour; shape?: Nominal; size?: number; hollow?: boolean },
): Layer => {
  const { mark, encoding } = coloured(colour);
  return {
    data: { values: data },
    mark: { type: 'point', filled: !hollow, size, opacity: 1, ...(hollow && { strokeWidth: 2 }), ...mark },
    encoding: { ...placed(place), ...encoding, ...(shape && { shape }), ...TIP },
  };
};

/** One a name of `colour`; a field tells them apart where they have no colour of their own. */
export const lines = (
  data: readonly object[],
  place: Place,
  look: {
    readonly colour: Colour;
    readonly dash?: Nominal;
    readonly detail?: string;
    readonly width?:
      number | { readonly field: string; readonly names: readonly string[]; readonly range: readonly number[] };
    readonly dashed?: boolean;
    readonly faint?: boolean;
    readonly smooth?: boolean;
  },
): Layer => {
  const { mark, encoding } = coloured(look.colour);
  const { width = 2 } = look;
  return {
    data: { values: data },
    mark: {
      type: 'line',
      ...(typeof width === 'number' && { strokeWidth: width }),
      ...(look.dashed && { strokeDash: [4, 3] }),
      ...(look.faint && { opacity: 0.45 }),
      ...(look.smooth && { interpolate: 'monotone' }),
      ...mark,
    },
    encoding: {
      ...placed(place),
      ...encoding,
      ...(look.dash && { strokeDash: look.dash as never }),
      ...(look.detail !== undefined && { detail: { field: look.detail, type: 'nominal' } }),
      ...(typeof width === 'object' && {
        strokeWidth: {
          field: width.field,
          type: 'ordinal',
          title: null,
          scale: { domain: [...width.names], range: [...width.range] },
        },
      }),
      ...TIP,
    },
  };
};

/** Over the whole height, from the fields `low` to `high`. */
export const band = (data: readonly object[], colour: string, opacity = 0.55): Layer => ({
  data: { values: data },
  mark: { type: 'rect', color: colour, opacity },
  encoding: { x: { field: 'low' }, x2: { field: 'high' }, y: { value: 0 }, y2: { value: 'height' }, ...TIP },
});

/** A line over the whole drawing at the field `at`. */
export const guide = (
  data: readonly object[],
  axis: 'x' | 'y',
  { colour = 'var(--ink)', dash = [3, 3], width = 1 }: { colour?: string; dash?: number[]; width?: number } = {},
): Layer => ({
  data: { values: data },
  mark: { type: 'rule', color: colour, strokeWidth: width, strokeDash: dash },
  encoding: {
    ...(axis === 'x'
      ? { x: { field: 'at' }, y: { value: 0 }, y2: { value: 'height' } }
      : { y: { field: 'at' }, x: { value: 0 }, x2: { value: 'width' } }),
    ...TIP,
  },
});

export const words = (
  data: readonly object[],
  place: Place,
  {
    text = 'text',
    colour = 'var(--ink)',
    bold = false,
    top = false,
    ...at
  }: {
    readonly text?: string;
    readonly colour?: Colour;
    readonly bold?: boolean;
    /** At the upper edge, whatever the axis says. */
    readonly top?: boolean;
    readonly align?: 'left' | 'right' | 'center';
    readonly baseline?: 'top' | 'bottom';
    readonly dx?: number;
    readonly dy?: number;
    readonly limit?: number;
    readonly fontSize?: number;
  } = {},
): Layer => {
  const { mark, encoding } = coloured(colour);
  return {
    data: { values: data },
    mark: {
      type: 'text',
      align: 'left',
      ...(bold && { fontWeight: 'bold' }),
      ...(top && { y: 0, baseline: 'top' }),
      ...at,
      ...mark,
    },
    encoding: { ...placed(place), text: { field: text }, ...encoding, ...TIP },
  };
};

/** Nothing to see: where the pointer finds the value of a step of a line. */
export const hover = (data: readonly object[], place: Place): Layer => ({
  data: { values: data },
  mark: { type: 'circle', color: 'transparent', opacity: 1, size: 160 },
  encoding: { ...placed(place), ...TIP },
});
