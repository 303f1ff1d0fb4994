/** A ratio as people say it: '4 to 9 % more than …', '12 to 14 % less than …', '2.1 to 2.3 times as much as …', 'at most 5 % more than …'. */
import type { Comparison } from '../comparison/comparison.ts';
import { significant } from './quantity.ts';

const NBSP = '\u00a0';
/** From here on "times as much" reads better than hundreds of per cent. */
const TIMES_FROM = 2;
const LEAST_PERCENT = 0.1;

/** 0.043 → '4.3', 0.127 → '13', 0.0004 → '0.1': a tenth below ten, whole from there. A bound is never rounded to nothing. */
function percentWords(share: number): string {
  const percent = Math.abs(share) * 100;
  return percent >= 9.95 ? percent.toFixed(0) : Math.max(LEAST_PERCENT, percent).toFixed(1);
}

const range = (a: string, b: string): string => (a === b ? a : `${a} to ${b}`);

/** `what` is the reference, as it reads after 'than'. A ratio that holds no difference, or lies within the noise, is told by its bound. */
export function moreThan({ estimate, strength }: Pick<Comparison, 'estimate' | 'strength'>, what: string): string {
  const { value, low, high, n } = estimate;
  if (low >= TIMES_FROM) return `${range(significant(low), significant(high))} times as much as ${what}`;
  if (n >= 2 && strength === 'cannot tell')
    return high <= 1
      ? `at most ${percentWords(1 - low)}${NBSP}% less than ${what}`
      : `at most ${percentWords(high - 1)}${NBSP}% more than ${what}`;
  return value >= 1
    ? `${range(percentWords(low - 1), percentWords(high - 1))}${NBSP}% more than ${what}`
    : `${range(percentWords(1 - high), percentWords(1 - low))}${NBSP}% less than ${what}`;
}
