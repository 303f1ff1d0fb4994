import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import type { Drawing } from '#reports/charts/chart.ts';
import { charts } from '#reports/charts/registry.ts';
import { renderSvg } from '#reports/charts/render.ts';
import { STYLE } from '#reports/html/style.ts';
import { ODD_NAME, syntheticRun, TRUTHS } from './synthetic-run.ts';

const analysis = analyse(syntheticRun({ rounds: 3 }));
const drawn = (drawing: Drawing): Extract<Drawing, { state: 'drawn' }> => {
  if (drawing.state !== 'drawn') assert.fail(`${drawing.title}: ${drawing.reason}`);
  return drawing;
};
const label = { id: 'x', title: 'A < B', description: 'bars & lines' };

for (const chart of charts)
  for (const width of [860, 330])
    test(`${chart.name} at ${width}: sound spec, no inline style, only colours of the page`, async () => {
      for (const drawing of chart.draw(analysis)) {
        const { svg, warnings } = await renderSvg(drawn(drawing).spec(width), label);
        assert.deepEqual(warnings, [], 'Vega-Lite has something to complain about');
        assert.doesNotMatch(svg, / style="|<script|NaN|undefined|href=/);
        const known = new Set([...STYLE.matchAll(/--([\w-]+):/g)].map(([, name]) => `var(--${name})`));
        for (const [, colour] of svg.matchAll(/ (?:fill|stroke)="([^"]*)"/g))
          assert.ok(known.has(colour!) || ['none', 'transparent'].includes(colour!), `colour ${colour}`);
        assert.match(
          svg,
          /^<svg[^>]* role="img" aria-labelledby="x-t x-d"><title id="x-t">A &lt; B<\/title><desc id="x-d">bars &amp; lines<\/desc>/,
        );
        const [, boxWidth] = /viewBox="0 0 (\d+(?:\.\d+)?) /.exec(svg)!;
        assert.ok(Number(boxWidth) <= width + 1, `${boxWidth} is wider than ${width}`);
      }
    });

test('every drawing has a takeaway and a description that names each subject that it shows', () => {
  for (const chart of charts)
    for (const drawing of chart.draw(analysis)) {
      const { title, description } = drawn(drawing);
      assert.ok(title.length > 10 && description.length > 40);
      for (const name of ['l4-tcp', chart.name === 'throughput' ? 'l4-tcp' : 'l7-http'])
        assert.ok(description.includes(name));
    }
});

test('names are text in the SVG too', async () => {
  const short = TRUTHS.map((truth) => (truth.name === ODD_NAME ? { ...truth, name: '<b>&"' } : truth));
  const odd = analyse(syntheticRun({ rounds: 2, subjects: short }));
  for (const chart of charts)
    for (const drawing of chart.draw(odd)) {
      const { svg } = await renderSvg(drawn(drawing).spec(860), label);
      assert.doesNotMatch(svg, /<b>/);
    }
});

test('without data a chart says why, and what would give it', () => {
  const { run } = syntheticRun({ rounds: 1 });
  const empty = analyse({ run, subjects: [], trials: [], micro: [] });
  for (const chart of charts)
    for (const drawing of chart.draw(empty)) {
      assert.equal(drawing.state, 'cannot tell');
      assert.ok(drawing.state === 'cannot tell' && drawing.reason.length > 10);
    }
  const saturated = analyse(syntheticRun({ rounds: 1, scenarios: ['http-small'] }));
  const latency = charts.find(({ name }) => name === 'latency-by-percentile')!.draw(saturated);
  assert.match(latency[0]!.state === 'cannot tell' ? latency[0]!.reason : '', /http-paced-50/);
});

test('a chart cannot load anything', async () => {
  const spec = { data: { url: 'https://example.invalid/data.json' }, mark: 'bar' as const, encoding: {} };
  const { svg, warnings } = await renderSvg(spec, label);
  assert.ok(
    warnings.some((warning) => warning.includes('Loading failed')),
    warnings.join(),
  );
  assert.match(svg, /^<svg/);
});

test('one subject and one round draw too', async () => {
  const lone = analyse(syntheticRun({ rounds: 1, subjects: TRUTHS.slice(0, 2), mishaps: false }));
  for (const chart of charts)
    for (const drawing of chart.draw(lone))
      assert.deepEqual((await renderSvg(drawn(drawing).spec(330), label)).warnings, []);
});
