import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failures, mergeFailures } from '#bench/load/failures.ts';

test('failures of shards add up by kind and status; the first message is the first shard’s', () => {
  const [one, two] = [new Failures(), new Failures()];
  one.add({ kind: 'status', status: 429, message: 'a' });
  one.add({ kind: 'reset', message: 'b' });
  for (let i = 0; i < 3; i++) two.add({ kind: 'status', status: 429, message: `c${i}` });
  two.add({ kind: 'status', status: 503, message: 'd' });
  two.add({ kind: 'reset', message: 'e' });
  assert.deepEqual(mergeFailures([one.take().failures, undefined, two.take().failures]), {
    failures: [
      { kind: 'status', status: 429, count: 4, first: 'a' },
      { kind: 'reset', count: 2, first: 'b' },
      { kind: 'status', status: 503, count: 1, first: 'd' },
    ],
  });
  assert.deepEqual(mergeFailures([undefined, new Failures().take().failures]), {});
});
