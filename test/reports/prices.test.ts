/** The price list in every form that it is written in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import type { Analysis } from '#bench/analysis/analysis.ts';
import { reportHtml } from '#reports/report-html.ts';
import { reportJson } from '#reports/report-json.ts';
import { reportMarkdown } from '#reports/markdown/report.ts';
import { summaryCsv } from '#reports/summary-csv.ts';
import { renderTerminal } from '#reports/terminal/report.ts';
import { textOf } from './rendered.ts';
import { ODD_NAME, syntheticRun } from './synthetic-run.ts';
import { syntheticPrices } from './synthetic-prices.ts';

const records = syntheticPrices([
  { proxy: 'l7-http', filter: 'nothing', hop: 15, added: 0 },
  { proxy: 'l7-http', filter: 'jwt', hop: 15, added: 20, elsewhere: 5 },
  { proxy: 'l7-http', filter: 'cache', hop: 15, added: -5 },
  { proxy: ODD_NAME, filter: 'jwt', hop: 40, added: 900 },
  { proxy: ODD_NAME, filter: 'nothing', hop: 40, added: 0, state: 'refused' },
]);
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

test('terminal: filters down, proxies across, in one unit and 80 columns; then every price', () => {
  const text = plain(renderTerminal(analyse(records)));
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
  assert.match(text, /^ jwt +\+2\d\.\d +\+1,\d\d0$/m);
  assert.match(text, /^ nothing +none seen +refused$/m);
  assert.match(text, /^ cache +−6\.\d+ +–$/m);
  assert.match(text, /^ l7-http \+ jwt +\+2\d\.\d .*costs/m);
  assert.match(text, /^ l7-http \+ cache +−6\.\d+ .*saves/m);
  assert.match(text, /(claim|first look) +The most expensive of 3: jwt at l7-http adds/);
  assert.doesNotMatch(text, /CPU\/request|× direct/);
  assert.match(text, /✓ 5 (starts of each subject|rounds)/);
});

test('csv: a row a price, another for what is done elsewhere, and one for what has none', async () => {
  const [head, ...rows] = (await textOf(summaryCsv, records)).trimEnd().split('\n');
  const column = (name: string): number => head!.split(',').indexOf(name);
  const of = (figure: string) => rows.filter((row) => row.includes(`,${figure},`));
  assert.deepEqual([of('price').length, of('elsewhere').length], [5, 4]);
  const jwt = of('price')
    .find((row) => row.startsWith('price-jwt,l7-http + jwt,'))!
    .split(',');
  assert.deepEqual(
    ['unit', 'reference', 'strength'].map((name) => jwt[column(name)]),
    ['µs', 'l7-http', 'claim'],
  );
  assert.ok(Number(jwt[column('low')]) < 25 && Number(jwt[column('high')]) > 25);
  assert.equal(of('price').filter((row) => row.includes(',refused,')).length, 1);
});

test('json: the list as the analysis has it', async () => {
  const { prices } = JSON.parse(await textOf(reportJson, records)) as Analysis;
  assert.deepEqual(prices, JSON.parse(JSON.stringify(analyse(records).prices)));
  assert.equal(prices!.list.length, 5);
});

test('markdown and html: a section; a name that a page would execute stays text', async () => {
  for (const exporter of [reportMarkdown, reportHtml]) {
    const text = plain(await textOf(exporter, records));
    assert.match(text, /What each filter costs/);
    assert.match(text, /what jwt does/);
    assert.doesNotMatch(text, /<script>alert/);
  }
  assert.doesNotMatch(await textOf(reportMarkdown, syntheticRun({ rounds: 2 })), /What each filter costs/);
});
