/** The grammar and the weights of Accept-Encoding. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chooseCoding, weightsOf } from '#proxies/filters/accept-encoding.ts';

const OFFERED = ['br', 'gzip'] as const;
const CASES: readonly [string | undefined, string | undefined][] = [
  [undefined, undefined],
  ['', undefined],
  ['gzip', 'gzip'],
  ['GZIP', 'gzip'],
  ['x-gzip', 'gzip'],
  ['gzip, br', 'br'],
  ['gzip;q=1, br;q=0.9', 'gzip'],
  ['gzip ; q=0.5 , br;q=0.500', 'br'],
  ['gzip;q=0', undefined],
  ['gzip;q=0.000, *', 'br'],
  ['*', 'br'],
  ['*;q=0', undefined],
  ['*;q=0, gzip', 'gzip'],
  ['identity', undefined],
  ['identity, gzip;q=0.5', undefined],
  ['identity;q=0.5, gzip;q=0.5', 'gzip'],
  ['identity;q=0', undefined],
  ['deflate, compress', undefined],
  [', gzip,, ', 'gzip'],
  ['gzip, gzip;q=0', undefined],
  ['gzip;q=2', undefined],
  ['gzip;q=1.001', undefined],
  ['gzip;q=0.1234', undefined],
  ['gzip;q', undefined],
  ['gzip;level=1', undefined],
  ['gzip br', undefined],
  ['constructor, __proto__', undefined],
];
for (const [header, coding] of CASES)
  test(`${header} is ${coding ?? 'the content as it is'}`, () => {
    assert.equal(chooseCoding(header, OFFERED), coding);
  });

test('what is forbidden is never chosen, whatever else is said', () => {
  const element = fc.tuple(fc.constantFrom('gzip', 'br', '*', 'identity', 'zstd'), fc.integer({ min: 0, max: 1000 }));
  fc.assert(
    fc.property(fc.array(element, { maxLength: 6 }), (elements) => {
      const header = elements.map(([name, q]) => `${name};q=${(q / 1000).toFixed(3)}`).join(',');
      const chosen = chooseCoding(header, OFFERED);
      const weights = weightsOf(header)!;
      if (chosen === undefined) return;
      const weight = weights.get(chosen) ?? weights.get('*')!;
      assert.ok(weight > 0);
      for (const other of OFFERED) assert.ok((weights.get(other) ?? weights.get('*') ?? 0) <= weight);
    }),
  );
});

test('any text has weights or none, at once', () => {
  fc.assert(fc.property(fc.string({ maxLength: 2000 }), (text) => void weightsOf(text)));
  const long = `gzip${' \t'.repeat(30_000)}x`;
  const before = performance.now();
  weightsOf(long);
  assert.ok(performance.now() - before < 1000);
});
