/** What a run is asked for, from flags over `bench.config.ts` over the preset. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle } from '#scripts/run/settings.ts';

const proxies = 'l4-tcp';

test('quick keeps to its time unless somebody says how many generations there are to be', async () => {
  assert.equal((await settle({ proxies }, {})).time, 90_000);
  assert.equal((await settle({ proxies, preset: 'standard' }, {})).time, undefined);
  assert.equal((await settle({ proxies, generations: '6' }, {})).time, undefined);
  assert.equal((await settle({ proxies }, { generations: 6 })).time, undefined);
});
