/** An exporter turns the analysis of a run into the text of one file. One exporter a file; `registry.ts` lists them. */
import type { Analysis } from '#bench/analysis/analysis.ts';

export interface Exporter {
  /** 'html', 'trials-csv', … */
  readonly format: string;
  /** Name of its file in the run's folder. */
  readonly file: string;
  /** Pure: the same analysis gives the same text. */
  render(analysis: Analysis): string | Promise<string>;
}
