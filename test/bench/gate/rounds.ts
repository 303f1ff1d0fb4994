/** Rounds of a gate as a host of known noise would give them. */
import { mulberry32 } from '#proxies/platform/random.ts';
import { type MetricRule, RULES } from '#bench/gate/rules.ts';
import type { Measured } from '#bench/gate/sides.ts';
import type { MetricName } from '#bench/analysis/figures/metrics.ts';

/** Standard normal, by Box and Muller. */
export const normals = (seed: number): (() => number) => {
  const random = mulberry32(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
};

export interface Noise {
  readonly seed: number;
  readonly rounds?: number;
  /** Head ÷ base. */
  readonly factor?: number;
  /** Standard deviation of the ln of a slice, and of a whole round. */
  readonly slice?: number;
  readonly round?: number;
  readonly level?: number;
  readonly metric?: MetricName;
}

export const ruleOf = (metric: MetricName): MetricRule => RULES.find((rule) => rule.metric === metric)!;

export function noisy({
  seed,
  rounds = 12,
  factor = 1,
  slice = 0.02,
  round = 0.1,
  level = 20,
  metric = 'cpuPerRequest',
}: Noise): Measured {
  const normal = normals(seed);
  return {
    scenario: 'http-small',
    subject: 'l7-http',
    rule: ruleOf(metric),
    rounds: Array.from({ length: rounds }, (_, i) => {
      const here = level * Math.exp(round * normal());
      const of = (by: number): number[] => [0, 1].map(() => here * by * Math.exp(slice * normal()));
      return { round: i, base: of(1), head: of(factor) };
    }),
  };
}
