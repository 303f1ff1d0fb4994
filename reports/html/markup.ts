/** HTML as a tagged template: what is put in is text, and escaped, unless it is markup made here. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Markup | string | number | null | undefined | false | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
// C0 and C1 controls but tab and line feed are no characters of a document; bidirectional overrides would reorder what stands next to them.
const FORBIDDEN = /(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

export const escapeHtml = (text: string): string =>
  text.replace(FORBIDDEN, '\ufffd').replace(/[&<>"']/g, (character) => ENTITIES[character]!);

const render = (content: Content): string => {
  if (content === null || content === undefined || content === false) return '';
  if (content instanceof Markup) return content.text;
  return typeof content === 'object' ? content.map(render).join('') : escapeHtml(String(content));
};

export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return new Markup(strings.reduce((text, string, i) => text + render(contents[i - 1]) + string));
}

/** Text between tags alone, never in an attribute: there quotes may stay as they are. */
export const betweenTags = (text: string): Markup =>
  new Markup(escapeHtml(text).replaceAll('&quot;', '"').replaceAll('&#39;', "'"));

/** Markup from a maker that escapes by itself (the charts). */
export const trusted = (text: string): Markup => new Markup(text);
