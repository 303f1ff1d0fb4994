/**
 * Two samples that nothing pairs, such as the generations of two runs: by how much the mean of one lies above that of the other, with an
 * interval and a test that do not take their variances to be equal, and that allow for an error that both means have besides their own scatter.
 * Source: B. L. Welch, The Generalization of "Student's" Problem when Several Different Population Variances are Involved, Biometrika 1947.
 */
import type { Estimate } from './estimate.ts';
import { intervalOf, momentsOf, NOTHING_BESIDES, sumOf, twoSidedP, type Variance } from './student.ts';

export interface Shift {
  /** first − second; `n` is the size of the smaller sample. */
  readonly estimate: Estimate;
  /** Two-sided, of no difference; 1 where a sample is too small for a variance. */
  readonly p: number;
  /** Of the difference, by the scatter of both samples alone. */
  readonly own: Variance;
  /** Standard error of the difference, all in all. */
  readonly error: number;
}

/**
 * Each sample needs one finite value at least (RangeError). A sample of one value has no variance: then the interval is the value alone,
 * with coverage 0.
 */
export function welch(
  first: readonly number[],
  second: readonly number[],
  { confidence = 0.95, besides = NOTHING_BESIDES }: { readonly confidence?: number; readonly besides?: Variance } = {},
): Shift {
  const n = Math.min(first.length, second.length);
  if (n === 0 || ![...first, ...second].every(Number.isFinite))
    throw new RangeError(
      `expected two samples of at least one finite value each, got [${first.join(', ')}] and [${second.join(', ')}]`,
    );
  const [a, b] = [momentsOf(first), momentsOf(second)];
  const value = a.mean - b.mean;
  if (n === 1)
    return {
      estimate: { value, low: value, high: value, coverage: 0, n },
      p: 1,
      own: { variance: Infinity, df: 0 },
      error: Infinity,
    };
  const own = sumOf([
    { variance: a.error ** 2, df: first.length - 1 },
    { variance: b.error ** 2, df: second.length - 1 },
  ]);
  const { variance, df } = sumOf([own, besides]);
  const error = Math.sqrt(variance);
  const located = { value, error, df };
  return { estimate: { ...intervalOf(located, confidence), n }, p: twoSidedP(located), own, error };
}
