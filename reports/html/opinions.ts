/** What other people's load tools say of a target of ours; nothing where they were not asked. */
import type { Analysis, Estimate } from '#bench/analysis/analysis.ts';
import { formatQuantity, percent, type Unit } from '#bench/analysis/words/quantity.ts';
import type { Opinion, SecondOpinion } from '#bench/analysis/instruments/second-opinion.ts';
import { cellOf } from '../overview.ts';
import { html, type Markup } from './markup.ts';
import { scrollTable } from './table.ts';

export function opinionsSection({ secondOpinion }: Analysis): Markup {
  if (!secondOpinion) return html``;
  return html`<section aria-labelledby="second-opinions">
    <h2 id="second-opinions">Second opinions</h2>
    ${opinionTable(secondOpinion)}
  </section>`;
}

const opinionTable = ({ targets, missing, host, disturbed }: SecondOpinion): Markup =>
  html`<p class="soft">
      The same target, direct, over as many kept connections and from the same cores, by our generator and by other
      tools in turn. A fixed delay sets the rate whatever a request costs the tool; a saturated target is as fast as the
      slower of tool and origin.
      ${disturbed && html`Meanwhile the hypervisor took ${percent(host.steal)} of the CPU and other processes ${percent(host.foreign)}: what differs may be theirs.`}
      ${missing.map(({ tool, install }) => html`${tool} is not installed here (<code>${install}</code>). `)}
    </p>
    ${scrollTable({
      label: 'table: second opinions',
      heads: [
        'Tool',
        'Its rate',
        'By the origin’s count',
        'Over ours',
        'By its cost it should be',
        'Its CPU per request',
        'Verdict',
      ],
      rows: targets.map(
        ({ name, summary, opinions }) =>
          html`<tr class="group">
              <th scope="rowgroup" colspan="7">${name}: ${summary}</th>
            </tr>
            ${opinions.map(opinionRow)}`,
      ),
    })}`;

function opinionRow({
  tool,
  version,
  rate,
  counted,
  ratio,
  explained,
  cpuPerRequest,
  verdict,
  errors,
}: Opinion): Markup {
  const ours = verdict === 'ours';
  return html`<tr>
    <th scope="row">${ours ? 'hopcost' : tool}<small>${version}</small></th>
    ${figure(rate, '/s')} ${figure(counted, '/s')} ${figure(ratio, 'ratio')}
    <td>${ours ? '–' : formatQuantity(explained, 'ratio')}</td>
    ${figure(cpuPerRequest, 'µs')}
    <td>${verdict}${errors.map((error) => html`<small>${error}</small>`)}</td>
  </tr>`;
}

function figure(estimate: Estimate | null, unit: Unit): Markup {
  const cell = cellOf(estimate ?? undefined, unit);
  if (!cell) return html`<td>–</td>`;
  return html`<td>${cell.figure}${cell.interval !== undefined && html`<small>${cell.interval}</small>`}</td>`;
}
