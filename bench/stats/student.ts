/**
 * Mean of a few observations that are themselves robust means, with Student's interval and test. Why this one and not ranks: it is as exact
 * for three generations as for twelve; `test/bench/stats/generations.test.ts` holds its coverage against process effects, drift, spikes
 * and missing turns. Source: Student, The Probable Error of a Mean, Biometrika 1908; the incomplete beta function by Lentz's continued
 * fraction (Press et al., Numerical Recipes, 3rd ed., §6.4).
 */
import type { Estimate } from './estimate.ts';

/** A variance of a mean or of a difference, and how well it is known: infinity where it is given, not estimated. */
export interface Variance {
  readonly variance: number;
  readonly df: number;
}

export const NOTHING_BESIDES: Variance = { variance: 0, df: Infinity };

/**
 * Needs one finite value at least (RangeError). One value alone has no interval: its ends are the value, its coverage 0. `besides`: an
 * error that all values have in common, so that their scatter does not show it.
 */
export function studentMean(
  values: readonly number[],
  confidence = 0.95,
  besides: Variance = NOTHING_BESIDES,
): Estimate {
  if (values.length === 0 || !values.every(Number.isFinite))
    throw new RangeError(`expected at least one finite value, got [${values.join(', ')}]`);
  const n = values.length;
  const { mean, error, df } = meanOf(values, besides);
  if (n === 1) return { value: mean, low: mean, high: mean, coverage: 0, n };
  return { ...intervalOf({ value: mean, error, df }, confidence), n };
}

/** Two-sided p of a mean of 0; 1 for fewer than two values. */
export function studentTest(values: readonly number[], besides: Variance = NOTHING_BESIDES): number {
  if (values.length < 2) return 1;
  const { mean, error, df } = meanOf(values, besides);
  return twoSidedP({ value: mean, error, df });
}

/** A value with its standard error, and how well that is known. */
export interface Located {
  readonly value: number;
  readonly error: number;
  readonly df: number;
}

export function intervalOf({ value, error, df }: Located, confidence: number): Omit<Estimate, 'n'> {
  const reach = studentQuantile(0.5 + confidence / 2, df) * error;
  return { value, low: value - reach, high: value + reach, coverage: confidence };
}

/** Of no difference from 0. */
export function twoSidedP({ value, error, df }: Located): number {
  if (error === 0) return value === 0 ? 1 : 0;
  return 2 * (1 - studentCdf(Math.abs(value / error), df));
}

function meanOf(values: readonly number[], besides: Variance): ReturnType<typeof momentsOf> & { readonly df: number } {
  const { mean, error } = momentsOf(values);
  const { variance, df } = sumOf([{ variance: error ** 2, df: values.length - 1 }, besides]);
  return { mean, error: Math.sqrt(variance), df };
}

/**
 * Degrees of freedom of a sum: F. E. Satterthwaite, An Approximate Distribution of Estimates of Variance Components, Biometrics 1946;
 * infinity where every part is given.
 */
export function sumOf(parts: readonly Variance[]): Variance {
  const variance = parts.reduce((sum, part) => sum + part.variance, 0);
  const doubt = parts.reduce((sum, part) => sum + (part.variance > 0 ? part.variance ** 2 / part.df : 0), 0);
  return { variance, df: doubt === 0 ? LARGE_DF : Math.min(LARGE_DF, variance ** 2 / doubt) };
}

/** From here on Student's distribution is the normal one to six digits. */
const LARGE_DF = 1e6;

/** `error`: standard error of the mean; 0 for one value. */
export function momentsOf(values: readonly number[]): { readonly mean: number; readonly error: number } {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n === 1) return { mean, error: 0 };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (n - 1) / n) };
}

/** P(T ≤ t) with `df` degrees of freedom. */
export function studentCdf(t: number, df: number): number {
  const tail = incompleteBeta(df / (df + t * t), df / 2, 0.5) / 2;
  return t > 0 ? 1 - tail : tail;
}

/** Inverse of `studentCdf`, by bisection; p in (0.5, 1). */
export function studentQuantile(p: number, df: number): number {
  let [low, high] = [0, 1];
  while (studentCdf(high, df) < p) high *= 2;
  while (high - low > 1e-10 * high) {
    const middle = (low + high) / 2;
    if (studentCdf(middle, df) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** I_x(a, b), regularised. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x));
  return x < (a + 1) / (a + b + 2) ? (front * fraction(x, a, b)) / a : 1 - (front * fraction(1 - x, b, a)) / b;
}

const TINY = 1e-300;
const MOST_TERMS = 500;

/** Lentz's evaluation of the continued fraction of the incomplete beta function. */
function fraction(x: number, a: number, b: number): number {
  const safe = (value: number): number => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / safe(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= MOST_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / safe(1 + even * d);
    c = safe(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / safe(1 + odd * d);
    c = safe(1 + odd / c);
    const step = d * c;
    result *= step;
    if (Math.abs(step - 1) < 1e-15) break;
  }
  return result;
}

/** ln Γ(x) for x > 0: shifted to where Stirling's series is good to 1e-15. */
function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < 12; z++) shift += Math.log(z);
  const s = 1 / (z * z);
  const series = (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s / 1188)))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
