/** A history on a terminal, as a chart and as a page. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changesOf } from '#bench/analysis/across-runs/change-points.ts';
import { historyView } from '#bench/analysis/across-runs/history.ts';
import type { HistoryLine } from '#bench/model/history.ts';
import { drawHistory } from '#reports/charts/history.ts';
import { looksOfNames } from '#reports/charts/palette.ts';
import { renderSvg } from '#reports/charts/render.ts';
import { lay } from '#reports/document/table.ts';
import { renderHistory } from '#reports/terminal/history.ts';
import { historyPage } from '#reports/html/history.ts';
import { historyLines } from '#test/bench/analysis/across-runs/history-lines.ts';

const lines = historyLines({
  runs: 40,
  l7: (run) => (run < 16 ? 1 : 1.08),
  host: (run) => (run < 28 ? ['a1', 1] : ['b2', 0.7]),
});
const verdicts = changesOf(lines);
const escape = String.fromCodePoint(27);

test('terminal: series, size with interval, p, where, what lies between; 80 columns', () => {
  const commitsBetween = (): string[] => Array.from({ length: 12 }, (_, i) => `${i} change ${'x'.repeat(90)}`);
  const text = renderHistory({ lines, verdicts, commitsBetween });
  assert.match(text, /^ 40 runs on 2 hosts, 2026-05-01 to 2026-06-09$/m);
  assert.match(text, /^ CPU per request ÷ l4-tcp, l7-http in http-small: 40 runs$/m);
  assert.match(text, /^ more expensive {2}1\.0\d× \(1\.0\d–1\.\d+\), p = 0\.00\d,/m);
  assert.match(text.replaceAll(/\s+/g, ' '), /from abcdef0132 \(2026-05-16\) to abcdef0133 \(2026-05-17\)/);
  assert.match(text, /… and 4 more commits/);
  assert.equal(text.match(/more commits/g)?.length, 1);
  assert.match(text.replaceAll(/\s+/g, ' '), /by chance alone about 0\.0\d of them/);
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
  const bare = renderHistory({ lines, verdicts, commitsBetween }, { colour: true }).replaceAll(/\p{Cc}\[\d+m/gu, '');
  assert.equal(bare, text);
});

test('terminal: too few runs say so; a name cannot move the cursor', () => {
  const few = lines.slice(0, 4);
  assert.match(
    renderHistory({ lines: few, verdicts: changesOf(few) }),
    /Nothing can be told yet: no series has 10 runs/,
  );
  const evil = JSON.parse(JSON.stringify(lines).replaceAll('l7-http', '\\u001b[2Jx')) as HistoryLine[];
  const text = renderHistory({ lines: evil, verdicts: changesOf(evil) });
  assert.ok(!text.includes(escape) && text.includes('?[2Jx'));
});

for (const width of [500, 330])
  test(`chart at ${width}: ratios over all hosts, its change points marked`, async () => {
    const looks = looksOfNames(['l4-tcp', 'l7-http']);
    const [drawing] = drawHistory({ ...historyView(lines, verdicts), looks });
    if (drawing?.state !== 'drawn') assert.fail(JSON.stringify(drawing));
    assert.match(drawing.answer, /^l7-http 1\.0\d× \([^)]*\) from run 17 on$/);
    assert.match(drawing.description, /Dashed rules/);
    const { columns, rows } = lay(drawing.table);
    assert.deepEqual(
      columns.map(({ title }) => title),
      ['l7-http, ×', 'New level', 'Revision'],
    );
    assert.match(rows[16]!.cells[1]!.text, /^l7-http 1\.0/);
    const { svg, warnings } = await renderSvg(drawing.spec(width), { id: 'x', title: 't', description: 'd' });
    assert.deepEqual(warnings, []);
    assert.doesNotMatch(svg, /NaN|undefined| style="/);
    assert.match(svg, /stroke-dasharray="4,3"/);
    assert.match(svg, /data-tip="l7-http: 1\.0[^"]* from run-16 on"/);
  });

test('a page of its own: both charts, every change point, no request', async () => {
  const page = await historyPage(lines, verdicts);
  assert.match(page, /<figure id="history">/);
  assert.match(page, /<b>What became of the cost from run to run on the newest host\?<\/b>/);
  assert.equal(page.match(/>more expensive<\/span>/g)?.length, 1);
  assert.doesNotMatch(page, /<(link|img|iframe|object|embed|base|form)\b/i);
  assert.doesNotMatch(page, / (style|on\w+)="/);
  const one = lines.slice(0, 1);
  assert.match(await historyPage(one, changesOf(one)), /Not in these runs: change from run to run/);
});
