/** The micro-benchmarks: where the time of one proxied request goes. */
import type { Analysis, LedgerSuite } from '#bench/analysis/analysis.ts';
import { formatInterval, formatQuantity } from '#bench/analysis/quantity.ts';
import { html, type Markup } from './markup.ts';

export function ledgerTable({ ledger }: Analysis): Markup {
  if (ledger.length === 0) return html``;
  return html`<h3 id="ledger">Ledger: where a request’s time goes</h3>
    <p class="soft">
      Micro-benchmarks of the building blocks, median with its 95 % interval, times how often one proxied request needs
      them. They run without sockets: what the kernel does is not in them.
    </p>
    <div class="box" tabindex="0" role="region" aria-label="table: ledger">
      <table>
        <thead>
          <tr>
            <th scope="col">Task</th>
            <th scope="col">Per operation</th>
            <th scope="col">Per request</th>
            <th scope="col">Time per request</th>
          </tr>
        </thead>
        <tbody>
          ${ledger.map(suiteRows)}
        </tbody>
      </table>
    </div>`;
}

const suiteRows = ({ suite, lines, nanosPerRequest }: LedgerSuite): Markup =>
  html`<tr class="group">
      <th scope="rowgroup" colspan="3">${suite}</th>
      <td>${nanosPerRequest > 0 ? formatQuantity(nanosPerRequest, 'ns') : '–'}</td>
    </tr>
    ${lines.map(
      ({ task, median, low, high, samples, perRequest, nanosPerRequest: nanos }) =>
        html`<tr>
          <th scope="row">${task}</th>
          <td>
            ${formatQuantity(median, 'ns')}<small
              >${formatInterval({ value: median, low, high, coverage: 0.95, n: samples }, 'ns')}</small
            >
          </td>
          <td>${perRequest > 0 ? `${perRequest}×` : '–'}</td>
          <td>${nanos > 0 ? formatQuantity(nanos, 'ns') : '–'}</td>
        </tr>`,
    )}`;
