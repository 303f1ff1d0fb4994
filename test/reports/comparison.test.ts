/** `hopcost compare` on a terminal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareRuns } from '#bench/analysis/compare-runs.ts';
import type { RunRecords } from '#bench/model/record.ts';
import { renderComparison } from '#reports/comparison.ts';
import { ODD_NAME, syntheticRun, TRUTHS } from './synthetic-run.ts';

const named = (records: RunRecords, run: string, fingerprint = 'a'): RunRecords => ({
  ...records,
  run: { ...records.run, run, environment: { ...records.run.environment, fingerprint, kernel: fingerprint } },
});
const before = named(syntheticRun({ rounds: 12, mishaps: false }), 'before');
const dearer = TRUTHS.map((truth) => (truth.name === 'l7-http' ? { ...truth, cpu: truth.cpu * 1.2 } : truth));
const after = syntheticRun({ rounds: 12, seed: 2, subjects: dearer, mishaps: false });
const comparison = compareRuns(before, named(after, 'after'));
const across = compareRuns(before, named(after, 'after', 'b'));

test('says first what is compared, then the figures, in 80 columns', () => {
  const text = renderComparison(comparison);
  assert.match(text, /^\n Same host \(equal fingerprints\): absolute figures are compared\.\n/);
  assert.match(text, /^ l7-http +CPU\/request +1\d\.\d.µs +2\d\.\d.µs +1\.\d\d× \([\d.]+–[\d.]+\) worse$/m);
  assert.match(text, /^ l4-tcp +CPU\/request .* –$/m);
  assert.match(text, /The control: direct/);
  assert.match(text, /Not compared:\n · http-paced-50: latency is left out/);
  for (const all of [false, true])
    for (const one of [comparison, across])
      for (const line of renderComparison(one, { all }).split('\n')) assert.ok(line.length <= 80, line);
});

test('different hosts are said first, and no absolute figure is shown', () => {
  const text = renderComparison(across, { all: true });
  assert.match(text, /^\n Different hosts/);
  assert.match(text, /http-small, ratio to l4-tcp/);
  assert.match(text, /http-small, ratio to direct/);
  assert.doesNotMatch(text.slice(text.indexOf('http-small, ratio'), text.indexOf(' Of ')), /µs|KiB|\/s/);
});

test('colour changes nothing but colour; a name cannot move the cursor', () => {
  const bare = renderComparison(comparison, { colour: true }).replaceAll(/\p{Cc}\[\d+m/gu, '');
  assert.equal(bare, renderComparison(comparison));
  const escape = String.fromCodePoint(27);
  const evil = JSON.parse(JSON.stringify(comparison).replaceAll(JSON.stringify(ODD_NAME).slice(1, -1), '\\u001b[2Jx'));
  const text = renderComparison(evil as typeof comparison);
  assert.ok(!text.includes(escape) && text.includes('?[2Jx'));
});
