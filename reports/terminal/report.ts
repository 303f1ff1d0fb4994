/** The summary on stdout: the tables, then what they say, what was left out, and where the rest is. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { reportOf } from '../content/report.ts';
import { type Block, type Item, plainText, type Section } from '../document/tree.ts';
import { blockLines, itemLines, paragraphLines } from './blocks.ts';
import { type Terminal, terminalOf } from './text.ts';

export function renderTerminal(analysis: Analysis, options: Partial<Terminal> = {}): string {
  const terminal = terminalOf(options);
  const { alert, answer, summary, sections, remarks } = reportOf(analysis);
  const shown = sections.filter(({ isLong }) => !isLong);
  const tables = shown.filter(({ blocks }) => blocks.some(({ kind }) => kind === 'table'));
  const prose = shown.filter((section) => !tables.includes(section));
  const reasons = answer.reasons.map(({ badge, text }) => `${badge!.word} ${plainText(text)}`).join(', ');
  const first: Item = { badge: answer.badge, text: answer.sentence };
  const findings = prose.flatMap(({ blocks }) => blocks.filter(({ kind }) => kind === 'items'));
  const paragraphs: string[][] = [
    ...(alert === undefined ? [] : [paragraphLines(alert, terminal, 'alert')]),
    // Every subject stands in the comparison; without one, the few figures to remember.
    ...(summary && !tables.some(({ id }) => id === 'comparison') ? [blockLines(summary, terminal)] : []),
    ...tables.flatMap((section) => sectionLines(section, terminal, tables.length > 1)),
    [...itemLines([first, ...itemsOf(findings)], terminal), ...paragraphLines(reasons, terminal, 'soft')],
    itemLines(remarks, terminal),
  ];
  return `\n${paragraphs
    .filter(({ length }) => length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n')}`;
}

const itemsOf = (blocks: readonly Block[]): Item[] =>
  blocks.flatMap((block) => (block.kind === 'items' ? [...block.items] : []));

/** Tables of one section each under its label, where they have several. */
function sectionLines({ title, blocks }: Section, terminal: Terminal, isTitled: boolean): string[][] {
  const tables = blocks.filter(({ kind }) => kind === 'table');
  const parts = blocks.flatMap((block): string[][] => {
    if (block.kind === 'table' && tables.length > 1)
      return [[...paragraphLines(block.label, terminal, 'strong'), ...blockLines(block, terminal)]];
    const lines = blockLines(block, terminal);
    return lines.length > 0 ? [lines] : [];
  });
  // What is said of a table stands right under it.
  const joined = parts.reduce<string[][]>((all, lines, i) => {
    const before = all.at(-1);
    return before && blocks[i]?.kind === 'paragraph' ? [...all.slice(0, -1), [...before, ...lines]] : [...all, lines];
  }, []);
  return isTitled && tables.length === 1
    ? [[...paragraphLines(title, terminal, 'strong'), ...joined[0]!], ...joined.slice(1)]
    : joined;
}
