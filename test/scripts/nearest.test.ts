import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { editDistance, known, nearest } from '#scripts/nearest.ts';

test('edit distance is a metric', () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, word, (a, b, c) => {
      assert.equal(editDistance(a, a), 0);
      assert.equal(editDistance(a, b), editDistance(b, a));
      assert.ok(editDistance(a, c) <= editDistance(a, b) + editDistance(b, c));
      if (a !== b) assert.ok(editDistance(a, b) > 0);
    }),
    { seed: 1 },
  );
});

test('edit distance of known pairs', () => {
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(editDistance('', 'abc'), 3);
});

test('a typo is met with the name that was meant', () => {
  const names = ['direct', 'l4-tcp', 'l7-http', 'l7-tls', 'node-http'];
  assert.equal(nearest('l7-htp', names), 'l7-http');
  assert.equal(nearest('L4-TCP', names), 'l4-tcp');
  assert.equal(nearest('something-else-entirely', names), undefined);
  assert.equal(known('proxy', 'l7-tls', names), 'l7-tls');
  assert.throws(() => known('proxy', 'l7-htp', names), {
    name: 'UsageError',
    message: /unknown proxy 'l7-htp'; did you mean 'l7-http'\?/,
  });
});
