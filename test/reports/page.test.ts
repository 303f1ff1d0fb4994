/** The page in a real browser: what is seen, not what is written. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { analyse } from '#bench/analysis/analyse.ts';
import { reportHtml } from '#reports/report-html.ts';
import { writeReports } from '#reports/write.ts';
import { launch, skip } from './browser.ts';
import { ODD_NAME, syntheticRun } from './synthetic-run.ts';

let browser: Browser;
let folder: string;
let url: string;

before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), 'hopcost-page-'));
  const [file] = await writeReports(analyse(syntheticRun({ rounds: 3 })), folder, [reportHtml]);
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
  page.on('request', (request) => request.url() !== url && noise.push(`request: ${request.url()}`));
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
        const figures = await page.locator('figure').count();
        assert.ok(figures >= 4);
        for (let i = 0; i < figures; i++) {
          const figure = page.locator('figure').nth(i);
          const visible = figure.locator('svg:visible');
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
    .locator('figure svg:visible text')
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
  assert.equal(await page.locator('script').count(), 0);
});

test('charts follow the colour scheme', { skip }, async () => {
  const inks = [];
  for (const scheme of ['light', 'dark'] as const) {
    await using page = await open(1280, scheme);
    inks.push(await page.evaluate(`getComputedStyle(document.querySelector('figure svg text')).fill`));
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
