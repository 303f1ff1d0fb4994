/**
 * Latency against the offered rate: flat, then the knee. Only rates that all subjects were offered, one drawing a kind of traffic. Where
 * knees were searched they are marked as found; else the last rate before the tail rises is.
 */
import type { Analysis, Estimate, ScenarioAnalysis, SubjectAnalysis } from '#bench/analysis/analysis.ts';
import type { KneeAnalysis } from '#bench/analysis/knees/knees.ts';
import { formatEstimate, formatQuantity } from '#bench/analysis/words/quantity.ts';
import { figureOf } from '../document/table.ts';
import type { Table } from '../document/tree.ts';
import { type ChartDefinition, type Drawing, missing, tip } from './chart.ts';
import { kneeCell, kneeLayers, kneeRates, kneeWords, objectiveLayers, rateAxis, searchesOf } from './knee-marks.ts';
import { lines, points, whiskers, words } from './marks.ts';
import { looksOf } from './palette.ts';
import { curveView, isNarrow, legendOf, logMicros, looks } from './views.ts';

/** Response time where it was resolved at every point; else service time at all of them, never one here and the other there. */
const TIMES = [
  { metric: 'responseP99', title: 'response time p99', short: 'Response p99' },
  { metric: 'serviceP99', title: 'service time p99', short: 'Service p99' },
] as const;
type Time = (typeof TIMES)[number];

interface Point {
  readonly subject: string;
  readonly offered: number;
  readonly of: SubjectAnalysis;
  readonly p99: Estimate;
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

const trafficOf = ({ scenario: { traffic, origin } }: Pick<ScenarioAnalysis, 'scenario'>): string =>
  JSON.stringify([traffic, origin]);

function draw(analysis: Analysis): Drawing[] {
  const offered = analysis.scenarios.filter((one) => one.offered !== null).toSorted((a, b) => a.offered! - b.offered!);
  const drawn = [...Map.groupBy(offered, trafficOf).values()].flatMap((paced) => drawFamily(paced, analysis));
  return drawn.length > 0 ? drawn : missing('latency by rate', '--sweep');
}

function drawFamily(paced: readonly ScenarioAnalysis[], analysis: Analysis): Drawing[] {
  const [responses, services] = TIMES.map((one) => pointsOf(paced, one)) as [Point[], Point[]];
  const isResponse = responses.length > 0 && responses.length >= services.length;
  const [time, all] = isResponse ? [TIMES[0], responses] : [TIMES[1], services];
  const series = Map.groupBy(all, ({ subject }) => subject);
  const names = [...series].filter(([, own]) => own.length > 1).map(([name]) => name);
  if (names.length === 0) return [];

  const { knees } = analysis;
  const base = analysis.scenarios.find(
    (one) => searchesOf(knees, one.scenario.name).length > 0 && trafficOf(one) === trafficOf(paced[0]!),
  );
  const searches = searchesOf(knees, base?.scenario.name);
  const bends = searches.length > 0 ? [] : names.flatMap((name) => lastBeforeKnee(series.get(name)!));
  const objective = searches.length > 0 && knees?.shown?.title === time.title ? knees.shown.below : null;
  const found = searches.length > 0 ? `; highest rate with ${knees!.objective}: ${kneeWords(searches)}` : '';
  const rates = paced.map((one) => one.offered!);
  const drawn = all
    .filter(({ subject }) => names.includes(subject))
    .map(({ subject, offered, p99 }) => ({
      subject,
      offered,
      p99: p99.value,
      low: p99.low,
      high: p99.high,
      tip: tip(subject, `${subject} at ${formatQuantity(offered, '/s')}: ${time.title} ${formatEstimate(p99, 'µs')}`),
    }));
  return [
    {
      state: 'drawn',
      answer: `${time.short}: ${found === '' ? bendWords(bends, rates) : found.slice(2)}`,
      description: `Lines, one a subject. Horizontal: offered requests per second, the same for all. Vertical: ${time.title}, logarithmic. ${searches.length > 0 ? `A band marks between which rates the knee of a subject lies, a dotted edge with a question mark the highest rate known to hold. ${kneeWords(searches)}.` : `A ring marks the last rate before the knee, where p99 grows beyond ${STEEP} times that of the lowest rate or less than ${CARRIED * 100} % of the rate is carried.`} A cross at the top: no trial of this subject completed at this rate.`,
      table: tableOf(time, names, { paced, all, searches }),
      spec: (width) => {
        const of = looksOf(analysis);
        const legend = legendOf(width);
        const colour = looks(of, names, 'colour', legend);
        const micros = [...drawn.flatMap(({ low, high }) => [low, high]), ...(objective === null ? [] : [objective])];
        const x = rateAxis([...rates, ...kneeRates(searches)], isNarrow(width) ? 4 : 6);
        const place = { x: 'offered', y: 'p99' };
        return curveView(width, 310, { x, y: logMicros(time.title, micros) }, [
          ...kneeLayers(searches, of),
          lines(
            drawn.map((one) => ({ ...one, tip: tip(one.subject, '') })),
            place,
            { colour },
          ),
          whiskers(drawn, colour, 'offered'),
          points(drawn, place, { colour, shape: looks(of, names, 'shape', legend) }),
          ...objectiveLayers(knees?.objective ?? '', objective, x.domain[0]),
          words(untoldOf(paced, all, names), { x: 'offered' }, { colour, top: true, fontSize: 17, align: 'center' }),
          points(bends.map(ringOf), place, { colour, size: 280, hollow: true }),
        ]);
      },
    },
  ];
}

const ringOf = ({ subject, offered, p99 }: Point) => ({
  subject,
  offered,
  p99: p99.value,
  tip: tip(subject, 'last rate before the knee'),
});

function lastBeforeKnee(own: readonly Point[]): Point[] {
  const past = own.findIndex((point) => isPastKnee(point, own[0]!));
  return past > 0 ? [own[past - 1]!] : [];
}

const bendWords = (bends: readonly Point[], rates: readonly number[]): string =>
  bends.length > 0
    ? bends
        .map(({ subject, offered }) => `the knee of ${subject} lies above ${formatQuantity(offered, '/s')}`)
        .join('; ')
    : `no knee up to ${formatQuantity(Math.max(...rates), '/s')}`;

/** Points that were measured and have no figure, with why. */
const untoldOf = (paced: readonly ScenarioAnalysis[], all: readonly Point[], names: readonly string[]) =>
  paced.flatMap(({ offered, subjects }) =>
    subjects
      .filter(({ subject }) => names.includes(subject))
      .filter((one) => !all.some((point) => point.subject === one.subject && point.offered === offered))
      .map((one) => ({
        subject: one.subject,
        offered,
        text: '×',
        tip: tip(one.subject, `${one.subject} at ${formatQuantity(offered!, '/s')}: cannot tell, ${whyUntold(one)}`),
      })),
  );

function whyUntold({ trials: { completed, reasons } }: SubjectAnalysis): string {
  if (completed === 0) return reasons.length > 0 ? reasons.join(', ') : 'not measured';
  return 'a round has too few requests for a p99';
}

interface Rates {
  readonly paced: readonly ScenarioAnalysis[];
  readonly all: readonly Point[];
  readonly searches: readonly KneeAnalysis[];
}

const tableOf = ({ title }: Time, names: readonly string[], { paced, all, searches }: Rates): Table => ({
  kind: 'table',
  label: `${title} at each rate`,
  head: 'Subject',
  columns: [
    ...paced.map(({ offered }) => ({ title: formatQuantity(offered!, '/s'), unit: 'µs' as const })),
    { title: 'Highest rate' },
  ],
  rows: names.map((head) => {
    const search = searches.find(({ subject }) => subject === head);
    return {
      head,
      cells: [
        ...paced.map(({ offered, subjects }) => {
          const mine = all.find((point) => point.subject === head && point.offered === offered);
          if (mine) return figureOf(mine.p99);
          const of = subjects.find(({ subject }) => subject === head);
          return of ? `cannot tell: ${whyUntold(of)}` : null;
        }),
        search ? kneeCell(search) : null,
      ],
    };
  }),
});

export const rateLatency: ChartDefinition = {
  name: 'rate-latency',
  question: 'At which rate does latency rise?',
  draw,
};
