/** The records and tables of the run inside the page: what was measured travels with what is said of it. */
import { gzipSync } from 'node:zlib';
import type { Analysis } from '#bench/analysis/analysis.ts';
import { formatQuantity } from '#bench/analysis/words/quantity.ts';
import { recordLines, type RunRecords } from '#bench/model/record.ts';
import { summaryCsv } from '../summary-csv.ts';
import { trialColumns } from '../trial-columns.ts';
import { trialsCsv } from '../trials-csv.ts';
import { html, type Markup } from './markup.ts';

interface Packed {
  readonly name: string;
  readonly base64: string;
  readonly words: string;
}

const pack = (name: string, text: string, words: string): Packed => ({
  name,
  base64: gzipSync(text, { level: 9 }).toString('base64'),
  words,
});

/** `room`: characters that the page may still take; of the records, as much as fits is in it. */
export function downloadsFold(analysis: Analysis, records: RunRecords, room: number): Markup {
  const tables = [
    pack('trials.csv', csv(trialsCsv.render(analysis, records)), 'one row a trial, invalid and failed ones included'),
    pack('summary.csv', csv(summaryCsv.render(analysis, records)), 'every figure with its interval'),
  ];
  const left = room - tables.reduce((sum, { base64 }) => sum + base64.length, 0);
  const whole = pack(
    'trials.ndjson',
    recordLines(records),
    'every record as it was measured, histograms included, one JSON line each',
  );
  const [fits, note] = recordsThatFit(whole, records, left);
  return html`<details>
    <summary>Records <small>that everything here was computed from, in this file</small></summary>
    <div class="inside" id="records">
      <ul class="downloads">
        ${[...fits, ...tables].map(
          ({ name, base64, words }) =>
            html`<li>
              <a download="${name}.gz" data-unpacked="${name}" href="data:application/gzip;base64,${base64}"
                >${name}.gz</a
              >
              ${words} (${formatQuantity(bytesOf(base64), 'B')})
            </li>`,
        )}
      </ul>
      ${note !== '' && html`<p class="soft">${note}</p>`}
    </div>
  </details>`;
}

const csv = (text: unknown): string => String(text);
const bytesOf = (base64: string): number => (base64.length * 3) / 4;

function recordsThatFit(whole: Packed, records: RunRecords, room: number): readonly [readonly Packed[], string] {
  if (whole.base64.length <= room) return [[whole], ''];
  const where = `The records as they were measured (trials.ndjson, ${formatQuantity(bytesOf(whole.base64), 'B')} packed) would make this page heavy; they lie next to it in the run’s folder, and hopcost report reads them.`;
  const slim = pack(
    'trial-columns.json',
    trialColumns(records),
    'every trial without its latency histograms, a column a field, numbers to five digits',
  );
  return slim.base64.length <= room ? [[slim], where] : [[], where];
}
