import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatEstimate,
  formatInterval,
  formatQuantity,
  percent,
  significant,
  type Unit,
} from '#bench/analysis/words/quantity.ts';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

for (const [value, text] of [
  [0, '0'],
  [18.1549, '18.2'],
  [9.996, '10.0'],
  [0.0202, '0.0202'],
  [-3.456, '−3.46'],
  [118_075, '118 075'],
  [999.6, '1 000'],
  [1_234_567.8, '1 234 568'],
] as const)
  test(`${value} reads ${text}`, () => assert.equal(plain(significant(value)), text));

for (const [value, unit, text] of [
  [18.16, 'µs', '18.2 µs'],
  [12_345, 'µs', '12.3 ms'],
  [2_500_000, 'µs', '2.50 s'],
  [2.128, 'ratio', '2.13×'],
  [118_075.8, '/s', '118 000/s'],
  [41.26, '/s', '41.3/s'],
  [5_400, 'B/connection', '5.27 KiB'],
  [47_500_000, 'B', '45.3 MiB'],
  [8 * 2 ** 30, 'B', '8.00 GiB'],
  [49_800, 'instructions', '49.8 k'],
  [1_910, 'ns', '1 910 ns'],
  [0, 'share', '0 %'],
] as const satisfies readonly (readonly [number, Unit, string])[])
  test(`${value} ${unit} reads ${text}`, () => assert.equal(plain(formatQuantity(value, unit)), text));

test('an interval takes the scale of its estimate; negative ends are set apart by a word', () => {
  const estimate = { value: 12_000, low: 9_000, high: 14_000, coverage: 0.957, n: 12 };
  assert.equal(plain(formatEstimate(estimate, 'µs')), '12.0 ms (9.00–14.0)');
  assert.equal(plain(formatInterval({ ...estimate, value: 1, low: -2, high: 4 }, 'µs')), '−2.00 to 4.00');
  assert.equal(formatInterval({ ...estimate, n: 1 }, 'µs'), 'one round');
});

test('percentages keep a decimal only where it is needed', () => {
  assert.deepEqual([0, 0.021, -0.034, 0.5, 1].map(percent).map(plain), ['0 %', '2.1 %', '−3.4 %', '50 %', '100 %']);
});
