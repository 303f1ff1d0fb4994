/** Searched knees in the reports that people read: beside rounds, and alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import { page } from '#reports/html/page.ts';
import { reportMarkdown } from '#reports/markdown/report.ts';
import { summaryCsv } from '#reports/summary-csv.ts';
import { renderTerminal } from '#reports/terminal/report.ts';
import { textOf } from './rendered.ts';
import { ODD_NAME, syntheticRun } from './synthetic-run.ts';
import { syntheticSearch } from './synthetic-search.ts';

const alone = syntheticSearch({ rounds: 0, micro: false });
const both = syntheticSearch({ rounds: 2 });
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

test('terminal: a table a scenario, in 80 columns; a search alone shows no empty comparison and counts no trials', () => {
  const text = plain(renderTerminal(analyse(alone)));
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
  assert.match(text, /^ Subject +highest \/s +interval +held at \/s +windows$/m);
  assert.match(text, /^ node-http +[\d,]+ +[\d,]+–[\d,]+ +[\d,]+ +\d+$/m);
  assert.match(text, /^ l7-http +cannot tell +– +[\d,]+ +\d+$/m);
  assert.match(text, /Highest rate with p99 < 2 ms/);
  assert.doesNotMatch(text, /trials completed|CPU\/request/);
  const withRounds = plain(renderTerminal(analyse(both)));
  assert.match(withRounds, /CPU\/request/);
  assert.match(withRounds, /Highest rate with/);
});

test('markdown: a heading and a table', async () => {
  const text = plain(await textOf(reportMarkdown, alone));
  assert.match(
    text,
    /## Highest rate with p99 &lt; 2 ms\n\n\| Subject \| Highest rate, per second \| Held at, per second \|/,
  );
  assert.doesNotMatch(text, /## Every subject|## Trials|<script>/);
  assert.match(await textOf(reportMarkdown, both), /## Every subject/);
});

test('html: a section with every window, and none without a search', async () => {
  const text = plain(await page(analyse(alone), alone));
  assert.match(text, /<li><a href="#knees">Highest rate<\/a><\/li>/);
  assert.match(text, /href="#knees" aria-label="evidence: search"/);
  for (const { subject, windows } of analyse(alone).knees!.searches.filter((one) => one.subject !== ODD_NAME))
    assert.match(text, new RegExp(`<summary>Search of ${subject} <small>http-small, ${windows.length} windows`));
  assert.ok(!text.includes(ODD_NAME));
  assert.doesNotMatch(text, /id="comparison"|id="trials"/);
  const ids = [...text.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  for (const [, target] of text.matchAll(/ href="#([^"]*)"/g)) assert.ok(ids.includes(target), `#${target}`);
  const without = syntheticRun({ rounds: 1 });
  assert.doesNotMatch(await page(analyse(without), without), /id="knees"/);
});

test('an interrupted search is shown as far as it got', async () => {
  const cut = syntheticSearch({ rounds: 0, cutAfter: 2, ended: false });
  assert.match(plain(renderTerminal(analyse(cut))), /cut short/);
  assert.match(await textOf(reportMarkdown, cut), /not finished/);
  assert.match(await page(analyse(cut), cut), /2 windows in their order/);
});

test('summary.csv: a row a search', async () => {
  const rows = (await textOf(summaryCsv, alone)).split('\n').filter((row) => row.includes(',knee,'));
  assert.equal(rows.length, 5);
  assert.match(
    plain(rows.find((row) => row.startsWith('http-small,node-http'))!),
    /knee,p99 < 2 ms,\/s,\d+(\.\d+)?,\d+,\d+,.*,found$/,
  );
  assert.match(plain(rows.find((row) => row.startsWith('http-small,l7-http'))!), /,\/s,,\d+,,,,host,.*,cannot tell$/);
});
