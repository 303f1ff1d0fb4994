/** What each subject carried, and what one core of it could: a bar is a capacity only where the subject itself was the limit. */
import type { Analysis, ScenarioAnalysis } from '#bench/analysis/analysis.ts';
import { keepAlive } from '#bench/analysis/between.ts';
import { formatQuantity } from '#bench/analysis/quantity.ts';
import { boundWords } from '../overview.ts';
import type { Chart, Drawing } from './chart.ts';
import { CONFIG } from './palette.ts';

function draw({ scenarios }: Analysis): Drawing[] {
  const all = scenarios.map(({ scenario }) => scenario);
  const names = [keepAlive(all, false), keepAlive(all, true)];
  const drawings = scenarios.filter(({ scenario }) => names.includes(scenario.name)).map(drawScenario);
  if (drawings.length > 0) return drawings;
  return [{ state: 'cannot tell', title: 'Throughput', reason: 'No keep-alive scenario was part of this run.' }];
}

function drawScenario({ scenario, subjects }: ScenarioAnalysis): Drawing {
  const measured = subjects
    .filter(({ metrics }) => metrics.throughput !== undefined)
    .toSorted((a, b) => b.metrics.throughput!.value - a.metrics.throughput!.value);
  const [first] = measured;
  if (!first)
    return { state: 'cannot tell', title: `Throughput in ${scenario.name}`, reason: 'No trial of it completed.' };
  const bars = measured.map((of) => {
    const { value, low, high } = of.metrics.throughput!;
    const own = of.bound === 'proxy' || (of.layer === 'direct' && of.bound === 'origin');
    return {
      label: of.subject,
      kind: own ? 'capacity: itself the limit' : 'carried: something else was the limit',
      value,
      low,
      high,
      text: `${formatQuantity(value, '/s')}  ${boundWords(of)}`,
      short: formatQuantity(value, '/s'),
    };
  });
  const derived = measured.flatMap(({ subject, capacity }) =>
    capacity?.kind === 'derived per core'
      ? [{ label: subject, value: capacity.estimate.value, kind: 'one core could carry (derived)' }]
      : [],
  );
  const longest = Math.max(...bars.map(({ high }) => high), ...derived.map(({ value }) => value));
  const own = bars.filter(({ kind }) => kind.startsWith('capacity')).length;
  const title =
    own === 0
      ? `Throughput in ${scenario.name}: something else was the limit for every subject, so no bar is a capacity`
      : own === bars.length
        ? `Throughput in ${scenario.name}: every subject was itself the limit`
        : `Throughput in ${scenario.name}: ${own} of ${bars.length} subjects ${own === 1 ? 'was' : 'were'} the limit themselves`.replace(
            'was the limit themselves',
            'was the limit itself',
          );
  return {
    state: 'drawn',
    title,
    description: `Horizontal bars, one a subject, in requests per second; filled where the subject itself was the limit, pale where load or origin were. A diamond marks what one core could carry, derived from CPU per request. ${bars.map(({ label, text }) => `${label}: ${text}`).join('; ')}.`,
    spec: (width) => {
      const narrow = width < 500;
      return {
        width,
        height: bars.length * 34 + 96,
        autosize: { type: 'fit', contains: 'padding' },
        config: CONFIG,
        encoding: {
          y: {
            field: 'label',
            type: 'nominal',
            sort: bars.map(({ label }) => label),
            axis: { title: null, domain: false, ticks: false, labelLimit: narrow ? 84 : 150 },
          },
        },
        layer: [
          {
            data: { values: bars },
            mark: { type: 'bar', height: { band: 0.62 }, x2: 0, strokeWidth: 1 },
            encoding: {
              x: {
                field: 'value',
                type: 'quantitative',
                title: 'requests per second',
                scale: { domain: [0, longest * (narrow ? 1.3 : 1.15)], nice: false },
                axis: { tickCount: narrow ? 3 : 6, domain: false, ticks: false, format: '~s' },
              },
              color: {
                field: 'kind',
                type: 'nominal',
                title: null,
                scale: {
                  domain: [...new Set(bars.map(({ kind }) => kind))].toSorted(),
                  range: [...new Set(bars.map(({ kind }) => kind))]
                    .toSorted()
                    .map((kind) => (kind.startsWith('capacity') ? 'var(--capacity)' : 'var(--pale)')),
                },
                legend: { columns: 1, labelLimit: width - 40 },
              },
            },
          },
          {
            data: { values: bars },
            mark: { type: 'rule', color: 'var(--ink)', strokeWidth: 1.5 },
            encoding: { x: { field: 'low', type: 'quantitative' }, x2: { field: 'high' } },
          },
          ...(derived.length > 0
            ? [
                {
                  data: { values: derived },
                  mark: { type: 'point' as const, filled: false, size: 70, strokeWidth: 2, color: 'var(--capacity)' },
                  encoding: {
                    x: { field: 'value', type: 'quantitative' as const },
                    shape: {
                      field: 'kind',
                      type: 'nominal' as const,
                      title: null,
                      scale: { range: ['diamond'] },
                      legend: { columns: 1, labelLimit: width - 40 },
                    },
                  },
                },
              ]
            : []),
          {
            data: { values: bars },
            mark: { type: 'text', align: 'left', x: 8, fontWeight: 'bold', color: 'var(--on-bar)' },
            encoding: { text: { field: narrow ? 'short' : 'text' } },
          },
        ],
      };
    },
  };
}

export const throughput: Chart = { name: 'throughput', draw };
