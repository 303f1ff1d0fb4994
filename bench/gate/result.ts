/**
 * What a gate says: was head more expensive than base. Plain data, made by `decide.ts` from the records of one run; every output of the gate
 * (exit code, summary, annotations, JUnit, …) is rendered from this and nothing else.
 */
import type { BudgetOutcome } from '#bench/analysis/budget-outcome.ts';
import type { MetricName } from '#bench/analysis/figures/metrics.ts';
import type { Unit } from '#bench/analysis/words/quantity.ts';
import type { Environment } from '#bench/model/record.ts';
import type { Estimate } from '#bench/stats/estimate.ts';

export type { BudgetOutcome };

/**
 * 'regressed' / 'improved': a difference that is both significant and larger than the smallest one that matters. 'same': the whole
 * interval lies within that size. 'inconclusive': neither can be said. 'invalid': too few rounds could be measured.
 */
export type GateState = 'regressed' | 'improved' | 'same' | 'inconclusive' | 'invalid';

/** One revision of what is compared. */
export interface Revision {
  /** As the user named it ('main', 'HEAD~1'), or the file of a baseline. */
  readonly label: string;
  /** Full commit hash; null outside git. */
  readonly commit: string | null;
  /** Uncommitted changes were measured too. */
  readonly dirty: boolean;
}

/** What was set against what. */
export type GateMode =
  | { readonly kind: 'revisions' }
  /** Stored records, each figure as a ratio to what took its turns in the same seconds (METHOD 21): the proxies that others are divided by. */
  | { readonly kind: 'baseline'; readonly file: string; readonly yardsticks: readonly string[] }
  /** Base could not be measured: only the budgets were checked, and why. */
  | { readonly kind: 'budgets'; readonly reason: string };

/** What one round gave, in the metric's unit; a side that was not measured, or spoiled, is absent. */
export interface GateRound {
  readonly round: number;
  readonly base?: number;
  readonly head?: number;
}

/** One metric of one subject in one scenario, head against base. */
export interface GateMetric {
  readonly scenario: string;
  readonly subject: string;
  readonly metric: MetricName;
  readonly title: string;
  readonly unit: Unit;
  readonly better: 'lower' | 'higher';
  /** Primary metrics decide; the others are shown beside them. */
  readonly primary: boolean;
  readonly state: GateState;
  /** In the metric's unit, over rounds. Undefined where no round has the figure. */
  readonly base?: Estimate;
  readonly head?: Estimate;
  /** Head ÷ base; `n` rounds that have both. Its interval has the level that the decision uses. */
  readonly ratio?: Estimate;
  /** The figures that the estimates rest on, for tools that do their own statistics (benchstat). Rounds with neither side are left out. */
  readonly rounds?: readonly GateRound[];
  /** Exact signed-rank p, and the same after Holm over the primary metrics. */
  readonly p?: number;
  readonly adjustedP?: number;
  /** The smallest relative change that matters (0.03: 3 %), and the same raised to the noise of this very run. */
  readonly effect: { readonly asked: number; readonly used: number; readonly absolute?: number };
  /** One sentence with the figures: why this state. */
  readonly reason: string;
}

export interface GateResult {
  /** Name of the run, and its folder relative to the working directory. */
  readonly run: string;
  readonly directory: string;
  readonly startedAt: string;
  readonly seconds: number;
  readonly hopcost: string;
  readonly command: readonly string[];
  readonly mode: GateMode;
  readonly base: Revision;
  readonly head: Revision;
  readonly environment: Environment;
  readonly scenarios: readonly string[];
  readonly rounds: {
    readonly planned: number;
    readonly measured: number;
    readonly repeated: number;
    /** 2: the first look at `planned` rounds was inconclusive, and the declared second one was taken. */
    readonly looks: 1 | 2;
  };
  /** Error rate of the whole gate, and the part of it that the look spends that decided. */
  readonly alpha: { readonly gate: number; readonly look: number };
  /** Worst first in meaning: regressed, invalid, inconclusive, improved, same. */
  readonly state: GateState;
  /** The verdict in one plain sentence, with the figure that decided. */
  readonly verdict: string;
  readonly metrics: readonly GateMetric[];
  readonly budgets: readonly BudgetOutcome[];
  /** Requests of head that failed where those of base did not: fails outright. Sentences. */
  readonly newErrors: readonly string[];
  /** What a reader must know: a dirty tree, spoiled rounds, a fallback, one core. Sentences. */
  readonly notes: readonly string[];
}

/** The process exit code of a result. A gate that could not be measured passes nothing: 98, with or without `strict`. */
export function exitCodeOf(
  { state, budgets, newErrors }: Pick<GateResult, 'state' | 'budgets' | 'newErrors'>,
  strict: boolean,
): 0 | 98 | 99 {
  if (state === 'regressed' || newErrors.length > 0 || budgets.some((one) => one.state === 'exceeded')) return 99;
  if (state === 'invalid') return 98;
  const unclear = state === 'inconclusive' || budgets.some((one) => one.state === 'unknown');
  return strict && unclear ? 98 : 0;
}
