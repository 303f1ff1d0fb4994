/** Every scenario with every figure, folded: the evidence behind the findings. */
import type { Analysis, ScenarioAnalysis, SubjectAnalysis } from '#bench/analysis/analysis.ts';
import { METRIC_NAMES, metric, type MetricName } from '#bench/analysis/figures/metrics.ts';
import { counted, formatQuantity } from '#bench/analysis/words/quantity.ts';
import { figureOf } from '../document/table.ts';
import { type Cell, type Column, type Fold, paragraph } from '../document/tree.ts';
import { boundWords } from './bound-words.ts';

/** So many still stand side by side. */
const MOST_ABREAST = 8;

export const scenariosFold = ({ scenarios }: Analysis): Fold => ({
  kind: 'fold',
  title: 'Scenarios',
  note: `every figure of ${counted(scenarios.length, 'scenario')}`,
  blocks: scenarios.map(scenarioFold),
});

function scenarioFold({ scenario, offered, subjects }: ScenarioAnalysis): Fold {
  const columns = columnsOf(subjects);
  return {
    kind: 'fold',
    id: `scenario-${scenario.name}`,
    title: scenario.name,
    note: `${scenario.summary}${offered === null ? '' : `, ${formatQuantity(offered, '/s')} offered`}`,
    blocks:
      subjects.length === 0
        ? [paragraph('No round of it was measured.')]
        : [
            {
              kind: 'table',
              label: `figures of ${scenario.name}`,
              head: 'Subject',
              columns,
              rows: subjects.map((of) => ({ head: of.subject, cells: columns.map(({ cell }) => cell(of)) })),
              ...(subjects.length <= MOST_ABREAST && { turned: true }),
            },
          ],
  };
}

interface Source extends Column {
  readonly cell: (of: SubjectAnalysis) => Cell;
}

/** Each figure, then how many times an L4 hop's and direct's it is, and what it adds to direct's. */
const columnsOf = (subjects: readonly SubjectAnalysis[]): Source[] => [
  { title: 'Trials', cell: ({ trials }) => trialsWords(trials) },
  { title: 'Limited by', cell: (of) => boundWords(of) },
  ...METRIC_NAMES.filter((name) => subjects.some(({ metrics }) => metrics[name] !== undefined)).flatMap((name) => [
    {
      title: capital(metric(name).title),
      unit: metric(name).unit,
      cell: (of: SubjectAnalysis) => figureOf(of.metrics[name]),
    },
    ...over(name, 'L4', ({ times }) => times[name]?.l4),
    ...over(name, 'direct', ({ times }) => times[name]?.direct),
    ...addedTo(name, subjects),
  ]),
];

const over = (
  name: MetricName,
  whose: string,
  estimate: (of: SubjectAnalysis) => Parameters<typeof figureOf>[0],
): Source[] => [{ title: `${metric(name).title} × ${whose}`, unit: 'ratio', cell: (of) => figureOf(estimate(of)) }];

function addedTo(name: MetricName, subjects: readonly SubjectAnalysis[]): Source[] {
  if (metric(name).versusDirect !== 'difference') return [];
  const of = ({ versusDirect }: SubjectAnalysis) => versusDirect.find((one) => one.metric === name);
  if (subjects.every((subject) => of(subject) === undefined)) return [];
  return [
    {
      title: `${metric(name).title} less direct’s`,
      unit: metric(name).unit,
      signed: true,
      cell: (subject) => {
        const one = of(subject);
        const isOpen = one?.strength === 'cannot tell' && one.estimate.n > 1;
        return figureOf(one?.estimate, isOpen ? 'not resolved' : undefined);
      },
    },
  ];
}

const capital = (text: string): string => text[0]!.toUpperCase() + text.slice(1);

const trialsWords = ({ completed, invalid, failed }: SubjectAnalysis['trials']): string =>
  [
    `${counted(completed, 'trial')}`,
    ...(invalid > 0 ? [`${invalid} invalid`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ].join(', ');
