/** Response time along the nines at equal offered load: the tail gets the room that it deserves. */
import type { Analysis, ScenarioAnalysis } from '#bench/analysis/analysis.ts';
import { formatQuantity } from '#bench/analysis/words/quantity.ts';
import { pacedScenarios } from '#bench/analysis/scenarios/reading-point.ts';
import { timeOf } from '../content/paced.ts';
import { type ChartDefinition, type Drawing, missing, tip } from './chart.ts';
import { lines, points, words } from './marks.ts';
import { tellApart } from './many-lines.ts';
import { curveView, isNarrow, legendOf, logMicros, looks } from './views.ts';

const TICKS = [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999];
const ninesOf = (q: number): number => -Math.log10(1 - q);
/** Two digits beyond the nines: p50, p97.3, p99.92. */
const label = (q: number): string =>
  `p${Number((q * 100).toFixed(Math.max(0, Math.ceil(ninesOf(q)) - 1) + (TICKS.includes(q) ? 3 : 0)))}`;

interface Point {
  readonly subject: string;
  readonly nines: number;
  readonly micros: number;
  readonly tip: string;
}

/** The curve's point at a round percentile, where its steps meet it. */
const at = (curve: readonly Point[], q: number): Point | undefined =>
  curve.find(({ nines }) => Math.abs(nines - ninesOf(q)) <= 0.045);

function draw(analysis: Analysis): Drawing[] {
  const paced = pacedScenarios(analysis.scenarios);
  const drawn = paced.flatMap((scenario) => drawScenario(analysis, scenario));
  if (drawn.length > 0) return drawn;
  return paced.length > 0
    ? missing(`time by percentile: ${whyNone(paced[0]!)}`, '')
    : missing('time by percentile', '--scenarios http-small,http-paced-50');
}

/** What became of the trials of a rate at which nothing can be drawn. */
function whyNone({ scenario, subjects }: ScenarioAnalysis): string {
  const sum = (key: 'completed' | 'invalid' | 'failed'): number =>
    subjects.reduce((all, { trials }) => all + trials[key], 0);
  const codes = [...new Set(subjects.flatMap(({ trials }) => trials.reasons))];
  return `of the trials of ${scenario.name} ${sum('completed')} completed, ${sum('invalid')} are invalid and ${sum('failed')} failed${codes.length > 0 ? ` (${codes.join(', ')})` : ''}`;
}

function drawScenario(analysis: Analysis, paced: ScenarioAnalysis): Drawing[] {
  const time = timeOf(paced);
  const all = paced.subjects.flatMap(({ subject, curves }) =>
    (curves?.[time] ?? []).map(({ q, nines, micros }): Point => ({
      subject,
      nines,
      micros,
      tip: tip(subject, `${subject} ${label(q)}: ${formatQuantity(micros, 'µs')}`),
    })),
  );
  if (all.length === 0) return [];
  const curves = Map.groupBy(all, ({ subject }) => subject);
  const most = Math.max(...all.map(({ nines }) => nines));
  const ticks = TICKS.filter((q) => ninesOf(q) <= most + 1e-9);
  const p99 = (name: string): number | undefined => at(curves.get(name)!, 0.99)?.micros;
  const told = tellApart(analysis, all, p99);
  const micros = all.map((point) => point.micros);
  const marks = told.names.flatMap((name) => ticks.flatMap((q) => at(curves.get(name)!, q) ?? []));
  const ends = spread(
    told.names.map((name) => curves.get(name)!.at(-1)!),
    Math.log(Math.max(...micros) / Math.min(...micros)),
  );
  return [
    {
      state: 'drawn',
      question: `How long does a request take at ${formatQuantity(paced.offered!, '/s')}?`,
      answer: takeaway(time, [...curves.keys()], (name, q) => at(curves.get(name)!, q)?.micros),
      description: `Lines, one a subject: ${time} time along the percentiles, on a scale of nines, all offered the same rate (${paced.scenario.name}), logarithmic.${told.words}`,
      table: {
        kind: 'table',
        label: `${time} time by percentile in ${paced.scenario.name}`,
        head: 'Subject',
        columns: ticks.map((q) => ({ title: label(q), unit: 'µs' })),
        rows: [...curves].map(([head, curve]) => ({
          head,
          cells: ticks.map((q) => {
            const point = at(curve, q);
            return point ? { value: point.micros } : null;
          }),
        })),
      },
      spec: (width) => {
        const narrow = isNarrow(width);
        const legend = narrow ? legendOf(width) : null; // else names stand at the ends of the lines
        const colour = looks(told.looks, told.names, 'colour', legend);
        const x = {
          title: 'percentile',
          domain: [0, most * (narrow ? 1.02 : 1.34)] as const,
          ticks: ticks.map(ninesOf),
          label: `${ticks.map((q) => `abs(datum.value - ${ninesOf(q)}) < 1e-6 ? '${label(q)}' : `).join('')}''`,
        };
        return curveView(width, 310, { x, y: logMicros(`${time} time`, micros) }, [
          ...told.thin('nines', 'micros'),
          lines(
            told.shown.map((point) => ({ ...point, tip: tip(point.subject, '') })),
            { x: 'nines', y: 'micros' },
            {
              colour,
              dash: looks(told.looks, told.names, 'dash', legend),
              smooth: true,
            },
          ),
          points(
            marks,
            { x: 'nines', y: 'micros' },
            { colour, shape: looks(told.looks, told.names, 'shape', legend), size: 45 },
          ),
          ...(narrow
            ? []
            : [words(ends, { x: 'nines', y: 'at' }, { text: 'subject', colour, bold: true, dx: 7, limit: 150 })]),
        ]);
      },
    },
  ];
}

/** 'Service time p50 from 55 µs in direct to 420 µs in node-http', at the highest percentile that two subjects have. */
function takeaway(
  time: string,
  names: readonly string[],
  micros: (name: string, q: number) => number | undefined,
): string {
  const q = [0.99, 0.9, 0.5].find((one) => names.filter((name) => micros(name, one) !== undefined).length > 1);
  if (q === undefined) return `Only ${names.join(', ')} has requests enough`;
  const known = names.filter((name) => micros(name, q) !== undefined).toSorted((a, b) => micros(a, q)! - micros(b, q)!);
  const [least, most] = [known[0]!, known.at(-1)!];
  const figure = (name: string): string => `${formatQuantity(micros(name, q)!, 'µs')} in ${name}`;
  return `${time[0]!.toUpperCase()}${time.slice(1)} time ${label(q)}: ${figure(least)} to ${figure(most)}`;
}

/** Names at the line ends, moved apart on the log scale so that none covers another. */
function spread<T extends { readonly micros: number }>(ends: readonly T[], range: number): (T & { at: number })[] {
  const gap = Math.max(range, 1e-9) * 0.062;
  let floor = -Infinity;
  return ends
    .toSorted((a, b) => a.micros - b.micros)
    .map((end) => {
      floor = Math.max(Math.log(end.micros), floor + gap);
      return { ...end, at: Math.exp(floor) };
    });
}

export const latencyByPercentile: ChartDefinition = {
  name: 'latency-by-percentile',
  question: 'How long does a request take at the same rate?',
  draw,
};
