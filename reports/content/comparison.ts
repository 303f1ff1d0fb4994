/** Every subject side by side: direct first, then by layer, cheapest first. */
import type { Analysis, ScenarioAnalysis, SubjectAnalysis } from '#bench/analysis/analysis.ts';
import { windowFor } from '#bench/analysis/findings/load.ts';
import type { MetricName } from '#bench/analysis/figures/metrics.ts';
import { formatQuantity } from '#bench/analysis/words/quantity.ts';
import { type Ranked, rankWords } from '#bench/analysis/comparison/ranking.ts';
import { pacedScenario } from '#bench/analysis/scenarios/reading-point.ts';
import type { SubjectRecord } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { figureOf, isFigure } from '../document/table.ts';
import {
  type Cell,
  type Column,
  type Figure,
  type Fold,
  paragraph,
  type Row,
  type Section,
  type Table,
} from '../document/tree.ts';
import { boundWords } from './bound-words.ts';
import { groupOf, GROUPS } from './groups.ts';
import { type MainFigure, mainFigures } from './main-scenario.ts';
import { type Time, timeOf } from './paced.ts';

/** Where one subject's figures come from. */
interface Sources {
  readonly main: MainFigure | undefined;
  readonly paced: SubjectAnalysis | undefined;
  readonly idle: SubjectAnalysis | undefined;
  readonly isElsewhere: boolean;
  readonly rank: Cell;
}

interface Source extends Column {
  readonly cell: (of: Sources) => Cell;
}

/** Whether its rank rests on a first look. */
const rankCell = (ranked: Ranked | undefined): Cell =>
  ranked ? `${ranked.strength === 'look' ? '≈ ' : ''}${rankWords(ranked)}` : null;

function added(of: SubjectAnalysis | undefined, name: MetricName): Figure | null {
  const comparison = of?.versusDirect.find(({ metric }) => metric === name);
  const isOpen = comparison?.strength === 'cannot tell' && comparison.estimate.n > 1;
  return figureOf(comparison?.estimate, isOpen ? 'not resolved' : undefined);
}

/** p99.9 needs the rounds merged where a single one has too few requests. */
const addedTail = (of: SubjectAnalysis | undefined, time: Time): Figure | null =>
  added(of, `${time}P999`) ?? figureOf(of?.addedTails.find(({ kind }) => kind === time)?.estimate, 'rounds merged');

const metricOf = (of: SubjectAnalysis | undefined, name: MetricName): Figure | null => figureOf(of?.metrics[name]);

function failures({ main, paced, idle }: Sources): Cell {
  const shares = [main, paced, idle].flatMap((one) => one?.metrics.errorShare?.value ?? []);
  return shares.length === 0 ? null : { value: Math.max(...shares) };
}

const sources = (time: Time, isIdle: boolean): readonly Source[] => [
  {
    title: 'CPU per request',
    short: 'CPU/request',
    unit: 'µs',
    cell: ({ main, isElsewhere }) =>
      // Said, not left out: there is no process of it here to read.
      isElsewhere
        ? 'elsewhere'
        : figureOf(main?.metrics.cpuPerRequest, main?.passes ? 'TLS passed through' : undefined),
  },
  { title: '× L4', unit: 'ratio', cell: ({ main }) => figureOf(main?.times.cpuPerRequest?.l4) },
  { title: '× direct', unit: 'ratio', cell: ({ main }) => figureOf(main?.times.cpuPerRequest?.direct) },
  {
    title: `Added ${time} time p50`,
    short: '+p50',
    unit: 'µs',
    signed: true,
    cell: ({ paced }) => added(paced, `${time}P50`),
  },
  {
    title: 'Capacity',
    short: 'capacity',
    unit: '/s',
    cell: ({ main }) =>
      figureOf(main?.capacity?.estimate, main?.capacity?.kind === 'derived per core' ? 'derived' : 'measured'),
  },
  { title: 'Rank', short: 'rank', cell: ({ rank }) => rank },
  { title: 'p50 × direct', unit: 'ratio', cell: ({ paced }) => figureOf(paced?.times[`${time}P50`]?.direct) },
  {
    title: `Added ${time} time p90`,
    short: '+p90',
    unit: 'µs',
    signed: true,
    cell: ({ paced }) => added(paced, `${time}P90`),
  },
  {
    title: `Added ${time} time p99`,
    short: '+p99',
    unit: 'µs',
    signed: true,
    cell: ({ paced }) => added(paced, `${time}P99`),
  },
  {
    title: `Added ${time} time p99.9`,
    short: '+p99.9',
    unit: 'µs',
    signed: true,
    cell: ({ paced }) => addedTail(paced, time),
  },
  {
    title: 'Throughput here',
    short: 'throughput',
    unit: '/s',
    cell: ({ main }) => (main ? figureOf(main.metrics.throughput, boundWords(main)) : null),
  },
  {
    title: 'Instructions per request',
    short: 'instr/req',
    unit: 'instructions',
    cell: ({ main }) => metricOf(main, 'instructionsPerRequest'),
  },
  isIdle
    ? {
        title: 'Memory per idle connection',
        short: 'mem/conn',
        unit: 'B/connection',
        cell: ({ idle }) => metricOf(idle, 'memoryPerConnection'),
      }
    : { title: 'Memory at its peak', short: 'memory', unit: 'B', cell: ({ main }) => metricOf(main, 'residentMemory') },
  { title: 'Failed requests', short: 'failed', unit: 'share', cell: failures },
];

/** More subjects than these show their first figures alone; the others stand with the evidence. */
const MOST_WHOLE = 12;
const FEW_COLUMNS = 4;

export function comparisonSection(analysis: Analysis): Section[] {
  const found = tableOf(analysis);
  if (!found) return [];
  const { table, time, paced } = found;
  const note = paragraph(notes(paced, time, !isMany(table)), 'soft');
  return [
    {
      kind: 'section',
      id: 'comparison',
      title: 'Every subject',
      short: 'Comparison',
      blocks: [isMany(table) ? firstColumns(table) : table, note],
    },
  ];
}

/** Every figure of many subjects; none where they all stand in front. */
export function comparisonFold(analysis: Analysis): Fold[] {
  const table = tableOf(analysis)?.table;
  if (!table || !isMany(table)) return [];
  return [{ kind: 'fold', title: 'Every subject, every figure', note: 'with intervals', blocks: [table] }];
}

const isMany = ({ rows }: Table): boolean => rows.length > MOST_WHOLE;

/** Without intervals but the first figure's, which ranks are made of. */
const firstColumns = (table: Table): Table => ({
  ...table,
  columns: table.columns.slice(0, FEW_COLUMNS),
  rows: table.rows.map((row) => ({
    ...row,
    cells: row.cells
      .slice(0, FEW_COLUMNS)
      .map((cell, i) => (i > 0 && cell && isFigure(cell) ? { value: cell.value } : cell)),
  })),
});

function tableOf(analysis: Analysis) {
  const { subjects, scenarios, rankings } = analysis;
  const paced = pacedScenario(scenarios);
  const idle = scenarios.filter(({ scenario }) => scenario.traffic.kind === 'idle').flatMap((one) => one.subjects);
  const mains = new Map(mainFigures(analysis).map((of) => [of.subject, of]));
  const time = timeOf(paced);
  const columns = sources(
    time,
    idle.some(({ metrics }) => metrics.memoryPerConnection),
  );
  const rows = inLayers(analysis).map((record): Row => {
    const head = subjectName(record.subject);
    const main = mains.get(head);
    const rivals = rankings.find(({ ranked }) => ranked.some(({ subject }) => subject === head))?.ranked ?? [];
    const of: Sources = {
      main,
      paced: paced?.subjects.find(({ subject }) => subject === head),
      idle: idle.find(({ subject }) => subject === head),
      isElsewhere: record.external !== undefined,
      rank: rivals.length > 1 ? rankCell(rivals.find(({ subject }) => subject === head)) : null,
    };
    return {
      head,
      group: groupOf(record),
      ...(main && { to: `scenario-${main.scenario}` }),
      cells: columns.map(({ cell }) => cell(of)),
    };
  });
  if (subjects.length === 0 || rows.every(({ cells }) => cells.every((cell) => cell === null))) return undefined;
  const table: Table = {
    kind: 'table',
    label: 'every subject',
    head: 'Subject',
    columns,
    rows,
    grouped: true,
    sortable: true,
  };
  return { table, time, paced };
}

/** Direct first, then by layer, cheapest first; those without a rank stand behind the others of their layer. */
export function inLayers({ subjects, rankings }: Pick<Analysis, 'subjects' | 'rankings'>): SubjectRecord[] {
  const order = rankings.flatMap(({ ranked }) => ranked.map(({ subject }) => subject));
  const place = ({ subject }: SubjectRecord): number => {
    const at = order.indexOf(subjectName(subject));
    return at < 0 ? order.length : at;
  };
  return subjects.toSorted((a, b) => GROUPS.indexOf(groupOf(a)) - GROUPS.indexOf(groupOf(b)) || place(a) - place(b));
}

/** What a reader must know of the columns. */
function notes(paced: ScenarioAnalysis | undefined, time: Time, isWhole: boolean): string {
  const offered = paced?.offered;
  const isWithheld = time === 'service' && paced?.subjects.some(({ metrics }) => metrics.serviceP50) === true;
  const hasTail = paced?.subjects.some(({ versusDirect }) =>
    versusDirect.some(({ metric }) => metric === `${time}P99`),
  );
  return [
    '× L4: CPU over that of l4-tcp. × direct: CPU of hop and origin over the origin’s without a hop.',
    ...(isWhole
      ? ['Capacity: measured where the subject was the limit, else derived: what one core could carry.']
      : []),
    ...(offered ? [`Added: through the hop less direct, both at ${formatQuantity(offered, '/s')}.`] : []),
    ...(offered && isWithheld ? ['Response times are withheld: the generator’s own lag would be in them.'] : []),
    ...(offered && !hasTail ? [`p99 needs a window of ${windowFor(0.99, offered)} at this rate.`] : []),
    ...(isWhole ? ['Rank: 2–3 is one of both, ≈ rests on a first look.'] : []),
  ].join(' ');
}
