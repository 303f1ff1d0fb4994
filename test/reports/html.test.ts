import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { readRecords } from '#bench/model/read.ts';
import { repeatCommand } from '#reports/content/repeat-command.ts';
import { html, escapeHtml } from '#reports/html/markup.ts';
import { SCRIPT } from '#reports/html/page.ts';
import { STYLE } from '#reports/html/style.ts';
import { reportHtml } from '#reports/report-html.ts';
import { textOf } from './rendered.ts';
import { ODD_NAME, syntheticRun } from './synthetic-run.ts';

const page = await textOf(reportHtml, syntheticRun({ rounds: 3 }));

test('whatever is put into a template is text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { text: out } = html`<i title="${text}">${text}</i>`;
      const inside = out.slice('<i title="'.length, -'</i>'.length);
      assert.doesNotMatch(inside.replace('">', ''), /[<>"']/);
    }),
    { seed: 9 },
  );
  assert.equal(escapeHtml(`<a href='x'>&"`), '&lt;a href=&#39;x&#39;&gt;&amp;&quot;');
  assert.equal(html`${[html`<b>${1}</b>`, null, false, 'x<']}`.text, '<b>1</b>x&lt;');
});

test('one style sheet and one script by hash, no request, no inline style or handler', () => {
  const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]*)"/.exec(page)?.[1]?.replaceAll('&#39;', "'");
  const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  assert.equal(
    policy,
    `default-src 'none'; style-src ${hash(STYLE)}; script-src ${hash(SCRIPT)}; base-uri 'none'; form-action 'none'`,
  );
  assert.ok(page.includes(`<style>${STYLE}</style>`), 'the hash is that of the style sheet as it stands in the page');
  assert.ok(page.includes(`<script>${SCRIPT}</script>`), 'and that of the script');
  const rest = page.replace(SCRIPT, '');
  assert.equal(rest.match(/<script\b/g)?.length, 1);
  assert.doesNotMatch(rest, /<(link|img|iframe|object|embed|base|form)\b/i);
  assert.doesNotMatch(rest, / (style|on\w+)="/);
  assert.doesNotMatch(rest, /(?:src|href)\s*=\s*["'](?!#|data:(?:text\/csv|application\/gzip)[;,])/);
  assert.doesNotMatch(STYLE, /url\(|@import/);
  assert.doesNotMatch(SCRIPT, /innerHTML|insertAdjacentHTML|eval\(|fetch\(|import\(/);
});

test('the records travel in the page, whole', () => {
  const [, packed] = /href="data:application\/gzip;base64,([^"]*)"/.exec(page)!;
  const { records, torn } = readRecords(gunzipSync(Buffer.from(packed!, 'base64')).toString());
  assert.equal(torn, false);
  assert.deepEqual(records, JSON.parse(JSON.stringify(syntheticRun({ rounds: 3 }))));
});

test('a standard run stays below 1.5 MB, with or without its records in it', async () => {
  const standard = syntheticRun({
    rounds: 12,
    scenarios: [
      'http-small',
      'tls-keepalive',
      'http-new-connection',
      'tls-full-handshake',
      'tcp-echo',
      'http-paced-50',
    ],
  });
  const text = await textOf(reportHtml, standard);
  assert.ok(text.length < 1.5e6, `${text.length}`);
  assert.match(text, /download="trials\.csv\.gz"/);
});

test('a name full of markup shows as text, also in charts and configurations', () => {
  assert.ok(!page.includes(ODD_NAME));
  assert.ok(page.includes('&lt;script&gt;alert(&quot;proxy &amp; co&quot;)&lt;/script&gt;'));
  assert.ok(page.includes('&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;'));
});

test('every link leads to something, no id stands twice', () => {
  const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length, 'an id stands twice');
  for (const [, target] of page.matchAll(/ href="#([^"]*)"/g)) assert.ok(ids.includes(target), `#${target}`);
  for (const [, targets] of page.matchAll(/ aria-labelledby="([^"]*)"/g))
    for (const target of targets!.split(' ')) assert.ok(ids.includes(target), `aria-labelledby ${target}`);
  for (const [, target] of page.matchAll(/url\(#([^)]*)\)/g)) assert.ok(ids.includes(target), `url(#${target})`);
});

test('the order of the page: the answer, findings, every subject, charts, then the evidence', () => {
  const order = ['<h1>', 'findings', 'comparison', 'charts', 'evidence'];
  const places = order.map((id) => page.indexOf(id.startsWith('<') ? id : `<h2 id="${id}"`));
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
  );
  assert.ok(places.every((place) => place > 0));
  const folded = page.slice(places.at(-1));
  for (const id of [
    'ledger',
    'scenario-http-small',
    'trials',
    'calibration',
    'noise-floor',
    'environment',
    'configs',
    'again',
    'records',
  ])
    assert.ok(folded.includes(`id="${id}"`), id);
});

test('the command to repeat carries the seed and is quoted for a shell', () => {
  const { run } = syntheticRun({ rounds: 1, seed: 42 });
  assert.equal(repeatCommand(run), 'npx hopcost bench --preset standard --seed 42');
  assert.equal(
    repeatCommand({ ...run, command: ['hopcost', 'bench', '--out', "it's here"] }),
    `npx hopcost bench --out 'it'\\''s here' --seed 42`,
  );
});

/** Custom properties of the sheet's nth :root block. */
const properties = (nth: number): Map<string, string> => {
  const block = [...STYLE.matchAll(/:root \{([^}]*)\}/g)][nth]![1]!;
  return new Map([...block.matchAll(/--([\w-]+): (#[0-9a-f]{3,6})/g)].map(([, name, value]) => [name!, value!]));
};
/** WCAG 2.2 contrast ratio. */
function contrast(a: string, b: string): number {
  const luminance = (colour: string): number => {
    const full = colour.length === 4 ? colour.slice(1).replaceAll(/./g, '$&$&') : colour.slice(1);
    const [r, g, blue] = [0, 2, 4]
      .map((at) => Number.parseInt(full.slice(at, at + 2), 16) / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * blue!;
  };
  const [light, dark] = [luminance(a), luminance(b)].toSorted((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}

for (const [scheme, nth] of [
  ['light', 0],
  ['dark', 1],
  ['print', 2],
] as const)
  test(`${scheme}: text has a contrast of 4.5 at least, lines and bars of 3 (WCAG AA)`, () => {
    const colours = properties(nth);
    const ratio = (a: string, b: string): number => contrast(colours.get(a)!, colours.get(b)!);
    for (const back of ['paper', 'card'])
      for (const text of ['ink', 'soft', 'link']) assert.ok(ratio(text, back) >= 4.5, `${text} on ${back}`);
    for (const badge of ['good', 'look', 'none', 'bad']) assert.ok(ratio(badge, `${badge}-back`) >= 4.5, badge);
    for (const mark of ['direct', 'user', 'capacity', ...Array.from({ length: 8 }, (_, i) => `series-${i + 1}`)])
      assert.ok(ratio(mark, 'paper') >= 3, `${mark}: ${ratio(mark, 'paper')}`);
  });
