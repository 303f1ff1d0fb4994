/** Response time against the offered rate: flat, then the knee. Only rates that all subjects were offered. */
import type { Analysis, ScenarioAnalysis, SubjectAnalysis } from '#bench/analysis/analysis.ts';
import { formatEstimate, formatQuantity } from '#bench/analysis/quantity.ts';
import { type Chart, type Drawing, OWN, own, TIP, tip } from './chart.ts';
import { isNarrow, MICROS_LABEL, scaleOf, sized } from './frame.ts';
import { looksOf } from './palette.ts';

interface Point {
  readonly subject: string;
  readonly offered: number;
  readonly of: SubjectAnalysis;
  readonly p99: number;
}

/** p99 at this many times that of the lowest rate, or a rate that was not carried, is past the knee. */
const STEEP = 3;
const CARRIED = 0.99;

const isPastKnee = ({ of, offered, p99 }: Point, lowest: Point): boolean =>
  p99 > STEEP * lowest.p99 || (of.metrics.throughput?.value ?? offered) < CARRIED * offered;

const pointsOf = (paced: readonly ScenarioAnalysis[]): Point[] =>
  paced.flatMap(({ offered, subjects }) =>
    subjects.flatMap((of): Point[] => {
      const p99 = of.metrics.responseP99;
      return p99 ? [{ subject: of.subject, offered: offered!, of, p99: p99.value }] : [];
    }),
  );

function draw(analysis: Analysis): Drawing[] {
  const paced = analysis.scenarios
    .filter(({ offered }) => offered !== null)
    .toSorted((a, b) => a.offered! - b.offered!);
  const points = pointsOf(paced);
  const series = Map.groupBy(points, ({ subject }) => subject);
  const names = [...series].filter(([, points]) => points.length > 1).map(([name]) => name);
  if (names.length === 0)
    return [
      {
        state: 'cannot tell',
        title: 'Response time against offered rate',
        reason: `A curve needs two offered rates whose trials completed; this run has ${new Set(points.map(({ offered }) => offered)).size}. Add --scenarios http-small,http-paced.`,
      },
    ];
  const looks = looksOf(analysis);
  const knees = names.flatMap((name) => {
    const mine = series.get(name)!;
    const past = mine.findIndex((point) => isPastKnee(point, mine[0]!));
    return past > 0 ? [mine[past - 1]!] : [];
  });
  const drawn = points
    .filter(({ subject }) => names.includes(subject))
    .map(({ subject, offered, p99, of }) => ({
      subject,
      offered,
      p99,
      low: of.metrics.responseP99!.low,
      high: of.metrics.responseP99!.high,
      own: own(subject),
      tip: tip(
        subject,
        `${subject} at ${formatQuantity(offered, '/s')}: response p99 ${formatEstimate(of.metrics.responseP99!, 'µs')}`,
      ),
    }));
  const rates = [...new Set(drawn.map(({ offered }) => offered))];
  const [least, most] = [Math.min(...rates), Math.max(...rates)];
  return [
    {
      state: 'drawn',
      title:
        knees.length > 0
          ? `Response p99 against offered rate: ${knees.map(({ subject, offered }) => `the knee of ${subject} lies above ${formatQuantity(offered, '/s')}`).join('; ')}`
          : `Response p99 against offered rate: no knee up to ${formatQuantity(most, '/s')}`,
      description: `Lines, one a subject. Horizontal: offered requests per second, the same for all. Vertical: response time p99 in microseconds, logarithmic. A ring marks the last rate before the knee, where p99 grows beyond ${STEEP} times that of the lowest rate or less than ${CARRIED * 100} % of the rate is carried.`,
      table: {
        columns: ['Subject', ...rates.map((rate) => formatQuantity(rate, '/s'))],
        rows: names.map((name) => [
          name,
          ...rates.map((rate) => {
            const mine = points.find(({ subject, offered }) => subject === name && offered === rate);
            return mine ? formatEstimate(mine.of.metrics.responseP99!, 'µs') : '–';
          }),
        ]),
      },
      spec: (width) => {
        const legend = { columns: isNarrow(width) ? 2 : 4, labelLimit: 130, symbolStrokeWidth: 2 };
        const margin = (most - least) * 0.08;
        const domain: [number, number] = [least - margin, most + margin];
        const x = {
          field: 'offered',
          type: 'quantitative',
          title: 'offered requests per second',
          scale: { domain, nice: false, zero: false },
          axis: { format: '~s', tickCount: isNarrow(width) ? 4 : 7 },
        } as const;
        const color = {
          field: 'subject',
          type: 'nominal',
          title: null,
          scale: scaleOf(looks, names, 'colour'),
          legend,
        } as const;
        return {
          ...sized(width, 320),
          data: { values: drawn },
          encoding: { x, color },
          layer: [
            {
              mark: { type: 'line', strokeWidth: 2 },
              encoding: {
                y: {
                  field: 'p99',
                  type: 'quantitative',
                  title: 'response time p99',
                  scale: { type: 'log', nice: true },
                  axis: { tickCount: 5, labelExpr: MICROS_LABEL },
                },
                ...OWN,
              },
            },
            {
              mark: { type: 'rule', strokeWidth: 1.5 },
              encoding: { y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' }, ...TIP },
            },
            {
              mark: { type: 'point', filled: true, size: 70, opacity: 1 },
              encoding: {
                y: { field: 'p99', type: 'quantitative' },
                shape: {
                  field: 'subject',
                  type: 'nominal',
                  title: null,
                  scale: scaleOf(looks, names, 'shape'),
                  legend,
                },
                ...TIP,
              },
            },
            ...(knees.length === 0
              ? []
              : [
                  {
                    data: {
                      values: knees.map(({ subject, offered, p99 }) => ({
                        subject,
                        offered,
                        p99,
                        tip: tip(subject, 'last rate before the knee'),
                      })),
                    },
                    mark: { type: 'point' as const, size: 320, strokeWidth: 2, filled: false },
                    encoding: { y: { field: 'p99', type: 'quantitative' as const }, ...TIP },
                  },
                ]),
          ],
        };
      },
    },
  ];
}

export const rateLatency: Chart = { name: 'rate-latency', draw };
