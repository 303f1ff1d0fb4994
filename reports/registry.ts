/** Every exporter; the next one is one more line. */
import type { Exporter } from './contract.ts';
import { reportHtml } from './report-html.ts';
import { reportJson } from './report-json.ts';
import { reportMarkdown } from './report-md.ts';
import { summaryCsv } from './summary-csv.ts';
import { trialsCsv } from './trials-csv.ts';

export const exporters: readonly Exporter[] = [trialsCsv, summaryCsv, reportJson, reportMarkdown, reportHtml];
