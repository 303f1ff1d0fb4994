/** A history in a terminal. */
import { type HistoryReport, historyBlocks } from '../content/history.ts';
import { blockLines } from './blocks.ts';
import { type Terminal, terminalOf } from './text.ts';

export function renderHistory(report: HistoryReport, options: Partial<Terminal> = {}): string {
  const terminal = terminalOf(options);
  return `\n${historyBlocks(report)
    .map((block) => `${blockLines(block, terminal).join('\n')}\n`)
    .join('\n')}`;
}
