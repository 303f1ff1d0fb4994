/** As many subjects as there are proxies: what is read first stays short, nothing meets, the page stays light. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import type { SubjectRecord } from '#bench/model/record.ts';
import { analyse } from '#bench/analysis/analyse.ts';
import { reportHtml } from '#reports/report-html.ts';
import { reportMarkdown } from '#reports/markdown/report.ts';
import { renderTerminal } from '#reports/terminal/report.ts';
import { writeReports } from '#reports/write.ts';
import { launch, skip } from './browser.ts';
import {
  checkFigures,
  checkGlance,
  checkLabels,
  checkLetters,
  checkSorting,
  checkToggles,
  LARGEST,
  openPage,
} from './page-checks.ts';
import { textOf } from './rendered.ts';
import { syntheticRun, type Truth } from './synthetic-run.ts';

/** Microseconds of CPU per request, as they lie on a small host; TLS on top. */
const L4 = {
  'l4-tcp': 22.8,
  'nginx-stream': 22.7,
  'haproxy-tcp': 23.4,
  'traefik-tcp': 32.4,
  'envoy-tcp': 36,
  'my-tcp': 36,
};
const L7 = {
  'l7-http': 34,
  'node-http': 381,
  'nginx-http': 33.2,
  'haproxy-http': 31.2,
  'envoy-http': 124,
  'traefik-http': 140,
  'caddy-http': 151,
  'apache-http': 102,
  'http-proxy': 325,
  'http-proxy-3': 343,
  httpxy: 275,
  'fast-proxy': 214,
  'fastify-http-proxy': 257,
};
const TLS = 29;
const hop = (name: string, layer: 'l4' | 'l7', cpu: number, tls = false): Truth => ({
  name,
  layer,
  ...(tls && { tls }),
  cpu,
  userShare: layer === 'l4' ? 0.15 : 0.55,
  hop: 30 + cpu,
  idleBytes: 9_000,
});
const subjects: Truth[] = [
  { name: 'direct', layer: 'direct', cpu: 0, userShare: 0, hop: 0, idleBytes: 0 },
  ...Object.entries(L4).map(([name, cpu]) => hop(name, 'l4', cpu)),
  ...Object.entries(L7).flatMap(([name, cpu]) => [
    hop(name, 'l7', cpu),
    hop(name === 'l7-http' ? 'l7-tls' : `${name.replace(/-http$/, '')}-tls`, 'l7', cpu + TLS, true),
  ]),
];

/** Two groups of rules; a maker in four is known to keep one of them otherwise. */
const checksOf = (at: number): SubjectRecord['preflight'] =>
  ['HTTP/1.1 requests', 'Forwarding'].flatMap((section, group) =>
    ['a bare CR is refused', 'a bare LF is refused'].map((rule, i) => ({
      rule,
      section,
      passed: true,
      detail: at % 4 === 3 && group === 1 && i === 0 ? 'known to deviate: it lets it pass' : 'kept',
    })),
  );

const measured = syntheticRun({
  rounds: 12,
  subjects,
  scenarios: ['http-small', 'tls-keepalive', 'http-paced-50'],
  again: ['direct', 'l7-http'],
});
const records = {
  ...measured,
  subjects: measured.subjects.map((record, at) => ({ ...record, preflight: [...record.preflight, ...checksOf(at)] })),
};
const analysis = analyse(records);

let browser: Browser;
let folder: string;
let url: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hopcost-many-'));
  const [file] = await writeReports(analysis, records, folder, [reportHtml]);
  url = pathToFileURL(file!).href;
  if (!skip) browser = await launch();
});
after(async () => {
  if (!skip) await browser.close();
  await rm(folder, { recursive: true, force: true });
});

test('what is read first is a screenful of sentences; the pairs are folded', () => {
  const main = analysis.findings.filter(({ isDetail }) => !isDetail);
  assert.ok(subjects.length >= 33 && analysis.findings.length > 30);
  assert.ok(main.length <= 20, `${main.length} sentences`);
  assert.equal(main.filter(({ part }) => part === 'ranking').length, 3);
});

test('terminal: aligned in 80 columns, every subject by its whole name, under its layer', () => {
  const lines = renderTerminal(analysis).split('\n');
  for (const line of lines) assert.ok(line.length <= 80, `${line.length}: ${line}`);
  for (const { name } of subjects)
    assert.ok(
      lines.some((line) => line.startsWith(` ${name} `)),
      name,
    );
  for (const layer of ['L4', 'L7', 'L7 with TLS']) assert.ok(lines.includes(` ${layer}`), layer);
  const rows = lines.filter((line) => subjects.some(({ name }) => line.startsWith(` ${name} `)));
  assert.equal(new Set(rows.map((line) => line.length)).size, 1, 'columns end together');
});

test('markdown: fits a comment, six columns at most, the table folded', async () => {
  const text = await textOf(reportMarkdown, records);
  assert.ok(text.length < 65_536, `${text.length}`);
  assert.match(text, /<details><summary>every subject: 33 rows<\/summary>/);
  for (const row of text.split('\n').filter((line) => line.startsWith('| ---')))
    assert.ok(row.split('|').length - 2 <= 6, row);
});

test('the page stays below 1.5 MB, and says where the rest of the records is', async () => {
  const text = await textOf(reportHtml, records);
  assert.ok(Buffer.byteLength(text) <= LARGEST, `${Buffer.byteLength(text)}`);
  assert.match(text, /download="trial-columns\.json\.gz"/);
  assert.match(text, /they lie next to it in the run’s folder/);
});

for (const width of [1280, 360])
  test(
    `${width} px: every figure visible and labelled, no label on another, sorting and toggles`,
    { skip },
    async () => {
      await using page = await openPage(browser, url, width, 'light');
      if (width === 1280) await checkGlance(page);
      await checkSorting(page);
      await checkFigures(page, width);
      await checkLabels(page);
      if (width === 360) await checkLetters(page);
      if (width === 1280) await checkToggles(page, 'nginx-stream');
    },
  );

test(
  'which of them are correct: a row a proxy, a column a group of rules, what differs leads to the cases',
  { skip },
  async () => {
    await using page = await openPage(browser, url, 1280, 'light');
    const table = page.locator('section[aria-labelledby=conformance] table');
    assert.deepEqual(await table.locator('thead th').allInnerTexts(), [
      'Proxy',
      'Carries the load',
      'HTTP/1.1 requests',
      'Forwarding',
    ]);
    assert.equal(await table.locator('tbody tr:not(.group)').count(), subjects.length - 1);
    const marks = await table.locator('td .badge').allInnerTexts();
    assert.deepEqual(new Set(marks), new Set(['✓', '⚠1']));
    await table.locator('td a').first().click();
    await page.getByText('It lets it pass: a bare CR is refused').first().waitFor({ state: 'visible' });
  },
);
