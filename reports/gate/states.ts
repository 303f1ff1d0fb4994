/** What each state is called, how it is marked, and which metric a reader must see first. */
import { percent } from '#bench/analysis/words/quantity.ts';
import type { BudgetOutcome, GateMetric, GateResult, GateState } from '#bench/gate/result.ts';
import type { Style } from '../terminal/text.ts';

interface Shown {
  readonly mark: string;
  readonly style: Style;
}

/** Worst first: the order in which they are listed. */
export const STATES: Readonly<Record<GateState, Shown>> = {
  regressed: { mark: '✗', style: 'red' },
  invalid: { mark: '!', style: 'yellow' },
  inconclusive: { mark: '?', style: 'yellow' },
  improved: { mark: '✓', style: 'green' },
  same: { mark: '=', style: 'dim' },
};
const RANK = Object.keys(STATES);

/** 'same' where this run's own noise is larger than the change that was asked for: no larger one was seen, a smaller one could not be. */
export const BLURRED: Shown = { mark: '≈', style: 'dim' };
const isBlurred = ({ state, effect }: GateMetric): boolean => state === 'same' && effect.used > effect.asked;

/** Mark and words of one metric: '= same', '≈ same within 8.2 %'. */
export function shownAs(metric: GateMetric): Shown & { readonly words: string } {
  const { state, effect } = metric;
  if (!isBlurred(metric)) return { ...STATES[state], words: state };
  return { ...BLURRED, words: `same within ${percent(effect.used)}` };
}

export const BUDGETS: Readonly<Record<BudgetOutcome['state'], Shown>> = {
  exceeded: { mark: '✗', style: 'red' },
  unknown: { mark: '?', style: 'yellow' },
  kept: { mark: '=', style: 'dim' },
};
const BUDGET_RANK = Object.keys(BUDGETS);

/** What decides before what is only shown, worst state first, largest change first; else as they came. */
export const byImportance = (metrics: readonly GateMetric[]): GateMetric[] =>
  metrics.toSorted(
    (a, b) =>
      Number(b.primary) - Number(a.primary) || RANK.indexOf(a.state) - RANK.indexOf(b.state) || sizeOf(b) - sizeOf(a),
  );

const sizeOf = ({ ratio }: GateMetric): number => (ratio === undefined ? 0 : Math.abs(Math.log(ratio.value)));

export const budgetsByImportance = (budgets: readonly BudgetOutcome[]): BudgetOutcome[] =>
  budgets.toSorted((a, b) => BUDGET_RANK.indexOf(a.state) - BUDGET_RANK.indexOf(b.state));

/** One word for the whole gate. A new error or an exceeded budget fails it, whatever the metrics say (`exitCodeOf`). */
export function headlineOf({ state, budgets, newErrors, mode }: GateResult): { readonly word: string } & Shown {
  if (state === 'regressed' || newErrors.length > 0) return { word: 'regressed', ...STATES.regressed };
  if (budgets.some((one) => one.state === 'exceeded')) return { word: 'over budget', ...STATES.regressed };
  if (mode.kind === 'budgets' && state === 'same') return { word: 'budgets kept', ...STATES.same };
  const open = state === 'same' || state === 'improved' ? budgets.some((one) => one.state === 'unknown') : false;
  return open ? { word: 'inconclusive', ...STATES.inconclusive } : { word: state, ...STATES[state] };
}
