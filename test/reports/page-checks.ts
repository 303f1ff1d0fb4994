/**
 * What every report must pass in a real browser, whatever run it is of: no request, no complaint, nothing cut, everything labelled and
 * within reach. The tests put synthetic runs through it, CI the smoke run that it has just made.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';

/** Put into the page by the browser's own protocol, which the page's policy does not bind. */
const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** Bytes that a report may have. */
export const LARGEST = 1.5e6;

export type Scheme = 'light' | 'dark';
type OpenPage = Page & AsyncDisposable;

/** Opens the page; closing it fails on any console message, error, dialog or request but for the page itself. */
export async function openPage(browser: Browser, url: string, width: number, colorScheme: Scheme): Promise<OpenPage> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const noise: string[] = [];
  page.on('console', (message) => noise.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => noise.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    noise.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const own = request.url() === url || request.url().startsWith('data:') || request.url().startsWith('blob:');
    if (!own) noise.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  return Object.assign(page, {
    async [Symbol.asyncDispose]() {
      await page.close();
      assert.deepEqual(noise, []);
    },
  });
}

/** What everyone reads at 1280 px: pixels from top to bottom, and words in sight. */
export const GLANCE = { height: 6_000, words: 1_200 } as const;

/** Read at a glance: the answer, how sure it is, the table and the picture on the first screen; all that is in sight is short. */
export async function checkGlance(
  page: Page,
  { height, words }: { height: number; words: number } = GLANCE,
): Promise<void> {
  const seen = (await page.evaluate(`({
    height: document.documentElement.scrollHeight,
    words: document.body.innerText.split(/\\s+/).filter(Boolean).length,
    right: document.querySelector('.pictures figure svg.wide').getBoundingClientRect().right / document.documentElement.clientWidth,
    bottoms: ['h1', '.sure .badge', '.halves table', '.pictures figure'].map((one) => document.querySelector(one).getBoundingClientRect().bottom),
  })`)) as { height: number; words: number; right: number; bottoms: number[] };
  assert.ok(seen.height <= height, `${seen.height} px from top to bottom`);
  assert.ok(seen.words <= words, `${seen.words} words in sight`);
  assert.ok(seen.right > 0.85, `the picture ends at ${seen.right} of the width`);
  for (const [i, bottom] of seen.bottoms.slice(0, 3).entries())
    assert.ok(bottom <= 900, `part ${i} of the answer ends at ${bottom} px`);
}

/** The contents stay in sight wherever one reads. */
export async function checkContents(page: Page): Promise<void> {
  await page.evaluate('document.documentElement.style.scrollBehavior = "auto"; window.scrollTo(0, 1500)');
  const box = (await page.locator('nav').boundingBox())!;
  assert.ok(box.y >= -1 && box.y < 200, `the contents are at ${box.y} px`);
  await page.evaluate('window.scrollTo(0, 0)');
}

export const unfold = (page: Page): Promise<unknown> =>
  page.evaluate('document.querySelectorAll("details").forEach((details) => (details.open = true))');

/** Every figure in sight once all is unfolded, one drawing of its two, titled by a question and labelled; no horizontal scroll. */
export async function checkFigures(page: Page, width: number): Promise<void> {
  const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  assert.equal(overflow, 0, `the page scrolls sideways at ${width} px`);
  assert.ok((await page.locator('figure:visible').count()) >= 2, 'charts are in sight before anything is unfolded');
  await unfold(page);
  const figures = page.locator('figure');
  const count = await figures.count();
  assert.ok(count >= 3, `${count} figures`);
  for (let i = 0; i < count; i++) {
    const figure = figures.nth(i);
    const id = await figure.getAttribute('id');
    const drawing = figure.locator('> svg[role=img]:visible');
    assert.equal(await drawing.count(), 1, `${id}: one drawing of the two is shown`);
    const box = (await drawing.boundingBox())!;
    assert.ok(box.width > 250 && box.width <= width && box.height > 80, `${id}: ${JSON.stringify(box)}`);
    assert.match(await figure.locator('figcaption b').innerText(), /\?/, `${id} asks no question`);
    assert.ok(((await drawing.locator('desc').textContent()) ?? '').length > 40, `${id} is not described`);
    assert.equal(await figure.locator('details.data table').count(), 1, `${id} has no table of its data`);
  }
}

/** Of all that is unfolded. No label of a chart reaches beyond its drawing, none lies on another of the same kind. */
export async function checkLabels(page: Page): Promise<void> {
  const faults = (await page.evaluate(`(() => {
    const faults = [];
    for (const svg of document.querySelectorAll('figure > svg[role=img]')) {
      const outer = svg.getBoundingClientRect();
      if (outer.width === 0) continue;
      const id = svg.closest('figure').id;
      const texts = [...svg.querySelectorAll('text')].filter((text) => text.textContent !== '' && text.getBoundingClientRect().width > 0 && Number(getComputedStyle(text).opacity) > 0);
      const boxes = texts.map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
      for (const { text, box } of boxes)
        if (box.left < outer.left - 1.5 || box.right > outer.right + 1.5 || box.top < outer.top - 1.5 || box.bottom > outer.bottom + 1.5)
          faults.push(id + ': "' + text + '" reaches beyond the drawing');
      boxes.forEach(({ text, box }, i) => {
        for (const other of boxes.slice(i + 1)) {
          const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
          const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
          if (across > 2 && down > 5) faults.push(id + ': "' + text + '" lies on "' + other.text + '"');
        }
      });
    }
    return faults;
  })()`)) as string[];
  assert.deepEqual(faults, []);
}

/** Letters stay letters: nine pixels at least. */
export async function checkLetters(page: Page): Promise<void> {
  const heights = await page
    .locator('figure svg[role=img]:visible text')
    .evaluateAll((texts) =>
      texts.map(
        (text) => (text as unknown as { getBoundingClientRect(): { height: number } }).getBoundingClientRect().height,
      ),
    );
  const seen = heights.filter((height) => height > 0);
  assert.ok(seen.length > 20 && seen.every((height) => height >= 9), String(Math.min(...seen)));
}

/** WCAG, everything unfolded. */
export async function checkAccess(page: Page): Promise<void> {
  await unfold(page);
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
}

/** Up, down, back to the order by layer; missing figures last; by the keyboard. */
export async function checkSorting(page: Page): Promise<void> {
  const table = page.locator('table[data-sortable]').first();
  const column = table.locator('thead th').filter({ hasText: 'CPU per request' });
  const values = async (): Promise<(number | undefined)[]> =>
    (
      await table
        .locator('tbody tr:not(.group):visible td:nth-child(2)')
        .evaluateAll((cells) => cells.map((cell) => cell.getAttribute('data-value')))
    ).map((value) => (value === null ? undefined : Number(value)));
  const asWritten = await values();
  const known = asWritten.filter((value) => value !== undefined);
  const missing = asWritten.length - known.length;
  const rising = [...known.toSorted((a, b) => a - b), ...Array.from({ length: missing })];
  await column.getByRole('button').focus();
  await page.keyboard.press('Enter');
  assert.equal(await column.getAttribute('aria-sort'), 'ascending');
  assert.deepEqual(await values(), rising);
  assert.equal(await table.locator('tr.group:visible').count(), 0);
  await page.keyboard.press('Enter');
  assert.equal(await column.getAttribute('aria-sort'), 'descending');
  assert.deepEqual(await values(), [...known.toSorted((a, b) => b - a), ...Array.from({ length: missing })]);
  await page.keyboard.press('Enter');
  assert.equal(await column.getAttribute('aria-sort'), null);
  assert.deepEqual(await values(), asWritten);
}

/** Each proxy that is drawn by itself is switched off and on again. */
export async function checkToggles(page: Page, subject: string): Promise<void> {
  await page.evaluate('document.querySelectorAll("details.choose").forEach((details) => (details.open = true))');
  const marks = page.locator(`figure svg.wide [data-of="${subject}"]:visible`);
  const before = await marks.count();
  assert.ok(before > 0, `${subject} has no mark in any chart`);
  const button = page.locator(`.toggles button[data-subject="${subject}"]`);
  await button.click();
  assert.equal(await button.getAttribute('aria-pressed'), 'false');
  assert.equal(await marks.count(), 0);
  await button.click();
  assert.equal(await marks.count(), before);
}

/** What is packed in the page comes out as plain text. */
export async function checkDownloads(page: Page, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator(`a[download="${name}.gz"]`).click(),
    ]);
    assert.equal(download.suggestedFilename(), name);
    const text = await readFile(await download.path(), 'utf8');
    assert.ok(text.length > 100 && text.endsWith('\n'), `${name} is not whole`);
  }
}

/** Paper: light, without navigation, everything else there, what is folded too. */
export async function checkPrint(page: Page): Promise<void> {
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  assert.equal(await page.locator('nav').isVisible(), false);
  assert.equal(await page.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)');
  assert.ok(await page.locator('#configs').isVisible(), 'the evidence is printed open');
}

/** All of it on one report: what CI asks of a real run. */
export async function checkReport(browser: Browser, url: string, subject: string): Promise<void> {
  for (const width of [1280, 360])
    for (const scheme of ['light', 'dark'] as const) {
      await using page = await openPage(browser, url, width, scheme);
      if (width === 1280) await checkGlance(page);
      await checkContents(page);
      await checkSorting(page);
      await checkFigures(page, width);
      await checkLabels(page);
      if (width === 360) await checkLetters(page);
      if (width === 1280) await checkToggles(page, subject);
      await checkAccess(page);
    }
  await using page = await openPage(browser, url, 1280, 'light');
  await unfold(page);
  await checkDownloads(page, ['trials.csv', 'summary.csv']);
  await checkPrint(page);
}
