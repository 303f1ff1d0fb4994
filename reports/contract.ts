/** An exporter turns a run into the text of one file, or of a folder of them. One exporter a file; `registry.ts` lists them. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { RunRecords } from '#bench/model/record.ts';

/** A text, or the texts of a folder by file name. */
export type Rendered = string | ReadonlyMap<string, string>;

export interface Exporter {
  /** 'html', 'trials-csv', … */
  readonly format: string;
  /** Name of its file or folder below the run's folder. */
  readonly file: string;
  /** Pure: the same analysis and records give the same text. Histograms are in the records alone. */
  render(analysis: Analysis, records: RunRecords): Rendered | Promise<Rendered>;
}
