/** The one formatter: what it says of single values, and what it says of any. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  counted,
  formatDuration,
  formatEstimate,
  formatIn,
  formatInterval,
  formatQuantity,
  formatSigned,
  integer,
  intervalIn,
  percent,
  scaleOf,
  significant,
  type Unit,
} from '#bench/analysis/words/quantity.ts';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

for (const [value, text] of [
  [0, '0'],
  [-0, '0'],
  [18.1549, '18.2'],
  [9.996, '10.0'],
  [0.0202, '0.0202'],
  [-3.456, '−3.46'],
  [118_075, '118,000'],
  [999.6, '1,000'],
  [1_234_567.8, '1,230,000'],
  [Number.NaN, '–'],
  [-Infinity, '−∞'],
] as const)
  test(`${value} reads ${text}`, () => assert.equal(significant(value), text));

for (const [value, unit, text] of [
  [18.16, 'µs', '18.2 µs'],
  [-0.005_62, 'µs', '−5.62 ns'],
  [0.9996, 'µs', '1.00 µs'],
  [0, 'µs', '0 µs'],
  [999.6, 'µs', '1.00 ms'],
  [1_533, 'µs', '1.53 ms'],
  [27_600, 'µs', '27.6 ms'],
  [2_500_000, 'µs', '2.50 s'],
  [2.128, 'ratio', '2.13×'],
  [118_075.8, '/s', '118,000/s'],
  [41.26, '/s', '41.3/s'],
  [5_400, 'B/connection', '5.27 KiB'],
  [47_500_000, 'B', '45.3 MiB'],
  [8 * 2 ** 30, 'B', '8.00 GiB'],
  [49_800, 'instructions', '49.8 k'],
  [1_910, 'ns', '1.91 µs'],
  [0, 'share', '0 %'],
] as const satisfies readonly (readonly [number, Unit, string])[])
  test(`${value} ${unit} reads ${text}`, () => assert.equal(plain(formatQuantity(value, unit)), text));

test('an interval takes the scale of its estimate; negative ends are set apart by a word', () => {
  const estimate = { value: 12_000, low: 9_000, high: 14_000, coverage: 0.957, n: 12 };
  assert.equal(plain(formatEstimate(estimate, 'µs')), '12.0 ms (9.00–14.0)');
  assert.equal(plain(formatInterval({ ...estimate, value: 1, low: -2, high: 4 }, 'µs')), '−2.00 to 4.00');
  assert.equal(formatInterval({ ...estimate, n: 1 }, 'µs'), 'no interval');
});

test('percentages keep a decimal only where it is needed, and nothing has no sign', () => {
  const shares = [0, 0.021, -0.034, 0.5, 1, -0.0001];
  assert.deepEqual(shares.map(percent).map(plain), ['0 %', '2.1 %', '−3.4 %', '50 %', '100 %', '0.0 %']);
});

test('a column is in one unit, that of its middle; each figure keeps three digits', () => {
  const micros = [0, 46, 1_533, 27_600];
  const scale = scaleOf('µs', micros);
  assert.deepEqual(
    micros.map((value) => formatIn(value, scale)),
    ['0', '0.0460', '1.53', '27.6'],
  );
  assert.equal(scale.suffix, 'ms');
  assert.equal(scaleOf('µs', []).suffix, 'µs');
  assert.equal(scaleOf('µs', [0.2, 0.7, 3]).suffix, 'ns');
  assert.equal(intervalIn({ low: 200, high: 4_000 }, scale), '0.200–4.00');
});

test('what is counted has its plural', () => {
  assert.deepEqual(
    [counted(1, 'round'), counted(2, 'round'), counted(1_234, 'trial'), counted(2, 'proxy', 'proxies')],
    ['1 round', '2 rounds', '1,234 trials', '2 proxies'],
  );
  assert.equal(formatDuration(125_000), '2 min 05 s');
});

const UNITS: readonly Unit[] = ['µs', 'ns', '/s', 'B', 'B/connection', 'instructions', 'per request', 'share', 'ratio'];
/** Eighteen orders of magnitude, of either sign. */
const values = fc
  .tuple(fc.double({ min: 1, max: 10, noNaN: true }), fc.integer({ min: -6, max: 11 }), fc.boolean())
  .map(([digits, exponent, isNegative]) => digits * 10 ** exponent * (isNegative ? -1 : 1));
const parse = (text: string): number => Number(text.replaceAll(',', '').replace('−', '-'));

test('any number is read back to within half a unit of its third digit, and has no more digits than three', () => {
  fc.assert(
    fc.property(values, (value) => {
      const text = significant(value);
      assert.ok(Math.abs(parse(text) / value - 1) <= 0.005 + 1e-9, `${value} reads ${text}`);
      const digits = text.replaceAll(/[−,.]/g, '').replace(/^0+/, '');
      assert.ok(/^[1-9]\d{0,2}0*$/.test(digits), text);
      assert.doesNotMatch(text, /e|-|^,|,(?!\d{3})/);
    }),
    { seed: 11 },
  );
});

/** Factor of what stands behind a figure, to the unit in which it was given. */
const SUFFIXES: Readonly<Record<string, number>> = {
  s: 1e6,
  ms: 1e3,
  µs: 1,
  ns: 1e-3,
  GiB: 2 ** 30,
  MiB: 2 ** 20,
  KiB: 2 ** 10,
  B: 1,
  M: 1e6,
  k: 1e3,
  '%': 0.01,
  '/s': 1,
  '×': 1,
  '': 1,
};

test('with its unit it is of the same size, whatever the unit; times have one to three digits before the point', () => {
  fc.assert(
    fc.property(values, fc.constantFrom(...UNITS), (value, unit) => {
      const [, digits, suffix] = /^(−?[\d,.]+)\u00a0?(\D*)$/.exec(formatQuantity(value, unit))!;
      const factor = SUFFIXES[suffix!]! * (unit === 'ns' ? 1e3 : 1);
      assert.ok(
        Math.abs((parse(digits!) * factor) / value - 1) <= 0.005 + 1e-9,
        `${value} ${unit}: ${digits} ${suffix}`,
      );
      const isTime = (unit === 'µs' || unit === 'ns') && suffix !== 's';
      if (isTime) assert.ok(Math.abs(parse(digits!)) < 1_000, `${digits} ${suffix}`);
      if (isTime && suffix !== 'ns') assert.ok(Math.abs(parse(digits!)) >= 1, `${digits} ${suffix}`);
      assert.equal(formatSigned(value, unit).startsWith('+'), value > 0);
    }),
    { seed: 12 },
  );
});

test('in a column, too, every figure keeps its size', () => {
  fc.assert(
    fc.property(fc.array(values, { minLength: 1, maxLength: 8 }), fc.constantFrom(...UNITS), (all, unit) => {
      const scale = scaleOf(unit, all);
      for (const value of all) {
        const shown = parse(formatIn(value, scale)) / scale.factor;
        if (Math.abs(value * scale.factor) > 1e-5) assert.ok(Math.abs(shown / value - 1) <= 0.005 + 1e-9);
      }
    }),
    { seed: 13 },
  );
});

test('one is singular, everything else is plural, and whole numbers are read back as they were', () => {
  fc.assert(
    fc.property(fc.nat({ max: 10_000_000 }), (count) => {
      assert.equal(parse(integer(count)), count);
      assert.equal(counted(count, 'round').endsWith(' rounds'), count !== 1);
    }),
    { seed: 14 },
  );
});
