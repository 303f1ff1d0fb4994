/** L4 and L7 explained with the figures of this very run: what an L7 hop does that an L4 hop does not, and what each part cost. */
import type { Account, Analysis } from '#bench/analysis/analysis.ts';
import { PARTS, type PartName } from '#bench/analysis/ledger/account.ts';
import { shareWords } from '#bench/analysis/ledger/findings.ts';
import { formatEstimate, formatQuantity, percent } from '#bench/analysis/words/quantity.ts';
import { explanationCharts } from '../charts/registry.ts';
import { decompose, type Decomposition, formatPart, partOf } from '../decomposition.ts';
import { figuresOf } from './figures.ts';
import { ledgerTables } from './ledger.ts';
import { html, type Markup } from './markup.ts';

export async function explanationSection(analysis: Analysis): Promise<Markup> {
  const found = decompose(analysis);
  const figures: Markup[] = [];
  for (const chart of explanationCharts) figures.push(...(await figuresOf(chart, analysis)));
  return html`<section aria-labelledby="explanation">
    <h2 id="explanation">L4 and L7: what the difference is made of</h2>
    ${found && words(found, analysis)} ${figures} ${ledgerTables(analysis)}
  </section>`;
}

/** What only an L7 hop does. */
const WORK: readonly PartName[] = ['head', 'route', 'exchange', 'cold'];

function words({ unit, l4, l7, tls }: Decomposition, { ledger: { floor } }: Analysis): Markup {
  const over = l7.whole.value - l4.whole.value;
  const [kernel4, kernel7] = [partOf(l4, 'kernel'), partOf(l7, 'kernel')];
  const loop = partOf(l4, 'loop');
  const work = l7.parts.filter(({ part }) => WORK.includes(part));
  return html`<div class="prose">
    <p>
      An <b>L4 hop</b> joins two sockets. It reads octets from one and writes them to the other, and never learns what
      they mean. In <a href="#scenario-${l4.scenario}">${l4.scenario}</a> that took ${formatEstimate(l4.whole, unit)} of
      CPU per
      request${
        kernel4 &&
        html`, ${formatEstimate(kernel4, unit)} of it in the kernel, receiving and sending
        twice${loop && html`, and ${formatEstimate(loop, unit)} in the event loop around that`}`
      }.
      ${floor && html`The same two reads and two writes in one process by itself, with nobody to wake, take ${formatQuantity(floor.value, 'µs')}: ${percent(floor.value / l4.whole.value)} of the hop.`}
    </p>
    <p>
      An <b>L7 hop</b> reads each request’s head, decides where it goes, takes a pooled connection, writes the head anew
      without the fields that end at this hop, and reads the answer’s head before it passes it on. It took
      ${formatEstimate(l7.whole, unit)}:
      ${over > 0 ? `${formatQuantity(over, unit)} more, ${formatQuantity(l7.whole.value / l4.whole.value, 'ratio')} the L4 hop.` : 'no more than the L4 hop here.'}
      ${kernel4 && kernel7 && html`The kernel has the same four calls to serve and took ${formatEstimate(kernel7, unit)}.`}
      ${
        work.length > 0 &&
        html`What only L7 does, each measured by itself:
        ${work.map(({ part, name, estimate }, i) => html`${i > 0 && (i === work.length - 1 ? ' and ' : ', ')}${formatPart(estimate.value, unit)} for ${part === 'cold' ? 'all of that in the caches that it finds in a proxy' : name}`)}.`
      }
      ${leftWords(l7)}
    </p>
    ${tls && tlsWords(tls, unit)}
    <p class="soft">
      What L7 buys for that: routing by path and host, pooled connections to the origin, retries, limits and filters,
      and an answer to every malformed request. An L4 hop can do none of it, because it never reads the request.
    </p>
  </div>`;
}

function leftWords(account: Account): Markup {
  const { unexplained, verdict } = account;
  const left = formatEstimate(unexplained, 'µs');
  switch (verdict) {
    case 'explained':
      return html`All parts together come to ${shareWords(account)} of the hop; ${left}
      ${unexplained.value < 0 ? 'too much is within what noise allows' : 'remain unexplained'}.`;
    case 'not explained':
      return html`All parts together come to only ${shareWords(account)} of the hop:
        <b>the ledger does not explain it</b>, ${left} remain.`;
    case 'overlapping':
      return html`All parts together come to ${shareWords(account)} of the hop: <b>some of them overlap</b>.`;
  }
}

function tlsWords(tls: Account, unit: Decomposition['unit']): Markup {
  const [records, kernel] = [partOf(tls, 'tls'), partOf(tls, 'kernel')];
  return html`<p>
    <b>TLS</b> in front of the same L7 hop (${tls.subject} in <a href="#scenario-${tls.scenario}">${tls.scenario}</a>)
    took ${formatEstimate(tls.whole, unit)}
    altogether${records && html`, ${formatEstimate(records, unit)} of it for ${PARTS.tls.words}`}${kernel && html`, and ${formatEstimate(kernel, unit)} in the kernel`}.
    ${leftWords(tls)} Handshakes are not in it; connections are kept.
  </p>`;
}
