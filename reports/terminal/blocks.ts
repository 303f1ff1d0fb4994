/** Blocks of a report as lines of a terminal. */
import { type LaidCell, laidOut } from '../document/table.ts';
import { type Block, type Item, plainText, type Table } from '../document/tree.ts';
import { fit, painter, printable, STYLES, type Terminal, wrap } from './text.ts';

/** Charts and what is folded are left to the page. */
export function blockLines(block: Block, terminal: Terminal): string[] {
  switch (block.kind) {
    case 'paragraph':
      return paragraphLines(plainText(block.text), terminal, block.tone);
    case 'items':
      return itemLines(block.items, terminal);
    case 'facts':
      return itemLines(
        block.facts.map(([term, fact]) => ({ badge: { word: term, tone: 'quiet' }, text: fact })),
        terminal,
      );
    case 'code':
      return block.text.split('\n').map((line) => `   ${printable(line)}`);
    case 'table':
      return tableLines(block, terminal);
    case 'section':
      return block.blocks.flatMap((one) => blockLines(one, terminal));
    case 'chart':
    case 'fold':
      return [];
  }
}

export function paragraphLines(
  text: string,
  { width, colour }: Terminal,
  tone?: 'soft' | 'alert' | 'strong',
): string[] {
  const paint = painter(colour);
  const style = tone && ({ soft: 'dim', alert: 'yellow', strong: 'bold' } as const)[tone];
  return wrap(printable(text), width - 2).map((line) => ` ${style ? paint(style, line) : line}`);
}

const LEAST_LABEL = 10;

/** The badge in a column of its own, where that leaves room for sentences. */
export function itemLines(items: readonly Item[], { width, colour }: Terminal): string[] {
  const paint = painter(colour);
  const words = items.map(({ badge }) => (badge ? printable(badge.word) : ''));
  const label = words.every((word) => word === '')
    ? 0
    : Math.max(LEAST_LABEL, ...words.map((word) => Math.min(word.length, 16)));
  const isRoomy = label > 0 && width - label > 36;
  return items.flatMap(({ badge, text }, i) => {
    const style = badge ? STYLES[badge.tone] : 'dim';
    const word = words[i]!;
    if (!isRoomy) {
      const lines = wrap(printable(plainText(text)), width - 2).map((line) => ` ${line}`);
      return word === '' ? lines : [` ${paint(style, word)}`, ...lines];
    }
    const indent = ' '.repeat(label + 3);
    const [first = '', ...more] = wrap(printable(plainText(text)), width - indent.length);
    const head =
      word.length > label
        ? [` ${paint(style, word)}`, `${indent}${first}`]
        : [` ${paint(style, word.padEnd(label))}  ${first}`];
    return [...head, ...more.map((line) => `${indent}${line}`)];
  });
}

/** Names have so much room; more where columns leave it. */
const NAMES = { least: 8, usual: 26 } as const;
/** More rows than these stand under the names of their groups. */
const MOST_UNGROUPED = 8;

/** As many columns as fit, the first ones first; of the first figure the interval, too, for it is what is claimed of it. */
export function tableLines(table: Table, { width, colour }: Terminal): string[] {
  const paint = painter(colour);
  const { head, columns, rows } = laidOut(table);
  const names = rows.map((row) => printable(row.head));
  const longest = Math.max(head.length, ...names.map((name) => name.length));
  const usual = Math.max(NAMES.least, Math.min(NAMES.usual, longest, Math.floor(width * 0.4)));
  const first = columns.findIndex(({ isText }) => !isText);
  const all = columns.flatMap(({ short, isText }, i) => {
    const cells = rows.map((row) => printable(row.cells[i]!.text));
    const own = { short, isText, cells, style: rows.map((row) => styleOf(row.cells[i]!)) };
    const intervals = rows.map((row) => row.cells[i]!.interval ?? '–');
    const isFirst = i === first && intervals.some((one) => one !== '–');
    return isFirst
      ? [own, { short: 'interval', isText: false, cells: intervals, style: rows.map(() => undefined) }]
      : [own];
  });
  let room = width - 1 - usual;
  const shown = all.flatMap((column) => {
    const size = Math.max(column.short.length, ...column.cells.map((cell) => cell.length));
    if (size + 2 > room) return [];
    room -= size + 2;
    return [{ ...column, size }];
  });
  const nameWidth = Math.min(longest, usual + room);
  const pad = (text: string, { isText, size }: (typeof shown)[number]): string =>
    isText ? text.padEnd(size) : text.padStart(size);
  const line = (name: string, cells: readonly string[]): string =>
    ` ${fit(name, nameWidth).padEnd(nameWidth)}${cells.map((cell) => `  ${cell}`).join('')}`.trimEnd();
  const isGrouped = table.grouped === true && rows.length > MOST_UNGROUPED;
  return [
    paint(
      'bold',
      line(
        head,
        shown.map((column) => pad(column.short, column)),
      ),
    ),
    ...rows.flatMap((row, at) => {
      const cells = shown.map((column) => {
        const [text, style] = [pad(column.cells[at]!, column), column.style[at]];
        return style ? paint(style, text) : text;
      });
      const starts = isGrouped && row.group !== rows[at - 1]?.group && row.group !== row.head;
      return [...(starts ? [paint('dim', ` ${printable(row.group!)}`)] : []), line(names[at]!, cells)];
    }),
  ];
}

const styleOf = ({ badge }: LaidCell) => (badge ? STYLES[badge.tone] : undefined);
