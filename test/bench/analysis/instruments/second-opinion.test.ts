import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import {
  describeSecondOpinion,
  opinionsOf,
  secondOpinionWarnings,
  type Opinion,
} from '#bench/analysis/instruments/second-opinion.ts';
import { syntheticRun } from '#test/reports/synthetic-run.ts';
import { record, tool } from './opinions.ts';

const verdicts = (...args: Parameters<typeof record>): Opinion['verdict'][] =>
  opinionsOf(record(...args)).targets[0]!.opinions.map(({ verdict }) => verdict);
const ours = tool('http1', 2_000);

test('where the target sets the rate, tools must agree on it, whatever a request costs them', () => {
  assert.deepEqual(verdicts([ours, tool('wrk', 1_980, { own: 400 })]), ['ours', 'agrees']);
  assert.deepEqual(verdicts([ours, tool('wrk', 1_800, { own: 400 })]), ['ours', 'disagrees']);
  assert.deepEqual(verdicts([ours, tool('wrk', 2_200)]), ['ours', 'disagrees']);
});

test('a saturated target: a dearer tool may be slower by as much as it is dearer, no more', () => {
  const fast = tool('http1', 50_000, { own: 20, origin: 12 });
  const of = (rate: number, own: number, shared = false) =>
    verdicts([fast, tool('autocannon', rate, { own, origin: 12 })], 'cost', { sharedCores: shared })[1];
  assert.equal(of(12_500, 80), 'explained by its cost');
  assert.equal(of(9_000, 80), 'disagrees');
  assert.equal(of(50_500, 20), 'agrees');
  assert.equal(of(100_000, 20), 'disagrees');
  // On one core the origin's cost is part of it: (20 + 12) ÷ (80 + 12).
  assert.equal(of(17_400, 80, true), 'explained by its cost');
  assert.equal(of(17_400, 80, false), 'disagrees');
});

test('what cannot be told: one window, no window, a disturbed host', () => {
  const one = { ...tool('wrk', 1_000), windows: tool('wrk', 1_000).windows.slice(0, 1) };
  assert.deepEqual(verdicts([ours, one]), ['ours', 'cannot tell']);
  const failed = {
    ...tool('wrk', 0),
    windows: ours.windows.map((window) => ({ ...window, rate: null, error: 'wrk gave no result' })),
  };
  const [, opinion] = opinionsOf(record([ours, failed])).targets[0]!.opinions;
  assert.deepEqual([opinion!.verdict, opinion!.rate, opinion!.errors], ['cannot tell', null, ['wrk gave no result']]);
  const disturbed = { host: { steal: 0.02, foreign: 0.4 } };
  assert.deepEqual(verdicts([ours, tool('wrk', 1_000)], 'target', disturbed), ['ours', 'cannot tell']);
  assert.deepEqual(verdicts([ours, tool('wrk', 2_000)], 'target', disturbed), ['ours', 'agrees']);
});

test('a disagreement is a warning with both figures', () => {
  const [warning, ...others] = secondOpinionWarnings(
    opinionsOf(record([ours, tool('wrk', 2_400), tool('h2load', 2_000)])),
  );
  assert.equal(others.length, 0);
  assert.equal(warning?.code, 'second-opinion');
  const message = warning.message.replaceAll('\u00a0', ' ');
  assert.match(
    message,
    /wrk measured 2,400\/s \(.*\), we 2,000\/s \(.*\): 1\.20× \(.*\) where 1\.00× was to be expected/,
  );
  assert.deepEqual(secondOpinionWarnings(null), []);
});

test('it stands in the findings and the warnings; a missing tool is said', () => {
  const missing = [{ tool: 'h2load', install: 'apt-get install nghttp2-client' }];
  const secondOpinion = record([ours, tool('wrk', 2_400)], 'target', { missing });
  const {
    findings,
    warnings,
    secondOpinion: opinion,
  } = analyse({
    ...syntheticRun({ rounds: 2, scenarios: ['http-small'], micro: false }),
    secondOpinion,
  });
  const said = findings
    .find(({ sentence }) => sentence.startsWith('Second opinion'))!
    .sentence.replaceAll('\u00a0', ' ');
  assert.match(said, /ours 2,000\/s at 20\.0 µs .*; over ours wrk 1\.20× .*, disagrees/);
  assert.match(said, /h2load is not installed \(apt-get install nghttp2-client\)/);
  assert.ok(warnings.some(({ code, trials }) => code === 'second-opinion' && trials === 0));
  assert.equal(describeSecondOpinion(opinion!).replaceAll('\u00a0', ' '), said);
  assert.match(describeSecondOpinion(opinionsOf(record([ours]))), /no other tool/);
});
