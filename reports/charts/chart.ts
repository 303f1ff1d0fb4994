/** A chart: what it says in one line, and a Vega-Lite spec; or why the data of this run cannot support it. */
import type { TopLevelSpec } from 'vega-lite';
import type { Analysis } from '#bench/analysis/analysis.ts';

export interface Chart {
  /** Anchor in the page, lower case with dashes. */
  readonly name: string;
  /** One drawing, or one a scenario. Pure. */
  draw(analysis: Analysis): readonly Drawing[];
}

export type Drawing = Drawn | { readonly state: 'cannot tell'; readonly title: string; readonly reason: string };

interface Drawn {
  readonly state: 'drawn';
  /** The takeaway in one line. */
  readonly title: string;
  /** What is drawn, for those who cannot see it: axes, units, the values that matter. */
  readonly description: string;
  /** The figures behind the marks, as text: for whoever cannot see them, and for whoever wants them exactly. */
  readonly table: DataTable;
  /** `width` is that of the whole drawing in CSS pixels: about 700 beside text, about 330 on a phone. */
  readonly spec: (width: number) => TopLevelSpec;
}

export interface DataTable {
  readonly columns: readonly string[];
  /** The first cell of a row names it. */
  readonly rows: readonly (readonly string[])[];
}

/** U+2063, invisible: between whose mark it is and what the pointer is told. The renderer takes both apart again. */
export const TIP_SEPARATOR = '\u2063';
/** Value of the description channel: the subject, by which a mark is shown or hidden, and the words that the pointer is told. */
export const tip = (subject: string, words: string): string => `${subject}${TIP_SEPARATOR}${words}`;
/** Channel that carries the field `tip` of each datum to its mark. */
export const TIP = { description: { field: 'tip', type: 'nominal' } } as const;
/** The same for a line, which has no one value: the field `own` of each datum tells only whose it is. */
export const OWN = { description: { field: 'own', type: 'nominal' } } as const;
export const own = (subject: string): string => tip(subject, '');
