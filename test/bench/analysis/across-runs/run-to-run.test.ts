/**
 * What two runs are called, over simulated ones whose truth is known: hosts that differ by up to a half, starts of processes by 2 %, runs by
 * 1 % of a ratio. The property: of one revision nothing is called different, and what costs a tenth more is still found.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compareRuns, type RunComparison } from '#bench/analysis/across-runs/compare-runs.ts';
import type { RunRecords } from '#bench/model/record.ts';
import { COSTS, type DriftingOptions, driftingRun } from './drifting-run.ts';

const PAIRS = 300;

/** At another revision, so that nothing of ours is known to be the same. */
const changed = (records: RunRecords): RunRecords => ({
  ...records,
  run: { ...records.run, revision: 'fedcba987654' },
});

const pairs = (
  options: Omit<DriftingOptions, 'seed'>,
  second: (run: RunRecords) => RunRecords = changed,
  more = {},
): RunComparison[] =>
  Array.from({ length: PAIRS }, (_, i) =>
    compareRuns(
      driftingRun({ ...options, seed: 10 * i + 1 }),
      second(driftingRun({ ...options, ...more, seed: 10 * i + 2 })),
    ),
  );

const called = ({ lines }: RunComparison, main: boolean): number =>
  lines.filter((line) => line.main === main && line.strength !== 'cannot tell').length;

const share = <T>(of: readonly T[], is: (one: T) => boolean): number => of.filter(is).length / of.length;

const TWO = { 'l4-tcp': COSTS['l4-tcp'], 'l7-http': COSTS['l7-http'] };

describe('two runs of one cost', () => {
  for (const [name, options] of [
    ['six generations of all proxies', {}],
    ['four generations', { generations: 4 }],
    ['three generations', { generations: 3 }],
    ['two generations', { generations: 2 }],
    ['l7-http and l4-tcp alone', { costs: TWO }],
  ] as const)
    test(`${name}: at most one family in twenty has a false call`, () => {
      const found = pairs(options);
      for (const main of [true, false]) {
        const wrong = share(found, (one) => called(one, main) > 0);
        assert.ok(wrong <= 0.05, `${wrong} of the families (${main ? 'main' : 'advisory'})`);
      }
    });

  test('the same on hosts of which only the drift is common to all', () => {
    const other = (run: RunRecords): RunRecords => ({
      ...run,
      run: { ...run.run, environment: { ...run.run.environment, fingerprint: 'other' } },
    });
    assert.ok(share(pairs({}, other), (one) => called(one, true) > 0) <= 0.05);
  });

  test('runs that differ by twice as much as is known: the proxies that did not change show it', () => {
    const wrong = share(pairs({ run: 0.014 }), (one) => called(one, true) > 0);
    assert.ok(wrong <= 0.1, `${wrong}`);
  });
});

describe('l7-http costs a tenth more', () => {
  const cost = { costs: { ...COSTS, 'l7-http': 1.1 * COSTS['l7-http'] } };
  const l7 = ({ lines }: RunComparison) =>
    lines.find(({ subject, metric }) => subject === 'l7-http' && metric === 'cpuPerRequest')!;

  test('it is claimed in nearly all pairs of six generations, and the interval covers it', () => {
    const found = pairs({}, changed, cost).map(l7);
    const told = share(found, ({ strength, ratio }) => strength === 'claim' && ratio.value > 1);
    assert.ok(told >= 0.8, `told ${told}`);
    const covered = share(found, ({ ratio: { low, high } }) => low <= 1.1 && 1.1 <= high);
    assert.ok(covered >= 0.93, `covered ${covered}`);
  });

  test('with l4-tcp alone beside it', () => {
    const more = { costs: { ...TWO, 'l7-http': cost.costs['l7-http'] } };
    const told = share(pairs({ costs: TWO }, changed, more).map(l7), ({ strength }) => strength === 'claim');
    assert.ok(told >= 0.85, `told ${told}`);
  });
});

test('a day of one revision: six pairs of four runs on hosts a third apart, no figure called different', () => {
  const runs = [1, 1.31, 1.54, 1.13].map((host, i) => driftingRun({ seed: 50 + i, host, run: 0.05 }));
  const found = runs.flatMap((one, i) => runs.slice(i + 1).map((other) => compareRuns(one, other)));
  assert.ok(found.every((one) => called(one, true) === 0 && called(one, false) === 0));
  assert.ok(found.flatMap(({ lines }) => lines).every(({ identical }) => identical));
  const moved = found[0]!.yardsticks[0]!.moved.find(({ metric }) => metric === 'cpuPerRequest')!;
  assert.ok(moved.ratio.low < 1.31 && 1.31 < moved.ratio.high && moved.ratio.low > 1.1, JSON.stringify(moved.ratio));
});
