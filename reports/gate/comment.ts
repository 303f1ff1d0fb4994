/**
 * The comment on a pull request, to be replaced in place: whoever posts it finds the old one by the marker in its first line. GitHub
 * takes 65,536 characters; 536 of them are left to whoever posts it, for a link to the run.
 */
import type { GateResult } from '#bench/gate/result.ts';
import { assemble } from '../markdown/within.ts';
import type { GateOutput } from './contract.ts';
import { budgetTable, fine, metricTable, newErrors, notes, reasons, verdict } from './sections.ts';

export const COMMENT_MARKER = '<!-- hopcost-gate -->';
export const COMMENT_LIMIT = 65_000;

function render(result: GateResult): string {
  const { metrics } = result;
  const told = metrics.filter(({ state }) => state !== 'same');
  const same = metrics.filter(({ state }) => state === 'same');
  const folded = `<details><summary>${same.length} ${same.length === 1 ? 'metric is' : 'metrics are'} the same</summary>\n\n`;
  const first = verdict(result, '###');
  return assemble(
    [
      { ...first, open: `${COMMENT_MARKER}\n${first.open}` },
      ...newErrors(result, '####'),
      ...metricTable(told, '', 6),
      ...metricTable(same, folded, 7).map((block) => ({ ...block, close: '\n\n</details>' })),
      ...reasons(metrics, '####'),
      ...budgetTable(result, '####'),
      ...notes(result, '####'),
      ...fine(result),
    ],
    COMMENT_LIMIT,
    (lines) => `**This comment was cut: ${lines} lines are left out here; gate.json of the run holds everything.**`,
  );
}

export const comment: GateOutput = { format: 'comment', file: 'gate-comment.md', render };
