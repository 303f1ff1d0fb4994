/** CPU per request of each hop, user and system stacked, with the interval of the whole. */
import type { Analysis, SubjectAnalysis } from '#bench/analysis/analysis.ts';
import { mainScenarioName } from '#bench/analysis/scenarios/roles.ts';
import { formatEstimate, formatQuantity } from '#bench/analysis/words/quantity.ts';
import { type Chart, type Drawing, TIP, tip } from './chart.ts';
import { type Group, groupOf } from '../overview.ts';
import { barsEnd, isNarrow, sized } from './frame.ts';
import { rowChannel, rowsOf } from './groups.ts';

interface Bar {
  readonly label: string;
  readonly group: Group;
  readonly of: SubjectAnalysis;
}

/** The plain keep-alive scenario, and TLS next to it for those that terminate it. */
function barsOf({ scenarios }: Analysis): Bar[] {
  const all = scenarios.map(({ scenario }) => scenario);
  const [plain, encrypted] = [mainScenarioName(all, false), mainScenarioName(all, true)];
  const hops = scenarios.flatMap(({ scenario, subjects }) =>
    subjects
      .filter(({ layer, tls }) => layer !== 'direct' && scenario.name === (tls ? encrypted : plain))
      .map((of): Bar => ({ label: of.subject, group: groupOf(of), of })),
  );
  return hops
    .filter(({ of }) => of.metrics.cpuPerRequest !== undefined)
    .toSorted((a, b) => a.of.metrics.cpuPerRequest!.value - b.of.metrics.cpuPerRequest!.value);
}

function draw(analysis: Analysis): Drawing[] {
  const bars = barsOf(analysis);
  const [least] = bars;
  if (!least)
    return [
      {
        state: 'cannot tell',
        title: 'CPU per request',
        reason:
          'No keep-alive trial of a proxy completed with its CPU time read; http-small and tls-keepalive give it.',
      },
    ];
  const most = bars.at(-1)!;
  const rows = rowsOf(bars);
  const parts = bars.flatMap(({ label, of: { metrics } }) => {
    const total = metrics.cpuPerRequest!;
    const system = metrics.cpuSystemPerRequest?.value ?? 0;
    // The parts are estimated apart from the whole: drawn in their proportion, so that the bar ends at the whole.
    const share = system / Math.max(1e-9, system + (metrics.cpuUserPerRequest?.value ?? 0));
    return [
      { label, part: 'system', from: 0, to: total.value * share },
      { label, part: 'user', from: total.value * share, to: total.value },
    ].map((part) => ({
      ...part,
      tip: tip(
        label,
        `${label}: ${formatQuantity(part.to - part.from, 'µs')} ${part.part}, ${formatQuantity(total.value, 'µs')} in all`,
      ),
    }));
  });
  const totals = bars.map(({ label, of }) => {
    const { value, low, high } = of.metrics.cpuPerRequest!;
    return { label, value, low, high, text: formatQuantity(value, 'µs'), tip: tip(label, '') };
  });
  return [
    {
      state: 'drawn',
      title:
        bars.length > 1
          ? `CPU per request: from ${formatQuantity(least.of.metrics.cpuPerRequest!.value, 'µs')} in ${least.label} to ${formatQuantity(most.of.metrics.cpuPerRequest!.value, 'µs')} in ${most.label}`
          : `CPU per request: ${formatQuantity(least.of.metrics.cpuPerRequest!.value, 'µs')} in ${least.label}`,
      description: `Horizontal bars, one a hop, in microseconds of CPU time of the proxy's own processes per request; system and user time stacked, a line for the interval. ${bars.map(({ label, of }) => `${label}: ${formatEstimate(of.metrics.cpuPerRequest!, 'µs')}`).join('; ')}.`,
      table: {
        columns: ['Subject', 'CPU per request', 'user', 'system'],
        rows: bars.map(({ label, of: { metrics } }) => [
          label,
          formatEstimate(metrics.cpuPerRequest!, 'µs'),
          ...[metrics.cpuUserPerRequest, metrics.cpuSystemPerRequest].map((part) =>
            part ? formatQuantity(part.value, 'µs') : '–',
          ),
        ]),
      },
      spec: (width) => ({
        ...sized(width, rows.height + 90),
        encoding: {
          y: rowChannel('label', rows, width),
        },
        layer: [
          {
            data: { values: parts },
            mark: { type: 'bar', height: { band: 0.62 } },
            encoding: {
              x: {
                field: 'from',
                type: 'quantitative',
                title: 'µs of CPU per request',
                // Room for the figure at the end of the longest bar.
                scale: {
                  domain: [
                    0,
                    barsEnd(
                      totals.map(({ high, ...bar }) => ({ ...bar, end: high })),
                      width,
                    ),
                  ],
                  nice: false,
                },
                axis: { tickCount: isNarrow(width) ? 4 : 7, domain: false, ticks: false },
              },
              x2: { field: 'to' },
              color: {
                field: 'part',
                type: 'nominal',
                title: null,
                scale: { domain: ['system', 'user'], range: ['var(--system)', 'var(--user)'] },
              },
              ...TIP,
            },
          },
          {
            data: { values: totals },
            mark: { type: 'rule', color: 'var(--ink)', strokeWidth: 1.5 },
            encoding: { x: { field: 'low', type: 'quantitative' }, x2: { field: 'high' }, ...TIP },
          },
          {
            data: { values: totals },
            mark: { type: 'text', align: 'left', dx: 7, fontWeight: 'bold' },
            encoding: { x: { field: 'high', type: 'quantitative' }, text: { field: 'text' }, ...TIP },
          },
        ],
      }),
    },
  ];
}

export const cpuPerRequest: Chart = { name: 'cpu-per-request', draw };
