/** Response time along the nines at equal offered load: the tail gets the room that it deserves. */
import type { Analysis, ScenarioAnalysis, SubjectAnalysis } from '#bench/analysis/analysis.ts';
import { formatQuantity } from '#bench/analysis/words/quantity.ts';
import { pacedScenarios } from '#bench/analysis/scenarios/reading-point.ts';
import { type Chart, type Drawing, OWN, own, TIP, tip } from './chart.ts';
import { timeOf } from '../overview.ts';
import { isNarrow, logTicks, MICROS_LABEL, scaleOf, sized } from './frame.ts';
import { othersWords, thinLines, toldApart } from './groups.ts';
import { distinctLooks } from './palette.ts';

const TICKS = [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999];
const ninesOf = (q: number): number => -Math.log10(1 - q);
/** Two digits beyond the nines: p50, p97.3, p99.92. */
const label = (q: number): string =>
  `p${Number((q * 100).toFixed(Math.max(0, Math.ceil(ninesOf(q)) - 1) + (TICKS.includes(q) ? 3 : 0)))}`;

function draw(analysis: Analysis): Drawing[] {
  const paced = pacedScenarios(analysis.scenarios);
  if (paced.length > 0) return paced.map((scenario) => drawScenario(analysis, scenario));
  return [
    {
      state: 'cannot tell',
      title: 'Response time by percentile',
      reason:
        'No scenario of this run offered the same rate, below saturation, to all subjects. Percentiles of saturated runs tell of a queue, not of a hop, so none are drawn. Add --scenarios http-small,http-paced-50.',
    },
  ];
}

interface Point {
  readonly subject: string;
  readonly nines: number;
  readonly micros: number;
  readonly own: string;
  readonly tip: string;
}

function drawScenario(analysis: Analysis, paced: ScenarioAnalysis): Drawing {
  const { scenario, offered, subjects } = paced;
  const time = timeOf(paced);
  const all = subjects.flatMap(({ subject, curves }) =>
    (curves?.[time] ?? []).map(({ q, nines, micros }): Point => ({
      subject,
      nines,
      micros,
      own: own(subject),
      tip: tip(subject, `${subject} ${label(q)}: ${formatQuantity(micros, 'µs')}`),
    })),
  );
  if (all.length === 0) return nothingToDraw(scenario.name, subjects);
  const bySubject = Map.groupBy(all, ({ subject }) => subject);
  const names = [...bySubject.keys()];
  const p99 = (name: string): number | undefined => at(bySubject.get(name)!, 0.99)?.micros;
  const told = toldApart(analysis, names, p99);
  const looks = distinctLooks(analysis, told);
  const lines = all.filter(({ subject }) => told.includes(subject));
  const others = all.filter(({ subject }) => !told.includes(subject));
  // Marks that name the line where it crosses a round percentile.
  const most = Math.max(...all.map(({ nines }) => nines));
  const ticks = TICKS.filter((q) => ninesOf(q) <= most + 1e-9);
  const marks = told.flatMap((subject) => ticks.flatMap((q) => at(bySubject.get(subject)!, q) ?? []));
  const micros = all.map((point) => point.micros);
  const ends = spread(
    told.map((subject) => bySubject.get(subject)!.at(-1)!),
    Math.log(Math.max(...micros) / Math.min(...micros)),
  );
  return {
    state: 'drawn',
    title: `${capital(time)} time by percentile at ${formatQuantity(offered!, '/s')} offered to every subject (${scenario.name})${takeaway(names, p99)}`,
    description: `Lines, one a subject, rounds merged. Horizontal: percentile on a scale of nines. Vertical: ${time} time in microseconds, logarithmic.${othersWords(names.length - told.length)} p99: ${words(names, p99)}.`,
    table: {
      columns: ['Subject', ...ticks.map(label)],
      rows: names.map((name) => [
        name,
        ...ticks.map((q) => {
          const near = at(bySubject.get(name)!, q);
          return near ? formatQuantity(near.micros, 'µs') : '–';
        }),
      ]),
    },
    spec: (width) => {
      const narrow = isNarrow(width);
      // Where there is no room for names at the ends of the lines.
      const legend = narrow ? { columns: 2, labelLimit: 130, symbolStrokeWidth: 2 } : null;
      const look = { field: 'subject', type: 'nominal', title: null, legend } as const;
      return {
        ...sized(width, narrow ? 340 : 380),
        encoding: {
          x: {
            field: 'nines',
            type: 'quantitative',
            title: 'percentile',
            // Room at the right for the names at the ends of the lines.
            scale: { domain: [0, most * (narrow ? 1.02 : 1.3)], nice: false },
            axis: {
              values: ticks.map(ninesOf),
              labelExpr: ticks.map((q) => `abs(datum.value - ${ninesOf(q)}) < 1e-6 ? '${label(q)}' : `).join('') + `''`,
            },
          },
          y: {
            type: 'quantitative',
            title: `${time} time`,
            scale: { type: 'log', nice: false },
            axis: { values: logTicks(Math.min(...micros), Math.max(...micros)), labelExpr: MICROS_LABEL },
          },
        },
        layer: [
          ...(others.length === 0 ? [] : [thinLines(others, 'micros')]),
          {
            data: { values: lines },
            mark: { type: 'line', strokeWidth: 2, interpolate: 'monotone' },
            encoding: {
              y: { field: 'micros' },
              color: { ...look, scale: scaleOf(looks, told, 'colour') },
              strokeDash: { ...look, scale: scaleOf(looks, told, 'dash') as never },
              ...OWN,
            },
          },
          {
            data: { values: marks },
            mark: { type: 'point', filled: true, size: 55, opacity: 1 },
            encoding: {
              y: { field: 'micros' },
              color: { ...look, scale: scaleOf(looks, told, 'colour') },
              shape: { ...look, scale: scaleOf(looks, told, 'shape') },
              ...TIP,
            },
          },
          ...(narrow
            ? []
            : [
                {
                  data: { values: ends },
                  mark: {
                    type: 'text' as const,
                    align: 'left' as const,
                    dx: 8,
                    fontWeight: 'bold' as const,
                    limit: 210,
                  },
                  encoding: {
                    y: { field: 'at' },
                    text: { field: 'subject' },
                    color: { ...look, scale: scaleOf(looks, told, 'colour') },
                    ...OWN,
                  },
                },
              ]),
        ],
      };
    },
  };
}

const capital = (text: string): string => text[0]!.toUpperCase() + text.slice(1);

/** The curve's point at a round percentile, where its steps meet it. */
const at = (points: readonly Point[], q: number): Point | undefined =>
  points.find(({ nines }) => Math.abs(nines - ninesOf(q)) <= 0.045);

const words = (names: readonly string[], p99: (name: string) => number | undefined): string =>
  names
    .flatMap((name) => {
      const micros = p99(name);
      return micros === undefined ? [] : [`${name} ${formatQuantity(micros, 'µs')}`];
    })
    .join('; ') || 'too few samples';

/** ': p99 from 180 µs in direct to 21 ms in nginx-stream' */
function takeaway(names: readonly string[], p99: (name: string) => number | undefined): string {
  const known = names.filter((name) => p99(name) !== undefined).toSorted((a, b) => p99(a)! - p99(b)!);
  if (known.length < 2) return '';
  const [least, most] = [known[0]!, known.at(-1)!];
  return `: p99 from ${formatQuantity(p99(least)!, 'µs')} in ${least} to ${formatQuantity(p99(most)!, 'µs')} in ${most}`;
}

function nothingToDraw(scenario: string, subjects: readonly SubjectAnalysis[]): Drawing {
  const sum = (key: 'completed' | 'invalid' | 'failed'): number =>
    subjects.reduce((all, { trials }) => all + trials[key], 0);
  const codes = [...new Set(subjects.flatMap(({ trials }) => trials.reasons))];
  const why = codes.length > 0 ? ` (${codes.join(', ')})` : '';
  return {
    state: 'cannot tell',
    title: `Response time by percentile (${scenario})`,
    reason: `Of its trials ${sum('completed')} completed, ${sum('invalid')} are invalid and ${sum('failed')} failed${why}; not enough is left to draw.`,
  };
}

/** Names at the line ends, moved apart on the log scale so that none covers another. */
function spread<T extends { readonly micros: number }>(ends: readonly T[], range: number): (T & { at: number })[] {
  const gap = Math.max(range, 1e-9) * 0.05;
  const sorted = ends.toSorted((a, b) => a.micros - b.micros);
  let floor = -Infinity;
  return sorted.map((end) => {
    floor = Math.max(Math.log(end.micros), floor + gap);
    return { ...end, at: Math.exp(floor) };
  });
}

export const latencyByPercentile: Chart = { name: 'latency-by-percentile', draw };
