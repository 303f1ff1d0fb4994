/** Two runs side by side in a terminal. */
import type { RunComparison } from '#bench/analysis/across-runs/compare-runs.ts';
import { comparisonBlocks } from '../content/run-comparison.ts';
import { blockLines } from './blocks.ts';
import { type Terminal, terminalOf } from './text.ts';

export function renderComparison(
  comparison: RunComparison,
  { all = false, ...options }: Partial<Terminal> & { /** Advisory lines too. */ readonly all?: boolean } = {},
): string {
  const terminal = terminalOf(options);
  return `\n${comparisonBlocks(comparison, all)
    .map((block) => `${blockLines(block, terminal).join('\n')}\n`)
    .join('\n')}`;
}
