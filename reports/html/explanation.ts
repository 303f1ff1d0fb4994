/** L4 and L7 explained with the figures of this very run: what an L7 hop does that an L4 hop does not, and what each part cost. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { formatEstimate, formatQuantity, percent } from '#bench/analysis/quantity.ts';
import { explanationCharts } from '../charts/registry.ts';
import { decompose, type Decomposition, formatPart } from '../decomposition.ts';
import { figuresOf } from './figures.ts';
import { ledgerTable } from './ledger.ts';
import { html, type Markup } from './markup.ts';

export async function explanationSection(analysis: Analysis): Promise<Markup> {
  const found = decompose(analysis);
  const figures: Markup[] = [];
  for (const chart of explanationCharts) figures.push(...(await figuresOf(chart, analysis)));
  return html`<section aria-labelledby="explanation">
    <h2 id="explanation">L4 and L7: what the difference is made of</h2>
    ${found && words(found)} ${figures} ${ledgerTable(analysis)}
  </section>`;
}

function words({ scenario, l4, l7, l4System, tls, explained, parts }: Decomposition): Markup {
  const over = l7.value - l4.value;
  const work = parts.filter(({ kind }) => kind === 'micro-benchmark');
  const rest = parts.find(({ kind }) => kind === 'rest')!;
  return html`<div class="prose">
    <p>
      An <b>L4 hop</b> joins two sockets. It reads octets from one and writes them to the other, and never learns what
      they mean. In <a href="#scenario-${scenario}">${scenario}</a> that took ${formatEstimate(l4, 'µs')} of CPU per
      request${l4System === null ? '.' : `, ${percent(l4System)} of it in the kernel: receiving and sending, twice.`}
    </p>
    <p>
      An <b>L7 hop</b> reads each request’s head, decides where it goes, takes a pooled connection, writes the head anew
      without the fields that end at this hop, and does the same with the answer. It took ${formatEstimate(l7, 'µs')}:
      ${over > 0 ? `${formatQuantity(over, 'µs')} more, ${formatQuantity(l7.value / l4.value, 'ratio')} the L4 hop.` : 'no more than the L4 hop here.'}
      ${
        work.length > 0 &&
        html`The micro-benchmarks of these parts, run alone, give
        ${work.map(({ name, micros }, i) => html`${i > 0 && (i === work.length - 1 ? ' and ' : ', ')}${formatPart(micros)} for ${name}`)}.`
      }
      ${
        explained !== null &&
        html`That is ${percent(explained)} of the difference;
        ${rest.micros > 0 ? html`the other ${formatPart(rest.micros)} are ${rest.words}, and are not measured apart.` : 'in the running proxy the parts overlap.'}`
      }
    </p>
    ${
      tls &&
      html`<p>
        <b>TLS</b> in front of the same L7 hop (${tls.subject} in
        <a href="#scenario-${tls.scenario}">${tls.scenario}</a>) added ${formatEstimate(tls.estimate, 'µs')} per request
        on kept connections: decrypting each request and encrypting each answer. Handshakes are not in it; they are
        scenarios of their own.
      </p>`
    }
    <p class="soft">
      What L7 buys for that: routing by path and host, pooled connections to the origin, retries, limits and filters,
      and an answer to every malformed request. An L4 hop can do none of it, because it never reads the request.
    </p>
  </div>`;
}
