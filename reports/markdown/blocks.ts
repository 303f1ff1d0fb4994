/** Blocks of a report as Markdown, for a pull request or a chat. */
import { type LaidCell, laidOut } from '../document/table.ts';
import type { Block, Fold, Item, Section, Span, Table, Text } from '../document/tree.ts';
import { fenced, plain, table } from './text.ts';

/** Columns that a comment shows without a scroll bar, the names of the rows among them. */
const MOST_COLUMNS = 6;
/** Rows that a pull request bears unfolded. */
const MOST_ROWS = 10;

export const inline = (text: Text): string => (typeof text === 'string' ? plain(text) : text.map(spanOf).join(''));

function spanOf(span: Span): string {
  if (typeof span === 'string') return plain(span);
  if ('strong' in span) return `**${plain(span.strong)}**`;
  if ('code' in span) return code(span.code);
  return plain(span.link);
}

const code = (text: string): string =>
  text === '' || text.includes('`') ? plain(text) : `\`${text.replace(/\p{Cc}+/gu, ' ').replaceAll('|', '\\|')}\``;

export const folded = (summary: string, body: string): string =>
  `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;

/** Charts are left to the page. */
export function blockText(block: Block): string[] {
  switch (block.kind) {
    case 'paragraph':
      return [block.tone === 'soft' ? `<sub>${inline(block.text)}</sub>` : inline(block.text)];
    case 'items':
      return [block.items.map(itemText).join('\n')];
    case 'facts':
      return [block.facts.map(([term, fact]) => `- ${plain(term)}: ${inline(fact)}`).join('\n')];
    case 'code':
      return [fenced(block.text)];
    case 'table':
      return [tableText(block)];
    case 'fold':
      return block.isBrief ? [foldText(block)] : [];
    case 'section':
      return sectionText(block);
    case 'chart':
      return [];
  }
}

export function sectionText({ title, blocks }: Section): string[] {
  const texts = blocks.flatMap(blockText);
  return texts.length === 0 ? [] : [`## ${plain(title)}`, ...texts];
}

export const foldText = ({ title, note, blocks }: Fold): string =>
  folded(
    `${plain(title)}${note === undefined ? '' : ` <sub>${plain(note)}</sub>`}`,
    blocks.flatMap(blockText).join('\n\n'),
  );

export const itemText = ({ badge, text }: Item): string =>
  `- ${badge ? `**${plain(badge.word)}** ` : ''}${inline(text)}`;

function tableText(block: Table): string {
  const { head, columns, rows } = laidOut(block);
  const groups = new Set(rows.map(({ group }) => group));
  const shown = columns.slice(0, MOST_COLUMNS - 1);
  const name = (row: (typeof rows)[number]): string =>
    [
      plain(row.head),
      ...[row.note, block.grouped && groups.size > 1 && row.group !== row.head ? row.group : undefined].flatMap(
        (one) => (one === undefined ? [] : [`<sub>${plain(one)}</sub>`]),
      ),
    ].join(' ');
  const body = table(
    [plain(head), ...shown.map(({ title }) => plain(title))],
    rows.map((row) => [name(row), ...shown.map((_, i) => cellText(row.cells[i]!))]),
    shown.map(({ isText }) => isText),
  );
  return rows.length > MOST_ROWS ? folded(`${plain(block.label)}: ${rows.length} rows`, body) : body;
}

function cellText({ text, spans, interval, note, badge }: LaidCell): string {
  const main = spans === undefined ? plain(text) : inline(spans);
  const small = [interval, note].filter((one) => one !== undefined).map(plain);
  return [
    ...(badge && spans ? [plain(badge.word)] : []),
    main,
    ...(small.length > 0 ? [`<sub>${small.join(', ')}</sub>`] : []),
  ].join(' ');
}
