/** Markdown from data: what comes from outside stays text, on GitHub and GitLab too. */

/** Zero-width space: breaks what a host would turn into a link or a notification; nothing is seen of it. */
const APART = '\u200b';

/** Text that Markdown, and the HTML within it, leave as it is; no mention, no reference, no link comes of it. */
export const plain = (text: string): string =>
  text
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/[\\`*_[\]|~]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/@(?=\S)/g, `@${APART}`)
    .replace(/(?<=#|\bGH-)(?=\d)/gi, APART)
    .replace(/(?<=\bwww)(?=\.)|(?<=https?|ftp)(?=:\/\/)/gi, APART);

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** Head and rule of a table; text is set left, figures right. The first column holds names. */
export const tableHead = (cells: readonly string[], isText: (column: number) => boolean): string =>
  [row(cells), row(cells.map((_, i) => (i === 0 || isText(i) ? '---' : '---:')))].join('\n');

export const tableRow = row;

/** `isText`: of each column after the first. */
export const table = (
  head: readonly string[],
  rows: readonly (readonly string[])[],
  isText: readonly boolean[],
): string => [tableHead(head, (i) => isText[i - 1] === true), ...rows.map(row)].join('\n');

/** A fence longer than any run of backticks in the text. */
export function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}
