/**
 * CPU per request from run to run as a ratio to what took its turns in the same seconds, with the points at which it changed for good. Absolute
 * figures would compare the hosts, or what one host was like from day to day: they are drawn where they are asked for, or nothing else is there.
 */
import type { HistoryMark, HistoryPoint } from '#bench/analysis/across-runs/history.ts';
import { formatInterval, formatQuantity, scaleOf, type Unit } from '#bench/analysis/words/quantity.ts';
import type { Table } from '../document/tree.ts';
import { type ChartDefinition, type Drawing, missing, tip } from './chart.ts';
import { type Layer, lines, points as pointMarks, whiskers } from './marks.ts';
import { type Look, looksOf } from './palette.ts';
import { curveView, isNarrow, legendOf, looks as looksBy } from './views.ts';

/** More numbers than these do not fit below the axis. */
const MOST_TICKS = 12;

export interface HistoryData {
  readonly points: readonly HistoryPoint[];
  readonly marks: readonly HistoryMark[];
  /** By subject; those without a look are not drawn. */
  readonly looks: ReadonlyMap<string, Look>;
  /** Which of the runs these are, where not all: 'on the newest host'. */
  readonly where?: string;
  /** The figures themselves, with the host's drift in them. */
  readonly absolute?: boolean;
}

/** A point as it is drawn: `run` counts from 1, values are in the unit of the axis. */
interface Placed {
  readonly run: number;
  readonly name: string;
  readonly subject: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export function drawHistory({ points, marks, looks, where, absolute = false }: HistoryData): Drawing[] {
  const runs = [...new Set(points.map(({ run }) => run))];
  if (runs.length < 2) return missing('change from run to run', 'hopcost report RUN RUN');
  const isOneHost = new Set(points.map(({ fingerprint }) => fingerprint)).size === 1;
  const isAbsolute = isOneHost && (absolute || placedOf(points, runs, false).length === 0);
  const to =
    points.find(({ ratio }) => ratio)?.ratio?.to ??
    points.find(({ isReference }) => isReference)?.subject ??
    'a reference';
  const placed = placedOf(points, runs, isAbsolute);
  const names = [...looks.keys()].filter((name) => placed.some(({ subject }) => subject === name));
  if (names.length === 0)
    return missing(`change from run to run: of different hosts only ratios to ${to} compare, and no run has one`, '');
  const unit: Unit = isAbsolute ? 'µs' : 'ratio';
  const shown = marks.filter((mark) => !isAbsolute && names.includes(mark.subject) && runs.includes(mark.run));
  return [
    {
      state: 'drawn',
      question: `What became of the cost from run to run${where === undefined ? '' : ` ${where}`}?`,
      answer: takeaway(shown, placed, { names, runs, unit }),
      description: `Lines, one a subject, over ${runs.length} runs, oldest first: CPU per request, ${isAbsolute ? 'in microseconds, the host’s drift in them' : `as a ratio to ${to} in the same seconds, which the host’s drift is not in`}, with intervals.${shown.length > 0 ? ' Dashed rules mark the first run of a new level, with the change from the old one; bars show the levels.' : ''}`,
      table: tableOf(points, placed, shown, { names, runs, unit }),
      spec: (width) => {
        const { factor, suffix } = scaleOf(
          unit,
          placed.map(({ value }) => value),
        );
        const legend = legendOf(width);
        const colour = looksBy(looks, names, 'colour', legend);
        const drawn = placed.map((point) => {
          const { subject, name, value, low, high } = point;
          const text = `${subject}: ${formatQuantity(value, unit)} in ${name}`;
          return { ...point, value: value * factor, low: low * factor, high: high * factor, tip: tip(subject, text) };
        });
        const step = Math.ceil(runs.length / (isNarrow(width) ? MOST_TICKS / 2 : MOST_TICKS));
        const x = {
          title: 'run, oldest first',
          domain: [0.4, runs.length + 0.6] as const,
          ticks: runs.map((_, i) => i + 1).filter((run) => (run - 1) % step === 0),
          grid: false,
          format: 'd',
        };
        const highest = Math.max(...drawn.map(({ high }) => high));
        const lowest = Math.min(...drawn.map(({ low }) => low));
        // A few per cent are seen only where the axis does not begin at zero.
        const domain =
          shown.length > 0
            ? ([lowest - (highest - lowest) * 0.1, highest + (highest - lowest) * 0.1] as const)
            : ([0, highest * 1.08] as const);
        const place = { x: 'run', y: 'value' };
        return curveView(
          width,
          300,
          { x, y: { title: isAbsolute ? `${suffix} of CPU per request` : `times ${to}`, domain, ticks: 6 } },
          [
            lines(
              drawn.map((one) => ({ ...one, tip: tip(one.subject, '') })),
              place,
              { colour },
            ),
            whiskers(drawn, colour, 'run'),
            pointMarks(drawn, place, {
              colour,
              shape: looksBy(looks, names, 'shape', legend),
              size: runs.length > 40 ? 30 : 60,
            }),
            ...markLayers(placed, shown, runs, colour),
          ],
        );
      },
    },
  ];
}

/** Ratios over the L4 hop of the same run stand in for a missing one. */
function placedOf(points: readonly HistoryPoint[], runs: readonly string[], isAbsolute: boolean): Placed[] {
  const reference = (run: string): number | undefined =>
    points.find((point) => point.run === run && point.isReference)?.cpuPerRequest.value;
  return points.flatMap(({ run, subject, isReference, cpuPerRequest, ratio }): Placed[] => {
    const by = isAbsolute || ratio ? 1 : reference(run);
    if (by === undefined || (!isAbsolute && !ratio && isReference)) return [];
    const { value, low, high } = isAbsolute ? cpuPerRequest : (ratio ?? cpuPerRequest);
    return [{ run: runs.indexOf(run) + 1, name: run, subject, value: value / by, low: low / by, high: high / by }];
  });
}

const changeOf = ({ ratio }: HistoryMark): string =>
  `${formatQuantity(ratio.value, 'ratio')} (${formatInterval(ratio, 'ratio')})`;

interface Frame {
  readonly names: readonly string[];
  readonly runs: readonly string[];
  readonly unit: Unit;
}

const tableOf = (
  points: readonly HistoryPoint[],
  placed: readonly Placed[],
  marks: readonly HistoryMark[],
  { names, runs, unit }: Frame,
): Table => ({
  kind: 'table',
  label: 'runs',
  head: 'Run',
  columns: [...names.map((title) => ({ title, unit })), { title: 'New level' }, { title: 'Revision' }],
  rows: runs.map((run) => ({
    head: run,
    cells: [
      ...names.map((name) => {
        const point = placed.find((one) => one.name === run && one.subject === name);
        return point ? { value: point.value } : null;
      }),
      marks
        .filter((mark) => mark.run === run)
        .map((mark) => `${mark.subject} ${changeOf(mark)}`)
        .join(', ') || null,
      points.find((point) => point.run === run)?.revision?.slice(0, 12) ?? null,
    ],
  })),
});

/** The change points; without any, what first and last run say. */
function takeaway(marks: readonly HistoryMark[], placed: readonly Placed[], { names, runs, unit }: Frame): string {
  if (marks.length > 0)
    return marks
      .map((mark) => `${mark.subject} ${changeOf(mark)} from run ${runs.indexOf(mark.run) + 1} on`)
      .join(', ');
  const changes = names.flatMap((name) => {
    const mine = placed.filter(({ subject }) => subject === name);
    const [first, last] = [mine[0]!, mine.at(-1)!];
    const apart = last.low > first.high || last.high < first.low;
    return mine.length > 1 && apart
      ? [`${name} ${formatQuantity(first.value, unit)} → ${formatQuantity(last.value, unit)}`]
      : [];
  });
  return changes.length === 0
    ? 'First and last overlap in every subject'
    : `${changes.join(', ')}; these intervals lie apart`;
}

/** The levels as bars, and where they begin. */
function markLayers(
  placed: readonly Placed[],
  marks: readonly HistoryMark[],
  runs: readonly string[],
  color: ReturnType<typeof looksBy>,
): Layer[] {
  if (marks.length === 0) return [];
  const starts = marks.map((mark) => ({
    subject: mark.subject,
    run: runs.indexOf(mark.run) + 0.5,
    tip: tip(mark.subject, `${mark.subject}: ${changeOf(mark)} from ${mark.run} on`),
  }));
  const description = { field: 'tip', type: 'nominal' } as const;
  return [
    {
      data: { values: levelsOf(placed, marks, runs) },
      mark: { type: 'rule', strokeWidth: 4, opacity: 0.45 },
      encoding: { x: { field: 'from' }, x2: { field: 'to' }, y: { field: 'value' }, color, description },
    },
    {
      data: { values: starts },
      mark: { type: 'rule', strokeWidth: 1.5, strokeDash: [4, 3] },
      encoding: { x: { field: 'run' }, y: { value: 0 }, y2: { value: 'height' }, color, description },
    },
  ];
}

/** Between two marks of a subject, and before and after: the median of what lies there, for subjects that have a mark. */
function levelsOf(placed: readonly Placed[], marks: readonly HistoryMark[], runs: readonly string[]) {
  return [...new Set(marks.map(({ subject }) => subject))].flatMap((subject) => {
    const mine = placed.filter((point) => point.subject === subject);
    const starts = marks.filter((mark) => mark.subject === subject).map(({ run }) => runs.indexOf(run) + 1);
    const edges = [1, ...starts.toSorted((a, b) => a - b), runs.length + 1];
    return edges.slice(1).flatMap((end, i) => {
      const own = mine.filter(({ run }) => run >= edges[i]! && run < end).map(({ value }) => value);
      const value = own.toSorted((a, b) => a - b)[own.length >> 1];
      return value === undefined
        ? []
        : [{ subject, value, from: edges[i]! - 0.4, to: end - 0.6, tip: tip(subject, '') }];
    });
  });
}

export const history: ChartDefinition = {
  name: 'history',
  question: 'What became of the cost from run to run?',
  draw: (analysis) =>
    drawHistory({ points: analysis.history ?? [], marks: analysis.historyMarks ?? [], looks: looksOf(analysis) }),
};
