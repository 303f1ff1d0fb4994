/** Budgets in the reports that people read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import type { Analysis } from '#bench/analysis/analysis.ts';
import { page } from '#reports/html/page.ts';
import { reportMarkdown } from '#reports/markdown/report.ts';
import { renderTerminal } from '#reports/terminal/report.ts';
import { syntheticRun } from './synthetic-run.ts';

const records = syntheticRun({ rounds: 2, scenarios: ['http-small'], mishaps: false });
const analysis: Analysis = {
  ...analyse(records),
  budgets: [
    { text: 'l7-http.cpuPerRequest <= 2 * l4-tcp.cpuPerRequest', state: 'exceeded', reason: '2.12× (2.10–2.14)' },
    { text: 'l7-http.addedP99 <= 400 µs', state: 'kept', reason: '<b>'.padEnd(120, ' words') },
    { text: 'l7-tls.addedP99 <= 400 µs', state: 'unknown', reason: 'not measured' },
  ],
};

test('terminal: every budget with its state and reason, in 80 columns', () => {
  const text = renderTerminal(analysis);
  assert.match(text, /^ exceeded {4}l7-http\.cpuPerRequest <= 2 \* l4-tcp\.cpuPerRequest: 2\.12×$/m);
  assert.match(text, /^ kept {8}l7-http\.addedP99 <= 400 µs: <b>/m);
  assert.match(text, /^ unknown {5}l7-tls\.addedP99 <= 400 µs: not measured$/m);
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
  const escape = String.fromCodePoint(27);
  assert.ok(renderTerminal(analysis, { colour: true }).includes(`${escape}[31mexceeded`));
});

test('html: a section of its own, only where there are budgets; text stays text', async () => {
  const text = await page(analysis, records);
  assert.match(text, /<h2 id="budgets">Budgets<\/h2>/);
  assert.match(text, /<li><a href="#budgets">Budgets<\/a><\/li>/);
  assert.match(text, /<span class="badge bad" >exceeded<\/span>/);
  assert.ok(!text.includes('<b> words'));
  const { budgets: _, ...without } = analysis;
  assert.doesNotMatch(await page(without, records), /id="budgets"/);
});

test('markdown: a list under its own heading', async () => {
  const text = (await reportMarkdown.render(analysis, records)) as string;
  assert.match(text, /## Budgets\n\n- \*\*exceeded\*\* `l7-http\.cpuPerRequest <= 2 \* l4-tcp\.cpuPerRequest`: 2\.12×/);
});
