/** Every trial; those that count in no figure first, with why. */
import type { Analysis, TrialRow } from '#bench/analysis/analysis.ts';
import { METRICS } from '#bench/analysis/metrics.ts';
import { formatQuantity, percent } from '#bench/analysis/quantity.ts';
import { html, type Markup } from './markup.ts';

export function trialsSection({ trials, run }: Analysis): Markup {
  const out = trials.filter(({ state }) => state !== 'completed');
  return html`<section aria-labelledby="trials">
    <h2 id="trials">Trials</h2>
    ${
      out.length === 0
        ? html`<p>All ${trials.length} trials completed.</p>`
        : html`<p>${out.length} of ${trials.length} trials count in no figure:</p>
            <div class="box" tabindex="0" role="region" aria-label="invalid and failed trials">
              <table class="stack" role="table">
                <thead>
                  <tr>
                    <th scope="col">Trial</th>
                    <th scope="col" class="text">State</th>
                    <th scope="col" class="text">Why</th>
                  </tr>
                </thead>
                <tbody>
                  ${out.map(outRow)}
                </tbody>
              </table>
            </div>`
    }
    <details>
      <summary>
        All ${trials.length} trials
        <small class="soft"
          >in the order in which they ran, ${run.rounds} ${run.rounds === 1 ? 'round' : 'rounds'} interleaved with seed
          ${run.seed}</small
        >
      </summary>
      <div class="box" tabindex="0" role="region" aria-label="all trials">
        <table>
          <thead>
            <tr>
              ${COLUMNS.map(({ title }) => html`<th scope="col">${title}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${trials.map(
              (row) =>
                html`<tr>
                  ${COLUMNS.map(({ cell }) => cell(row))}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </details>
  </section>`;
}

const badge = (state: TrialRow['state']): Markup => html`<span class="badge ${state}">${state}</span>`;

const outRow = ({ scenario, subject, round, state, codes, notes }: TrialRow): Markup =>
  html`<tr>
    <th scope="row">${scenario} · ${subject} · round ${round + 1}</th>
    <td class="text">${badge(state)}</td>
    <td class="text"><code>${codes.join(', ')}</code> ${notes.join('; ')}</td>
  </tr>`;

const number = (text: string | null): Markup => html`<td class="nowrap">${text ?? '–'}</td>`;
const figure = (row: TrialRow, name: keyof typeof METRICS): Markup => {
  const value = row.figures[name];
  return number(value === undefined ? null : formatQuantity(value, METRICS[name].unit));
};
const share = (value: number | null): Markup => number(value === null ? null : percent(value));

const COLUMNS: readonly { readonly title: string; readonly cell: (row: TrialRow) => Markup }[] = [
  { title: 'Round', cell: ({ round }) => html`<th scope="row">${round + 1}</th>` },
  { title: 'Scenario', cell: ({ scenario }) => html`<td class="nowrap">${scenario}</td>` },
  { title: 'Subject', cell: ({ subject }) => html`<td class="nowrap">${subject}</td>` },
  { title: 'State', cell: ({ state }) => html`<td>${badge(state)}</td>` },
  { title: 'Limited by', cell: ({ bound }) => number(bound) },
  {
    title: 'Requests',
    cell: ({ requests }) => number(requests === null ? null : requests.toLocaleString('en').replaceAll(',', '\u00a0')),
  },
  { title: 'Failed', cell: ({ failed }) => number(failed === null ? null : String(failed)) },
  { title: 'Throughput', cell: (row) => figure(row, 'throughput') },
  { title: 'CPU per request', cell: (row) => figure(row, 'cpuPerRequest') },
  { title: 'Service p50', cell: (row) => figure(row, 'serviceP50') },
  { title: 'Response p99', cell: (row) => figure(row, 'responseP99') },
  { title: 'CPU: proxy', cell: ({ cpuShare }) => share(cpuShare.proxy) },
  { title: 'origin', cell: ({ cpuShare }) => share(cpuShare.origin) },
  { title: 'generator', cell: ({ cpuShare }) => share(cpuShare.generator) },
  { title: 'Steal', cell: ({ steal }) => share(steal) },
  { title: 'Warnings', cell: ({ codes }) => html`<td class="text">${codes.join(', ')}</td>` },
];
