import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lagOf, waitedForConnection } from '#bench/analysis/verdict/lag.ts';
import { METRICS, readTrial } from '#bench/analysis/figures/metrics.ts';
import type { LoadResult } from '#bench/model/load.ts';
import type { CompletedTrial } from '#bench/model/record.ts';
import { perSecond } from '#bench/model/units.ts';
import { histogramOf, load, open, scenarioNamed, sound } from './evidence.ts';

/** Ten thousand requests, a share of them sent late by so many nanoseconds; 110 µs each by service time, `response` µs by response time. */
const late = (share: number, nanos: number, response = 115): LoadResult =>
  open({
    offered: perSecond(5_000),
    service: histogramOf(Array.from({ length: 10_000 }, () => 110_000)),
    response: histogramOf(Array.from({ length: 10_000 }, () => response * 1_000)),
    generatorLag: histogramOf(Array.from({ length: 10_000 }, (_, i) => (i < share * 10_000 ? nanos : 1_000))),
  });

const trialOf = (result: LoadResult): CompletedTrial =>
  ({
    ...sound(),
    loop: { kind: 'open', arrivals: 'poisson' },
    load: result,
    state: 'completed',
    bound: 'none',
    warnings: [],
  }) as unknown as CompletedTrial;
const figure = (name: keyof typeof METRICS, result: LoadResult): number | undefined =>
  METRICS[name].of(readTrial(trialOf(result)), scenarioNamed('http-paced-50'));

test('a closed loop has no lag, nor has a load that sent nothing', () => {
  assert.equal(lagOf(load()), undefined);
  assert.equal(lagOf(open({ requests: 0 })), undefined);
});

test('a response time stands up to a tenth of it that is the generator’s own, each quantile by itself', () => {
  assert.equal(lagOf(late(1, 11_000))!.tells(0.5), true);
  assert.equal(lagOf(late(1, 12_000))!.tells(0.5), false);
  const few = late(0.02, 50_000);
  assert.deepEqual([figure('responseP50', few), figure('responseP99', few)].map(Number.isFinite), [true, false]);
  assert.ok(figure('responseP99', late(0.02, 50_000, 600)) !== undefined, 'a lag of 50 µs is little beside 600 µs');
});

test('a quantile beyond p99 is held to its own share of late requests', () => {
  const few = late(0.002, 900_000);
  assert.ok(figure('responseP99', few) !== undefined);
  assert.equal(figure('responseP999', few), undefined);
  assert.ok(figure('responseP999', late(0.0005, 900_000)) !== undefined);
});

test('service times do not contain the lag and stand, however short the gaps between arrivals', () => {
  const unresolved = late(0.4, 900_000);
  assert.equal(figure('responseP90', unresolved), undefined);
  assert.ok(Math.abs(figure('serviceP99', unresolved)! - 110) < 1);
  assert.equal(lagOf(unresolved)!.spoils, false);
});

test('the arrivals are not those asked for once half of them came later than the slowest hundredth took', () => {
  assert.equal(lagOf(late(0.6, 109_000))!.spoils, false);
  assert.equal(lagOf(late(0.6, 112_000))!.spoils, true);
  assert.equal(lagOf(late(0.4, 112_000))!.spoils, false);
});

test('what waited for a connection is what the whole lag has beyond the generator’s own', () => {
  const scheduleLag = histogramOf(Array.from({ length: 1_000 }, (_, i) => (i < 20 ? 500_000 : 1_000)));
  const generatorLag = histogramOf(Array.from({ length: 1_000 }, () => 1_000));
  const waited = waitedForConnection(open({ scheduleLag, generatorLag }))!;
  assert.ok(Math.abs(waited - 499) < 1, `${waited}`);
  assert.equal(waitedForConnection(open({ scheduleLag, generatorLag: scheduleLag })), 0);
  assert.equal(waitedForConnection(open({ scheduleLag })), undefined, 'records from before the two were told apart');
  assert.equal(waitedForConnection(load()), undefined);
});
