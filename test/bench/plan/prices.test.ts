/** The plan of a price list: each filter beside its proxy, as many at once as fit, each generation anew. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { subjectName } from '#bench/model/scenario.ts';
import { millis } from '#bench/model/units.ts';
import { estimateRun } from '#bench/plan/estimate.ts';
import { planPrices, PRICES_PRESETS, type PricesPlan } from '#bench/plan/prices.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';

const scenario = (prices: string) => ({ ...SCENARIOS[0]!, name: `price-${prices}`, prices });
const filters = ['a', 'b', 'c', 'd', 'e'].map(scenario);
const plan = (more: Partial<PricesPlan> = {}) =>
  planPrices({
    proxies: [
      { name: 'x', scenarios: filters },
      { name: 'y', scenarios: filters.slice(0, 2) },
      { name: 'z', scenarios: [] },
    ],
    generations: 3,
    seed: 7,
    atOnce: 16,
    ...more,
  });

test('every filter of a proxy stands beside the proxy without it, once a generation', () => {
  const generations = plan();
  assert.equal(generations.length, 3);
  for (const [generation, groups] of generations.entries()) {
    const names = groups
      .flat()
      .map((trial) => `${trial.scenario.name}: ${subjectName(trial.subject)}`)
      .toSorted();
    const expected = [
      ...filters.map((one) => ['x', one] as const),
      ...filters.slice(0, 2).map((one) => ['y', one] as const),
    ];
    assert.deepEqual(
      names,
      expected
        .flatMap(([name, { prices }]) => [`price-${prices}: ${name}`, `price-${prices}: ${name} + ${prices}`])
        .toSorted(),
    );
    for (const group of groups) {
      assert.equal(new Set(group.map(({ subject }) => (subject.kind === 'proxy' ? subject.name : ''))).size, 1);
      assert.ok(group.every((trial, position) => trial.generation === generation && trial.position === position));
    }
  }
});

test('no more processes are alive at once than fit; the one without filters is in every group', () => {
  for (const atOnce of [1, 2, 3, 4]) {
    const [groups] = plan({ atOnce, generations: 1 });
    for (const group of groups!) {
      const alive = new Set(group.map(({ subject }) => subjectName(subject)));
      assert.ok(alive.size <= Math.max(2, atOnce), `${atOnce}: ${[...alive].join()}`);
      assert.ok(alive.has('x') || alive.has('y'));
    }
    assert.equal(groups!.flat().length, 14);
  }
});

test('the seed decides the order, and orders differ between generations', () => {
  const order = (seed: number) =>
    plan({ seed }).map((groups) =>
      groups
        .flat()
        .map(({ scenario: { name } }) => name)
        .join(),
    );
  assert.deepEqual(order(1), order(1));
  assert.notDeepEqual(order(1), order(2));
  assert.notEqual(order(1)[0], order(1)[1]);
});

test('the quick list over every proxy takes less than twenty minutes, by its own estimate', () => {
  const [, quick] = PRICES_PRESETS;
  const offered = [18, 12, 12, 15, 11, 5]; // filters, and nothing
  const proxies = offered.map((count, i) => ({
    name: `p${i}`,
    scenarios: Array.from({ length: count }, (_, f) => scenario(`f${f}`)),
  }));
  const planned = plan({ proxies, generations: quick!.generations });
  const settings = { rounds: quick!.rounds, warmup: millis(0), window: millis(0) };
  const subjects = offered.reduce((sum, count) => sum + count + 1, 0);
  const estimate = estimateRun({ cohorts: planned.flat(), windows: [], hosted: new Set(['p0']), subjects, settings });
  assert.ok(estimate < 20 * 60_000, `${Math.round(estimate / 1000)} s`);
});
