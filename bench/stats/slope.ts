/** Least squares through a few points. Source: A.-M. Legendre, Nouvelles méthodes pour la détermination des orbites, 1805. */

/** What y gains for each unit of x; needs two different x at least (RangeError). */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const middle = mean(points.map(([x]) => x));
  const spread = points.reduce((sum, [x]) => sum + (x - middle) ** 2, 0);
  if (!(spread > 0))
    throw new RangeError(`expected two different x at least, got [${points.map(([x]) => x).join(', ')}]`);
  return points.reduce((sum, [x, y]) => sum + (x - middle) * y, 0) / spread;
}
