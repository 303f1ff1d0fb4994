/** A chart answers a question with a Vega-Lite spec; or says what this run lacks for it, and what would give that. */
import type { TopLevelSpec } from 'vega-lite';
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { Chart, Missing, Table } from '../document/tree.ts';

export interface ChartDefinition {
  /** Anchor in the page, lower case with dashes. */
  readonly name: string;
  readonly question: string;
  /** One drawing, or one a scenario; none where the run raises no such question. Pure. */
  draw(analysis: Analysis): readonly Drawing[];
}

export type Drawing = Drawn | ({ readonly state: 'missing' } & Missing);

export interface Drawn {
  readonly state: 'drawn';
  /** Where it is not the chart's own. */
  readonly question?: string;
  readonly answer: string;
  readonly description: string;
  readonly table: Table;
  /** `width` is that of the whole drawing in CSS pixels. */
  readonly spec: (width: number) => TopLevelSpec;
}

/** `how`: the flag that gives it; '' where `what` says why no flag does. */
export const missing = (what: string, how: string): Drawing[] => [{ state: 'missing', what, how }];

/** What was drawn of one question, as blocks of a report, and what is missing for it. */
export interface Gathered {
  readonly charts: readonly Chart[];
  readonly missing: readonly Missing[];
}

export const gather = ({ name, question }: Omit<ChartDefinition, 'draw'>, drawings: readonly Drawing[]): Gathered => ({
  charts: drawings.flatMap((drawing, i): Chart[] => {
    if (drawing.state !== 'drawn') return [];
    const { state: _, ...drawn } = drawing;
    return [{ question, ...drawn, kind: 'chart', id: i === 0 ? name : `${name}-${i + 1}` }];
  }),
  missing: drawings.flatMap((drawing) =>
    drawing.state === 'missing' ? [{ what: drawing.what, how: drawing.how }] : [],
  ),
});

export function drawAll(definitions: readonly ChartDefinition[], analysis: Analysis): Gathered {
  const all = definitions.map((definition) => gather(definition, definition.draw(analysis)));
  return { charts: all.flatMap(({ charts }) => charts), missing: all.flatMap((one) => one.missing) };
}

/** U+2063, invisible: between whose mark it is and what the pointer is told. The renderer takes both apart again. */
export const TIP_SEPARATOR = '\u2063';
/** Value of the description channel: the subject, by which a mark is shown or hidden, and the words that the pointer is told. */
export const tip = (subject: string, words: string): string => `${subject}${TIP_SEPARATOR}${words}`;
