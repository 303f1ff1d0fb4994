/** What runs elsewhere, in figures: a table a scenario, direct and all others that were offered the same beside it. */
import type { Analysis, ScenarioAnalysis, SubjectAnalysis, TrialRow } from '#bench/analysis/analysis.ts';
import type { MetricName } from '#bench/analysis/figures/metrics.ts';
import { formatQuantity, percent } from '#bench/analysis/words/quantity.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { type Cell, cellOf } from './overview.ts';

export interface TargetTable {
  readonly scenario: string;
  readonly title: string;
  readonly rows: readonly {
    readonly subject: string;
    readonly ends: string;
    readonly cells: readonly (Cell | null)[];
  }[];
}

export const TARGET_COLUMNS = ['Answered', 'Service p50', 'Service p99', 'Response p99', 'Failed'] as const;

/** What every reader of these tables must know. */
export const TARGET_NOTE =
  'What runs elsewhere has no CPU, memory or capacity figures: none of its processes runs here, and it is never sent more than its cap. Its requests end at an origin of its own, those of direct and of proxies at the origin on this machine: differences between the two kinds are no hop cost.';

/** Empty where all subjects ran here. */
export function targetTables({ subjects, scenarios, trials }: Analysis): TargetTable[] {
  const elsewhere = new Map(
    subjects.flatMap(({ subject, external }) => (external ? [[subjectName(subject), external] as const] : [])),
  );
  return scenarios
    .filter((scenario) => scenario.subjects.some(({ subject }) => elsewhere.has(subject)))
    .map((scenario) => ({
      scenario: scenario.scenario.name,
      title: titleOf(scenario),
      rows: scenario.subjects.map((of) => ({
        subject: of.subject,
        ends: elsewhere.get(of.subject)?.url ?? 'on this machine',
        cells: cellsOf(of, lagOf(trials, scenario.scenario.name, of.subject)),
      })),
    }));
}

const titleOf = ({ scenario, offered }: ScenarioAnalysis): string =>
  `${scenario.name}: all offered ${formatQuantity(offered ?? 0, '/s')}`;

/** Microseconds at p99 that the generator itself was late at most: what a response time may be off by. */
const lagOf = (trials: readonly TrialRow[], scenario: string, subject: string): number =>
  Math.max(
    0,
    ...trials
      .filter((trial) => trial.state === 'completed' && trial.scenario === scenario && trial.subject === subject)
      .map(({ generatorLagP99 }) => generatorLagP99 ?? 0),
  );

function cellsOf({ metrics }: SubjectAnalysis, lag: number): (Cell | null)[] {
  const response = cellOf(metrics.responseP99, 'µs');
  const micros = (name: MetricName): Cell | null => cellOf(metrics[name], 'µs');
  const { throughput, errorShare } = metrics;
  return [
    cellOf(throughput, '/s'),
    micros('serviceP50'),
    micros('serviceP99'),
    response && { ...response, figure: `${response.figure}${lag > 0 ? ` ± ${formatQuantity(lag, 'µs')}` : ''}` },
    errorShare ? { figure: percent(errorShare.value) } : null,
  ];
}
