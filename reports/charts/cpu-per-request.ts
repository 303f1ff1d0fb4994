/** CPU per request of each hop, user and system stacked, with the interval of the whole. */
import type { Analysis, SubjectAnalysis } from '#bench/analysis/analysis.ts';
import { formatEstimate, formatQuantity } from '#bench/analysis/words/quantity.ts';
import { mainFigures } from '../content/main-scenario.ts';
import { groupOf } from '../content/groups.ts';
import { figureOf } from '../document/table.ts';
import { type ChartDefinition, type Drawing, missing, tip } from './chart.ts';
import { bars as barMarks, by } from './marks.ts';
import { barsOf, barsSpec, barsTable, rising } from './subject-bars.ts';

/** The parts are estimated apart from the whole: drawn in their proportion, so that the bar ends at the whole. */
function systemShare({ metrics: { cpuUserPerRequest: user, cpuSystemPerRequest: system } }: SubjectAnalysis): number {
  const kernel = system?.value ?? 0;
  return kernel / Math.max(1e-9, kernel + (user?.value ?? 0));
}

function draw(analysis: Analysis): Drawing[] {
  const measured = new Map(
    mainFigures(analysis).flatMap((of) =>
      of.layer !== 'direct' && of.metrics.cpuPerRequest ? [[of.subject, of] as const] : [],
    ),
  );
  const figures = rising(
    [...measured.values()].map((of) => ({ name: of.subject, group: groupOf(of), estimate: of.metrics.cpuPerRequest! })),
  );
  if (figures.length === 0) return missing('CPU per request', '--scenarios http-small');
  const { bars, unitWords } = barsOf(figures, 'µs');
  const parts = bars.flatMap((bar) => {
    const edge = bar.to * systemShare(measured.get(bar.name)!);
    return [
      { ...bar, part: 'system', to: edge },
      { ...bar, part: 'user', from: edge },
    ].map((part) => ({
      ...part,
      tip: tip(
        bar.name,
        `${bar.name}: ${formatQuantity(((part.to - part.from) / (bar.to || 1)) * measured.get(bar.name)!.metrics.cpuPerRequest!.value, 'µs')} ${part.part}, ${formatQuantity(measured.get(bar.name)!.metrics.cpuPerRequest!.value, 'µs')} in all`,
      ),
    }));
  });
  const [least, most] = [figures[0]!, figures.at(-1)!];
  const part = (name: 'cpuUserPerRequest' | 'cpuSystemPerRequest') =>
    figures.map((one) => figureOf(measured.get(one.name)!.metrics[name]));
  return [
    {
      state: 'drawn',
      answer:
        figures.length > 1
          ? `From ${formatQuantity(least.estimate.value, 'µs')} in ${least.name} to ${formatQuantity(most.estimate.value, 'µs')} in ${most.name}`
          : `${formatQuantity(least.estimate.value, 'µs')} in ${least.name}`,
      description: `Horizontal bars, one a hop: CPU time of the proxy's own processes per request, system and user time stacked, a line for the interval. ${figures.map(({ name, estimate }) => `${name}: ${formatEstimate(estimate, 'µs')}`).join('; ')}.`,
      table: barsTable('CPU per request', figures, { title: 'CPU per request', unit: 'µs' }, [
        { column: { title: 'User', unit: 'µs' }, cells: part('cpuUserPerRequest') },
        { column: { title: 'System', unit: 'µs' }, cells: part('cpuSystemPerRequest') },
      ]),
      spec: (width) =>
        barsSpec({
          width,
          bars,
          axis: `${unitWords} of CPU per request`,
          legends: 1,
          layers: [barMarks(parts, { colour: by('part', ['system', 'user'], ['var(--system)', 'var(--user)'], {}) })],
        }),
    },
  ];
}

export const cpuPerRequest: ChartDefinition = {
  name: 'cpu-per-request',
  question: 'How much CPU does a request cost?',
  draw,
};
