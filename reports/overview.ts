/** The comparison that every report opens with: a row a subject, direct first, then by layer. */
import type { Analysis, Capacity, ScenarioAnalysis, SubjectAnalysis } from '#bench/analysis/analysis.ts';
import { keepAlive, pacedScenario } from '#bench/analysis/between.ts';
import { subjectName } from '#bench/model/scenario.ts';
import type { MetricName } from '#bench/analysis/metrics.ts';
import { formatInterval, formatQuantity, percent, type Unit } from '#bench/analysis/quantity.ts';
import type { Estimate } from '#bench/analysis/analysis.ts';

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

const added = (of: SubjectAnalysis | undefined, name: MetricName): Cell | null =>
  cellOf(of?.versusDirect.find(({ metric }) => metric === name)?.estimate, 'µs', true);

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

const COLUMNS: readonly OverviewColumn[] = [
  {
    title: 'CPU per request',
    short: 'CPU/request',
    cell: ({ saturated, isElsewhere }) => (isElsewhere ? ELSEWHERE : estimated(saturated, 'cpuPerRequest', 'µs')),
  },
  {
    title: 'Instructions per request',
    short: 'instr/req',
    cell: ({ saturated }) => estimated(saturated, 'instructionsPerRequest', 'instructions'),
  },
  { title: 'Capacity', short: 'capacity', cell: ({ saturated }) => capacityCell(saturated?.capacity) },
  { title: 'Throughput here', short: 'throughput', cell: ({ saturated }) => throughputCell(saturated) },
  { title: 'Added response p50', short: '+p50', cell: ({ paced }) => added(paced, 'responseP50') },
  { title: 'Added response p99', short: '+p99', cell: ({ paced }) => added(paced, 'responseP99') },
  { title: 'Added response p99.9', short: '+p99.9', cell: ({ paced }) => added(paced, 'responseP999') },
  {
    title: 'Memory per idle connection',
    short: 'mem/conn',
    cell: ({ idle }) => estimated(idle, 'memoryPerConnection', 'B/connection'),
  },
  {
    title: 'Failed requests',
    short: 'failed',
    cell: ({ saturated, paced, idle }) => {
      const shares = [saturated, paced, idle].flatMap((of) => of?.metrics.errorShare?.value ?? []);
      const value = Math.max(...shares);
      return shares.length === 0 ? null : { figure: percent(value), estimate: { value, low: value, high: value } };
    },
  },
];

export interface Overview {
  /** Only columns that at least one subject fills. */
  readonly columns: readonly OverviewColumn[];
  readonly rows: readonly OverviewRow[];
  /** Offered rate of the added latencies. */
  readonly offered: number | null;
}

export function overviewOf({ subjects, scenarios }: Analysis): Overview {
  const all = scenarios.map(({ scenario }) => scenario);
  const [plain, encrypted] = [keepAlive(all, false), keepAlive(all, true)];
  const paced = pacedScenario(scenarios);
  const idle = scenarios.filter(({ scenario }) => scenario.traffic.kind === 'idle');
  const find = (scenario: ScenarioAnalysis | undefined, name: string): SubjectAnalysis | undefined =>
    scenario?.subjects.find(({ subject }) => subject === name);
  const rows = subjects
    .map((record) => {
      const name = subjectName(record.subject);
      const scenario = scenarios.find((one) => one.scenario.name === (record.tls ? encrypted : plain));
      const saturated = find(scenario, name);
      const sources = {
        saturated,
        paced: find(paced, name),
        idle: idle.map((one) => find(one, name)).find((one) => one !== undefined),
        isElsewhere: record.external !== undefined,
      };
      const cells = COLUMNS.map(({ cell }) => cell(sources));
      return { subject: name, group: groupOf(record), scenario: saturated ? scenario!.scenario.name : null, cells };
    })
    .toSorted((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group));
  const filled = COLUMNS.map((_, i) => rows.some(({ cells }) => cells[i] !== null));
  return {
    columns: COLUMNS.filter((_, i) => filled[i]),
    rows: rows.map((row) => ({ ...row, cells: row.cells.filter((_, i) => filled[i]) })),
    offered: paced?.offered ?? null,
  };
}
