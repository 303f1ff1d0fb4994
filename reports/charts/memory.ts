/** What a hop holds in memory: per idle connection where that was measured, else the peak of its processes. */
import type { Analysis, Estimate, SubjectAnalysis } from '#bench/analysis/analysis.ts';
import { mainScenarioName } from '#bench/analysis/scenarios/roles.ts';
import type { MetricName } from '#bench/analysis/figures/metrics.ts';
import { formatEstimate, formatQuantity } from '#bench/analysis/words/quantity.ts';
import { type Chart, type Drawing, TIP, tip } from './chart.ts';
import { type Group, groupOf } from '../overview.ts';
import { barsEnd, isNarrow, sized } from './frame.ts';
import { rowChannel, rowsOf } from './groups.ts';
import { LAYER_LOOKS } from './palette.ts';

interface Bar {
  readonly subject: string;
  readonly group: Group;
  readonly estimate: Estimate;
}

const barsOf = (subjects: readonly SubjectAnalysis[], name: MetricName): Bar[] =>
  subjects
    .flatMap((of) => {
      const estimate = of.metrics[name];
      return estimate ? [{ subject: of.subject, group: groupOf(of), estimate }] : [];
    })
    .toSorted((a, b) => a.estimate.value - b.estimate.value);

function draw({ scenarios }: Analysis): Drawing[] {
  const idle = scenarios.filter(({ scenario }) => scenario.traffic.kind === 'idle');
  const held = idle.flatMap(({ scenario, subjects }) => {
    const bars = barsOf(subjects, 'memoryPerConnection');
    return bars.length > 0 ? [drawBars(bars, 'B/connection', `Memory per idle connection (${scenario.name})`)] : [];
  });
  if (held.length > 0) return held;
  const plain = mainScenarioName(
    scenarios.map(({ scenario }) => scenario),
    false,
  );
  const busy = scenarios.find(({ scenario }) => scenario.name === plain);
  const bars = barsOf(busy?.subjects ?? [], 'residentMemory');
  if (bars.length > 0) return [drawBars(bars, 'B', `Resident memory at its peak (${plain})`)];
  return [
    {
      state: 'cannot tell',
      title: 'Memory',
      reason: 'No trial that reads memory completed; idle-connections measures it.',
    },
  ];
}

function drawBars(bars: readonly Bar[], unit: 'B' | 'B/connection', what: string): Drawing {
  const rows = rowsOf(bars.map(({ subject, group }) => ({ label: subject, group })));
  const groups = [...new Set(bars.map(({ group }) => group))];
  const [factor, title] = unit === 'B' ? [2 ** -20, 'MiB'] : [2 ** -10, 'KiB per connection'];
  const values = bars.map(({ subject, group, estimate }) => ({
    subject,
    group,
    value: estimate.value * factor,
    low: estimate.low * factor,
    high: estimate.high * factor,
    text: formatQuantity(estimate.value, unit),
    tip: tip(subject, `${subject}: ${formatEstimate(estimate, unit)}`),
  }));
  const least = bars[0]!;
  return {
    state: 'drawn',
    title: `${what}: least in ${least.subject}, ${formatQuantity(least.estimate.value, unit)}`,
    description: `Horizontal bars, one a proxy, in ${title}. ${bars.map(({ subject, estimate }) => `${subject}: ${formatEstimate(estimate, unit)}`).join('; ')}.`,
    table: {
      columns: ['Subject', title],
      rows: bars.map(({ subject, estimate }) => [subject, formatEstimate(estimate, unit)]),
    },
    spec: (width) => {
      const narrow = isNarrow(width);
      return {
        ...sized(width, rows.height + (groups.length > 1 ? 90 : 60)),
        data: { values },
        encoding: {
          y: rowChannel('subject', rows, width),
          ...TIP,
        },
        layer: [
          {
            mark: { type: 'bar', height: { band: 0.62 } },
            encoding: {
              x: {
                field: 'value',
                type: 'quantitative',
                title,
                scale: {
                  domain: [
                    Math.min(0, ...values.map(({ low }) => low)),
                    barsEnd(
                      values.map(({ subject, high, text }) => ({ label: subject, end: high, text })),
                      width,
                    ),
                  ],
                  nice: false,
                },
                axis: { tickCount: narrow ? 4 : 7, domain: false, ticks: false },
              },
              color: {
                field: 'group',
                type: 'nominal',
                title: null,
                ...(groups.length === 1 && { legend: null }),
                scale: { domain: groups, range: groups.map((group) => LAYER_LOOKS[group].colour) },
              },
            },
          },
          {
            mark: { type: 'rule', color: 'var(--ink)', strokeWidth: 1.5 },
            encoding: { x: { field: 'low', type: 'quantitative' }, x2: { field: 'high' } },
          },
          {
            mark: { type: 'text', align: 'left', dx: 7, fontWeight: 'bold' },
            encoding: { x: { field: 'high', type: 'quantitative' }, text: { field: 'text' } },
          },
        ],
      };
    },
  };
}

export const memory: Chart = { name: 'memory', draw };
