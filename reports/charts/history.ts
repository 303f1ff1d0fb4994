/**
 * CPU per request from run to run as a ratio to what took its turns in the same seconds, with the points at which it changed for good. Absolute
 * figures would compare the hosts, or what one host was like from day to day: they are drawn where they are asked for, or nothing else is there.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { HistoryMark, HistoryPoint } from '#bench/analysis/across-runs/history.ts';
import { formatInterval, formatQuantity } from '#bench/analysis/words/quantity.ts';
import { type Chart, type Drawing, OWN, own, TIP, tip } from './chart.ts';
import { isNarrow, scaleOf, sized } from './frame.ts';
import { type Look, looksOf } from './palette.ts';

const TITLE = 'CPU per request from run to run';
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

const draw = (analysis: Analysis): Drawing[] => [
  drawHistory({ points: analysis.history ?? [], marks: analysis.historyMarks ?? [], looks: looksOf(analysis) }),
];

export const history: Chart = { name: 'history', draw };

/** A point as it is drawn, in the unit of the axis. */
interface Placed {
  readonly run: number;
  readonly name: string;
  readonly subject: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly text: string;
  readonly own: string;
  readonly tip: string;
}

export function drawHistory({ points, marks, looks, where, absolute = false }: HistoryData): Drawing {
  const runs = [...new Set(points.map(({ run }) => run))];
  if (runs.length < 2)
    return {
      state: 'cannot tell',
      title: TITLE,
      reason: 'One run has no history. hopcost report RUN RUN … draws several together.',
    };
  const isOneHost = new Set(points.map(({ fingerprint }) => fingerprint)).size === 1;
  const isAbsolute = isOneHost && (absolute || placedOf(points, runs, false).length === 0);
  const to =
    points.find(({ ratio }) => ratio)?.ratio?.to ??
    points.find(({ isReference }) => isReference)?.subject ??
    'a reference';
  const placed = placedOf(points, runs, isAbsolute);
  const names = [...looks.keys()].filter((name) => placed.some(({ subject }) => subject === name));
  if (names.length === 0)
    return {
      state: 'cannot tell',
      title: TITLE,
      reason: `These runs are of different hosts, where only ratios to ${to} of the same run compare, and no run has one.`,
    };
  const shown = marks.filter((mark) => !isAbsolute && names.includes(mark.subject) && runs.includes(mark.run));
  return {
    state: 'drawn',
    title: `${TITLE}${where === undefined ? '' : ` ${where}`}: ${takeaway(shown, placed, names, runs)}`,
    description: `Lines, one a subject, over ${runs.length} runs, oldest first. Vertical: ${isAbsolute ? 'microseconds of CPU per request, the host’s drift in them' : `ratio to ${to} in the same seconds, which the host’s drift is not in`}, with intervals.${shown.length > 0 ? ' Dashed rules mark the first run of a new level, with the change from the old one; bars show the levels.' : ''}`,
    table: {
      columns: ['Run', 'Revision', ...names, ...(shown.length > 0 ? ['New level'] : [])],
      rows: runs.map((run) => {
        const mine = placed.filter(({ name }) => name === run);
        const revision = points.find((point) => point.run === run)?.revision;
        const changed = shown.filter((mark) => mark.run === run).map((mark) => `${mark.subject} ${changeOf(mark)}`);
        return [
          run,
          revision?.slice(0, 12) ?? '–',
          ...names.map((name) => mine.find(({ subject }) => subject === name)?.text ?? '–'),
          ...(shown.length > 0 ? [changed.join(', ') || '–'] : []),
        ];
      }),
    },
    spec: (width) =>
      specOf({
        width,
        placed,
        names,
        looks,
        runs,
        marks: shown,
        axis: isAbsolute ? 'µs of CPU per request' : `times ${to}`,
      }),
  };
}

function placedOf(points: readonly HistoryPoint[], runs: readonly string[], isAbsolute: boolean): Placed[] {
  const reference = (run: string): number | undefined =>
    points.find((point) => point.run === run && point.isReference)?.cpuPerRequest.value;
  return points.flatMap((point): Placed[] => {
    const { run, subject, isReference, revision, cpuPerRequest, ratio } = point;
    const by = isAbsolute || ratio ? 1 : reference(run);
    if (by === undefined || (!isAbsolute && !ratio && isReference)) return [];
    const { value, low, high } = isAbsolute ? cpuPerRequest : (ratio ?? cpuPerRequest);
    const text = isAbsolute ? formatQuantity(value, 'µs') : formatQuantity(value / by, 'ratio');
    return [
      {
        run: runs.indexOf(run) + 1,
        name: run,
        subject,
        value: value / by,
        low: low / by,
        high: high / by,
        text,
        own: own(subject),
        tip: tip(subject, `${subject}: ${text} in ${run}${revision === null ? '' : ` at ${revision.slice(0, 12)}`}`),
      },
    ];
  });
}

const changeOf = ({ ratio }: HistoryMark): string =>
  `${formatQuantity(ratio.value, 'ratio')} (${formatInterval(ratio, 'ratio')})`;

/** The change points; without any, what first and last run say. */
function takeaway(
  marks: readonly HistoryMark[],
  placed: readonly Placed[],
  names: readonly string[],
  runs: readonly string[],
): string {
  if (marks.length > 0)
    return marks
      .map((mark) => `${mark.subject} ${changeOf(mark)} from run ${runs.indexOf(mark.run) + 1} on`)
      .join(', ');
  const changes = names.flatMap((name) => {
    const mine = placed.filter(({ subject }) => subject === name);
    const [first, last] = [mine[0]!, mine.at(-1)!];
    const apart = last.low > first.high || last.high < first.low;
    return mine.length > 1 && apart ? [`${name} ${first.text} → ${last.text}`] : [];
  });
  return changes.length === 0
    ? 'first and last overlap in every subject'
    : `${changes.join(', ')}; these intervals lie apart`;
}

/** Between two marks of a subject, and before and after: the median of what lies there, for subjects that have a mark. */
function levelsOf(placed: readonly Placed[], marks: readonly HistoryMark[], runs: readonly string[]) {
  return [...new Set(marks.map(({ subject }) => subject))].flatMap((subject) => {
    const mine = placed.filter((point) => point.subject === subject);
    const starts = marks.filter((mark) => mark.subject === subject).map(({ run }) => runs.indexOf(run) + 1);
    const edges = [1, ...starts.toSorted((a, b) => a - b), runs.length + 1];
    return edges.slice(1).flatMap((end, i) => {
      const values = mine.filter(({ run }) => run >= edges[i]! && run < end).map(({ value }) => value);
      if (values.length === 0) return [];
      const sorted = values.toSorted((a, b) => a - b);
      return [{ subject, own: own(subject), value: sorted[sorted.length >> 1]!, from: edges[i]! - 0.4, to: end - 0.6 }];
    });
  });
}

interface Sketch {
  readonly width: number;
  readonly placed: readonly Placed[];
  readonly names: readonly string[];
  readonly looks: ReadonlyMap<string, Look>;
  readonly runs: readonly string[];
  readonly marks: readonly HistoryMark[];
  readonly axis: string;
}

type Layer = Extract<TopLevelSpec, { readonly layer: unknown }>['layer'][number];

/** The levels as bars, and where they begin. */
function markLayers(placed: readonly Placed[], marks: readonly HistoryMark[], runs: readonly string[]): Layer[] {
  if (marks.length === 0) return [];
  const starts = marks.map((mark) => ({
    subject: mark.subject,
    run: runs.indexOf(mark.run) + 0.5,
    tip: tip(mark.subject, `${mark.subject}: ${changeOf(mark)} from ${mark.run} on`),
  }));
  return [
    {
      data: { values: levelsOf(placed, marks, runs) },
      mark: { type: 'rule', strokeWidth: 4, opacity: 0.45 },
      encoding: {
        x: { field: 'from', type: 'quantitative' },
        x2: { field: 'to' },
        y: { field: 'value', type: 'quantitative' },
        ...OWN,
      },
    },
    { data: { values: starts }, mark: { type: 'rule', strokeWidth: 1.5, strokeDash: [4, 3] }, encoding: TIP },
  ];
}

function specOf({ width, placed, names, looks, runs, marks, axis }: Sketch): TopLevelSpec {
  const legend = { columns: isNarrow(width) ? 2 : 4, labelLimit: 130, symbolStrokeWidth: 2 };
  const step = Math.ceil(runs.length / (isNarrow(width) ? MOST_TICKS / 2 : MOST_TICKS));
  const ticks = runs.map((_, i) => i + 1).filter((run) => (run - 1) % step === 0);
  const colour = {
    field: 'subject',
    type: 'nominal',
    title: null,
    scale: scaleOf(looks, names, 'colour'),
    legend,
  } as const;
  const ys = { field: 'value', type: 'quantitative' } as const;
  return {
    ...sized(width, 320),
    data: { values: [...placed] },
    encoding: {
      x: {
        field: 'run',
        type: 'quantitative',
        title: 'run, oldest first',
        scale: { domain: [0.4, runs.length + 0.6], nice: false },
        axis: { values: ticks, grid: false, format: 'd' },
      },
      color: colour,
    },
    layer: [
      {
        mark: { type: 'line', strokeWidth: 2 },
        encoding: {
          y: {
            ...ys,
            title: axis,
            scale: { zero: marks.length === 0 }, // a few per cent are seen only where the axis does not begin at zero
            axis: { tickCount: 6 },
          },
          ...OWN,
        },
      },
      {
        mark: { type: 'rule', strokeWidth: 1.5 },
        encoding: { y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' }, ...TIP },
      },
      {
        mark: { type: 'point', filled: true, size: runs.length > 40 ? 30 : 70, opacity: 1 },
        encoding: {
          y: ys,
          shape: { field: 'subject', type: 'nominal', title: null, scale: scaleOf(looks, names, 'shape'), legend },
          ...TIP,
        },
      },
      ...markLayers(placed, marks, runs),
    ],
  };
}
