/** The comparison by layer: sortable where the page's script runs, restacked into cards where the page is narrow. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { windowFor } from '#bench/analysis/findings/load.ts';
import { formatQuantity } from '#bench/analysis/words/quantity.ts';
import { type Cell, GROUPS, type Overview, type OverviewRow, overviewOf } from '../overview.ts';
import { TARGET_COLUMNS, TARGET_NOTE, targetTables } from '../targets.ts';
import { html, type Markup } from './markup.ts';
import { scrollTable } from './table.ts';

export function comparisonSection(analysis: Analysis): Markup {
  const overview = overviewOf(analysis);
  const { columns, rows } = overview;
  const scales = columns.map((_, i) => Math.max(0, ...rows.map(({ cells }) => cells[i]?.estimate?.high ?? 0)));
  return html`<section aria-labelledby="comparison">
    <h2 id="comparison">Comparison by layer</h2>
    <div class="box" tabindex="0" role="region" aria-label="table: comparison by layer">
      <table class="stack compare" role="table" data-sortable>
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
              scales,
            ),
          )}
        </tbody>
      </table>
    </div>
    ${notes(overview)} ${targets(analysis)}
  </section>`;
}

/** Nothing where all subjects ran here. */
function targets(analysis: Analysis): Markup {
  const tables = targetTables(analysis);
  if (tables.length === 0) return html``;
  return html`<h3 id="targets">Targets that run elsewhere</h3>
    <p>${TARGET_NOTE}</p>
    ${tables.map(({ title, rows }) =>
      scrollTable({
        label: `targets: ${title}`,
        caption: title,
        heads: ['Subject', 'Ends', ...TARGET_COLUMNS],
        rows: rows.map(
          ({ subject, ends, cells }) =>
            html`<tr>
              <th scope="row">${subject}</th>
              <td>${ends}</td>
              ${cells.map((cell) => html`<td>${cell ? cell.figure : '–'}${cell?.interval !== undefined && html`<small>${cell.interval}</small>`}</td>`)}
            </tr>`,
        ),
      }),
    )}`;
}

function groupRows(
  group: string,
  rows: readonly OverviewRow[],
  { columns }: Overview,
  scales: readonly number[],
): Markup {
  if (rows.length === 0) return html``;
  return html`<tr class="group" role="row">
      <th colspan="${columns.length + 1}" scope="rowgroup" role="rowheader">${group}</th>
    </tr>
    ${rows.map(
      ({ subject, rank, cells, scenario }) =>
        html`<tr role="row">
          <th scope="row" role="rowheader">
            ${scenario === null ? html`<span class="name">${subject}</span>` : html`<a class="name" href="#scenario-${scenario}">${subject}</a>`}${rank && html`<small class="place">rank ${rank.words}</small>`}<small
              class="layer"
              >${group}</small
            >
          </th>
          ${cells.map((cell, i) =>
            cell
              ? html`<td role="cell" data-label="${columns[i]!.title}" data-value="${cell.estimate?.value}">
                  <span
                    >${cell.figure}${[cell.interval, cell.kind].map((line) => line !== undefined && html`<small>${line}</small>`)}${spark(cell, scales[i]!)}</span
                  >
                </td>`
              : html`<td role="cell" class="empty" data-label="${columns[i]!.title}"><span>–</span></td>`,
          )}
        </tr>`,
    )}`;
}

/** A bar of the estimate, its interval laid over; nothing where the whole column is zero. */
function spark({ estimate }: Cell, scale: number): Markup {
  if (!estimate || scale <= 0) return html``;
  const at = (value: number): string => ((100 * Math.max(0, value)) / scale).toFixed(1);
  return html`<svg class="spark" viewBox="0 0 100 5" preserveAspectRatio="none" aria-hidden="true" focusable="false">
    <rect class="track" width="100" height="5" />
    <rect class="bar" width="${at(estimate.value)}" height="5" />
    ${
      estimate.high > estimate.low &&
      html`<rect
        class="range"
        x="${at(estimate.low)}"
        width="${at(estimate.high - Math.max(0, estimate.low))}"
        y="1.5"
        height="2"
      />`
    }
  </svg>`;
}

/** What each column is, and why one that a reader looks for is not there. */
function notes({ columns, rows, offered, time, isIdle }: Overview): Markup {
  const has = (part: string): boolean => columns.some(({ title }) => title.includes(part));
  const isMerged = rows.some(({ cells }) => cells.some((cell) => cell?.kind === 'rounds merged'));
  return html`<p class="soft">
      <b>CPU, capacity, throughput</b>: keep-alive requests with 200-byte answers, in the clear, or over TLS for those
      that terminate it. CPU is that of the proxy’s own processes; direct has none. A capacity is <i>measured</i> only
      where the subject itself was the limit; else it is <i>derived</i>: one second ÷ CPU per request, for one core.
      Under each figure stands its interval; the bar shows it against the largest of its column.
    </p>
    ${
      offered !== null &&
      html`<p class="soft">
        <b>Added ${time} time</b>: the quantile through the proxy less that of direct in the same round, both offered
        ${formatQuantity(offered, '/s')}.
        ${time === 'service' && 'Response times are withheld where the generator’s own lag would be in them; service time starts at the actual send and holds none of it. '}
        ${!has('p50') && 'No round carried quantiles of both. '}
        ${isMerged && 'A single round has too few requests for p99.9: there the rounds are merged and the interval comes from drawing whole rounds anew (bootstrap); it is for a look only. '}
        ${has('p50') && !columns.some(({ title }) => title.endsWith(' p99')) && html`p99 is left out: at this rate it needs a window of ${windowFor(0.99, offered)}. `}
        ${has('p50') && !has('p99.9') && html`p99.9 is left out: it needs 10 000 requests, and all rounds together had fewer; at this rate a window of ${windowFor(0.999, offered)} (<code>--duration</code>) gives every round enough. `}
      </p>`
    }
    <p class="soft">
      <b>Memory</b>:
      ${isIdle ? 'what an idle connection adds to the proxy’s resident memory.' : 'resident memory of the proxy’s processes at its peak under that load; memory per idle connection needs the scenario idle-connections.'}
    </p>`;
}
