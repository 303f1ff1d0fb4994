import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lagOf } from '#bench/analysis/lag.ts';
import { METRICS, readTrial } from '#bench/analysis/metrics.ts';
import type { LoadResult } from '#bench/model/load.ts';
import type { CompletedTrial } from '#bench/model/record.ts';
import { perSecond } from '#bench/model/units.ts';
import { histogramOf, load, open, scenarioNamed, sound } from './evidence.ts';

/** Ten thousand requests, a share of them late by so many nanoseconds, at 5,000 a second (a gap of 200 µs), 110 µs each. */
const late = (share: number, nanos: number): LoadResult =>
  open({
    offered: perSecond(5_000),
    service: histogramOf(Array.from({ length: 10_000 }, () => 110_000)),
    response: histogramOf(Array.from({ length: 10_000 }, () => 115_000)),
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
  assert.equal(lagOf(load(), undefined), undefined);
  assert.equal(lagOf(open({ requests: 0 }), 'poisson'), undefined);
});

test('one late request in a hundred is borne, more are not', () => {
  assert.equal(lagOf(late(0.009, 900_000), 'poisson')?.resolves, 'service and response');
  assert.equal(lagOf(late(0.011, 900_000), 'poisson')?.resolves, 'nothing');
  assert.equal(lagOf(late(0.011, 150_000), 'poisson')?.resolves, 'service');
});

test('Poisson arrivals bear three mean gaps of lag, uniform ones a single gap', () => {
  const resolves = (nanos: number) =>
    (['uniform', 'poisson'] as const).map((arrivals) => lagOf(late(0.02, nanos), arrivals)?.resolves);
  assert.deepEqual(resolves(190_000), ['service', 'service']);
  assert.deepEqual(resolves(500_000), ['nothing', 'service']);
  assert.deepEqual(resolves(700_000), ['nothing', 'nothing']);
});

test('response times are withheld where the lag would be in them; service times stand', () => {
  const unresolved = late(0.02, 150_000);
  assert.equal(figure('responseP50', unresolved), undefined);
  assert.ok(Math.abs(figure('serviceP99', unresolved)! - 110) < 1);
  assert.ok(Math.abs(figure('responseP50', late(0, 0))! - 115) < 1);
});

test('a quantile beyond p99 is held to its own share of late requests', () => {
  const few = late(0.002, 900_000);
  assert.ok(figure('serviceP99', few) !== undefined);
  assert.equal(figure('serviceP999', few), undefined);
  assert.ok(figure('serviceP999', late(0.0005, 900_000)) !== undefined);
});
