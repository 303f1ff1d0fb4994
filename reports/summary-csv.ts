/** One row a figure: scenario × subject × metric with its interval; then those against direct and between subjects. */
import { stringify } from 'csv-stringify/sync';
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { Comparison } from '#bench/analysis/comparison/comparison.ts';
import type { Price } from '#bench/analysis/prices/prices.ts';
import { METRIC_NAMES, metric } from '#bench/analysis/figures/metrics.ts';
import { subjectName } from '#bench/model/scenario.ts';
import type { Exporter } from './contract.ts';
import { sixDigits } from './six-digits.ts';

const COLUMNS = [
  'scenario',
  'subject',
  'layer',
  'figure', // 'estimate', 'capacity', 'difference', 'ratio', 'knee', 'per hop', 'price', 'elsewhere'
  'metric',
  'unit',
  'value',
  'low',
  'high',
  'coverage',
  'rounds',
  'bound',
  'referenceScenario',
  'reference',
  'adjustedP',
  'strength',
] as const;
type Row = Partial<Record<(typeof COLUMNS)[number], string | number | null>>;

const interval = ({ value, low, high, coverage, n }: Comparison['estimate']): Row => {
  return { value, low, high, coverage, rounds: n };
};

const comparisonRow = (comparison: Comparison, layer: string): Row => ({
  scenario: comparison.subject.scenario,
  subject: comparison.subject.subject,
  layer,
  figure: comparison.kind,
  metric: comparison.metric,
  unit: comparison.kind === 'ratio' ? 'ratio' : metric(comparison.metric).unit,
  ...interval(comparison.estimate),
  referenceScenario: comparison.reference.scenario,
  reference: comparison.reference.subject,
  adjustedP: comparison.adjustedP,
  strength: comparison.strength,
});

/** What a filter adds; 'bound' says what kept it from having a price. */
function priceRows({ filter, scenario, subject, state, added, elsewhere, strength }: Price, layer: string): Row[] {
  const of = { scenario, subject: `${subject} + ${filter}`, layer, referenceScenario: scenario, reference: subject };
  const figure = { ...of, metric: 'cpuPerRequest', unit: 'µs' };
  if (added === null) return [{ ...figure, figure: 'price', bound: state, strength }];
  return [
    { ...figure, figure: 'price', ...interval(added), strength },
    ...(elsewhere ? [{ ...figure, figure: 'elsewhere', ...interval(elsewhere) }] : []),
  ];
}

function rowsOf({ scenarios, comparisons, chains, subjects, knees, prices }: Analysis): Row[] {
  const ofSubjects = scenarios.flatMap(({ scenario, subjects: measured }) =>
    measured.flatMap(({ subject, layer, metrics, capacity, bound, versusDirect }): Row[] => {
      const of = { scenario: scenario.name, subject, layer, bound };
      return [
        ...METRIC_NAMES.flatMap((name): Row[] => {
          const estimate = metrics[name];
          return estimate
            ? [{ ...of, figure: 'estimate', metric: name, unit: metric(name).unit, ...interval(estimate) }]
            : [];
        }),
        ...(capacity
          ? [{ ...of, figure: 'capacity', metric: capacity.kind, unit: '/s', ...interval(capacity.estimate) }]
          : []),
        ...versusDirect.map((comparison) => comparisonRow(comparison, layer)),
      ];
    }),
  );
  const layerOf = (name: string): string => subjects.find(({ subject }) => subjectName(subject) === name)?.layer ?? '';
  return [
    ...ofSubjects,
    ...comparisons.map((one) => comparisonRow(one, layerOf(one.subject.subject))),
    ...chains.map((one): Row => ({ ...comparisonRow(one, one.layer), figure: 'per hop' })),
    // The ends are rates that held and that did not; 'bound' says what stood in the way where it cannot be told.
    ...(knees?.searches ?? []).map(({ scenario, subject, layer, state, rate, held, missed, limit }): Row => ({
      scenario,
      subject,
      layer,
      figure: 'knee',
      metric: knees!.objective,
      unit: '/s',
      value: rate?.value ?? null,
      low: held?.rate ?? null,
      high: missed?.rate ?? null,
      bound: limit?.by ?? null,
      strength: state,
    })),
    ...(prices?.list ?? []).flatMap((price) => priceRows(price, layerOf(price.subject))),
  ];
}

export const summaryCsv: Exporter = {
  format: 'summary-csv',
  file: 'summary.csv',
  render: (analysis) =>
    stringify(
      rowsOf(analysis).map((row) => COLUMNS.map((column) => sixDigits(row[column] ?? null))),
      { header: true, columns: [...COLUMNS], escape_formulas: true },
    ),
};
