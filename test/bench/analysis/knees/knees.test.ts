/** From windows and verdicts to what may be said, on searches whose truth is known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import type { KneeAnalysis } from '#bench/analysis/knees/knees.ts';
import type { KneeVerdict } from '#bench/model/knee.ts';
import { readRecords } from '#bench/model/read.ts';
import { recordLines, type RunRecords } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { perSecond } from '#bench/model/units.ts';
import { TRUTHS } from '#test/reports/synthetic-run.ts';
import { syntheticSearch } from '#test/reports/synthetic-search.ts';

const FEW = TRUTHS.filter(({ name }) => ['direct', 'l7-http', 'node-http'].includes(name));
const records = syntheticSearch({ rounds: 0, subjects: FEW });
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');
const of = (run: RunRecords, name: string): KneeAnalysis =>
  analyse(run).knees!.searches.find(({ subject }) => subject === name)!;
const tally = (rate: number, held: number, missed: number) => ({ rate: perSecond(rate), held, missed });
const withVerdict = (name: string, verdict: KneeVerdict): RunRecords => ({
  ...records,
  knees: records.knees!.map((knee) => (subjectName(knee.subject) === name ? { ...knee, verdict } : knee)),
});

test('a proxy that reaches its knee has an interval; one that its host stops first has none', () => {
  const slow = of(records, 'node-http');
  assert.equal(slow.state, 'found');
  assert.ok(slow.rate!.low < slow.rate!.value && slow.rate!.value < slow.rate!.high);
  assert.match(
    plain(slow.words),
    /^node-http held p99 < 2 ms up to [\d,]+\/s \([\d,]+–[\d,]+\): it held in \d of \d windows at /,
  );
  const fast = of(records, 'l7-http');
  assert.deepEqual([fast.state, fast.rate, fast.limit?.by], ['cannot tell', null, 'host']);
  assert.match(
    plain(fast.words),
    /^l7-http held p99 < 2 ms at ([\d,]+\/s); cannot tell above \1: the core that load and origin share was the limit \(at [\d,]+\/s: .*generator \d+ %\)\.$/,
  );
  assert.ok(fast.windows.every(({ kind, why }) => (kind === 'held') === (why === null)));
});

test('findings: what was found first, direct last, none of them a claim; the evidence is the search', () => {
  const { findings, basis } = analyse(records);
  assert.deepEqual(
    findings.map(({ strength, part }) => [strength, part]),
    [
      ['look', 'knees'],
      ['cannot tell', 'knees'],
      ['cannot tell', 'knees'],
    ],
  );
  assert.match(findings[0]!.sentence, /^node-http/);
  assert.match(findings[2]!.sentence, /^direct/);
  assert.match(
    plain(basis),
    /^Highest rate with p99 < 2 ms: to 4\.0 %, each end confirmed by all of 5 windows, or 7 of 8\.$/,
  );
});

test('a run with rounds keeps its own findings, and its windows count in no figure of a scenario', () => {
  const both = analyse(syntheticSearch({ rounds: 3, subjects: FEW, micro: false }));
  assert.match(both.findings[0]!.sentence, /^One L7 hop/);
  assert.match(both.basis, /^3 rounds: .* Highest rate with /);
  assert.equal(both.trials.length, 9);
  assert.equal(both.scenarios[0]!.offered, null);
});

test('where direct is not known to hold, a proxy’s knee is not told, nor that it never held', () => {
  const stopped = withVerdict('direct', { state: 'beyond', low: tally(2_000, 5, 0), at: perSecond(2_080), by: 'host' });
  const slow = of(stopped, 'node-http');
  assert.deepEqual([slow.state, slow.rate, slow.limit?.by], ['cannot tell', null, 'direct']);
  assert.match(
    plain(slow.words),
    /direct itself is known to hold it only up to 2,000\/s, so that a miss is not the proxy’s alone/,
  );
  const never = (directs: KneeVerdict): KneeAnalysis => {
    const run = withVerdict('direct', directs);
    const knees = run.knees!.map((knee) =>
      subjectName(knee.subject) === 'node-http'
        ? { ...knee, verdict: { state: 'never', high: tally(131, 0, 5) } as const }
        : knee,
    );
    return of({ ...run, knees }, 'node-http');
  };
  assert.equal(never({ state: 'never', high: tally(131, 0, 5) }).state, 'cannot tell');
  const proven = never({ state: 'found', low: tally(500, 5, 0), high: tally(520, 0, 5), widened: false });
  assert.equal(proven.state, 'never');
  assert.match(
    plain(proven.words),
    /^node-http missed p99 < 2 ms even at 131\/s, the lowest rate searched, in 5 of 5 windows/,
  );
});

test('direct’s own knee just above the proxy’s still proves it', () => {
  const { high } = of(records, 'node-http').rate!;
  const verdict = (low: number): KneeVerdict => ({
    state: 'found',
    low: tally(low, 5, 0),
    high: tally(2 * low, 0, 5),
    widened: false,
  });
  assert.equal(of(withVerdict('direct', verdict(high)), 'node-http').state, 'found');
  assert.equal(of(withVerdict('direct', verdict(high - 1)), 'node-http').state, 'cannot tell');
});

for (const [why, words] of [
  [
    'windows',
    /\d+ windows did not settle it; it held in 4 of 6 windows at 3,000\/s and was missed in 3 of 6 at 3,120\/s/,
  ],
  ['either way', /windows went either way even at the lowest rate/],
  ['disturbed', /disturbed again and again/],
] as const)
  test(`unsettled, ${why}: said with what is known`, () => {
    const verdict: KneeVerdict = { state: 'unsettled', low: tally(3_000, 4, 2), high: tally(3_120, 3, 3), why };
    const { state, words: sentence } = of(withVerdict('node-http', verdict), 'node-http');
    assert.equal(state, 'cannot tell');
    assert.match(plain(sentence), words);
  });

test('beyond the scale, and nothing told at all', () => {
  const scale = of(
    withVerdict('l7-http', { state: 'beyond', low: tally(900_000, 5, 0), at: perSecond(900_000), by: 'scale' }),
    'l7-http',
  );
  assert.match(plain(scale.words), /cannot tell above 900,000\/s: the search ends at 900,000\/s\.$/);
  const nothing = of(
    withVerdict('l7-http', { state: 'beyond', low: null, at: perSecond(131), by: 'generator' }),
    'l7-http',
  );
  assert.match(
    plain(nothing.words),
    /^What l7-http carries with p99 < 2 ms cannot be told: the load generator was the limit/,
  );
});

test('an interrupted search says how far it got, at any window', () => {
  const cut = syntheticSearch({ rounds: 0, subjects: FEW, cutAfter: 3, ended: false });
  assert.deepEqual(cut.knees, []);
  const { knees, state } = analyse(cut);
  assert.equal(state, 'unfinished');
  for (const search of knees!.searches) {
    assert.equal(search.state, 'cannot tell');
    assert.match(plain(search.words), /was cut short: it held at [\d,]+\/s.*neither confirmed\.$/);
    assert.equal(search.windows.length, 3);
  }
  const first = syntheticSearch({ rounds: 0, subjects: FEW.slice(0, 1), cutAfter: 1 });
  assert.equal(analyse(first).knees!.searches.length, 1);
  assert.deepEqual(analyse({ ...first, windows: [] }).knees!.searches, []);
});

test('the analysis of what is read back is that of what was written; without a search there is none', () => {
  const { records: again } = readRecords(recordLines(records));
  assert.deepEqual(JSON.parse(JSON.stringify(analyse(again))), JSON.parse(JSON.stringify(analyse(records))));
  const { search: _, ...run } = records.run;
  assert.equal(analyse({ ...records, run }).knees, undefined);
});
