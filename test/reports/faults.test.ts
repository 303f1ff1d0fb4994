/** Faults in the reports that people read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import { readRecords } from '#bench/model/read.ts';
import { recordLines, type RunRecords } from '#bench/model/record.ts';
import { FAULTS } from '#bench/plan/faults.ts';
import { page } from '#reports/html/page.ts';
import { reportMarkdown } from '#reports/markdown/report.ts';
import { renderTerminal } from '#reports/terminal/report.ts';
import { type Interval, trialOf } from '../bench/analysis/faults/trials.ts';
import { textOf } from './rendered.ts';
import { syntheticRun } from './synthetic-run.ts';

const fifty = (of: (i: number) => Interval): Interval[] => Array.from({ length: 50 }, (_, i) => of(i));
const WELL = fifty(() => ({ good: 60 }));
const HURT = fifty((i) => (i === 12 ? { good: 50, failed: 10 } : { good: 60 }));
const DOWN = fifty((i) => (i >= 10 && i < 30 ? { good: 0, failed: 20 } : { good: 20 }));

function records(): RunRecords {
  const base = syntheticRun({ rounds: 1, micro: false, scenarios: ['http-small'] });
  const faults = FAULTS.filter(({ name }) => ['calm', 'resets', 'reloads'].includes(name));
  const [calm, resets, reloads] = faults as [(typeof FAULTS)[0], (typeof FAULTS)[0], (typeof FAULTS)[0]];
  const refused = {
    ...trialOf(reloads, { subject: 'node-http', intervals: WELL }),
    outcome: { state: 'refused', why: 'it cannot be told' },
  } as const;
  return {
    ...base,
    run: { ...base.run, preset: 'resilience', scenarios: [], faults: [...faults] },
    trials: [],
    micro: [],
    faults: [
      trialOf(calm, { subject: 'l7-http', intervals: WELL, cpu: 66_000 }),
      trialOf(calm, { subject: 'l7-http', policies: 'off', intervals: WELL, cpu: 60_000 }),
      trialOf(resets, { subject: 'direct', policies: 'off', intervals: DOWN }),
      trialOf(resets, { subject: 'l7-http', intervals: WELL }),
      trialOf(resets, { subject: 'l7-http', policies: 'off', intervals: DOWN }),
      trialOf(resets, { subject: 'node-http', intervals: HURT }),
      refused,
    ],
  };
}

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

test('what is written is read again', () => {
  assert.deepEqual(readRecords(recordLines(records())).records, records());
});

test('terminal: the matrix at a glance, the price, a sentence a fault; nothing of rounds', () => {
  const text = plain(renderTerminal(analyse(records())));
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
  assert.match(text, /^ Subject +calm +resets +reloads$/m);
  assert.match(text, /^ direct +– +✗ 40 %, 1\.95 s/m);
  assert.match(text, /^ l7-http +✓ +✓/m);
  assert.match(text, /^ l7-http without +✓ +✗/m);
  assert.match(text, /^ node-http +– +⚠ 0\.3 %, 50\.0 ms +–$/m);
  assert.match(text, /with nothing wrong|With nothing wrong/);
  assert.match(text, /1\.10/);
  assert.doesNotMatch(text, /trials completed|CPU\/request|no trial ran|noise of this host/);
});

test('markdown and html: every fault with its figures, its script, its course, and who could not be put to it', async () => {
  const own = records();
  assert.match(plain(await textOf(reportMarkdown, own)), /## When things break/);
  const text = plain(await page(analyse(own), own));
  assert.match(text, /<h2 id="faults">When things break<\/h2>/);
  assert.match(text, /node-http:<\/span> it cannot be told/);
  assert.match(text, /origin 1 is told: reset every connection/);
  assert.match(text, /the proxy is handed another configuration/);
  assert.match(text, /id="fault-resets-on"/);
  assert.match(text, /id="fault-resets-off"/);
  assert.doesNotMatch(text, /id="comparison"|id="trials"/);
  const ids = [...text.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const [, target] of text.matchAll(/ href="#([^"]*)"/g)) assert.ok(ids.includes(target), `#${target}`);
});

test('an interrupted run shows the faults that it has', async () => {
  const { end: _, ...cut } = records();
  const few = { ...cut, faults: cut.faults!.slice(0, 1) };
  assert.match(plain(renderTerminal(analyse(few))), /not finished/);
  assert.match(await page(analyse(few), few), /id="faults"/);
  const none = { ...cut, faults: [] };
  assert.doesNotMatch(await page(analyse(none), none), /id="faults"/);
});
