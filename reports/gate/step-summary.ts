/**
 * Markdown for `$GITHUB_STEP_SUMMARY`: the verdict, every metric, the budgets, what to know, and the environment folded away. GitHub
 * refuses a step's summary above 1 MiB as a whole (docs.github.com, "Workflow commands", "Adding a job summary"), so it never is.
 */
import type { GateResult } from '#bench/gate/result.ts';
import { assemble } from '../markdown/within.ts';
import type { GateOutput } from './contract.ts';
import { budgetTable, fine, metricTable, newErrors, notes, reasons, verdict } from './sections.ts';

export const SUMMARY_LIMIT = 1024 * 1024;

const TABLE_NOTE =
  'Intervals stand beside their figures; p is corrected over all deciding metrics (Holm). Advisory metrics decide nothing.';

function render(result: GateResult): string {
  const { metrics } = result;
  return assemble(
    [
      verdict(result, '##'),
      ...newErrors(result, '###'),
      ...metricTable(metrics, '### Metrics\n\n', 6),
      ...(metrics.length > 0 ? [{ open: `<sub>${TABLE_NOTE}</sub>`, priority: 3 }] : []),
      ...reasons(metrics, '###'),
      ...budgetTable(result, '###'),
      ...notes(result, '###'),
      ...fine(result),
    ],
    SUMMARY_LIMIT,
    (lines) => `**This summary was cut at 1 MiB: ${lines} lines are left out here; gate.json holds everything.**`,
  );
}

export const stepSummary: GateOutput = { format: 'step-summary', file: 'gate.md', render };
