/** What each subject carried, and what one core of it could: a bar is a capacity only where the subject itself was the limit. */
import type { ScenarioAnalysis } from '#bench/analysis/analysis.ts';
import { formatEstimate, formatQuantity } from '#bench/analysis/words/quantity.ts';
import { boundWords } from '../content/bound-words.ts';
import { groupOf } from '../content/groups.ts';
import { mainScenarios } from '../content/main-scenario.ts';
import { type ChartDefinition, type Drawing, missing, tip } from './chart.ts';
import { bars as barMarks, by } from './marks.ts';
import { isNarrow } from './views.ts';
import { barsOf, barsSpec, barsTable } from './subject-bars.ts';

const OWN = 'its own limit';
const LIMITED = 'limited elsewhere';

function drawScenario({ scenario, subjects }: ScenarioAnalysis): Drawing[] {
  const measured = subjects
    .flatMap((of) =>
      of.metrics.throughput ? [{ of, name: of.subject, group: groupOf(of), estimate: of.metrics.throughput }] : [],
    )
    .toSorted((a, b) => b.estimate.value - a.estimate.value);
  if (measured.length === 0) return [];
  const derived = measured.map(({ of }) =>
    of.capacity?.kind === 'derived per core' ? of.capacity.estimate.value : null,
  );
  const limits = measured.map(({ of }, i) => {
    const core = derived[i];
    return core === null || core === undefined
      ? boundWords(of)
      : `${boundWords(of)}; one core could carry ${formatQuantity(core, '/s')}`;
  });
  const isOwn = measured.map(({ of }) => of.bound === 'proxy' || (of.layer === 'direct' && of.bound === 'origin'));
  const placed = barsOf(measured, '/s').bars.map((bar, i) => ({
    ...bar,
    kind: isOwn[i] ? OWN : LIMITED,
    core: derived[i] ?? null,
    tip: tip(bar.name, `${bar.name}: ${bar.text}/s, ${limits[i]}`),
  }));
  const kinds = [OWN, LIMITED].filter((kind) => placed.some((bar) => bar.kind === kind));
  const own = isOwn.filter(Boolean).length;
  return [
    {
      state: 'drawn',
      answer: `${limitWords(own, measured.length)}${placed.some(({ core }) => core !== null) ? '; dashed: what one core could carry by its CPU per request' : ''}`,
      description: `Horizontal bars, one a subject, in requests per second; strong where the subject itself was the limit, pale where something else was. A dashed outline reaches to what one core could carry, derived from CPU per request. ${measured.map(({ name, estimate }, i) => `${name}: ${formatEstimate(estimate, '/s')}, ${limits[i]}`).join('; ')}.`,
      table: barsTable(`throughput in ${scenario.name}`, measured, { title: 'Throughput', unit: '/s' }, [
        { column: { title: 'Limit' }, cells: measured.map(({ of }) => boundWords(of)) },
        {
          column: { title: 'One core could carry', unit: '/s' },
          cells: derived.map((value) => (value === null ? null : { value })),
        },
      ]),
      spec: (width) =>
        barsSpec({
          width,
          bars: placed,
          axis: 'requests per second',
          legends: isNarrow(width) ? kinds.length : 1,
          ends: derived.map((value) => value ?? 0),
          layers: [
            barMarks(placed, {
              colour: by(
                'kind',
                kinds,
                kinds.map((kind) => (kind === OWN ? 'var(--capacity)' : 'var(--pale)')),
                {
                  columns: isNarrow(width) ? 1 : 2,
                },
              ),
            }),
            barMarks(
              placed.filter(({ core }) => core !== null),
              { to: 'core', colour: 'transparent', dashed: true },
            ),
          ],
        }),
    },
  ];
}

function limitWords(own: number, all: number): string {
  if (own === 0) return 'Something else was always the limit, so that no bar is a capacity';
  if (own === all) return all === 1 ? 'It was itself the limit' : 'Every subject was itself the limit';
  return `${own} of ${all} subjects ${own === 1 ? 'was itself' : 'were themselves'} the limit`;
}

export const throughput: ChartDefinition = {
  name: 'throughput',
  question: 'How much did each carry?',
  draw(analysis) {
    const { plain } = mainScenarios(analysis);
    const drawn = plain ? drawScenario(plain) : [];
    return drawn.length > 0 ? drawn : missing('throughput', '--scenarios http-small');
  },
};
export const throughputTls: ChartDefinition = {
  name: 'throughput-tls',
  question: 'How much did each carry over TLS?',
  draw(analysis) {
    const { encrypted } = mainScenarios(analysis);
    return encrypted ? drawScenario(encrypted) : [];
  },
};
