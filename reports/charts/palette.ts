/**
 * Colours are CSS custom properties, defined for light, dark and print in the page's style: one SVG serves all. Colour is never the
 * only difference: each subject has a shape and a dash of its own too.
 */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { referencesOf } from '#bench/analysis/scenarios/roles.ts';
import { subjectName } from '#bench/model/scenario.ts';
import type { Group } from '../content/groups.ts';

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

const DIRECT: Look = { colour: 'var(--direct)', shape: SHAPES[0]!, dash: [3, 3] };
const colourOf = (index: number): string => `var(--series-${(index % SERIES) + 1})`;

/** References take the first colours, however many others there are: most charts show them. */
export const looksOf = ({ subjects }: Analysis): ReadonlyMap<string, Look> =>
  looksOfNames([...new Set([...referencesOf(subjects), ...subjects])].map(({ subject }) => subjectName(subject)));

/** Direct is grey; the proxies take the series in their order. Where colours repeat, shapes and dashes do not repeat with them. */
export function looksOfNames(names: readonly string[]): ReadonlyMap<string, Look> {
  const proxies = names.filter((name) => name !== 'direct');
  return new Map(
    names.map((name): [string, Look] => {
      if (name === 'direct') return [name, DIRECT];
      const index = proxies.indexOf(name);
      const shifted = (index + Math.floor(index / SERIES)) % SERIES;
      return [name, { colour: colourOf(index), shape: SHAPES[shifted]!, dash: DASHES[shifted]! }];
    }),
  );
}

/** The same for the few of many that one chart draws: a colour that is taken there gives way to one that is not. */
export function distinctLooks(analysis: Analysis, names: readonly string[]): ReadonlyMap<string, Look> {
  const all = looksOf(analysis);
  const taken = new Set<string>();
  return new Map(
    names.map((name) => {
      const look = all.get(name)!;
      const free = Array.from({ length: SERIES }, (_, i) => colourOf(i)).find((one) => !taken.has(one));
      const colour = taken.has(look.colour) ? (free ?? look.colour) : look.colour;
      taken.add(colour);
      return [name, { ...look, colour }];
    }),
  );
}

/** How layers look where layers are compared. */
export const LAYER_LOOKS = {
  direct: { colour: 'var(--direct)', shape: 'circle' },
  L4: { colour: 'var(--series-1)', shape: 'circle' },
  L7: { colour: 'var(--series-2)', shape: 'square' },
  'L7 with TLS': { colour: 'var(--series-4)', shape: 'diamond' },
} as const satisfies Record<Group, Pick<Look, 'colour' | 'shape'>>;

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
