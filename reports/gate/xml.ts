/** XML 1.0 from data: elements as a small tree. What XML has no room for (most control characters, lone surrogates) is left out. */

export interface Element {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string | number>>;
  /** Elements, or the text of a leaf. */
  readonly children?: readonly Element[] | string;
}

/** https://www.w3.org/TR/xml/#charsets */
const NO_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

const escaped = (text: string): string =>
  text.replace(NO_XML, '').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A reader makes spaces of line ends and tabs in an attribute, unless they are written as references (§3.3.3). */
const attribute = (value: string | number): string =>
  escaped(String(value))
    .replaceAll('"', '&quot;')
    .replace(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);

function lines({ name, attributes = {}, children = [] }: Element, indent: string): string[] {
  const open = [name, ...Object.entries(attributes).map(([key, value]) => `${key}="${attribute(value)}"`)].join(' ');
  if (children.length === 0) return [`${indent}<${open}/>`];
  if (typeof children === 'string') return [`${indent}<${open}>${escaped(children)}</${name}>`];
  return [`${indent}<${open}>`, ...children.flatMap((child) => lines(child, `${indent}  `)), `${indent}</${name}>`];
}

export const xmlDocument = (root: Element): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${lines(root, '').join('\n')}\n`;
