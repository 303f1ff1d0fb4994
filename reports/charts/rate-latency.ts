/**
 * Latency against the offered rate: flat, then the knee. Only rates that all subjects were offered, one drawing a kind of traffic. Where
 * knees were searched they are marked as found; else the last rate before the tail rises is.
 */
import type { Analysis, ScenarioAnalysis, SubjectAnalysis } from '#bench/analysis/analysis.ts';
import { formatEstimate, formatQuantity } from '#bench/analysis/words/quantity.ts';
import { type Chart, type DataTable, type Drawing, OWN, own, TIP, tip } from './chart.ts';
import { isNarrow, LOG_MICROS, scaleOf, sized } from './frame.ts';
import {
  kneeCell,
  kneeLayers,
  kneeRates,
  kneeWords,
  type Layer,
  objectiveLayer,
  rateAxis,
  searchesOf,
} from './knee-marks.ts';
import { looksOf } from './palette.ts';

/** Response time where it was resolved at every point; else service time at all of them, never one here and the other there. */
const TIMES = [
  { metric: 'responseP99', title: 'response time p99', takeaway: 'Response p99' },
  { metric: 'serviceP99', title: 'service time p99', takeaway: 'Service p99' },
] as const;
type Time = (typeof TIMES)[number];

interface Point {
  readonly subject: string;
  readonly offered: number;
  readonly of: SubjectAnalysis;
  readonly p99: NonNullable<SubjectAnalysis['metrics']['serviceP99']>;
}

/** p99 at this many times that of the lowest rate, or a rate that was not carried, is past the knee. */
const STEEP = 3;
const CARRIED = 0.99;

const isPastKnee = ({ of, offered, p99 }: Point, lowest: Point): boolean =>
  p99.value > STEEP * lowest.p99.value || (of.metrics.throughput?.value ?? offered) < CARRIED * offered;

const pointsOf = (paced: readonly ScenarioAnalysis[], { metric }: Time): Point[] =>
  paced.flatMap(({ offered, subjects }) =>
    subjects.flatMap((of): Point[] => {
      const p99 = of.metrics[metric];
      return p99 ? [{ subject: of.subject, offered: offered!, of, p99 }] : [];
    }),
  );

function draw(analysis: Analysis): Drawing[] {
  const offered = analysis.scenarios.filter((one) => one.offered !== null).toSorted((a, b) => a.offered! - b.offered!);
  const families = [...Map.groupBy(offered, trafficOf).values()];
  const drawings = families.flatMap((paced) => drawFamily(paced, analysis) ?? []);
  if (drawings.length > 0) return drawings;
  const rates = new Set(
    offered.filter(({ subjects }) => subjects.some(({ trials }) => trials.completed > 0)).map((one) => one.offered),
  );
  return [
    {
      state: 'cannot tell',
      title: 'Latency against offered rate',
      reason: `A curve needs two offered rates whose trials completed with enough requests for a p99; this run has ${rates.size}. Add --sweep.`,
    },
  ];
}

const trafficOf = ({ scenario: { traffic, origin } }: ScenarioAnalysis): string => JSON.stringify([traffic, origin]);

function drawFamily(paced: readonly ScenarioAnalysis[], analysis: Analysis): Drawing | undefined {
  const [responses, services] = TIMES.map((time) => pointsOf(paced, time));
  const [time, points] =
    responses!.length > 0 && responses!.length >= services!.length
      ? ([TIMES[0], responses!] as const)
      : ([TIMES[1], services!] as const);
  const series = Map.groupBy(points, ({ subject }) => subject);
  const names = [...series].filter(([, points]) => points.length > 1).map(([name]) => name);
  if (names.length === 0) return undefined;

  const looks = looksOf(analysis);
  const base = analysis.scenarios.find(
    ({ scenario }) =>
      analysis.knees?.searches.some((one) => one.scenario === scenario.name) &&
      trafficOf({ ...paced[0]!, scenario }) === trafficOf(paced[0]!),
  );
  const searches = searchesOf(analysis.knees, base?.scenario.name);
  const bends = searches.length > 0 ? [] : names.flatMap((name) => lastBeforeKnee(series.get(name)!));
  const rates = paced.map(({ offered }) => offered!);
  const untold = untoldOf(paced, points, names);
  const shown = analysis.knees?.shown;
  const line = searches.length > 0 && shown && time.title === shown.title ? shown.below : null;
  const drawn = points
    .filter(({ subject }) => names.includes(subject))
    .map(({ subject, offered, p99 }) => ({
      subject,
      offered,
      p99: p99.value,
      low: p99.low,
      high: p99.high,
      own: own(subject),
      tip: tip(subject, `${subject} at ${formatQuantity(offered, '/s')}: ${time.title} ${formatEstimate(p99, 'µs')}`),
    }));
  return {
    state: 'drawn',
    title: titleOf(
      time,
      bends,
      rates,
      searches.length > 0 ? `highest rate with ${analysis.knees!.objective}: ${kneeWords(searches)}` : undefined,
    ),
    description: `Lines, one a subject. Horizontal: offered requests per second, the same for all. Vertical: ${time.title} in microseconds, logarithmic. ${
      searches.length > 0
        ? `A band marks between which rates the knee of a subject lies, a dotted edge with a question mark the highest rate at which it is known to hold where more cannot be told. ${kneeWords(searches)}.`
        : `A ring marks the last rate before the knee, where p99 grows beyond ${STEEP} times that of the lowest rate or less than ${CARRIED * 100} % of the rate is carried.`
    }${untold.length > 0 ? ' A cross at the top: no trial of this subject completed at this rate.' : ''}`,
    table: tableOf(names, paced, points, searches),
    spec: (width) => {
      const legend = { columns: isNarrow(width) ? 2 : 4, labelLimit: 130, symbolStrokeWidth: 2 };
      const { title, scale, axis } = rateAxis([...rates, ...kneeRates(searches)], isNarrow(width));
      const x = { field: 'offered', type: 'quantitative', title, scale, axis } as const;
      const color = {
        field: 'subject',
        type: 'nominal',
        title: null,
        scale: scaleOf(looks, names, 'colour'),
        legend,
      } as const;
      const layer: Layer[] = [
        ...kneeLayers(searches, looks),
        {
          mark: { type: 'line', strokeWidth: 2 },
          encoding: {
            x,
            color,
            y: {
              field: 'p99',
              type: 'quantitative',
              title: time.title,
              ...LOG_MICROS,
            },
            ...OWN,
          },
        },
        {
          mark: { type: 'rule', strokeWidth: 1.5 },
          encoding: { x, color, y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' }, ...TIP },
        },
        {
          mark: { type: 'point', filled: true, size: 70, opacity: 1 },
          encoding: {
            x,
            color,
            y: { field: 'p99', type: 'quantitative' },
            shape: { field: 'subject', type: 'nominal', title: null, scale: scaleOf(looks, names, 'shape'), legend },
            ...TIP,
          },
        },
        ...objectiveLayer(analysis.knees?.objective ?? '', line),
        ...(untold.length === 0
          ? []
          : ([
              {
                data: { values: untold },
                mark: { type: 'text', text: '×', fontSize: 17, y: 8 },
                encoding: { x, color, ...TIP },
              },
            ] satisfies Layer[])),
        ...(bends.length === 0
          ? []
          : ([
              {
                data: {
                  values: bends.map(({ subject, offered, p99 }) => ({
                    subject,
                    offered,
                    p99: p99.value,
                    tip: tip(subject, 'last rate before the knee'),
                  })),
                },
                mark: { type: 'point', size: 320, strokeWidth: 2, filled: false },
                encoding: { x, color, y: { field: 'p99', type: 'quantitative' }, ...TIP },
              },
            ] satisfies Layer[])),
      ];
      return { ...sized(width, 320), data: { values: drawn }, layer };
    },
  };
}

function lastBeforeKnee(points: readonly Point[]): Point[] {
  const past = points.findIndex((point) => isPastKnee(point, points[0]!));
  return past > 0 ? [points[past - 1]!] : [];
}

function titleOf(
  { takeaway }: Time,
  bends: readonly Point[],
  rates: readonly number[],
  found: string | undefined,
): string {
  if (found !== undefined) return `${takeaway} against offered rate; ${found}`;
  return bends.length > 0
    ? `${takeaway} against offered rate: ${bends.map(({ subject, offered }) => `the knee of ${subject} lies above ${formatQuantity(offered, '/s')}`).join('; ')}`
    : `${takeaway} against offered rate: no knee up to ${formatQuantity(Math.max(...rates), '/s')}`;
}

/** Points that were measured and have no figure, with why. */
const untoldOf = (paced: readonly ScenarioAnalysis[], points: readonly Point[], names: readonly string[]) =>
  paced.flatMap(({ offered, subjects }) =>
    subjects
      .filter(({ subject }) => names.includes(subject))
      .filter((one) => !points.some((point) => point.subject === one.subject && point.offered === offered))
      .map((one) => ({
        subject: one.subject,
        offered: offered!,
        tip: tip(one.subject, `${one.subject} at ${formatQuantity(offered!, '/s')}: cannot tell, ${whyUntold(one)}`),
      })),
  );

function whyUntold({ trials: { completed, reasons } }: SubjectAnalysis): string {
  if (completed === 0) return reasons.length > 0 ? reasons.join(', ') : 'not measured';
  return 'a round has too few requests for a p99';
}

function tableOf(
  names: readonly string[],
  paced: readonly ScenarioAnalysis[],
  points: readonly Point[],
  searches: ReturnType<typeof searchesOf>,
): DataTable {
  const cell = (name: string, { offered, subjects }: ScenarioAnalysis): string => {
    const mine = points.find((point) => point.subject === name && point.offered === offered);
    if (mine) return formatEstimate(mine.p99, 'µs');
    const of = subjects.find(({ subject }) => subject === name);
    return of ? `cannot tell: ${whyUntold(of)}` : '–';
  };
  return {
    columns: [
      'Subject',
      ...paced.map(({ offered }) => formatQuantity(offered!, '/s')),
      ...(searches.length > 0 ? ['Highest rate'] : []),
    ],
    rows: names.map((name) => {
      const search = searches.find(({ subject }) => subject === name);
      return [
        name,
        ...paced.map((one) => cell(name, one)),
        ...(searches.length > 0 ? [search ? kneeCell(search) : '–'] : []),
      ];
    }),
  };
}

export const rateLatency: Chart = { name: 'rate-latency', draw };
