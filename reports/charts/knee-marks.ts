/** Searched knees in a drawing whose horizontal axis is the offered rate: a band where one was found, a dotted edge where none can be told. */
import type { KneeAnalysis, Knees } from '#bench/analysis/knees/knees.ts';
import { formatQuantity } from '#bench/analysis/words/quantity.ts';
import { tip } from './chart.ts';
import { band, guide, type Layer, words } from './marks.ts';
import type { Look } from './palette.ts';
import type { Axis } from './views.ts';

const rate = (value: number): string => formatQuantity(value, '/s');

/** 'node-http 6,100/s; cannot tell above 38,000/s for l7-http, 46,000/s for direct' */
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

/** '12,300/s (11,900–12,800)', for a table. */
export function kneeCell({ state, rate: found, held }: KneeAnalysis): string {
  if (found) return `${rate(found.value)} (${rate(found.low).replace('/s', '')}–${rate(found.high).replace('/s', '')})`;
  if (state === 'never') return 'missed at every rate';
  return held ? `cannot tell above ${rate(held.rate)}` : 'cannot tell';
}

/** Rates that the axis must reach. */
export const kneeRates = (searches: readonly KneeAnalysis[]): number[] =>
  searches.flatMap(({ rate: found, held }) => (found ? [found.low, found.high] : held ? [held.rate] : []));

/** Bands and edges over the whole height. */
export const kneeLayers = (searches: readonly KneeAnalysis[], looks: ReadonlyMap<string, Look>): Layer[] =>
  searches.flatMap(({ subject, rate: found, held, words: said }): Layer[] => {
    const at = found?.value ?? held?.rate;
    if (at === undefined) return [];
    const colour = looks.get(subject)?.colour ?? 'var(--soft)';
    const data = [{ at, low: found?.low ?? at, high: found?.high ?? at, text: '?', tip: tip(subject, said) }];
    if (found) return [band(data, colour, 0.22), guide(data, 'x', { colour, dash: [1, 0], width: 2 })];
    return [
      guide(data, 'x', { colour, dash: [2, 4], width: 2 }),
      words(data, { x: 'at' }, { colour, bold: true, top: true, fontSize: 15, dx: 4 }),
    ];
  });

/** The objective as a line across; nothing where another quantile is drawn. */
export function objectiveLayers(objective: string, below: number | null, left: number): Layer[] {
  if (below === null) return [];
  const data = [{ at: below, x: left, text: objective, tip: tip('', '') }];
  return [
    guide(data, 'y', { dash: [6, 3], width: 1.2 }),
    words(data, { x: 'x', y: 'at' }, { baseline: 'bottom', dx: 4, dy: -3 }),
  ];
}

/** Rates over more than this factor are drawn on a logarithmic axis. */
const DECADE = 12;

export function rateAxis(
  rates: readonly number[],
  ticks: number,
): Axis & { readonly domain: readonly [number, number] } {
  const [least, most] = [Math.min(...rates), Math.max(...rates)];
  const log = most / least > DECADE;
  const margin = log ? (most / least) ** 0.05 : (most - least || most) * 0.08;
  const domain = log ? ([least / margin, most * margin] as const) : ([least - margin, most + margin] as const);
  return { title: `offered requests per second${log ? ', logarithmic' : ''}`, log, domain, format: '~s', ticks };
}

export const searchesOf = (knees: Knees | undefined, scenario: string | undefined): readonly KneeAnalysis[] =>
  knees?.searches.filter((search) => search.scenario === scenario) ?? [];
