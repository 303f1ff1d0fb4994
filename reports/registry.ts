/** Every exporter; the next one is one more line. Those after the first list are written where they are asked for. */
import type { Exporter } from './contract.ts';
import { elasticsearch } from './elasticsearch.ts';
import { hdrLog } from './hdr-log.ts';
import { hgrm } from './hgrm.ts';
import { interactive } from './interactive.ts';
import { openMetrics } from './open-metrics.ts';
import { reportHtml } from './report-html.ts';
import { reportJson } from './report-json.ts';
import { reportMarkdown } from './markdown/report.ts';
import { summaryCsv } from './summary-csv.ts';
import { trialsCsv } from './trials-csv.ts';

/** What every run leaves behind. */
export const exporters: readonly Exporter[] = [trialsCsv, summaryCsv, reportJson, reportMarkdown, reportHtml];
/** For other tools: `hopcost report RUN --formats …`. */
export const onRequest: readonly Exporter[] = [hgrm, hdrLog, openMetrics, elasticsearch, interactive];
