/** The comparison by layer: restacks into cards where the page is narrow. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { formatQuantity } from '#bench/analysis/quantity.ts';
import { GROUPS, type Overview, type OverviewRow, overviewOf } from '../overview.ts';
import { html, type Markup } from './markup.ts';

export function comparisonSection(analysis: Analysis): Markup {
  const overview = overviewOf(analysis);
  const { columns, rows, offered } = overview;
  return html`<section aria-labelledby="comparison">
    <h2 id="comparison">Comparison by layer</h2>
    <div class="box" tabindex="0" role="region" aria-labelledby="comparison">
      <table class="stack" role="table">
        <thead role="rowgroup">
          <tr role="row">
            <th scope="col" role="columnheader">Subject</th>
            ${columns.map(({ title }) => html`<th scope="col" role="columnheader">${title}</th>`)}
          </tr>
        </thead>
        <tbody role="rowgroup">
          ${GROUPS.map((group) =>
            groupRows(
              group,
              rows.filter((row) => row.group === group),
              overview,
            ),
          )}
        </tbody>
      </table>
    </div>
    <p class="soft">
      CPU, capacity and throughput: keep-alive requests with 200-byte answers, in the clear, or over TLS for those that
      terminate it. CPU is that of the proxy’s own processes; direct has none. A capacity is <i>measured</i> only where
      the subject itself was the limit; else it is <i>derived</i>: one second ÷ CPU per request, for one core.
      ${offered !== null && html`Added response time: quantile through the proxy less that of direct in the same round, both offered ${formatQuantity(offered, '/s')}.`}
      Under each figure stands its interval.
    </p>
  </section>`;
}

function groupRows(group: string, rows: readonly OverviewRow[], { columns }: Overview): Markup {
  if (rows.length === 0) return html``;
  return html`<tr class="group" role="row">
      <th colspan="${columns.length + 1}" scope="rowgroup" role="rowheader">${group}</th>
    </tr>
    ${rows.map(
      ({ subject, cells, scenario }) =>
        html`<tr role="row">
          <th scope="row" role="rowheader">
            ${scenario === null ? subject : html`<a href="#scenario-${scenario}">${subject}</a>`}
          </th>
          ${cells.map((cell, i) =>
            cell
              ? html`<td role="cell" data-label="${columns[i]!.title}">
                  <span
                    >${cell.figure}${[cell.interval, cell.kind].map((line) => line !== undefined && html`<small>${line}</small>`)}</span
                  >
                </td>`
              : html`<td role="cell" class="empty" data-label="${columns[i]!.title}"><span>–</span></td>`,
          )}
        </tr>`,
    )}`;
}
