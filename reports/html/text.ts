/** Text and badges as HTML. */
import type { Badge, Span, Text } from '../document/tree.ts';
import { html, type Markup } from './markup.ts';

export const inline = (text: Text): Markup => (typeof text === 'string' ? unbroken(text) : html`${text.map(spanOf)}`);

function spanOf(span: Span): Markup {
  if (typeof span === 'string') return unbroken(span);
  if ('strong' in span) return html`<b>${span.strong}</b>`;
  if ('code' in span) return html`<code>${span.code}</code>`;
  return html`<a href="#${span.to}">${span.link}</a>`;
}

/** Names and intervals of ordinary length are not broken at their hyphens and dashes. */
const unbroken = (text: string): Markup =>
  html`${text
    .split(/(\S{0,12}[-–]\S{0,14})(?=\s|$)/)
    .map((part, i) => (i % 2 === 1 ? html`<span class="whole">${part}</span>` : html`${part}`))}`;

export const badge = ({ word, tone, meaning }: Badge): Markup =>
  html`<span class="badge ${tone}" ${meaning !== undefined && html` title="${meaning}"`}>${word}</span>`;
