/** Prices from records: the truth lies within its interval, what the host does meets both sides, and what has none says why. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import { priceFindings, pricesOf } from '#bench/analysis/prices/prices.ts';
import { type PriceTruth, syntheticPrices } from '#test/reports/synthetic-prices.ts';

const one = (truth: Partial<PriceTruth>, options: Parameters<typeof syntheticPrices>[1] = {}) => {
  const records = syntheticPrices([{ proxy: 'l7-http', filter: 'jwt', hop: 15, added: 20, ...truth }], options);
  const [price] = pricesOf(records)!.list;
  return price!;
};

test('a price is what was put into it, though the host is half as slow again in some rounds', () => {
  const { added, hop, elsewhere, verdict, strength, words } = one({ elsewhere: 6 });
  assert.ok(added!.low < 20 * 1.25 && added!.high > 20 * 1.25, JSON.stringify(added));
  assert.ok(added!.high - added!.low < 8);
  assert.ok(Math.abs(hop!.value - 15 * 1.25) < 2);
  assert.ok(elsewhere!.low > 0 && Math.abs(elsewhere!.value - 6 * 1.25) < 1.5);
  assert.deepEqual([verdict, strength], ['costs', 'claim']);
  assert.match(words, /^jwt at l7-http adds 2\d(\.\d)?\u00a0µs \(.*\) of CPU per request\.$/);
});

test('what costs nothing is no difference, with its bound; what saves, saves', () => {
  const none = one({ added: 0 });
  assert.deepEqual([none.verdict, none.strength], ['no difference', 'cannot tell']);
  assert.match(none.words, /no difference was seen; it adds at most [\d.]+\u00a0(µs|ns)/);
  const cache = one({ filter: 'cache', added: -5 });
  assert.deepEqual([cache.verdict, cache.strength], ['saves', 'claim']);
  assert.match(cache.words, /saves [5-7](\.\d+)?\u00a0µs/);
});

test('nothing is called different more often than its intervals allow', () => {
  let alarms = 0;
  const runs = 60;
  for (let seed = 1; seed <= runs; seed++) if (one({ added: 0 }, { seed }).verdict !== 'no difference') alarms++;
  assert.ok(alarms <= 9, `${alarms} of ${runs}`); // at 5 % beyond nine once in 1,000
});

test('one start has a figure, and neither interval nor verdict', () => {
  const price = one({}, { generations: 1 });
  assert.equal(price.state, 'measured');
  assert.deepEqual([price.verdict, price.strength], [null, 'cannot tell']);
  assert.match(price.words, /in one start, which has no interval/);
});

test('what was refused or failed is listed with its reason', () => {
  const refused = one({ state: 'refused' });
  assert.deepEqual([refused.state, refused.added], ['refused', null]);
  assert.match(refused.words, /l7-http \+ jwt was not measured: it is at work: it is not/);
  const failed = one({ state: 'failed' });
  assert.deepEqual([failed.state, failed.added], ['failed', null]);
  assert.match(failed.words, /has no price: it fell over/);
});

test('the order of records makes no difference', () => {
  const records = syntheticPrices([
    { proxy: 'l7-http', filter: 'jwt', hop: 15, added: 20 },
    { proxy: 'envoy-http', filter: 'jwt', hop: 40, added: 20 },
    { proxy: 'l7-http', filter: 'cors', hop: 15, added: 1 },
  ]);
  const expected = pricesOf(records);
  const reversed = pricesOf({ ...records, trials: records.trials.toReversed() });
  for (const [i, { added, verdict }] of expected!.list.entries()) {
    assert.equal(reversed!.list[i]!.verdict, verdict);
    assert.ok(Math.abs(reversed!.list[i]!.added!.value - added!.value) < 1e-9);
  }
  assert.deepEqual(expected!.filters, ['jwt', 'cors']);
  assert.deepEqual(expected!.subjects, ['l7-http', 'envoy-http']);
  assert.equal(expected!.list.length, 3); // cors at envoy was not asked for
});

test('the most expensive filter of each proxy is a finding; trials of prices are in no other figure', () => {
  const records = syntheticPrices([
    { proxy: 'l7-http', filter: 'jwt', hop: 15, added: 20 },
    { proxy: 'l7-http', filter: 'cors', hop: 15, added: 2 },
  ]);
  const [finding, ...others] = priceFindings(pricesOf(records));
  assert.match(finding!.sentence, /^The most expensive of 2: jwt at l7-http adds/);
  assert.deepEqual([finding!.strength, others.length], ['claim', 0]);
  const analysis = analyse(records);
  assert.deepEqual([analysis.scenarios, analysis.comparisons, analysis.rankings], [[], [], []]);
  assert.equal(analysis.trials.length, records.trials.length);
  assert.equal(pricesOf({ ...records, run: { ...records.run, scenarios: [] } }), undefined);
});
