/** What a hop holds in memory: per idle connection where that was measured, else the peak of its processes. */
import type { Analysis, SubjectAnalysis } from '#bench/analysis/analysis.ts';
import type { MetricName } from '#bench/analysis/figures/metrics.ts';
import { formatEstimate, formatQuantity } from '#bench/analysis/words/quantity.ts';
import { groupOf } from '../content/groups.ts';
import { mainScenarios } from '../content/main-scenario.ts';
import { type ChartDefinition, type Drawing, missing } from './chart.ts';
import { bars as barMarks, by } from './marks.ts';
import { LAYER_LOOKS } from './palette.ts';
import { barsOf, barsSpec, barsTable, rising, type SubjectFigure } from './subject-bars.ts';

const figuresOf = (subjects: readonly SubjectAnalysis[], name: MetricName): SubjectFigure[] =>
  rising(
    subjects.flatMap((of) => {
      const estimate = of.metrics[name];
      return estimate ? [{ name: of.subject, group: groupOf(of), estimate }] : [];
    }),
  );

function draw(analysis: Analysis): Drawing[] {
  const idle = analysis.scenarios.filter(({ scenario }) => scenario.traffic.kind === 'idle');
  const held = idle.flatMap(({ subjects }) => {
    const figures = figuresOf(subjects, 'memoryPerConnection');
    return figures.length > 0 ? [drawBars(figures, 'B/connection', 'memory per idle connection')] : [];
  });
  if (held.length > 0) return held;
  const figures = figuresOf(mainScenarios(analysis).plain?.subjects ?? [], 'residentMemory');
  return figures.length > 0
    ? [drawBars(figures, 'B', 'resident memory at its peak')]
    : missing('memory', '--scenarios idle-connections');
}

function drawBars(figures: readonly SubjectFigure[], unit: 'B' | 'B/connection', what: string): Drawing {
  const { bars, unitWords } = barsOf(figures, unit);
  const groups = [...new Set(figures.map(({ group }) => group))];
  const [least, most] = [figures[0]!, figures.at(-1)!];
  return {
    state: 'drawn',
    answer: `${what[0]!.toUpperCase()}${what.slice(1)}: ${formatQuantity(least.estimate.value, unit)} in ${least.name}${most === least ? '' : `, ${formatQuantity(most.estimate.value, unit)} in ${most.name}`}`,
    description: `Horizontal bars, one a proxy: ${what}. ${figures.map(({ name, estimate }) => `${name}: ${formatEstimate(estimate, unit)}`).join('; ')}.`,
    table: barsTable(what, figures, { title: what, unit }),
    spec: (width) =>
      barsSpec({
        width,
        bars,
        axis: unitWords,
        legends: groups.length > 1 ? 1 : 0,
        layers: [
          barMarks(bars, {
            colour: by(
              'group',
              groups,
              groups.map((group) => LAYER_LOOKS[group].colour),
              groups.length > 1 ? {} : null,
            ),
          }),
        ],
      }),
  };
}

export const memory: ChartDefinition = { name: 'memory', question: 'How much memory does a hop hold?', draw };
