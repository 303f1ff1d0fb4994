/** Ranks with ties: equal values share the mean of their places. */

/** Twice the midranks, from 2 on, so that ties stay integers. */
export function doubledMidranks(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  return values.map((value) => sorted.indexOf(value) + 1 + sorted.lastIndexOf(value) + 1);
}
