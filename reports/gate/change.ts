/** Head against base as people read it. */
import type { Estimate } from '#bench/analysis/analysis.ts';
import type { GateMetric, Revision } from '#bench/gate/result.ts';

const NBSP = '\u00a0';

/** Relative change with its sign: '+4.1', '−12.3', '+140', '0.0'. */
function signed(ratio: number): string {
  if (!Number.isFinite(ratio)) return '∞';
  const change = (ratio - 1) * 100;
  const text = Math.abs(change).toFixed(Math.abs(change) < 99.95 ? 1 : 0);
  return Number(text) === 0 ? text : `${change < 0 ? '−' : '+'}${text}`;
}

/** '+4.1 % (+3.2 to +5.0)'; one round has no interval and says so. */
export const formatChange = ({ value, low, high, n }: Estimate): string =>
  `${signed(value)}${NBSP}% (${n < 2 ? 'one round' : `${signed(low)}${NBSP}to${NBSP}${signed(high)}`})`;

/** '0.012', '<0.001'. */
export const formatP = (p: number): string => (p < 0.001 ? '<0.001' : p.toFixed(3));

/** The p that decides: after Holm where the metric is of the family. */
export const decidingP = ({ adjustedP, p }: GateMetric): number | undefined => adjustedP ?? p;

/** 'main at 1a2b3c4d5e6f, with uncommitted changes' */
export function formatRevision({ label, commit, dirty }: Revision): string {
  const short = commit?.slice(0, 12);
  const at = short === undefined || label.startsWith(short) ? '' : ` at ${short}`;
  return `${label}${at}${dirty ? ', with uncommitted changes' : ''}`;
}
