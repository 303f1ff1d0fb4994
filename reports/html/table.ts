/** A table as HTML: in a box that scrolls where the page is too narrow, sortable where it may be explored. */
import { type LaidCell, type LaidRow, type LaidTable, laidOut } from '../document/table.ts';
import type { Table } from '../document/tree.ts';
import { html, type Markup } from './markup.ts';
import { badge, inline } from './text.ts';

export function tableOf(table: Table): Markup {
  const laid = laidOut(table);
  const { sortable = false } = table;
  return html`<div class="box" tabindex="0" role="region" aria-label="table: ${table.label}">
    <table ${sortable && html` data-sortable`}>
      <thead>
        <tr>
          <th scope="col">${laid.head}</th>
          ${laid.columns.map(({ title, isText }) => html`<th scope="col" ${isText && html` class="text"`}>${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${laid.rows.map((row, at) => [table.grouped && row.group !== laid.rows[at - 1]?.group && groupRow(row, laid), rowOf(row, laid)])}
      </tbody>
    </table>
  </div>`;
}

const groupRow = ({ group }: LaidRow, { columns }: LaidTable): Markup =>
  html`<tr class="group">
    <th colspan="${columns.length + 1}" scope="rowgroup">${group}</th>
  </tr>`;

const rowOf = ({ head, to, note, cells }: LaidRow, { columns }: LaidTable): Markup =>
  html`<tr>
    <th scope="row">
      ${to === undefined ? html`<span class="name">${head}</span>` : html`<a class="name" href="#${to}">${head}</a>`}${note !== undefined && html`<small>${note}</small>`}
    </th>
    ${cells.map((cell, i) => cellOf(cell, columns[i]!.isText))}
  </tr>`;

const cellOf = (cell: LaidCell, isText: boolean): Markup =>
  html`<td ${isText && html` class="text"`} ${cell.figure && html` data-value="${cell.figure.value}"`}>
    ${contentOf(cell)}${[cell.interval, cell.note].map((line) => line !== undefined && html`<small>${line}</small>`)}
  </td>`;

function contentOf({ text, spans, badge: of, to }: LaidCell): Markup {
  if (of)
    return html`${to === undefined ? badge(of) : html`<a href="#${to}">${badge(of)}</a>`}${spans && html`<small>${inline(spans)}</small>`}`;
  return spans === undefined ? html`${text}` : inline(spans);
}
