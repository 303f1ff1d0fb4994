/** Every exporter on one seeded run with a failed trial, an invalid one and a name full of markup. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import { exporters } from '#reports/registry.ts';
import { reportHtml } from '#reports/report-html.ts';
import { reportJson } from '#reports/report-json.ts';
import { reportMarkdown } from '#reports/markdown/report.ts';
import { summaryCsv } from '#reports/summary-csv.ts';
import { renderTerminal } from '#reports/terminal/report.ts';
import { trialsCsv } from '#reports/trials-csv.ts';
import { matchesGolden } from './golden.ts';
import { filesOf, textOf } from './rendered.ts';
import { ODD_NAME, syntheticRun, TRUTHS } from './synthetic-run.ts';

const records = syntheticRun({ rounds: 3 });
const analysis = analyse(records);
const lines = (text: string): string[] => text.trimEnd().split('\n');

for (const exporter of [trialsCsv, summaryCsv, reportMarkdown])
  test(`${exporter.format} is as it was`, async () => matchesGolden(exporter.file, await textOf(exporter, records)));

/** Charts, what is packed for download, and the constant style and script have tests of their own. */
const withoutBulk = (page: string): string =>
  page
    .replaceAll(/(<svg[^>]*>)[\s\S]*?<\/svg>/g, '$1</svg>')
    .replaceAll(/(href="data:[^,]*,)[^"]*"/g, '$1"')
    .replace(/<style>[\s\S]*<\/style>/, '<style></style>')
    .replace(/<script>[\s\S]*<\/script>/, '<script></script>')
    .replaceAll('> <', '>\n<')
    .replaceAll(/'sha256-[^']*'|&#39;sha256-.*?&#39;/g, 'sha256');

test('html is as it was, its charts apart', async () => {
  const page = await textOf(reportHtml, records);
  matchesGolden('report.html', withoutBulk(page));
});

test('terminal is as it was', () => matchesGolden('terminal.txt', renderTerminal(analysis)));

test('every exporter is registered under a name and a file of its own', () => {
  assert.deepEqual(exporters.map(({ file }) => file).toSorted(), [
    'report.html',
    'report.json',
    'report.md',
    'summary.csv',
    'trials.csv',
  ]);
  assert.equal(new Set(exporters.map(({ format }) => format)).size, exporters.length);
});

test('rendering twice gives the same text', async () => {
  for (const exporter of exporters)
    assert.deepEqual(await filesOf(exporter, records), await filesOf(exporter, records));
});

test('json is the analysis, with its version', async () => {
  const { report, ...rest } = JSON.parse(await textOf(reportJson, records)) as Record<string, unknown>;
  assert.equal(report, 1);
  assert.deepEqual(rest, JSON.parse(JSON.stringify(analysis)));
});

test('trials.csv has one row a trial and the same number of fields in each', async () => {
  const rows = lines(await textOf(trialsCsv, records));
  assert.equal(rows.length, analysis.trials.length + 1);
});

test('trials.csv tells failed requests by kind and status', async () => {
  const run = syntheticRun({ rounds: 1, scenarios: ['http-small'] });
  const [trial] = run.trials;
  assert.ok(trial?.state === 'completed');
  trial.load.failures = [
    { kind: 'status', status: 503, count: 7, first: 'x' },
    { kind: 'reset', count: 1, first: 'y' },
  ];
  assert.match(await textOf(trialsCsv, run), /"7 status 503, 1 reset"/);
});

test('a spreadsheet runs no formula that came in as a name', async () => {
  const evil = TRUTHS.map((truth) => (truth.name === ODD_NAME ? { ...truth, name: '=HYPERLINK("http://x")' } : truth));
  const csv = await textOf(trialsCsv, syntheticRun({ rounds: 1, subjects: evil, scenarios: ['http-small'] }));
  assert.match(csv, /"'=HYPERLINK/);
});

test('terminal: 80 columns, aligned, no control character unless colour is asked for', () => {
  const text = renderTerminal(analysis);
  for (const line of lines(text)) assert.ok(line.length <= 80, `${line.length}: ${line}`);
  assert.doesNotMatch(text, /[^\P{Cc}\n]/u);
  const coloured = renderTerminal(analysis, { colour: true });
  assert.notEqual(coloured, text);
  const bare = coloured.replaceAll(/\p{Cc}\[\d+m/gu, '');
  assert.equal(bare, text);
  const table = lines(text).filter((line) => /^ (Subject|direct|l4-tcp|l7-http|l7-tls) /.test(line));
  assert.equal(new Set(table.map((line) => line.length)).size, 1, 'right-aligned columns end together');
});

test('terminal: a name cannot move the cursor', () => {
  const escape = String.fromCodePoint(27);
  const evil = TRUTHS.map((truth) => (truth.name === ODD_NAME ? { ...truth, name: `${escape}[2Jgone` } : truth));
  const text = renderTerminal(analyse(syntheticRun({ rounds: 1, subjects: evil, scenarios: ['http-small'] })));
  assert.ok(!text.includes(escape) && text.includes('?[2Jgone'));
});

test('markdown: markup in a name stays text, and every table keeps its columns', async () => {
  const text = await textOf(reportMarkdown, records);
  assert.ok(!text.includes('<script>'));
  const tables = text.split('\n\n').filter((block) => block.startsWith('|'));
  assert.ok(tables.length > 1);
  for (const table of tables) {
    const bars = lines(table).map((line) => line.replaceAll('\\|', '').split('|').length);
    assert.equal(new Set(bars).size, 1);
  }
});

test('an interrupted run, and one with nothing in it, say so in every format', async () => {
  const { run } = syntheticRun({ rounds: 1 });
  const empty = { run, subjects: [], trials: [], micro: [] };
  for (const exporter of exporters) for (const [, text] of await filesOf(exporter, empty)) assert.ok(text.length > 0);
  assert.match(renderTerminal(analyse(empty)), /not finished/);
  assert.match(await textOf(reportHtml, empty), /not finished/);
  assert.match(await textOf(reportMarkdown, empty), /not finished/);
});
