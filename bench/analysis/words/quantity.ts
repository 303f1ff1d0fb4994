/** Figures as people read them: three significant digits, a unit, an interval. */
import type { Estimate } from '#bench/stats/estimate.ts';

export type Unit = 'µs' | 'ns' | '/s' | 'B' | 'B/connection' | 'instructions' | 'per request' | 'share' | 'ratio';

/** U+00A0 keeps a figure and its unit on one line, U+2212 is the true minus. */
const NBSP = '\u00a0';
const minus = (text: string): string => text.replace('-', '−');

/** What is smaller has no digit left to show. */
const LEAST = 1e-6;

/** Three significant digits, thousands apart, no exponent. */
export function significant(value: number): string {
  const size = Math.abs(Number(value.toPrecision(3))); // rounding may carry: 9.996 is 10.0
  if (size < LEAST) return '0';
  const decimals = size === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(size) + 1e-9));
  const text = value.toFixed(Math.min(6, decimals));
  const [whole, fraction] = text.split('.');
  const grouped = whole!.replace(/\B(?=(\d{3})+$)/g, NBSP);
  return minus(fraction === undefined ? grouped : `${grouped}.${fraction}`);
}

export const percent = (share: number): string =>
  `${minus((share * 100).toFixed(Math.abs(share) < 0.1 && share !== 0 ? 1 : 0))}${NBSP}%`;

interface Scale {
  readonly from: number;
  readonly factor: number;
  readonly suffix: string;
}

/** Per unit: the least size from which the scale is used, greatest first. The first fitting one wins, for a whole interval. */
const SCALES: Readonly<Record<Unit, readonly Scale[]>> = {
  µs: [
    { from: 1e6, factor: 1e-6, suffix: 's' },
    { from: 1e4, factor: 1e-3, suffix: 'ms' },
    { from: 0, factor: 1, suffix: 'µs' },
  ],
  ns: [
    { from: 1e4, factor: 1e-3, suffix: 'µs' },
    { from: 0, factor: 1, suffix: 'ns' },
  ],
  '/s': [{ from: 0, factor: 1, suffix: '/s' }],
  B: [
    { from: 2 ** 30, factor: 2 ** -30, suffix: 'GiB' },
    { from: 1 << 20, factor: 2 ** -20, suffix: 'MiB' },
    { from: 1 << 10, factor: 2 ** -10, suffix: 'KiB' },
    { from: 0, factor: 1, suffix: 'B' },
  ],
  'B/connection': [
    { from: 1 << 10, factor: 2 ** -10, suffix: 'KiB' },
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

/** What is no number has the smallest scale, and reads as a dash. */
const scaleFor = (unit: Unit, value: number): Scale =>
  SCALES[unit].find(({ from }) => Math.abs(value) >= from) ?? SCALES[unit].at(-1)!;

const figure = (value: number, unit: Unit, { factor }: Scale): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : value > 0 ? '∞' : '−∞';
  const scaled = value * factor;
  if (unit === '/s' && Math.abs(scaled) >= 100) {
    // Rates: three digits are the claim, the rest would be noise.
    const step = 10 ** (Math.floor(Math.log10(Math.abs(scaled))) - 2);
    return significant(Math.round(scaled / step) * step);
  }
  return significant(scaled);
};

const withSuffix = (text: string, unit: Unit, { suffix }: Scale): string =>
  suffix === '' ? text : unit === 'ratio' || unit === '/s' ? `${text}${suffix}` : `${text}${NBSP}${suffix}`;

/** '18.2 µs', '2.10×', '41 300/s' */
export function formatQuantity(value: number, unit: Unit): string {
  const scale = scaleFor(unit, value);
  return withSuffix(figure(value, unit, scale), unit, scale);
}

/** The interval in the unit of its estimate, without repeating it: '17.5–18.9'; 'one round' where there is none. */
export function formatInterval({ value, low, high, n }: Estimate, unit: Unit): string {
  if (n < 2) return 'one round';
  const scale = scaleFor(unit, value);
  const separator = low < 0 ? ' to ' : '–';
  return `${figure(low, unit, scale)}${separator}${figure(high, unit, scale)}`;
}

/** '18.2 µs (17.5–18.9)' */
export const formatEstimate = (estimate: Estimate, unit: Unit): string =>
  `${formatQuantity(estimate.value, unit)} (${formatInterval(estimate, unit)})`;

/** '48 s', '2 min 05 s' */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** '850/s', '12.4 k/s' */
export const rate = (n: number): string => (n >= 10_000 ? `${(n / 1_000).toFixed(1)} k/s` : `${n.toFixed(0)}/s`);
