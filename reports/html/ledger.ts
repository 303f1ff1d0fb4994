/** The cost ledger: an account a hop side by side, what more of something costs, and the micro-benchmarks as evidence. */
import type { Account, Analysis, Estimate } from '#bench/analysis/analysis.ts';
import { PARTS, type PartName } from '#bench/analysis/ledger/account.ts';
import { remarksOf, shareWords } from '#bench/analysis/ledger/findings.ts';
import type { LedgerSuite } from '#bench/analysis/ledger/micro.ts';
import { formatInterval, formatQuantity, percent, type Unit } from '#bench/analysis/words/quantity.ts';
import { partTexts, referenceAccounts, unitOf } from '../decomposition.ts';
import { html, type Markup } from './markup.ts';
import { scrollTable } from './table.ts';

export function ledgerTables(analysis: Analysis): Markup {
  const { ledger } = analysis;
  const references = referenceAccounts(analysis);
  const others = ledger.accounts.filter((account) => !references.includes(account));
  if (ledger.accounts.length === 0 && ledger.suites.length === 0) return html``;
  return html`<h3 id="ledger">Ledger: where a request’s CPU goes</h3>
    ${references.length > 0 && accountsTable(references, 'reference hops')}
    ${
      others.length > 0 &&
      html`<details>
        <summary>The other hops <small class="soft">as far as this run tells</small></summary>
        ${[...Map.groupBy(others, ({ cost }) => cost).values()].map((own) => accountsTable(own, `other hops, ${own[0]!.cost}`))}
      </details>`
    }
    ${ratesTable(analysis)} ${ledger.suites.length > 0 && suitesTable(ledger.suites)}`;
}

function accountsTable(accounts: readonly Account[], label: string): Markup {
  const unit = unitOf(accounts[0]!);
  const names = (Object.keys(PARTS) as PartName[]).filter((name) =>
    accounts.some(({ parts }) => parts.some(({ part }) => part === name)),
  );
  const of = ({ parts }: Account, name: PartName) => parts.find(({ part }) => part === name);
  const sources = (name: PartName): string =>
    [...new Set(accounts.flatMap((account) => of(account, name)?.source ?? []))].join('; ');
  return html`${scrollTable({
    label: `table: ledger, ${label}`,
    className: 'scroll',
    heads: [
      'Part',
      ...accounts.map(({ subject, scenario }) => html`${subject}<br /><small>${scenario}</small>`),
      { text: 'How it is known' },
    ],
    rows: html`${names.map(
        (name) =>
          html`<tr>
            <th scope="row">${PARTS[name].name}</th>
            ${accounts.map((account) => cell(of(account, name)?.estimate, unit))}
            <td class="text">${sources(name)}</td>
          </tr>`,
      )}
      <tr>
        <th scope="row">unexplained</th>
        ${accounts.map(({ unexplained }) => cell(unexplained, unit))}
        <td class="text">the whole less its parts</td>
      </tr>
      <tr>
        <th scope="row">measured whole</th>
        ${accounts.map(({ whole }) => cell(whole, unit))}
        <td class="text">the hop’s own processes</td>
      </tr>
      <tr>
        <th scope="row">explained</th>
        ${accounts.map((account) => html`<td>${percent(account.explained.value)}<small>${shareWords(account).replace(/^.*\((.*)\)$/, '$1')}</small></td>`)}
        <td class="text">sum of the parts ÷ the whole</td>
      </tr>`,
  })}
  ${accounts.map(remarks)}`;
}

function cell(estimate: Estimate | undefined, unit: Unit): Markup {
  if (!estimate) return html`<td>–</td>`;
  const { figure, interval } = partTexts(estimate, unit);
  return html`<td>${figure}<small>${interval}</small></td>`;
}

const remarks = (account: Account): Markup =>
  html`<p class="soft"><b>${account.subject}</b>: ${remarksOf(account).join('; ')}.</p>`;

function ratesTable({ ledger: { rates, missing } }: Analysis): Markup {
  if (rates.length === 0 && missing.length === 0) return html``;
  const names = [...new Set(rates.map(({ name }) => name))];
  return html`<h3 id="rates">What more of something costs</h3>
    <p class="soft">
      Differences of whole scenarios, paired by round, kernel and user together: what each adds to a request of the
      keep-alive scenario.
    </p>
    ${scrollTable({
      label: 'table: what more of something costs',
      heads: ['What', { text: 'Hop' }, 'Cost', { text: 'How it is known' }],
      rows: html`${names.map((name) =>
        rates
          .filter((rate) => rate.name === name)
          .map(
            ({ subject, estimate, source, cost }) =>
              html`<tr>
                <th scope="row">${name}</th>
                <td class="text nowrap">${subject}</td>
                ${cell(estimate, cost === 'CPU' ? 'µs' : 'instructions')}
                <td class="text">${source}</td>
              </tr>`,
          ),
      )}
      ${missing.map(
        ({ what, how }) =>
          html`<tr>
            <th scope="row">${what}</th>
            <td class="text">–</td>
            <td>–</td>
            <td class="text">not in this run; ${how}</td>
          </tr>`,
      )}`,
    })}`;
}

const suitesTable = (suites: readonly LedgerSuite[]): Markup =>
  html`<details>
    <summary>
      Evidence: the micro-benchmarks <small class="soft">each building block by itself, in nanoseconds</small>
    </summary>
    <p class="soft">
      Median with its 95 % interval over batches, times how often one proxied request needs it. Hot loops without
      sockets, but for exchange-in-place, whose clock runs between socket operations, and sockets, which are those
      operations themselves.
    </p>
    ${scrollTable({ label: 'table: micro-benchmarks', heads: ['Task', 'Per operation', 'Per request', 'Time per request'], rows: suites.map(suiteRows) })}
  </details>`;

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
