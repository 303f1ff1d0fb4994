/** The comparison that every report opens with: a row a subject, direct first, then by layer, cheapest first. */
import type { Analysis, Capacity, Estimate, ScenarioAnalysis, SubjectAnalysis } from '#bench/analysis/analysis.ts';
import { mainScenarioName } from '#bench/analysis/scenarios/roles.ts';
import type { Comparison } from '#bench/analysis/comparison/comparison.ts';
import type { MetricName } from '#bench/analysis/figures/metrics.ts';
import { pacedScenario } from '#bench/analysis/scenarios/reading-point.ts';
import { formatInterval, formatQuantity, percent, type Unit } from '#bench/analysis/words/quantity.ts';
import { type Ranked, rankWords } from '#bench/analysis/comparison/ranking.ts';
import { subjectName } from '#bench/model/scenario.ts';

/** A figure; under it its interval, and what kind of figure it is. */
export interface Cell {
  readonly figure: string;
  readonly interval?: string;
  readonly kind?: string;
  /** The same as numbers, to sort by and to draw. */
  readonly estimate?: Pick<Estimate, 'value' | 'low' | 'high'>;
}

export interface OverviewRow {
  readonly subject: string;
  readonly group: Group;
  /** Its rank in its layer by CPU per request, '2' or '2–3', and how sure; null where it has none, or no rival. */
  readonly rank: { readonly words: string; readonly strength: Ranked['strength'] } | null;
  /** Its keep-alive scenario, where CPU, throughput and capacity come from. */
  readonly scenario: string | null;
  readonly cells: readonly (Cell | null)[];
}

export const GROUPS = ['direct', 'L4', 'L7', 'L7 with TLS'] as const;
export type Group = (typeof GROUPS)[number];

export const groupOf = ({ layer, tls }: { layer: 'direct' | 'l4' | 'l7'; tls: boolean }): Group =>
  layer === 'direct' ? 'direct' : layer === 'l4' ? 'L4' : tls ? 'L7 with TLS' : 'L7';

interface OverviewColumn {
  readonly title: string;
  /** The same in as few letters as a terminal needs. */
  readonly short: string;
  readonly cell: (of: Sources) => Cell | null;
}

/** Where one subject's figures come from. */
interface Sources {
  readonly saturated: SubjectAnalysis | undefined;
  /** Whether that is over TLS, which the subject passes through. */
  readonly passes: boolean;
  readonly paced: SubjectAnalysis | undefined;
  readonly idle: SubjectAnalysis | undefined;
  readonly isElsewhere: boolean;
}

/** Said, not left out: there is no process of it here to read. */
const ELSEWHERE: Cell = { figure: 'elsewhere' };

export const cellOf = (estimate: Estimate | undefined, unit: Unit, signed = false): Cell | null =>
  estimate
    ? {
        figure: `${signed && estimate.value > 0 ? '+' : ''}${formatQuantity(estimate.value, unit)}`,
        estimate,
        // Where all rounds gave the very same figure (no failure in any) the interval says nothing.
        ...((estimate.low < estimate.high || estimate.n < 2) && { interval: formatInterval(estimate, unit) }),
      }
    : null;

const estimated = (of: SubjectAnalysis | undefined, name: MetricName, unit: Unit): Cell | null =>
  cellOf(of?.metrics[name], unit);

/** Response time, or service time where response times are withheld; the whole table shows one of them. */
export type Time = 'response' | 'service';

const versus = (of: SubjectAnalysis | undefined, name: MetricName): Comparison | undefined =>
  of?.versusDirect.find(({ metric }) => metric === name);

function added(of: SubjectAnalysis | undefined, name: MetricName): Cell | null {
  const comparison = versus(of, name);
  const cell = cellOf(comparison?.estimate, 'µs', true);
  if (!cell || comparison?.strength !== 'cannot tell' || comparison.estimate.n < 2) return cell;
  return { ...cell, kind: 'not resolved' };
}

function addedTail(of: SubjectAnalysis | undefined, time: Time): Cell | null {
  const exact = added(of, `${time}P999`);
  if (exact) return exact;
  const cell = cellOf(of?.addedTails.find(({ kind }) => kind === time)?.estimate, 'µs', true);
  return cell && { ...cell, kind: 'rounds merged' };
}

const capacityCell = (capacity: Capacity | null | undefined): Cell | null =>
  capacity
    ? {
        figure: formatQuantity(capacity.estimate.value, '/s'),
        interval: formatInterval(capacity.estimate, '/s'),
        estimate: capacity.estimate,
        kind: capacity.kind,
      }
    : null;

const throughputCell = (of: SubjectAnalysis | undefined): Cell | null => {
  const estimate = of?.metrics.throughput;
  if (!of || !estimate) return null;
  return {
    figure: formatQuantity(estimate.value, '/s'),
    interval: formatInterval(estimate, '/s'),
    estimate,
    kind: boundWords(of),
  };
};

/** What limited a throughput, in the fewest words. */
export function boundWords({ bound, layer }: SubjectAnalysis): string {
  switch (bound) {
    case null:
      return 'nothing completed';
    case 'none':
      return 'nothing saturated';
    case 'mixed':
      return 'limit differed by round';
    case 'proxy':
      return 'its own limit';
    case 'origin':
      return layer === 'direct' ? 'the origin’s limit' : 'limited by the origin';
    case 'generator':
      return 'limited by the generator';
    case 'host':
      return 'limited by the host’s cores';
  }
}

const columnsOf = (time: Time, idle: boolean): readonly OverviewColumn[] => [
  {
    title: 'CPU per request',
    short: 'CPU/request',
    cell: ({ saturated, passes, isElsewhere }) => {
      if (isElsewhere) return ELSEWHERE;
      const cell = estimated(saturated, 'cpuPerRequest', 'µs');
      return cell && passes ? { ...cell, kind: 'TLS passed through' } : cell;
    },
  },
  {
    title: 'Instructions per request',
    short: 'instr/req',
    cell: ({ saturated }) => estimated(saturated, 'instructionsPerRequest', 'instructions'),
  },
  { title: 'Capacity', short: 'capacity', cell: ({ saturated }) => capacityCell(saturated?.capacity) },
  { title: 'Throughput here', short: 'throughput', cell: ({ saturated }) => throughputCell(saturated) },
  ...(['50', '90', '99'] as const).map((p) => ({
    title: `Added ${time} time p${p}`,
    short: `+p${p}`,
    cell: ({ paced }: Sources) => added(paced, `${time}P${p}`),
  })),
  { title: `Added ${time} time p99.9`, short: '+p99.9', cell: ({ paced }) => addedTail(paced, time) },
  idle
    ? {
        title: 'Memory per idle connection',
        short: 'mem/conn',
        cell: (of) => estimated(of.idle, 'memoryPerConnection', 'B/connection'),
      }
    : {
        title: 'Memory at its peak',
        short: 'memory',
        cell: ({ saturated }) => estimated(saturated, 'residentMemory', 'B'),
      },
  {
    title: 'Failed requests',
    short: 'failed',
    cell: (of) => {
      const shares = [of.saturated, of.paced, of.idle].flatMap((one) => one?.metrics.errorShare?.value ?? []);
      const value = Math.max(...shares);
      return shares.length === 0 ? null : { figure: percent(value), estimate: { value, low: value, high: value } };
    },
  },
];

export interface Overview {
  /** Only columns that at least one subject fills. */
  readonly columns: readonly OverviewColumn[];
  readonly rows: readonly OverviewRow[];
  /** Offered rate of the added times. */
  readonly offered: number | null;
  readonly time: Time;
  /** Whether memory is that of idle connections. */
  readonly isIdle: boolean;
}

export function overviewOf({ subjects, scenarios, rankings }: Analysis): Overview {
  const all = scenarios.map(({ scenario }) => scenario);
  const [plain, encrypted] = [mainScenarioName(all, false), mainScenarioName(all, true)];
  const paced = pacedScenario(scenarios);
  const idle = scenarios.filter(({ scenario }) => scenario.traffic.kind === 'idle');
  const find = (scenario: ScenarioAnalysis | undefined, name: string): SubjectAnalysis | undefined =>
    scenario?.subjects.find(({ subject }) => subject === name);
  const named = (name: string | undefined) => scenarios.find(({ scenario }) => scenario.name === name);
  const time = timeOf(paced);
  const isIdle = idle.some(({ subjects: held }) => held.some(({ metrics }) => metrics.memoryPerConnection));
  const columns = columnsOf(time, isIdle);
  const placed = rankings.flatMap(({ ranked }) => ranked.map(({ subject }) => subject));
  const rows = subjects
    .map((record): OverviewRow => {
      const name = subjectName(record.subject);
      const own = record.tls ? encrypted : plain;
      // A hop that only passes TLS through has no figure in the clear.
      const passes = !record.tls && !find(named(own), name) && find(named(encrypted), name) !== undefined;
      const scenario = named(passes ? encrypted : own);
      const saturated = find(scenario, name);
      const sources: Sources = {
        saturated,
        passes,
        paced: find(paced, name),
        idle: idle.map((one) => find(one, name)).find((one) => one !== undefined),
        isElsewhere: record.external !== undefined,
      };
      const rivals = rankings.find(({ ranked }) => ranked.some(({ subject }) => subject === name))?.ranked ?? [];
      const ranked = rivals.length > 1 ? rivals.find(({ subject }) => subject === name) : undefined;
      return {
        subject: name,
        group: groupOf(record),
        rank: ranked ? { words: rankWords(ranked), strength: ranked.strength } : null,
        scenario: saturated ? scenario!.scenario.name : null,
        cells: columns.map(({ cell }) => cell(sources)),
      };
    })
    .toSorted((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group) || place(placed, a) - place(placed, b));
  const filled = columns.map((_, i) => rows.some(({ cells }) => cells[i] !== null));
  return {
    columns: columns.filter((_, i) => filled[i]),
    rows: rows.map((row) => ({ ...row, cells: row.cells.filter((_, i) => filled[i]) })),
    // Only where an added latency stands in the table.
    offered: columns.some(({ short }, i) => filled[i] && short.startsWith('+')) ? (paced?.offered ?? null) : null,
    time,
    isIdle,
  };
}

/** Those without a rank stand behind the others of their layer. */
const place = (placed: readonly string[], { subject }: OverviewRow): number => {
  const at = placed.indexOf(subject);
  return at < 0 ? placed.length : at;
};

/** The time that most hops have; service time holds no lag of the generator and is never withheld for it. */
export const timeOf = (paced: ScenarioAnalysis | undefined): Time => {
  const having = (name: MetricName): number => paced?.subjects.filter((of) => versus(of, name)).length ?? 0;
  return having('serviceP50') > having('responseP50') ? 'service' : 'response';
};
