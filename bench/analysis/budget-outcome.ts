/** What came of a budget: a line of `gate.budgets` in `bench.config.ts`, evaluated over the rounds of a run. */
import type { Estimate } from '#bench/stats/estimate.ts';
import type { Unit } from './words/quantity.ts';

export interface BudgetOutcome {
  /** As written: 'l7-http.cpuPerRequest <= 2.5 * l4-tcp.cpuPerRequest'. */
  readonly text: string;
  /** 'exceeded' only where the whole interval is; 'unknown': not measured, or the interval holds the limit. */
  readonly state: 'kept' | 'exceeded' | 'unknown';
  /**
   * The figure itself against a constant; against another figure left ÷ right side, or left − factor × right where a figure is not
   * positive in every round. Over rounds.
   */
  readonly measured?: Estimate;
  readonly limit?: number;
  readonly unit?: Unit;
  readonly reason: string;
}
