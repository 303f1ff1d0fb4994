/**
 * Colours are CSS custom properties, defined for light, dark and print in the page's style: one SVG serves all. Colour is never the
 * only difference: each subject has a shape and a dash of its own too.
 */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { subjectName } from '#bench/model/scenario.ts';

const SERIES = 8;
const SHAPES = ['circle', 'square', 'triangle-up', 'diamond', 'triangle-down', 'cross', 'triangle-right', 'stroke'];
const DASHES: readonly (readonly number[])[] = [
  [1, 0],
  [7, 3],
  [2, 2],
  [9, 3, 2, 3],
  [4, 2],
  [12, 4],
  [1, 3],
  [6, 2, 1, 2],
];

export interface Look {
  readonly colour: string;
  readonly shape: string;
  readonly dash: readonly number[];
}

/** Direct is grey; the proxies take the series in their order. */
export const looksOf = ({ subjects }: Analysis): ReadonlyMap<string, Look> =>
  looksOfNames(subjects.map(({ subject }) => subjectName(subject)));

export function looksOfNames(names: readonly string[]): ReadonlyMap<string, Look> {
  const proxies = names.filter((name) => name !== 'direct');
  return new Map(
    names.map((name) => {
      if (name === 'direct') return [name, { colour: 'var(--direct)', shape: SHAPES[0]!, dash: [3, 3] }];
      const index = proxies.indexOf(name) % SERIES;
      return [name, { colour: `var(--series-${index + 1})`, shape: SHAPES[index]!, dash: DASHES[index]! }];
    }),
  );
}

/** Legends one under the other. Vega has it, the types of Vega-Lite have not. */
const STACKED = { layout: { top: { direction: 'vertical', anchor: 'start' } } } as object;

/** What all specs share: no background, the page's font, quiet axes. */
export const CONFIG = {
  background: 'transparent',
  font: 'system-ui, sans-serif',
  padding: 2,
  view: { stroke: null },
  axis: {
    labelColor: 'var(--soft)',
    titleColor: 'var(--soft)',
    gridColor: 'var(--grid)',
    domainColor: 'var(--rule)',
    tickColor: 'var(--rule)',
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    labelPadding: 6,
    titlePadding: 8,
  },
  axisY: { labelColor: 'var(--ink)' },
  legend: {
    symbolBaseStrokeColor: 'var(--soft)',
    symbolBaseFillColor: 'var(--soft)',
    labelColor: 'var(--ink)',
    titleColor: 'var(--soft)',
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    orient: 'top',
    offset: 10,
    ...STACKED,
  },
  header: { labelColor: 'var(--soft)', titleColor: 'var(--soft)', labelFontSize: 12, labelFontWeight: 'bold' },
  text: { color: 'var(--ink)', fontSize: 12 },
} as const;
