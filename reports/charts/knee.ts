/** Every window of a knee search: what it showed at its rate, whether the objective held, and where the knee therefore lies. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { KneeAnalysis, KneePoint, Knees } from '#bench/analysis/knees/knees.ts';
import { formatQuantity } from '#bench/analysis/words/quantity.ts';
import { type Chart, type Drawing, TIP, tip } from './chart.ts';
import { isNarrow, LOG_MICROS, scaleOf, sized } from './frame.ts';
import { kneeCell, kneeLayers, kneeRates, kneeWords, type Layer, objectiveLayer, rateAxis } from './knee-marks.ts';
import { looksOf } from './palette.ts';

const OUTCOMES: readonly { readonly kind: KneePoint['kind']; readonly label: string; readonly shape: string }[] = [
  { kind: 'held', label: 'held', shape: 'circle' },
  { kind: 'missed', label: 'missed', shape: 'triangle-up' },
  { kind: 'limited', label: 'other limit', shape: 'diamond' },
  { kind: 'disturbed', label: 'disturbed', shape: 'cross' },
];
const labelOf = (kind: KneePoint['kind']): string => OUTCOMES.find((outcome) => outcome.kind === kind)!.label;

function draw(analysis: Analysis): Drawing[] {
  const { knees } = analysis;
  if (!knees)
    return [
      {
        state: 'cannot tell',
        title: 'Highest rate that keeps an objective',
        reason: "None was searched in this run. Add --find max-rate --slo 'p99<2ms'.",
      },
    ];
  const scenarios = [...Map.groupBy(knees.searches, ({ scenario }) => scenario)];
  if (scenarios.length === 0)
    return [
      {
        state: 'cannot tell',
        title: `Highest rate with ${knees.objective}`,
        reason: 'No window of the search was measured.',
      },
    ];
  return scenarios.map(([scenario, searches]) => drawScenario(scenario, searches, knees, analysis));
}

function drawScenario(scenario: string, searches: readonly KneeAnalysis[], knees: Knees, analysis: Analysis): Drawing {
  const { shown, objective } = knees;
  const title = `Highest rate with ${objective} (${scenario}): ${kneeWords(searches)}`;
  const drawn = searches.flatMap(({ subject, windows }) =>
    windows.flatMap(({ rate, kind, why, micros }) =>
      micros === null
        ? []
        : [
            {
              subject,
              rate,
              micros,
              outcome: labelOf(kind),
              tip: tip(
                subject,
                `${subject} at ${formatQuantity(rate, '/s')}: ${labelOf(kind)}, ${shown?.title ?? ''} ${formatQuantity(micros, 'µs')}${why === null ? '' : ` (${why})`}`,
              ),
            },
          ],
    ),
  );
  if (!shown || drawn.length === 0)
    return {
      state: 'cannot tell',
      title,
      reason: shown
        ? 'No window carried the quantile of the objective; the table of windows says why.'
        : 'The objective names no quantile, so that there is nothing to draw over the rates; the table of windows has them all.',
    };
  const looks = looksOf(analysis);
  const names = searches.map(({ subject }) => subject);
  const outcomes = OUTCOMES.filter(({ label }) => drawn.some(({ outcome }) => outcome === label));
  return {
    state: 'drawn',
    title,
    description: `Points, one a window of the search. Horizontal: offered requests per second, logarithmic where they span much. Vertical: ${shown.title} in microseconds, logarithmic; the dashed line is the objective. The shape says whether the window held, or whether something else was the limit. A band marks between which rates the knee lies, a dotted edge with a question mark the highest rate known to hold where more cannot be told. ${kneeWords(searches)}.`,
    table: {
      columns: ['Subject', 'Highest rate', 'Windows', ...OUTCOMES.map(({ label }) => label)],
      rows: searches.map((search) => [
        search.subject,
        kneeCell(search),
        String(search.windows.length),
        ...OUTCOMES.map(({ kind }) => String(search.windows.filter((window) => window.kind === kind).length)),
      ]),
    },
    spec: (width) => {
      const narrow = isNarrow(width);
      const {
        title: axisTitle,
        scale,
        axis,
      } = rateAxis([...drawn.map(({ rate }) => rate), ...kneeRates(searches)], narrow);
      const layer: Layer[] = [
        ...kneeLayers(searches, looks),
        ...objectiveLayer(objective, shown.below),
        {
          mark: { type: 'point', filled: true, size: 46, opacity: 0.85 },
          encoding: {
            x: { field: 'rate', type: 'quantitative', title: axisTitle, scale, axis },
            y: {
              field: 'micros',
              type: 'quantitative',
              title: shown.title,
              ...LOG_MICROS,
            },
            color: {
              field: 'subject',
              type: 'nominal',
              title: null,
              scale: scaleOf(looks, names, 'colour'),
              legend: { columns: narrow ? 2 : 4, labelLimit: 130, symbolType: 'square' },
            },
            shape: {
              field: 'outcome',
              type: 'nominal',
              title: null,
              scale: { domain: outcomes.map(({ label }) => label), range: outcomes.map(({ shape }) => shape) },
              legend: { columns: narrow ? 2 : 4, labelLimit: 130 },
            },
            ...TIP,
          },
        },
      ];
      return { ...sized(width, 340), data: { values: drawn }, layer };
    },
  };
}

export const knee: Chart = { name: 'knee', draw };
