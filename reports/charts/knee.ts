/** Every window of a knee search: what it showed at its rate, whether the objective held, and where the knee therefore lies. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { KneeAnalysis, KneePoint, Knees } from '#bench/analysis/knees/knees.ts';
import { formatQuantity } from '#bench/analysis/words/quantity.ts';
import { type ChartDefinition, type Drawing, missing, tip } from './chart.ts';
import { kneeCell, kneeLayers, kneeRates, kneeWords, objectiveLayers, rateAxis } from './knee-marks.ts';
import { by, points } from './marks.ts';
import { looksOf } from './palette.ts';
import { curveView, isNarrow, legendOf, logMicros, looks } from './views.ts';

const OUTCOMES: readonly { readonly kind: KneePoint['kind']; readonly label: string; readonly shape: string }[] = [
  { kind: 'held', label: 'held', shape: 'circle' },
  { kind: 'missed', label: 'missed', shape: 'triangle-up' },
  { kind: 'limited', label: 'other limit', shape: 'diamond' },
  { kind: 'disturbed', label: 'disturbed', shape: 'cross' },
];
const labelOf = (kind: KneePoint['kind']): string => OUTCOMES.find((outcome) => outcome.kind === kind)!.label;

function draw(analysis: Analysis): Drawing[] {
  const { knees } = analysis;
  if (!knees) return missing('the highest rate', '--find max-rate');
  if (!knees.shown) return missing('windows over the rates: the objective names no percentile', '');
  return [...Map.groupBy(knees.searches, ({ scenario }) => scenario)].flatMap(([scenario, searches]) =>
    drawScenario(scenario, searches, knees, analysis),
  );
}

function drawScenario(
  scenario: string,
  searches: readonly KneeAnalysis[],
  knees: Knees,
  analysis: Analysis,
): Drawing[] {
  const { objective } = knees;
  const { title, below } = knees.shown!;
  const drawn = searches.flatMap(({ subject, windows }) =>
    windows.flatMap(({ rate, kind, why, micros }) => {
      if (micros === null) return [];
      const said = `${subject} at ${formatQuantity(rate, '/s')}: ${labelOf(kind)}, ${title} ${formatQuantity(micros, 'µs')}${why === null ? '' : ` (${why})`}`;
      return [{ subject, rate, micros, outcome: labelOf(kind), tip: tip(subject, said) }];
    }),
  );
  if (drawn.length === 0) return [];
  const outcomes = OUTCOMES.filter(({ label }) => drawn.some(({ outcome }) => outcome === label));
  return [
    {
      state: 'drawn',
      question: `Up to which rate does ${objective} hold? (${scenario})`,
      answer: kneeWords(searches),
      description: `Points, one a window of the search. Horizontal: offered requests per second. Vertical: ${title}, logarithmic; the dashed line is the objective. The shape says whether the window held, or whether something else was the limit. A band marks between which rates the knee lies, a dotted edge with a question mark the highest rate known to hold where more cannot be told. ${kneeWords(searches)}.`,
      table: {
        kind: 'table',
        label: `windows of the search in ${scenario}`,
        head: 'Subject',
        columns: [{ title: 'Highest rate' }, { title: 'Windows' }, ...OUTCOMES.map(({ label }) => ({ title: label }))],
        rows: searches.map((search) => ({
          head: search.subject,
          cells: [
            kneeCell(search),
            String(search.windows.length),
            ...OUTCOMES.map(({ kind }) => String(search.windows.filter((window) => window.kind === kind).length)),
          ],
        })),
      },
      spec: (width) => {
        const of = looksOf(analysis);
        const legend = legendOf(width);
        const x = rateAxis([...drawn.map(({ rate }) => rate), ...kneeRates(searches)], isNarrow(width) ? 4 : 6);
        return curveView(width, 330, { x, y: logMicros(title, [...drawn.map(({ micros }) => micros), below]) }, [
          ...kneeLayers(searches, of),
          ...objectiveLayers(objective, below, x.domain[0]),
          points(
            drawn,
            { x: 'rate', y: 'micros' },
            {
              size: 40,
              colour: looks(
                of,
                searches.map(({ subject }) => subject),
                'colour',
                { ...legend, symbolType: 'square' },
              ),
              shape: by(
                'outcome',
                outcomes.map(({ label }) => label),
                outcomes.map(({ shape }) => shape),
                legend,
              ),
            },
          ),
        ]);
      },
    },
  ];
}

export const knee: ChartDefinition = { name: 'knee', question: 'Up to which rate does the objective hold?', draw };
