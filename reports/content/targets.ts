/** What runs elsewhere, in figures: a table a scenario, direct and all others that were offered the same beside it. */
import type { Analysis, SubjectAnalysis, TrialRow } from '#bench/analysis/analysis.ts';
import { formatQuantity } from '#bench/analysis/words/quantity.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { figureOf } from '../document/table.ts';
import { type Cell, paragraph, type Section, type Table } from '../document/tree.ts';

const NOTE =
  'What runs elsewhere has no CPU, memory or capacity figures, and is never sent more than its cap. Its requests end at an origin of its own, those of the others at the origin on this machine: differences between the two kinds are no hop cost.';

/** Empty where all subjects ran here. */
export function targetTables({ subjects, scenarios, trials }: Analysis): Table[] {
  const elsewhere = new Map(
    subjects.flatMap(({ subject, external }) => (external ? [[subjectName(subject), external] as const] : [])),
  );
  return scenarios
    .filter((scenario) => scenario.subjects.some(({ subject }) => elsewhere.has(subject)))
    .map((scenario) => ({
      kind: 'table',
      label: scenario.scenario.name,
      head: 'Subject',
      columns: [
        { title: 'Offered', unit: '/s' },
        { title: 'Answered', unit: '/s' },
        { title: 'Service p50', unit: 'µs' },
        { title: 'Service p99', unit: 'µs' },
        { title: 'Response p99', unit: 'µs' },
        { title: 'Failed', unit: 'share' },
        { title: 'Ends' },
      ],
      rows: scenario.subjects.map((of) => ({
        head: of.subject,
        cells: [
          { value: scenario.offered ?? 0 },
          ...cellsOf(of, lagOf(trials, scenario.scenario.name, of.subject)),
          elsewhere.get(of.subject)?.url ?? 'on this machine',
        ],
      })),
    }));
}

export function targetsSection(analysis: Analysis): Section[] {
  const tables = targetTables(analysis);
  if (tables.length === 0) return [];
  return [
    {
      kind: 'section',
      id: 'targets',
      title: 'Targets that run elsewhere',
      short: 'Targets',
      blocks: [...tables, paragraph(NOTE, 'soft')],
    },
  ];
}

/** Microseconds at p99 that the generator itself was late at most: what a response time may be off by. */
const lagOf = (trials: readonly TrialRow[], scenario: string, subject: string): number =>
  Math.max(
    0,
    ...trials
      .filter((trial) => trial.state === 'completed' && trial.scenario === scenario && trial.subject === subject)
      .map(({ generatorLagP99 }) => generatorLagP99 ?? 0),
  );

const cellsOf = ({ metrics }: SubjectAnalysis, lag: number): Cell[] => [
  figureOf(metrics.throughput),
  figureOf(metrics.serviceP50),
  figureOf(metrics.serviceP99),
  figureOf(metrics.responseP99, lag > 0 ? `± ${formatQuantity(lag, 'µs')}` : undefined),
  metrics.errorShare ? { value: metrics.errorShare.value } : null,
];
