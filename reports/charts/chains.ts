/** CPU per request against the number of hops: the way of each proxy through 1, 2, 3 of itself, and where as many times one would lie. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { ChainCost } from '#bench/analysis/comparison/chains.ts';
import { metric, type MetricName } from '#bench/analysis/figures/metrics.ts';
import { formatEstimate, formatQuantity } from '#bench/analysis/words/quantity.ts';
import { chainTable } from '../chains.ts';
import { type Chart, type Drawing, OWN, own, TIP, tip } from './chart.ts';
import { isNarrow, scaleOf, sized } from './frame.ts';
import { looksOf } from './palette.ts';

/** One drawing a metric and scenario would be many: the first scenario that has chains tells it of costs, the first other of time. */
function drawn(chains: readonly ChainCost[], name: MetricName): ChainCost[] {
  const own = chains.filter((chain) => chain.metric === name);
  return own.filter(({ subject }) => subject.scenario === own[0]!.subject.scenario);
}

function draw(analysis: Analysis): Drawing[] {
  const table = chainTable(analysis);
  if (!table)
    return [
      {
        state: 'cannot tell',
        title: 'Cost per hop',
        reason: 'No proxy stood in a row with itself in this run; --hops 3 measures each 1, 2 and 3 times in a row.',
      },
    ];
  const { heads, rows } = table;
  const names = [...new Set(analysis.chains.map((chain) => chain.metric))];
  return names.map((name, i) => drawing(analysis, drawn(analysis.chains, name), i === 0 ? { heads, rows } : undefined));
}

function drawing(analysis: Analysis, chains: readonly ChainCost[], table: ReturnType<typeof chainTable>): Drawing {
  const { metric: name, subject } = chains[0]!;
  const { title, unit } = metric(name);
  const looks = looksOf(analysis);
  const hops = chains.map((chain) => chain.hop);
  const points = chains.flatMap(({ hop, lengths }) =>
    lengths.map(({ hops: count, estimate: { value, low, high }, estimate }) => ({
      hop,
      count,
      value,
      low,
      high,
      own: own(hop),
      tip: tip(hop, `${count} × ${hop}: ${formatEstimate(estimate, unit)}`),
    })),
  );
  // As many times one hop; over direct it would need direct's own figure, so only costs that direct has none of are drawn so.
  const multiples =
    metric(name).versusDirect === undefined
      ? chains.flatMap(({ hop, lengths }) =>
          lengths.map(({ hops: count }) => ({ hop, count, value: count * lengths[0]!.estimate.value, own: own(hop) })),
        )
      : [];
  const most = Math.max(...points.map(({ count }) => count));
  const rows = (table ?? chainTable({ ...analysis, chains })!).rows;
  const heads = (table ?? chainTable({ ...analysis, chains })!).heads;
  return {
    state: 'drawn',
    title: `A further hop, ${title} in ${subject.scenario}: ${chains.map(({ hop, estimate }) => `${hop} ${formatQuantity(estimate.value, unit)}`).join(', ')}`,
    description: `Lines, one a proxy: ${title} against how many of it stood in a row between load and origin${multiples.length > 0 ? '; dashed, as many times one hop' : ''}. ${chains.map(({ hop, lengths }) => `${hop}: ${lengths.map(({ hops: count, estimate }) => `${count}: ${formatEstimate(estimate, unit)}`).join(', ')}`).join('; ')}.`,
    table: {
      columns: ['Proxy', 'Figure', 'Scenario', 'A further hop', 'Interval', ...heads, 'Linear'],
      rows: rows.map((row) => [
        row.hop,
        row.figure,
        row.scenario,
        row.perHop,
        row.interval,
        ...row.lengths,
        row.linear,
      ]),
    },
    spec: (width) => {
      const legend = { columns: isNarrow(width) ? 2 : 4, labelLimit: 130, symbolStrokeWidth: 2 };
      return {
        ...sized(width, 300),
        data: { values: points },
        encoding: {
          x: {
            field: 'count',
            type: 'quantitative',
            title: 'hops in a row',
            scale: { domain: [0.85, most + 0.15], nice: false, zero: false },
            axis: { values: Array.from({ length: most }, (_, i) => i + 1), format: 'd' },
          },
          color: { field: 'hop', type: 'nominal', title: null, scale: scaleOf(looks, hops, 'colour'), legend },
        },
        layer: [
          ...(multiples.length === 0
            ? []
            : [
                {
                  data: { values: multiples },
                  mark: { type: 'line' as const, strokeWidth: 1.5, strokeDash: [4, 3], opacity: 0.6 },
                  encoding: { y: { field: 'value', type: 'quantitative' as const }, ...OWN },
                },
              ]),
          {
            mark: { type: 'line', strokeWidth: 2 },
            encoding: {
              y: {
                field: 'value',
                type: 'quantitative',
                title: `${title}${unit === 'µs' ? ', µs' : ''}`,
                scale: { domainMin: 0, nice: true },
                axis: { tickCount: 5 },
              },
              ...OWN,
            },
          },
          {
            mark: { type: 'rule', strokeWidth: 1.5 },
            encoding: { y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' }, ...TIP },
          },
          {
            mark: { type: 'point', filled: true, size: 70, opacity: 1 },
            encoding: {
              y: { field: 'value', type: 'quantitative' },
              shape: { field: 'hop', type: 'nominal', title: null, scale: scaleOf(looks, hops, 'shape'), legend },
              ...TIP,
            },
          },
        ],
      };
    },
  };
}

export const chains: Chart = { name: 'chains', draw };
