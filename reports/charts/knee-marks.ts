/** Searched knees in a drawing whose horizontal axis is the offered rate: a band where one was found, a dotted edge where none can be told. */
import type { TopLevelSpec } from 'vega-lite';
import type { KneeAnalysis, Knees } from '#bench/analysis/knees/knees.ts';
import { formatQuantity } from '#bench/analysis/words/quantity.ts';
import { TIP, tip } from './chart.ts';
import type { Look } from './palette.ts';

export type Layer = Extract<TopLevelSpec, { layer: unknown }>['layer'][number];

const rate = (value: number): string => formatQuantity(value, '/s');

/** 'node-http 6 100/s; cannot tell above 38 000/s for l7-http, 46 000/s for direct' */
export function kneeWords(searches: readonly KneeAnalysis[]): string {
  const found = searches.flatMap(({ subject, state, rate: knee }) =>
    knee ? [`${subject} ${rate(knee.value)}`] : state === 'never' ? [`${subject} none`] : [],
  );
  const untold = searches.filter(({ state }) => state === 'cannot tell');
  const above = untold.flatMap(({ subject, held }) => (held ? [`${rate(held.rate)} for ${subject}`] : []));
  const nothing = untold.filter(({ held }) => !held).map(({ subject }) => subject);
  return [
    ...(found.length > 0 ? [found.join(', ')] : []),
    ...(above.length > 0 ? [`cannot tell above ${above.join(', ')}`] : []),
    ...(nothing.length > 0 ? [`cannot tell for ${nothing.join(', ')}`] : []),
  ].join('; ');
}

/** '12 300/s (11 900–12 800)', for a table. */
export function kneeCell({ state, rate: found, held }: KneeAnalysis): string {
  if (found)
    return `${rate(found.value)} (${rate(found.low)}–${rate(found.high)})`.replaceAll('/s–', '–').replace('/s)', ')');
  if (state === 'never') return 'missed at every rate';
  return held ? `cannot tell above ${rate(held.rate)}` : 'cannot tell';
}

/** Rates that the axis must reach. */
export const kneeRates = (searches: readonly KneeAnalysis[]): number[] =>
  searches.flatMap(({ rate: found, held }) => (found ? [found.low, found.high] : held ? [held.rate] : []));

/** Bands and edges over the whole height. Colours stand in the marks: an encoding would change the legend of what is drawn after. */
export const kneeLayers = (searches: readonly KneeAnalysis[], looks: ReadonlyMap<string, Look>): Layer[] =>
  searches.flatMap(({ subject, rate: found, held, words }): Layer[] => {
    const at = found?.value ?? held?.rate;
    if (at === undefined) return [];
    const color = looks.get(subject)?.colour ?? 'var(--soft)';
    const data = { values: [{ at, low: found?.low ?? at, high: found?.high ?? at, tip: tip(subject, words) }] };
    const x = { field: 'at', type: 'quantitative' } as const;
    if (found)
      return [
        {
          data,
          mark: { type: 'rect', color, opacity: 0.22 },
          encoding: { x: { field: 'low', type: 'quantitative' }, x2: { field: 'high' }, ...TIP },
        },
        { data, mark: { type: 'rule', color, strokeWidth: 2 }, encoding: { x, ...TIP } },
      ];
    return [
      { data, mark: { type: 'rule', color, strokeWidth: 2, strokeDash: [2, 4] }, encoding: { x, ...TIP } },
      {
        data,
        mark: { type: 'text', color, text: '?', fontWeight: 'bold', fontSize: 15, align: 'left', dx: 5, dy: 4, y: 8 },
        encoding: { x, ...TIP },
      },
    ];
  });

/** The objective as a line across; nothing where another quantile is drawn. */
export const objectiveLayer = (objective: string, below: number | null): Layer[] =>
  below === null
    ? []
    : [
        {
          data: { values: [{ below, words: objective }] },
          mark: { type: 'rule', color: 'var(--ink)', strokeWidth: 1.2, strokeDash: [6, 3] },
          encoding: { y: { field: 'below', type: 'quantitative' } },
        },
        {
          data: { values: [{ below, words: objective }] },
          mark: { type: 'text', align: 'left', baseline: 'bottom', dx: 4, dy: -3, x: 0 },
          encoding: { y: { field: 'below', type: 'quantitative' }, text: { field: 'words' } },
        },
      ];

/** Rates over more than this factor are drawn on a logarithmic axis. */
const DECADE = 12;

export function rateAxis(rates: readonly number[], narrow: boolean) {
  const [least, most] = [Math.min(...rates), Math.max(...rates)];
  const isLog = most / least > DECADE;
  const margin = isLog ? (most / least) ** 0.05 : (most - least || most) * 0.08;
  const domain: [number, number] = isLog ? [least / margin, most * margin] : [least - margin, most + margin];
  return {
    title: `offered requests per second${isLog ? ', logarithmic' : ''}`,
    scale: isLog ? ({ type: 'log', domain, nice: false } as const) : ({ domain, nice: false, zero: false } as const),
    axis: { format: '~s', tickCount: narrow ? 4 : 7 },
  };
}

export const searchesOf = (knees: Knees | undefined, scenario: string | undefined): readonly KneeAnalysis[] =>
  knees?.searches.filter((search) => search.scenario === scenario) ?? [];
