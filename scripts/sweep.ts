/** `--sweep [N | 10%,50%,90% | 2000,5000]` → the points of a sweep. */
import { SWEEP, type SweepPoint } from '#bench/plan/sweep.ts';
import { UsageError } from '#bench/model/errors.ts';
import { parseList } from './flags.ts';

const POINTS = { least: 2, most: 20 };
const PERCENT = { least: 1, most: 99 };
const RATE = { least: 10, most: 1_000_000 };

/** Evenly from 10 % to 90 %. */
const spread = (count: number): SweepPoint[] =>
  Array.from({ length: count }, (_, i) => ({ kind: 'percent', at: Math.round(10 + (80 * i) / (count - 1)) }));

/** `true` where the flag stands alone. Throws `UsageError`. */
export function parseSweep(flag: string, value: string | true): readonly SweepPoint[] {
  if (value === true) return SWEEP;
  const fail = (what: string): never => {
    throw new UsageError(
      `${flag} ${value}: ${what}; expected a number of points (${POINTS.least} to ${POINTS.most}), percents of the slowest capacity such as 10%,50%,90%, or rates such as 2000,5000,10000`,
    );
  };
  const parts = parseList(value);
  if (parts.length === 1 && /^\d+$/.test(parts[0]!)) {
    const count = Number(parts[0]);
    return count >= POINTS.least && count <= POINTS.most ? spread(count) : fail('one number alone counts the points');
  }
  if (parts.length < POINTS.least || parts.length > POINTS.most)
    return fail(`${parts.length} ${parts.length === 1 ? 'point makes' : 'points make'} no curve`);
  const points = parts.map((part): SweepPoint => {
    const match = /^(\d+)\s*(%)?$/.exec(part);
    if (!match) return fail(`'${part}' is no whole number`);
    const [kind, bounds] = match[2] ? (['percent', PERCENT] as const) : (['rate', RATE] as const);
    const at = Number(match[1]);
    return at >= bounds.least && at <= bounds.most
      ? { kind, at }
      : fail(`'${part}' is not between ${bounds.least} and ${bounds.most}`);
  });
  if (new Set(points.map(({ kind }) => kind)).size > 1) return fail('percents and rates are not mixed');
  const sorted = points.toSorted((a, b) => a.at - b.at);
  if (sorted.some(({ at }, i) => at === sorted[i - 1]?.at)) return fail('a point stands twice');
  return sorted;
}
