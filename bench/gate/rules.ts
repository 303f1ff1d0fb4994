/**
 * What the gate decides by: each metric's direction and the smallest change of it that matters. A table; `gate.effects` in
 * `bench.config.ts` overrides a row's size.
 */
import type { MetricName } from '#bench/analysis/figures/metrics.ts';

export interface MetricRule {
  readonly metric: MetricName;
  readonly better: 'lower' | 'higher';
  /** Primary metrics decide, and share one family of tests; secondary ones are shown beside them. */
  readonly primary: boolean;
  /** Smallest relative change that matters: 0.03 is 3 %. */
  readonly effect: number;
  /** A change must reach this size in the metric's unit as well: 5 % of almost nothing is nothing. */
  readonly absolute?: number;
}

/**
 * CPU time (or instructions, where the host counts them) is what survives a noisy host; of the two the better one that every slice has
 * decides. Throughput decides only where the proxy itself was the limit in every slice, else it is not the proxy's.
 */
export const RULES: readonly MetricRule[] = [
  { metric: 'instructionsPerRequest', better: 'lower', primary: true, effect: 0.03 },
  { metric: 'cpuPerRequest', better: 'lower', primary: true, effect: 0.03 },
  { metric: 'throughput', better: 'higher', primary: true, effect: 0.05 },
  { metric: 'serviceP50', better: 'lower', primary: true, effect: 0.05, absolute: 50 },
  { metric: 'serviceP99', better: 'lower', primary: true, effect: 0.1 },
  { metric: 'memoryPerConnection', better: 'lower', primary: true, effect: 0.05 },
  { metric: 'cpuUserPerRequest', better: 'lower', primary: false, effect: 0.05 },
  { metric: 'cpuSystemPerRequest', better: 'lower', primary: false, effect: 0.05 },
  { metric: 'contextSwitchesPerRequest', better: 'lower', primary: false, effect: 0.1 },
  { metric: 'residentMemory', better: 'lower', primary: false, effect: 0.1 },
];

/** Rounds of the first look, and of the declared second one where the first was inconclusive. */
export const ROUNDS = { first: 12, second: 24 } as const;

/** Rounds below which there is no verdict: the signed-rank test cannot come near a look's error rate, however clear the difference. */
export const LEAST_ROUNDS = 9;

/**
 * What each look may spend, over all primary metrics and both directions. Two looks make 0.006: equal revisions are called more expensive in
 * less than one gate of 300 (half of it, the other half calls them cheaper).
 */
export const LOOK_ALPHA = 0.003;
export const ALPHA = 2 * LOOK_ALPHA;

/** A round spoiled by the host is measured again at the end, at most this share of the rounds. */
export const REPEATS = 1 / 4;

/** The rules with other sizes where `effects` names them. */
export const rulesWith = (effects: Readonly<Partial<Record<MetricName, number>>> = {}): readonly MetricRule[] =>
  RULES.map((rule) => ({ ...rule, effect: effects[rule.metric] ?? rule.effect }));
