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
  /** `width` is that of the whole drawing in CSS pixels: about 700 beside text, about 330 on a phone. */
  readonly spec: (width: number) => TopLevelSpec;
}
