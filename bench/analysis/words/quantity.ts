/** Figures as people read them, the only formatter: three significant digits, thousands apart, a unit that fits, an interval in that unit. */
import type { Estimate } from '#bench/stats/estimate.ts';

export type Unit = 'µs' | 'ns' | '/s' | 'B' | 'B/connection' | 'instructions' | 'per request' | 'share' | 'ratio';

/** U+00A0 keeps a figure and its unit on one line, U+2212 is the true minus. */
const NBSP = '\u00a0';
const minus = (text: string): string => text.replace('-', '−');
const thousands = (whole: string): string => whole.replace(/\B(?=(\d{3})+$)/g, ',');

/** What is smaller has no digit left to show. */
const LEAST = 1e-6;
const DIGITS = 3;
/** Rounding may carry: 9.996 is 10.0, and 999.6 µs are 1.00 ms. */
const rounded = (value: number): number => Number(value.toPrecision(DIGITS));

/** '18.2', '41,300', '−0.0202': three significant digits, no exponent. */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : value > 0 ? '∞' : '−∞';
  const size = Math.abs(rounded(value));
  if (size < LEAST) return '0';
  const decimals = Math.max(0, DIGITS - 1 - Math.floor(Math.log10(size) + 1e-9));
  const [whole, fraction] = rounded(value).toFixed(Math.min(8, decimals)).split('.');
  return minus(`${thousands(whole!)}${fraction === undefined ? '' : `.${fraction}`}`);
}

/** '18 %', '0.4 %'. */
export function percent(share: number): string {
  const text = (share * 100).toFixed(Math.abs(share) < 0.1 && share !== 0 ? 1 : 0);
  return `${minus(Number(text) === 0 ? text.replace('-', '') : text)}${NBSP}%`;
}

/** '1,234', for what was counted. */
export const integer = (count: number): string => minus(thousands(Math.round(count).toFixed(0)));

/** '1 round', '3 rounds', '1,234 trials'. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${integer(count)} ${count === 1 ? one : many}`;

/** One way of writing a unit: what a value is multiplied with, and what then stands behind it. */
export interface Scale {
  readonly factor: number;
  readonly suffix: string;
}

/** Per unit: the least size from which a scale is used, greatest first. */
const SCALES: Readonly<Record<Unit, readonly (Scale & { readonly from: number })[]>> = {
  µs: [
    { from: 1e6, factor: 1e-6, suffix: 's' },
    { from: 1e3, factor: 1e-3, suffix: 'ms' },
    { from: 1, factor: 1, suffix: 'µs' },
    { from: 0, factor: 1e3, suffix: 'ns' },
  ],
  ns: [
    { from: 1e9, factor: 1e-9, suffix: 's' },
    { from: 1e6, factor: 1e-6, suffix: 'ms' },
    { from: 1e3, factor: 1e-3, suffix: 'µs' },
    { from: 0, factor: 1, suffix: 'ns' },
  ],
  '/s': [{ from: 0, factor: 1, suffix: '/s' }],
  B: [
    { from: 2 ** 30, factor: 2 ** -30, suffix: 'GiB' },
    { from: 2 ** 20, factor: 2 ** -20, suffix: 'MiB' },
    { from: 2 ** 10, factor: 2 ** -10, suffix: 'KiB' },
    { from: 0, factor: 1, suffix: 'B' },
  ],
  'B/connection': [
    { from: 2 ** 20, factor: 2 ** -20, suffix: 'MiB' },
    { from: 2 ** 10, factor: 2 ** -10, suffix: 'KiB' },
    { from: 0, factor: 1, suffix: 'B' },
  ],
  instructions: [
    { from: 1e6, factor: 1e-6, suffix: 'M' },
    { from: 1e3, factor: 1e-3, suffix: 'k' },
    { from: 0, factor: 1, suffix: '' },
  ],
  'per request': [{ from: 0, factor: 1, suffix: '' }],
  share: [{ from: 0, factor: 100, suffix: '%' }],
  ratio: [{ from: 0, factor: 1, suffix: '×' }],
};

/** The first scale that fits; of nothing, and of what is no number, the unit as it is. */
function scaleFor(unit: Unit, value: number): Scale {
  const size = Math.abs(rounded(value));
  const scales = SCALES[unit];
  if (!(size > 0)) return scales.find(({ factor }) => factor === 1) ?? scales[0]!;
  return scales.find(({ from }) => size >= from)!;
}

/**
 * The one scale of a whole column: that of its middle size, so that neither the greatest nor the least is written with many zeros.
 * Values that are zero or no number have no say.
 */
export function scaleOf(unit: Unit, values: readonly number[]): Scale {
  const sizes = values
    .map(Math.abs)
    .filter((size) => size > 0 && Number.isFinite(size))
    .toSorted((a, b) => a - b);
  return scaleFor(unit, sizes[sizes.length >> 1] ?? 0);
}

/** The digits alone, where the unit stands at the head of the column. */
export const formatIn = (value: number, { factor }: Scale): string => significant(value * factor);

/** The ends of an interval in a given scale: '17.5–18.9'; set apart by a word where one is below zero. */
export const intervalIn = ({ low, high }: Pick<Estimate, 'low' | 'high'>, scale: Scale): string =>
  `${formatIn(low, scale)}${low < 0 ? ' to ' : '–'}${formatIn(high, scale)}`;

const withSuffix = (text: string, unit: Unit, { suffix }: Scale): string =>
  suffix === '' ? text : unit === 'ratio' || unit === '/s' ? `${text}${suffix}` : `${text}${NBSP}${suffix}`;

/** '18.2 µs', '5.62 ns', '1.53 ms', '2.10×', '41,300/s' */
export function formatQuantity(value: number, unit: Unit): string {
  const scale = scaleFor(unit, value);
  return withSuffix(formatIn(value, scale), unit, scale);
}

/** The same with its sign where it is more than nothing: '+18.2 µs'. */
export const formatSigned = (value: number, unit: Unit): string =>
  `${value > 0 ? '+' : ''}${formatQuantity(value, unit)}`;

/** The interval in the unit of its estimate, without repeating it: '17.5–18.9'; 'no interval' where one figure is all there is. */
export const formatInterval = (estimate: Estimate, unit: Unit): string =>
  estimate.n < 2 ? 'no interval' : intervalIn(estimate, scaleFor(unit, estimate.value));

/** '18.2 µs (17.5–18.9)' */
export const formatEstimate = (estimate: Estimate, unit: Unit): string =>
  `${formatQuantity(estimate.value, unit)} (${formatInterval(estimate, unit)})`;

/** '48 s', '2 min 05 s' */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}
