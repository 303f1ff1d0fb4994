/** `hopcost compare` on a terminal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareRuns } from '#bench/analysis/across-runs/compare-runs.ts';
import type { RunRecords } from '#bench/model/record.ts';
import { renderComparison } from '#reports/terminal/comparison.ts';
import { driftingRun } from '#test/bench/analysis/across-runs/drifting-run.ts';
import { ODD_NAME, syntheticRun, TRUTHS } from './synthetic-run.ts';

const named = (records: RunRecords, run: string, fingerprint = 'a'): RunRecords => ({
  ...records,
  run: { ...records.run, run, environment: { ...records.run.environment, fingerprint, kernel: fingerprint } },
});
const before = named(syntheticRun({ rounds: 12, mishaps: false }), 'before');
const dearer = TRUTHS.map((truth) => (truth.name === 'l7-http' ? { ...truth, cpu: truth.cpu * 1.2 } : truth));
const measured = syntheticRun({ rounds: 12, seed: 2, subjects: dearer, mishaps: false });
/** What costs more is configured otherwise; the others are what they were. */
const after: RunRecords = {
  ...measured,
  subjects: measured.subjects.map((one) =>
    one.subject.kind === 'proxy' && one.subject.name === 'l7-http' ? { ...one, nativeConfig: 'filters' } : one,
  ),
};
const comparison = compareRuns(before, named(after, 'after'));
const across = compareRuns(before, named(after, 'after', 'b'));
const words = (text: string): string => text.replaceAll(/\s+/g, ' ');

test('says first by what is compared, then the ratios, then the figures, in 80 columns', () => {
  const text = renderComparison(comparison);
  assert.match(text, /^\n Same host \(equal fingerprints\)/);
  assert.match(words(text), /compared is what each figure is as a ratio to l4-tcp in the same seconds/);
  assert.match(text, /^ l7-http · CPU per request +1\.\d\d +[\d.]+–[\d.]+ +worse +2\.\d+ +2\.\d+$/m);
  assert.match(text, /^ node-http · CPU per request +[\d.]+ .* – +/m);
  const figures = text.slice(text.indexOf('The figures themselves'));
  assert.match(figures, /^ l4-tcp · CPU per request +8\.\d+.µs +8\.\d+.µs +[+−][\d.]+.%$/m);
  assert.match(figures, /^ l7-http · CPU per request +1\d\.\d.µs +2\d\.\d.µs +\+\d+.%$/m);
  assert.match(words(text), /http-small: l4-tcp, which did not change, moved by/);
  assert.match(words(text), /windows: subjects took no turns/);
  for (const all of [false, true])
    for (const one of [comparison, across])
      for (const line of renderComparison(one, { all }).split('\n')) assert.ok(line.length <= 80, line);
});

test('how far the yardstick moved: the host did, or it is not known', () => {
  const slow = driftingRun({ seed: 2, host: 1.31 });
  const said = words(renderComparison(compareRuns(driftingRun({ seed: 1, host: 1 }), slow)));
  assert.match(said, /http-small: l4-tcp, which did not change, moved by \+\d+ % in CPU per request: the host did/);
  assert.doesNotMatch(said, /took no turns/);
  assert.match(
    said,
    /Of 8 compared figures 0 differ, 0 seem to\. 8 of them are of a proxy that is the very same in both runs/,
  );
  const costs = { 'l4-tcp': 8.6, 'l7-http': 18.2 };
  const other = { ...slow, run: { ...slow.run, revision: 'other' } };
  const itself = words(
    renderComparison(
      compareRuns(driftingRun({ seed: 1, host: 1, costs }), {
        ...other,
        ...driftingRun({ seed: 2, costs }),
        run: other.run,
      }),
    ),
  );
  assert.match(itself, /l4-tcp is the yardstick itself and moved by .* not known to be the same in both runs/);
});

test('different hosts are said first, and no absolute figure is shown', () => {
  const text = renderComparison(across, { all: true });
  assert.match(text, /^\n Different hosts/);
  assert.match(text, /http-small, ratio to l4-tcp/);
  assert.doesNotMatch(text.slice(text.indexOf('http-small, ratio'), text.indexOf(' first:')), /µs|KiB|\d\/s/);
  assert.doesNotMatch(text, /The figures themselves/);
});

test('colour changes nothing but colour; a name cannot move the cursor', () => {
  const bare = renderComparison(comparison, { colour: true }).replaceAll(/\p{Cc}\[\d+m/gu, '');
  assert.equal(bare, renderComparison(comparison));
  const escape = String.fromCodePoint(27);
  const evil = JSON.parse(JSON.stringify(comparison).replaceAll(JSON.stringify(ODD_NAME).slice(1, -1), '\\u001b[2Jx'));
  const text = renderComparison(evil as typeof comparison);
  assert.ok(!text.includes(escape) && text.includes('?[2Jx'));
});
