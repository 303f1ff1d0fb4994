/** Comparisons with their intervals around the line of no difference: what is resolved, and what is not. */
import type { TopLevelSpec } from 'vega-lite';
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { Comparison } from '#bench/analysis/comparison/comparison.ts';
import { formatEstimate, formatQuantity, percent, scaleOf } from '#bench/analysis/words/quantity.ts';
import { pacedScenario } from '#bench/analysis/scenarios/reading-point.ts';
import { noiseFloor } from '../content/noise-floor.ts';
import { timeOf } from '../content/paced.ts';
import { STRENGTHS } from '../content/strength.ts';
import { figureOf } from '../document/table.ts';
import type { Table } from '../document/tree.ts';
import { type ChartDefinition, type Drawing, missing, tip } from './chart.ts';
import { band, by, guide, points, whiskers, words } from './marks.ts';
import { isNarrow, logTicks, namedRows, rowsView } from './views.ts';

interface Row {
  readonly name: string;
  readonly subject: string;
  readonly comparison: Comparison;
}

/** How sure, as a shape and a colour. */
const LOOKS = { claim: 'diamond', look: 'circle', 'cannot tell': 'cross' } as const;
const ORDER = ['claim', 'look', 'cannot tell'] as const;

function drawRatios(analysis: Analysis): Drawing[] {
  const rows = analysis.comparisons
    .filter(({ kind, metric }) => kind === 'ratio' && metric === 'cpuPerRequest')
    .map((comparison): Row => ({
      name: `${comparison.subject.subject} ÷ ${comparison.reference.subject}`,
      subject: comparison.subject.subject,
      comparison,
    }));
  if (rows.length === 0) return missing('a comparison of two proxies', '--proxies l4-tcp,l7-http');
  return [forestOf(rows, { unit: 'ratio', axis: 'times the CPU per request', none: 1, floor: noiseFloor(analysis) })];
}

function drawAdded(analysis: Analysis, p: '50' | '99'): Drawing[] {
  const { scenarios, noise } = analysis;
  const paced = pacedScenario(scenarios);
  const time = timeOf(paced);
  const rows = (paced?.subjects ?? []).flatMap(({ subject, versusDirect }) =>
    versusDirect
      .filter(({ metric }) => metric === `${time}P${p}`)
      .map((comparison): Row => ({ name: subject, subject, comparison })),
  );
  if (rows.length === 0)
    return missing(
      `time added at p${p}`,
      paced ? '--duration with longer windows' : '--scenarios http-small,http-paced-50',
    );
  const floors = (noise?.comparisons ?? [])
    .filter(
      ({ metric, kind, subject, estimate }) =>
        metric === `${time}P${p}` &&
        kind === 'difference' &&
        subject.scenario === paced!.scenario.name &&
        estimate.n > 1,
    )
    .map(({ floor }) => floor);
  const axis = `of ${time} time p${p} added to direct at ${formatQuantity(paced!.offered!, '/s')}`;
  return [forestOf(rows, { unit: 'µs', axis, none: 0, floor: floors.length > 0 ? Math.max(...floors) : null })];
}

interface Kind {
  readonly unit: 'ratio' | 'µs';
  readonly axis: string;
  /** Where there is no difference. */
  readonly none: number;
  /** What the same subject differs from itself, relative or in the unit; null where it was not measured. */
  readonly floor: number | null;
}

/** By what they are set against, then by size. */
function inOrder(rows: readonly Row[]): Row[] {
  const references = [...new Set(rows.map(({ comparison }) => comparison.reference.subject))];
  const place = ({ comparison }: Row): number => references.indexOf(comparison.reference.subject);
  return rows.toSorted((a, b) => place(a) - place(b) || a.comparison.estimate.value - b.comparison.estimate.value);
}

/** What is drawn of a row, in the unit of the axis. */
interface Drawn {
  readonly name: string;
  readonly strength: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly text: string;
  readonly tip: string;
}

function forestOf(unordered: readonly Row[], kind: Kind): Drawing {
  const rows = inOrder(unordered);
  const { unit, floor } = kind;
  const size = floor === null ? '' : `±${unit === 'ratio' ? percent(floor) : formatQuantity(floor, 'µs')}`;
  const resolved = rows.filter(({ comparison }) => comparison.strength !== 'cannot tell').length;
  return {
    state: 'drawn',
    answer: `${resolvedWords(resolved, rows.length)}${floor === null ? '' : `; grey: what the same subject differs from itself, ${size}`}`,
    description: `One row a comparison: estimate and interval around the line of no difference. ${rows.map(({ name, comparison: { estimate, strength } }) => `${name}: ${formatEstimate(estimate, unit)}, ${STRENGTHS[strength].label}`).join('; ')}.`,
    table: tableOf(rows, kind),
    spec: (width) => specOf(rows, kind, width),
  };
}

const tableOf = (rows: readonly Row[], { unit, axis }: Kind): Table => ({
  kind: 'table',
  label: `comparisons: ${axis}`,
  head: 'Comparison',
  columns: [
    unit === 'ratio' ? { title: 'Times', unit } : { title: 'Difference', unit, signed: true },
    { title: 'Starts', unit: 'per request' },
    { title: 'How sure' },
  ],
  rows: rows.map(({ name, comparison: { estimate, strength } }) => ({
    head: name,
    cells: [figureOf(estimate), String(estimate.n), STRENGTHS[strength].label],
  })),
});

function specOf(rows: readonly Row[], { unit, axis, none, floor }: Kind, width: number): TopLevelSpec {
  const isLog = unit === 'ratio';
  const { factor, suffix } = scaleOf(
    unit,
    rows.map(({ comparison }) => comparison.estimate.value),
  );
  const drawn = rows.map(({ name, subject, comparison: { estimate, strength } }): Drawn => ({
    name,
    strength: STRENGTHS[strength].label,
    value: estimate.value * factor,
    low: estimate.low * factor,
    high: estimate.high * factor,
    text: formatQuantity(estimate.value, unit),
    tip: tip(subject, `${name}: ${formatEstimate(estimate, unit)}, ${STRENGTHS[strength].label}`),
  }));
  const noise =
    floor === null
      ? []
      : isLog
        ? [{ low: 1 / (1 + floor), high: 1 + floor }]
        : [{ low: (none - floor) * factor, high: (none + floor) * factor }];
  const ends = [...[...drawn, ...noise].flatMap(({ low, high }) => [low, high]), none];
  const domain = roomFor(Math.min(...ends), Math.max(...ends), { isLog, width });
  const x = {
    title: isLog ? axis : `${suffix} added`,
    domain,
    log: isLog,
    ticks: isLog ? logTicks(domain[0], domain[1], 6) : isNarrow(width) ? 4 : 6,
    format: '~r',
  };
  const names = namedRows(
    'name',
    rows.map(({ name }) => name),
  );
  return rowsView(width, names, { ...x, legends: 1 }, [
    band(noise, 'var(--rule)'),
    guide([{ at: none }], 'x'),
    whiskers(drawn, 'var(--soft)'),
    points(drawn, { x: 'value' }, { size: 90, ...looksOf(rows) }),
    words(drawn, { x: 'high' }, { dx: 8 }),
  ]);
}

/** The ends of the axis: behind the last point there are words. */
function roomFor(
  least: number,
  most: number,
  { isLog, width }: { readonly isLog: boolean; readonly width: number },
): readonly [number, number] {
  const margin = isNarrow(width) ? 0.4 : 0.26;
  return isLog
    ? [least / 1.1, most * (most / least) ** margin * 1.05]
    : [least - (most - least) * 0.04, most + (most - least) * margin];
}

/** Colours and shapes of the strengths that occur. */
function looksOf(rows: readonly Row[]) {
  const strengths = ORDER.filter((one) => rows.some(({ comparison }) => comparison.strength === one));
  const labels = strengths.map((one) => STRENGTHS[one].label);
  const legend = { columns: 3 };
  const colours = strengths.map((one) => (one === 'cannot tell' ? 'var(--none)' : 'var(--series-1)'));
  const shapes = strengths.map((one) => LOOKS[one]);
  return { colour: by('strength', labels, colours, legend), shape: by('strength', labels, shapes, legend) };
}

function resolvedWords(resolved: number, all: number): string {
  if (all === 1) return resolved === 1 ? 'The difference is resolved' : 'The difference is not resolved';
  return resolved === all ? `All ${all} differences are resolved` : `${resolved} of ${all} differences are resolved`;
}

export const ratios: ChartDefinition = {
  name: 'ratios',
  question: 'Which differences in CPU per request are real?',
  draw: drawRatios,
};
export const addedP50: ChartDefinition = {
  name: 'added-p50',
  question: 'How much time does a hop add to half of the requests?',
  draw: (analysis) => drawAdded(analysis, '50'),
};
export const addedP99: ChartDefinition = {
  name: 'added-p99',
  question: 'How much does it add to the slowest in a hundred?',
  draw: (analysis) => drawAdded(analysis, '99'),
};
