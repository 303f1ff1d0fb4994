/** What users saw along a fault: the share of their requests with a good answer in time, by when they were due; a line a subject. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { FaultGroup, FaultRow } from '#bench/analysis/faults/faults.ts';
import { percent } from '#bench/analysis/words/quantity.ts';
import type { FaultTrialRecord } from '#bench/model/record.ts';
import type { Chart } from '../document/tree.ts';
import { tip } from './chart.ts';
import { band, hover, lines } from './marks.ts';
import { tellApart } from './many-lines.ts';
import { curveView, legendOf, looks } from './views.ts';

interface Point {
  readonly subject: string;
  /** Seconds of the window. */
  readonly at: number;
  /** Of the requests that were due then. */
  readonly share: number;
  readonly tip: string;
}

const pointsOf = ({ subject, result }: FaultRow): Point[] => {
  if (!result) return [];
  const { interval, good, late, failed } = result.course;
  return good.map((count, i): Point => {
    const due = count + late[i]! + failed[i]!;
    const share = due === 0 ? 1 : count / due;
    const at = ((i + 0.5) * interval) / 1_000;
    return {
      subject,
      at,
      share,
      tip: tip(subject, `${subject} at ${at.toFixed(2)} s: ${percent(share)} good in time`),
    };
  });
};

const WITH = { on: 'with policies', off: 'without policies' } as const;

/** Direct, and the proxies with policies or without; none where there are no such. */
export function faultChart(
  analysis: Analysis,
  { fault, rows }: FaultGroup,
  policies: FaultTrialRecord['policies'],
): Chart[] {
  const shown = rows.filter((row) => row.subject === 'direct' || row.policies === policies);
  const points = shown.flatMap(pointsOf);
  if (!points.some(({ subject }) => subject !== 'direct')) return [];
  const told = tellApart(analysis, points, (name) => shown.find(({ subject }) => subject === name)?.result?.failed);
  const whole = shown.filter(({ result }) => result?.verdict === 'held').map(({ subject }) => subject);
  return [
    {
      kind: 'chart',
      id: `fault-${fault.name}-${policies}`,
      question: `${fault.name}, ${WITH[policies]}`,
      answer:
        whole.length === 0 ? 'Users of every subject noticed' : `Users noticed nothing behind ${whole.join(', ')}`,
      description: `Lines, one a subject: the share of requests with a good answer within a quarter of a second, from 0 to 100 %, over the seconds of the window; the trouble is shaded.${told.words}`,
      table: {
        kind: 'table',
        label: `good answers in time, ${fault.name} ${WITH[policies]}`,
        head: 'Subject',
        columns: [
          { title: 'Lowest', unit: 'share' },
          { title: 'Mean', unit: 'share' },
        ],
        rows: told.names.map((head) => {
          const shares = points.filter(({ subject }) => subject === head).map(({ share }) => share);
          const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
          return { head, cells: [{ value: Math.min(...shares) }, { value: mean }] };
        }),
      },
      spec: (width) => {
        const legend = legendOf(width);
        const trouble = fault.trouble
          ? [{ low: fault.trouble.from / 1_000, high: fault.trouble.to / 1_000, tip: tip('', '') }]
          : [];
        const x = { title: 'seconds', domain: [0, fault.window / 1_000] as const, ticks: 6, grid: false };
        const y = { title: 'good answers in time', domain: [0, 1.03] as const, format: '.0%' };
        return curveView(width, 220, { x, y }, [
          band(trouble, 'var(--grid)', 1),
          ...told.thin('at', 'share'),
          lines(
            told.shown.map((one) => ({ ...one, tip: tip(one.subject, '') })),
            { x: 'at', y: 'share' },
            {
              colour: looks(told.looks, told.names, 'colour', legend),
              dash: looks(told.looks, told.names, 'dash', legend),
            },
          ),
          hover(told.shown, { x: 'at', y: 'share' }),
        ]);
      },
    },
  ];
}
