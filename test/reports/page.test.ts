/** The page in a real browser: what is seen, not what is written. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { analyse } from '#bench/analysis/analyse.ts';
import { interactive } from '#reports/interactive.ts';
import { reportHtml } from '#reports/report-html.ts';
import { writeReports } from '#reports/write.ts';
import { launch, skip } from './browser.ts';
import { ODD_NAME, syntheticRun } from './synthetic-run.ts';

/** Put into the page by the browser's own protocol, which the page's policy does not bind. */
const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

let browser: Browser;
let folder: string;
let url: string;

before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), 'hopcost-page-'));
  const records = syntheticRun({ rounds: 4 });
  const [file] = await writeReports(analyse(records), records, folder, [reportHtml]);
  url = pathToFileURL(file!).href;
  browser = await launch();
});
after(async () => {
  if (skip) return;
  await browser.close();
  await rm(folder, { recursive: true, force: true });
});

/** Opens the page and fails on any console message, error, dialog or request but for the page itself. */
async function open(width: number, colorScheme: 'light' | 'dark'): Promise<Page & AsyncDisposable> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const noise: string[] = [];
  page.on('console', (message) => noise.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => noise.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    noise.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on(
    'request',
    (request) => request.url() !== url && !request.url().startsWith('data:') && noise.push(`request: ${request.url()}`),
  );
  await page.goto(url);
  return Object.assign(page, {
    async [Symbol.asyncDispose]() {
      await page.close();
      assert.deepEqual(noise, []);
    },
  });
}

for (const width of [1280, 768, 360])
  for (const scheme of ['light', 'dark'] as const)
    test(
      `${width} px, ${scheme}: no request, no complaint, no horizontal scroll, every figure visible and labelled`,
      { skip },
      async () => {
        await using page = await open(width, scheme);
        const overflow = await page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
        assert.equal(overflow, 0);
        const untold = await page.locator('figure.nothing').count();
        assert.ok(untold >= 1 && (await page.locator('figure.nothing p').first().isVisible()));
        const figures = await page.locator('figure:not(.nothing)').count();
        assert.ok(figures >= 9);
        for (let i = 0; i < figures; i++) {
          const figure = page.locator('figure:not(.nothing)').nth(i);
          const visible = figure.locator('svg[role=img]:visible');
          assert.equal(await visible.count(), 1, 'one drawing of the two is shown');
          const box = (await visible.boundingBox())!;
          assert.ok(box.width > 250 && box.width <= width && box.height > 80, JSON.stringify(box));
          assert.ok((await figure.locator('figcaption').innerText()).length > 10);
          assert.equal(await visible.getAttribute('role'), 'img');
        }
      },
    );

test('letters in charts stay letters on a phone', { skip }, async () => {
  await using page = await open(360, 'light');
  const heights = await page
    .locator('figure svg[role=img]:visible text')
    .evaluateAll((texts) =>
      texts.map(
        (text) => (text as unknown as { getBoundingClientRect(): { height: number } }).getBoundingClientRect().height,
      ),
    );
  assert.ok(
    heights.length > 20 && heights.filter((height) => height > 0).every((height) => height >= 9),
    String(Math.min(...heights)),
  );
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

test('it prints: all light, navigation left out', { skip }, async () => {
  await using page = await open(1280, 'dark');
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  assert.equal(await page.locator('nav').isVisible(), false);
  assert.equal(await page.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)');
});

for (const width of [1280, 360])
  for (const scheme of ['light', 'dark'] as const)
    test(`${width} px, ${scheme}: axe-core has nothing to say, everything unfolded`, { skip }, async () => {
      await using page = await open(width, scheme);
      await page.evaluate('document.querySelectorAll("details").forEach((details) => (details.open = true))');
      await page.evaluate(AXE);
      const { violations } = (await page.evaluate('axe.run()')) as {
        violations: { id: string; help: string; nodes: { target: string[]; failureSummary: string }[] }[];
      };
      assert.deepEqual(
        violations.map(
          ({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]!.target.join(' ')}: ${nodes[0]!.failureSummary}`,
        ),
        [],
      );
    });

test(
  'sorting: up, down, back to the order by layer; missing figures last; the keyboard does it',
  { skip },
  async () => {
    await using page = await open(1280, 'light');
    const table = page.locator('table[data-sortable]');
    const names = (): Promise<string[]> => table.locator('tbody tr:visible th a').allInnerTexts();
    const asWritten = await names();
    const head = table.getByRole('button', { name: 'CPU per request' });
    await head.focus();
    await page.keyboard.press('Enter');
    assert.equal(await table.locator('th').nth(1).getAttribute('aria-sort'), 'ascending');
    assert.deepEqual(
      (await names()).filter((name) => name !== ODD_NAME),
      ['l4-tcp', 'l7-http', 'l7-tls', 'node-http', 'direct'],
    );
    assert.equal(await table.locator('tr.group:visible').count(), 0);
    await page.keyboard.press('Enter');
    const falling = await names();
    assert.deepEqual([falling[0], falling.at(-1)], ['node-http', 'direct']);
    await page.keyboard.press('Enter');
    assert.deepEqual(await names(), asWritten);
    assert.ok((await table.locator('tr.group:visible').count()) >= 3);
  },
);

test('sorting works on a phone too', { skip }, async () => {
  await using page = await open(360, 'light');
  const head = page.locator('table[data-sortable]').getByRole('button', { name: 'CPU per request' });
  await head.click();
  assert.equal(await page.locator('table[data-sortable] tbody tr:visible th a').first().innerText(), 'l4-tcp');
});

test('a subject is switched off in every chart and on again', { skip }, async () => {
  await using page = await open(1280, 'light');
  const marks = page.locator('#latency-by-percentile svg.wide [data-of="l7-http"]:visible');
  const before = await marks.count();
  assert.ok(before > 3);
  const button = page.getByRole('button', { name: 'l7-http', exact: true });
  await button.click();
  assert.equal(await button.getAttribute('aria-pressed'), 'false');
  assert.equal(await marks.count(), 0);
  assert.ok((await page.locator('#latency-by-percentile svg.wide [data-of="l4-tcp"]:visible').count()) > 3);
  await button.click();
  assert.equal(await marks.count(), before);
});

test('the pointer is told the value under it', { skip }, async () => {
  await using page = await open(1280, 'light');
  await page.locator('#cpu-per-request svg.wide [data-of="node-http"][data-tip]').first().hover();
  assert.match(await page.locator('.tip').innerText(), /^node-http: .*\sµs/);
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('.tip').isVisible(), false);
});

test('records are downloaded from the page', { skip }, async () => {
  await using page = await open(1280, 'light');
  for (const name of ['trials.ndjson.gz', 'trials.csv', 'summary.csv']) {
    const coming = page.waitForEvent('download');
    await page.getByRole('link', { name }).click();
    assert.equal((await coming).suggestedFilename(), name);
  }
});

test('without scripts the page is whole: figures, tables, links', { skip }, async () => {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.goto(url);
  assert.ok((await page.locator('figure:not(.nothing) > svg:visible').count()) >= 9);
  assert.equal(await page.locator('.toggles').isVisible(), false);
  assert.ok(await page.locator('table[data-sortable]').isVisible());
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
