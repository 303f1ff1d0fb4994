/** A figure with its interval. What every estimator of this room returns. */
export interface Estimate {
  readonly value: number;
  /** Ends of the interval; both equal `value` where one observation gives none. */
  readonly low: number;
  readonly high: number;
  /** True coverage of the interval, 0–1: at least what was asked for, or less where so few observations cannot give it; 0 for one. */
  readonly coverage: number;
  /** Observations: rounds, never requests. */
  readonly n: number;
}

/** The same estimate on another scale; `f` is monotone, falling ones swap the ends. */
export function transform(estimate: Estimate, f: (x: number) => number): Estimate {
  const [a, b] = [f(estimate.low), f(estimate.high)];
  return { ...estimate, value: f(estimate.value), low: Math.min(a, b), high: Math.max(a, b) };
}
