/** Cost against the number of hops: each proxy through 1, 2, 3 of itself, and where as many times one would lie. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { ChainCost } from '#bench/analysis/comparison/chains.ts';
import { metric, type MetricName } from '#bench/analysis/figures/metrics.ts';
import { formatEstimate, formatQuantity, scaleOf } from '#bench/analysis/words/quantity.ts';
import { chainTable } from '../content/chains.ts';
import { type ChartDefinition, type Drawing, missing, tip } from './chart.ts';
import { lines, points, whiskers } from './marks.ts';
import { looksOf } from './palette.ts';
import { curveView, legendOf, looks } from './views.ts';

/** A drawing a metric, in the first scenario that has it. */
function draw(analysis: Analysis): Drawing[] {
  if (analysis.chains.length === 0) return missing('a further hop', '--hops 3');
  const byMetric = Map.groupBy(analysis.chains, (chain) => chain.metric);
  return [...byMetric].map(([name, all]) =>
    drawMetric(
      analysis,
      name,
      all.filter(({ subject }) => subject.scenario === all[0]!.subject.scenario),
    ),
  );
}

function drawMetric(analysis: Analysis, name: MetricName, chains: readonly ChainCost[]): Drawing {
  const { title, unit, versusDirect } = metric(name);
  const hops = chains.map(({ hop }) => hop);
  const all = chains.flatMap(({ hop, lengths }) =>
    lengths.map(({ hops: count, estimate }) => ({ hop, count, estimate, one: lengths[0]!.estimate })),
  );
  const { factor, suffix } = scaleOf(
    unit,
    all.map(({ estimate }) => estimate.value),
  );
  const drawn = all.map(({ hop, count, estimate }) => ({
    subject: hop,
    count,
    value: estimate.value * factor,
    low: estimate.low * factor,
    high: estimate.high * factor,
    tip: tip(hop, `${count} × ${hop}: ${formatEstimate(estimate, unit)}`),
  }));
  // As many times one hop; over direct it would need direct's own figure, so only costs that direct has none of are drawn so.
  const multiples =
    versusDirect === undefined
      ? all.map(({ hop, count, one }) => ({
          subject: hop,
          count,
          value: count * one.value * factor,
          tip: tip(hop, ''),
        }))
      : [];
  const most = Math.max(...all.map(({ count }) => count));
  return {
    state: 'drawn',
    question: `What does a further hop cost in ${title}?`,
    answer: chains.map(({ hop, estimate }) => `${hop} ${formatQuantity(estimate.value, unit)}`).join(', '),
    description: `Lines, one a proxy: ${title} in ${chains[0]!.subject.scenario} against how many of it stood in a row between load and origin${multiples.length > 0 ? '; dashed, as many times one hop' : ''}. ${chains.map(({ hop, lengths }) => `${hop}: ${lengths.map(({ hops: count, estimate }) => `${count}: ${formatEstimate(estimate, unit)}`).join(', ')}`).join('; ')}.`,
    table: chainTable(chains),
    spec: (width) => {
      const of = looksOf(analysis);
      const legend = legendOf(width);
      const colour = looks(of, hops, 'colour', legend);
      const x = {
        title: 'hops in a row',
        domain: [0.85, most + 0.15] as const,
        ticks: Array.from({ length: most }, (_, i) => i + 1),
        format: 'd',
      };
      const y = {
        title: `${title}, ${suffix}`,
        domain: [0, Math.max(...drawn.map(({ high }) => high)) * 1.05] as const,
      };
      const place = { x: 'count', y: 'value' };
      return curveView(width, 280, { x, y }, [
        lines(multiples, place, { colour, width: 1.5, dashed: true, faint: true }),
        lines(
          drawn.map((one) => ({ ...one, tip: tip(one.subject, '') })),
          place,
          { colour },
        ),
        whiskers(drawn, colour, 'count'),
        points(drawn, place, { colour, shape: looks(of, hops, 'shape', legend) }),
      ]);
    },
  };
}

export const chains: ChartDefinition = { name: 'chains', question: 'What does a further hop cost?', draw };
