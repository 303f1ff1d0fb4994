/** The budgets of `bench.config.ts` against this run; nothing where it has none. */
import type { BudgetOutcome } from '#bench/analysis/budget-outcome.ts';
import { html, type Markup } from './markup.ts';

const CLASSES: Readonly<Record<BudgetOutcome['state'], string>> = {
  kept: 'completed',
  exceeded: 'bad',
  unknown: 'note',
};

export function budgetsSection(budgets: readonly BudgetOutcome[]): Markup {
  if (budgets.length === 0) return html``;
  return html`<section aria-labelledby="budgets">
    <h2 id="budgets">Budgets</h2>
    <ul class="findings">
      ${budgets.map(
        ({ text, state, reason }) =>
          html`<li>
            <span class="badge ${CLASSES[state]}">${state}</span><span><code>${text}</code><br />${reason}.</span>
          </li>`,
      )}
    </ul>
    <p class="soft">
      From <code>bench.config.ts</code>. A budget is kept or exceeded only where the whole interval lies on that side of
      its limit; both sides are read in the same rounds.
    </p>
  </section>`;
}
