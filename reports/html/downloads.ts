/** The records and tables of the run inside the page: what was measured travels with what is said of it. */
import { gzipSync } from 'node:zlib';
import type { Analysis } from '#bench/analysis/analysis.ts';
import { formatQuantity } from '#bench/analysis/quantity.ts';
import { recordLines, type RunRecords } from '#bench/model/record.ts';
import { summaryCsv } from '../summary-csv.ts';
import { trialsCsv } from '../trials-csv.ts';
import { html, type Markup } from './markup.ts';

/** Of the base64 text: with it a page stays below 1.5 MB. */
const MOST_RECORDS = 500_000;

export function downloadsSection(analysis: Analysis, records: RunRecords): Markup {
  const packed = gzipSync(recordLines(records), { level: 9 }).toString('base64');
  const fits = packed.length <= MOST_RECORDS;
  return html`<section aria-labelledby="records">
    <h2 id="records">Records</h2>
    <p>Everything on this page was computed from these; they are inside this file.</p>
    <ul class="downloads">
      ${
        fits &&
        html`<li>
          ${link('trials.ndjson.gz', `data:application/gzip;base64,${packed}`)} every record as it was measured,
          histograms included, one JSON line each (${formatQuantity((packed.length * 3) / 4, 'B')})
        </li>`
      }
      <li>
        ${link('trials.csv', dataUrl(csv(trialsCsv.render(analysis, records))))} one row a trial, invalid and failed
        ones included
      </li>
      <li>${link('summary.csv', dataUrl(csv(summaryCsv.render(analysis, records))))} every figure with its interval</li>
    </ul>
    ${
      !fits &&
      html`<p class="soft">
        The records themselves (trials.ndjson, ${formatQuantity((packed.length * 3) / 4, 'B')} packed) would make this
        page heavy; they lie next to it in the run’s folder.
      </p>`
    }
  </section>`;
}

const link = (name: string, url: string): Markup => html`<a download="${name}" href="${url}">${name}</a>`;
const csv = (text: unknown): string => String(text);
const dataUrl = (text: string): string => `data:text/csv;charset=utf-8;base64,${Buffer.from(text).toString('base64')}`;
