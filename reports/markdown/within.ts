/** A text of blocks that never passes its limit: what is left out is said, and what matters least is left out first. */

export interface Block {
  /** Stands alone, or above and below the items. */
  readonly open: string;
  readonly items?: readonly string[];
  readonly close?: string;
  /** Who is given room first; blocks stand in the order in which they come. 0 is first. */
  readonly priority: number;
}

const bytesOf = (text: string): number => Buffer.byteLength(text);

const written = ({ open, close = '' }: Block, items: readonly string[]): string => [open, ...items].join('\n') + close;

/**
 * The blocks with an empty line between, in at most `limit` bytes of UTF-8. `note` says how many lines were left out; it is written at
 * the end, and only then. Lines themselves are never cut: one that does not fit is left out with those after it.
 */
export function assemble(blocks: readonly Block[], limit: number, note: (lines: number) => string): string {
  const lines = blocks.reduce((sum, { items = [] }) => sum + items.length + 1, 0);
  let room = limit - bytesOf(`\n\n${note(lines)}\n`);
  let left = 0;
  const texts = new Map<Block, string>();
  for (const block of blocks.toSorted((a, b) => a.priority - b.priority)) {
    const { items = [] } = block;
    room -= bytesOf(`${written(block, [])}\n\n`);
    if (room < 0) {
      left += items.length + 1;
      room += bytesOf(`${written(block, [])}\n\n`);
      continue;
    }
    let taken = 0;
    for (; taken < items.length; taken++) {
      const size = bytesOf(`\n${items[taken]!}`);
      if (size > room) break;
      room -= size;
    }
    left += items.length - taken;
    texts.set(block, written(block, items.slice(0, taken)));
  }
  const kept = blocks.flatMap((block) => texts.get(block) ?? []);
  return `${[...kept, ...(left > 0 ? [note(left)] : [])].join('\n\n')}\n`;
}
