/** Every estimate in the OpenMetrics text format 1.0: gauges in base units; `bound` tells the estimate from the ends of its interval. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { METRIC_NAMES, metric } from '#bench/analysis/figures/metrics.ts';
import type { Unit } from '#bench/analysis/words/quantity.ts';
import type { Exporter } from './contract.ts';

/** Suffix of the name, the unit as OpenMetrics calls it, and the factor to it. */
const UNITS: Readonly<Record<Unit, { readonly unit: string; readonly factor: number }>> = {
  µs: { unit: 'seconds', factor: 1e-6 },
  ns: { unit: 'seconds', factor: 1e-9 },
  '/s': { unit: 'per_second', factor: 1 },
  B: { unit: 'bytes', factor: 1 },
  'B/connection': { unit: 'bytes', factor: 1 },
  instructions: { unit: 'instructions', factor: 1 },
  'per request': { unit: 'count', factor: 1 },
  share: { unit: 'ratio', factor: 1 },
  ratio: { unit: 'ratio', factor: 1 },
};

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
const labels = (of: Readonly<Record<string, string>>): string =>
  `{${Object.entries(of)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',')}}`;
const number = (value: number): string => String(Number(value.toPrecision(9)));

interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'info';
  readonly unit?: string;
  readonly help: string;
  readonly samples: readonly string[];
}

function familiesOf({ run, scenarios, trials }: Analysis): Family[] {
  const estimates = METRIC_NAMES.map((metricName): Family => {
    const { title, unit } = metric(metricName);
    const { unit: base, factor } = UNITS[unit];
    const name = `hopcost_${snake(metricName)}_${base}`;
    const samples = scenarios.flatMap(({ scenario, subjects }) =>
      subjects.flatMap(({ subject, layer, metrics }) => {
        const estimate = metrics[metricName];
        if (!estimate) return [];
        const of = { scenario: scenario.name, subject, layer };
        return (['value', 'low', 'high'] as const).map(
          (bound) => `${name}${labels({ ...of, bound })} ${number(estimate[bound] * factor)}`,
        );
      }),
    );
    return { name, type: 'gauge', unit: base, help: title, samples };
  });
  const states = Map.groupBy(trials, ({ scenario, subject, state }) => JSON.stringify([scenario, subject, state]));
  return [
    {
      name: 'hopcost_run',
      type: 'info',
      help: 'the run that the figures are of',
      samples: [
        `hopcost_run_info${labels({ run: run.run, hopcost: run.hopcost, revision: run.revision ?? '', preset: run.preset, fingerprint: run.environment.fingerprint, node: run.environment.node })} 1`,
      ],
    },
    {
      name: 'hopcost_trials',
      type: 'gauge',
      help: 'trials by how they ended; only completed ones count in a figure',
      samples: [...states.values()].map((own) => {
        const { scenario, subject, state } = own[0]!;
        return `hopcost_trials${labels({ scenario, subject, state })} ${own.length}`;
      }),
    },
    ...estimates,
  ];
}

export const openMetrics: Exporter = {
  format: 'openmetrics',
  file: 'metrics.txt',
  render: (analysis) =>
    [
      ...familiesOf(analysis)
        .filter(({ samples }) => samples.length > 0)
        .flatMap(({ name, type, unit, help, samples }) => [
          `# TYPE ${name} ${type}`,
          ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
          `# HELP ${name} ${escaped(help)}`,
          ...samples,
        ]),
      '# EOF',
      '',
    ].join('\n'),
};
