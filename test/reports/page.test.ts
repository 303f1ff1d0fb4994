/** The page in a real browser: what is seen, not what is written. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { analyse } from '#bench/analysis/analyse.ts';
import { interactive } from '#reports/interactive.ts';
import { reportHtml } from '#reports/report-html.ts';
import { writeReports } from '#reports/write.ts';
import { launch, skip } from './browser.ts';
import {
  checkAccess,
  checkContents,
  checkDownloads,
  checkFigures,
  checkLabels,
  checkLetters,
  checkPrint,
  checkSorting,
  checkToggles,
  checkGlance,
  openPage,
  type Scheme,
  unfold,
} from './page-checks.ts';
import { ODD_NAME, syntheticRun, TRUTHS } from './synthetic-run.ts';
import { syntheticSearch } from './synthetic-search.ts';

let browser: Browser;
let folder: string;
let url: string;

before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), 'hopcost-page-'));
  const scenarios = ['http-small', 'tls-keepalive', 'idle-connections', 'http-paced-50'];
  const records = syntheticSearch({ rounds: 4, mishaps: true, scenarios, searched: ['direct', 'node-http'] });
  const [file] = await writeReports(analyse(records), records, folder, [reportHtml]);
  url = pathToFileURL(file!).href;
  browser = await launch();
});
after(async () => {
  if (skip) return;
  await browser.close();
  await rm(folder, { recursive: true, force: true });
});

const open = (width: number, scheme: Scheme) => openPage(browser, url, width, scheme);

for (const width of [1920, 1280, 768, 360])
  for (const scheme of ['light', 'dark'] as const)
    test(
      `${width} px, ${scheme}: no request, no complaint, no horizontal scroll, every figure visible and labelled`,
      { skip },
      async () => {
        await using page = await open(width, scheme);
        await checkContents(page);
        await checkFigures(page, width);
        await checkLabels(page);
        assert.ok((await page.locator('figure').count()) >= 9);
        assert.match(await page.locator('.missing').innerText(), /^Not in this run: change from run to run/);
      },
    );

test('letters in charts stay letters on a phone', { skip }, async () => {
  await using page = await open(360, 'light');
  await unfold(page);
  await checkLetters(page);
});

test('a name full of markup is read as text', { skip }, async () => {
  await using page = await open(1280, 'light');
  assert.ok((await page.locator('body').innerText()).includes(ODD_NAME));
  assert.equal(await page.locator('script').count(), 1, 'the page’s own');
});

test('charts follow the colour scheme', { skip }, async () => {
  const inks = [];
  for (const scheme of ['light', 'dark'] as const) {
    await using page = await open(1280, scheme);
    inks.push(await page.evaluate(`getComputedStyle(document.querySelector('figure svg[role=img] text')).fill`));
  }
  assert.equal(new Set(inks).size, 2, String(inks));
});

test('evidence opens where a finding points to it', { skip }, async () => {
  await using page = await open(1280, 'light');
  const target = page.locator('#scenario-http-paced-50 table');
  assert.equal(await target.isVisible(), false);
  await page.locator('a.evidence[href="#scenario-http-paced-50"]').first().click();
  await target.waitFor({ state: 'visible' });
});

test('it prints: all light, navigation left out, the evidence open, without scripts too', { skip }, async () => {
  await using page = await open(1280, 'dark');
  await checkPrint(page);
  const context = await browser.newContext({ javaScriptEnabled: false });
  const bare = await context.newPage();
  await bare.goto(url);
  await checkPrint(bare as Parameters<typeof checkPrint>[0]);
  await context.close();
});

test(
  'a quick run is read at a glance: the answer on the first screen, 6,000 px and 1,200 words in all',
  { skip },
  async () => {
    const records = syntheticRun({
      rounds: 6,
      mishaps: false,
      subjects: TRUTHS.filter(({ name }) => name !== ODD_NAME),
      scenarios: ['http-small', 'tls-keepalive', 'http-paced-50'],
      again: ['l7-http'],
    });
    const [file] = await writeReports(analyse(records), records, join(folder, 'quick'), [reportHtml]);
    await using page = await openPage(browser, pathToFileURL(file!).href, 1280, 'light');
    await checkGlance(page);
    assert.match(
      await page.locator('h1').innerText(),
      /^One L7 hop \(l7-http\) cost \d+\.\d\sµs \(.*\) of CPU per request, /,
    );
    assert.deepEqual(await page.locator('.halves table:visible tbody th .name').allInnerTexts(), [
      'L4 hop',
      'L7 hop',
      'L7 hop with TLS',
    ]);
  },
);

test('what cannot be told is no headline', { skip }, async () => {
  const records = syntheticRun({ rounds: 1, subjects: TRUTHS.slice(0, 1), scenarios: ['http-small'] });
  const [file] = await writeReports(analyse(records), records, join(folder, 'nothing'), [reportHtml]);
  await using page = await openPage(browser, pathToFileURL(file!).href, 1280, 'light');
  assert.equal(await page.locator('h1').innerText(), 'What the hops cost');
  assert.equal(await page.locator('.sure > .badge').innerText(), 'no claim');
});

for (const width of [1280, 360])
  for (const scheme of ['light', 'dark'] as const)
    test(`${width} px, ${scheme}: axe-core has nothing to say, everything unfolded`, { skip }, async () => {
      await using page = await open(width, scheme);
      await checkAccess(page);
    });

test(
  'sorting: up, down, back to the order by layer; missing figures last; the keyboard does it',
  { skip },
  async () => {
    await using page = await open(1280, 'light');
    await checkSorting(page);
    const table = page.locator('table[data-sortable]').first();
    const names = (): Promise<string[]> => table.locator('tbody tr:visible th .name').allInnerTexts();
    const head = table.getByRole('button', { name: 'CPU per request' });
    await head.click();
    assert.deepEqual(
      (await names()).filter((name) => name !== ODD_NAME),
      ['l4-tcp', 'l7-http', 'l7-tls', 'node-http', 'direct'],
    );
    await head.click();
    const falling = await names();
    assert.deepEqual([falling[0], falling.at(-1)], ['node-http', 'direct']);
    await head.click();
    assert.ok((await table.locator('tr.group:visible').count()) >= 3);
  },
);

test('sorting works on a phone too', { skip }, async () => {
  await using page = await open(360, 'light');
  const head = page.locator('table[data-sortable]').getByRole('button', { name: 'CPU per request' });
  await head.click();
  assert.equal(await page.locator('table[data-sortable] tbody tr:visible th .name').first().innerText(), 'l4-tcp');
});

test('a subject is switched off in every chart and on again', { skip }, async () => {
  await using page = await open(1280, 'light');
  await checkToggles(page, 'l7-http');
  await page.getByRole('button', { name: 'l7-http', exact: true }).click();
  assert.ok((await page.locator('#latency-by-percentile svg.wide [data-of="l4-tcp"]:visible').count()) > 3);
});

test('the pointer is told the value under it', { skip }, async () => {
  await using page = await open(1280, 'light');
  await page.locator('#cpu-per-request svg.wide [data-of="node-http"][data-tip]').first().hover();
  assert.match(await page.locator('.tip').innerText(), /^node-http: .*\sµs/);
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('.tip').isVisible(), false);
});

test('records are downloaded from the page, unpacked', { skip }, async () => {
  await using page = await open(1280, 'light');
  await unfold(page);
  await checkDownloads(page, ['trials.ndjson', 'trials.csv', 'summary.csv']);
});

test('without scripts they come packed', { skip }, async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(url);
  const coming = page.waitForEvent('download');
  await page.locator('summary', { hasText: 'Records' }).click();
  await page.getByRole('link', { name: 'trials.csv.gz' }).click();
  const download = await coming;
  assert.equal(download.suggestedFilename(), 'trials.csv.gz');
  assert.match(gunzipSync(await readFile(await download.path())).toString(), /^scenario,subject,round/);
  await context.close();
});

test('without scripts the page is whole: figures, tables, links', { skip }, async () => {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.goto(url);
  assert.ok((await page.locator('figure > svg:visible').count()) >= 5);
  assert.equal(await page.locator('.toggles').isVisible(), false);
  assert.ok(await page.locator('table[data-sortable]').first().isVisible());
  await context.close();
});

test('motion only for those who have not asked for less', { skip }, async () => {
  await using page = await open(1280, 'light');
  await page.emulateMedia({ reducedMotion: 'reduce' });
  assert.equal(await page.evaluate('getComputedStyle(document.documentElement).scrollBehavior'), 'auto');
});

test(
  'interactive charts: drawn by Vega under a policy without eval, no request, values at the pointer',
  { skip },
  async () => {
    const records = syntheticRun({ rounds: 4 });
    const [file] = await writeReports(analyse(records), records, folder, [interactive]);
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const noise: string[] = [];
    page.on('console', (message) => noise.push(message.text()));
    page.on('pageerror', (error) => noise.push(error.message));
    const own = pathToFileURL(file!).href;
    page.on('request', (request) => request.url() !== own && noise.push(request.url()));
    await page.goto(own);
    const charts = await page.locator('[data-chart]').count();
    await page
      .locator('[data-chart] svg')
      .nth(charts - 1)
      .waitFor();
    assert.equal(await page.locator('[data-chart] svg').count(), charts);
    assert.ok(charts >= 9);
    await page.locator('#cpu-per-request .mark-rect path').first().hover();
    assert.match(await page.locator('.tip').innerText(), /\sµs/);
    assert.deepEqual(noise, []);
    await page.close();
  },
);
