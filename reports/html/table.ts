/** The frame of every table that is read across: a box of its own, which scrolls where the page is too narrow for it. */
import { type Content, html, Markup } from './markup.ts';

/** Of a column: figures are set right, `text` is set left. */
type Head = string | Markup | { readonly text: string };

interface Table {
  /** What a screen reader calls the box, which the keyboard reaches and scrolls. */
  readonly label: string;
  readonly caption?: string;
  readonly className?: string;
  readonly heads: readonly Head[];
  /** `<tr>` elements. */
  readonly rows: Content;
}

export const scrollTable = ({ label, caption, className, heads, rows }: Table): Markup =>
  html`<div class="box" tabindex="0" role="region" aria-label="${label}">
    <table${className !== undefined && html` class="${className}"`}>
      ${
        caption !== undefined &&
        html`<caption>
          ${caption}
        </caption>`
      }
      <thead>
        <tr>${heads.map(headCell)}</tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;

const headCell = (head: Head): Markup =>
  typeof head === 'string' || head instanceof Markup
    ? html`<th scope="col">${head}</th>`
    : html`<th scope="col" class="text">${head.text}</th>`;
