/** Blocks of a report as HTML. */
import type { Block, Chart, Fold, Item, Section } from '../document/tree.ts';
import { renderSvg } from '../charts/render.ts';
import { betweenTags, html, type Markup, trusted } from './markup.ts';
import { tableOf } from './table.ts';
import { badge, inline } from './text.ts';

/** Charts that follow one another stand side by side. */
export async function blocksOf(blocks: readonly Block[]): Promise<Markup[]> {
  const out: Markup[] = [];
  for (let at = 0; at < blocks.length; at++) {
    const block = blocks[at]!;
    if (block.kind !== 'chart') out.push(await blockOf(block));
    else {
      const end = blocks.findIndex(({ kind }, i) => i > at && kind !== 'chart');
      const run = blocks.slice(at, end < 0 ? blocks.length : end) as readonly Chart[];
      out.push(html`<div class="charts">${await Promise.all(run.map(figureOf))}</div>`);
      at += run.length - 1;
    }
  }
  return out;
}

async function blockOf(block: Exclude<Block, Chart>): Promise<Markup> {
  switch (block.kind) {
    case 'paragraph':
      return block.tone === 'alert'
        ? html`<p class="alert" role="note">${inline(block.text)}</p>`
        : html`<p ${block.tone && html` class="${block.tone}"`}>${inline(block.text)}</p>`;
    case 'items':
      return html`<ul class="items">
        ${block.items.map(itemOf)}
      </ul>`;
    case 'facts':
      return html`<dl>
        ${block.facts.map(
          ([term, fact]) =>
            html`<dt>${term}</dt>
              <dd>${inline(fact)}</dd>`,
        )}
      </dl>`;
    case 'code':
      return html`<pre tabindex="0">${betweenTags(block.text)}</pre>`;
    case 'table':
      return tableOf(block);
    case 'fold':
      return foldOf(block);
    case 'section':
      return sectionOf(block);
  }
}

export const sectionOf = async ({ id, title, blocks }: Section): Promise<Markup> =>
  html`<section class="part" aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    ${await blocksOf(blocks)}
  </section>`;

export const foldOf = async ({ id, title, note, blocks }: Fold): Promise<Markup> =>
  html`<details>
    <summary>${title}${note !== undefined && html` <small>${note}</small>`}</summary>
    <div class="inside" ${id !== undefined && html` id="${id}"`}>${await blocksOf(blocks)}</div>
  </details>`;

export const itemOf = ({ badge: of, text, evidence }: Item): Markup =>
  html`<li>
    ${of && badge(of)}<span
      >${inline(text)}${evidence && html` <a class="evidence" href="#${evidence.to}" aria-label="evidence: ${evidence.name}">${evidence.name}</a>`}</span
    >
  </li>`;

/** Drawn twice, so that letters stay letters on a phone. */
const WIDTHS = { wide: 500, narrow: 330 } as const;

export async function figureOf({ id, question, answer, description, table, spec }: Chart): Promise<Markup> {
  const title = `${question} ${answer}`;
  const drawn = await Promise.all(
    Object.entries(WIDTHS).map(async ([kind, width]) => {
      const { svg } = await renderSvg(spec(width), { id: `${id}-${kind}`, title, description });
      return trusted(svg.replace(/class="marks"/, `class="${kind}"`));
    }),
  );
  return html`<figure id="${id}">
    <figcaption><b>${question}</b> <span>${inline(`${answer}.`)}</span></figcaption>
    ${drawn}
    <details class="data">
      <summary>Data<span class="unseen"> of the chart: ${question}</span></summary>
      ${tableOf(table)}
    </details>
  </figure>`;
}
