import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import type { ChartDefinition, Drawing } from '#reports/charts/chart.ts';
import { historyOf } from '#bench/analysis/across-runs/history.ts';
import { allCharts as all } from '#reports/charts/registry.ts';
import { decompose } from '#reports/content/decomposition.ts';
import { renderSvg } from '#reports/charts/render.ts';
import { lay } from '#reports/document/table.ts';
import type { Table } from '#reports/document/tree.ts';
import { STYLE } from '#reports/html/style.ts';
import { ODD_NAME, syntheticRun, TRUTHS } from './synthetic-run.ts';
import { syntheticSearch } from './synthetic-search.ts';

const records = syntheticSearch({
  mishaps: true,
  rounds: 6,
  scenarios: ['http-small', 'tls-keepalive', 'idle-connections', 'http-paced-50', 'http-paced-80'],
  chains: { of: ['l7-http'], hops: 3 },
});
const earlier = analyse({ ...records, run: { ...records.run, run: 'earlier', startedAt: '2026-05-01T00:00:00.000Z' } });
const alone = analyse(records);
/** With everything that any chart draws: two rates, pairs of rounds, a knee search, an earlier run. */
const analysis = { ...alone, history: historyOf([earlier, alone]) };
const chartNamed = (name: string): ChartDefinition => all.find((chart) => chart.name === name)!;
const [rateLatency, knee] = [chartNamed('rate-latency'), chartNamed('knee')];
type Drawn = Extract<Drawing, { state: 'drawn' }>;
const drawn = (drawing: Drawing | undefined): Drawn => {
  if (drawing?.state !== 'drawn') assert.fail(JSON.stringify(drawing));
  return drawing;
};
const rowsOf = (table: Table): Map<string, string[]> =>
  new Map(lay(table).rows.map(({ head, cells }) => [head, cells.map(({ text }) => text)]));
const columnsOf = (table: Table): string[] => lay(table).columns.map(({ title }) => title);
const label = { id: 'x', title: 'A < B', description: 'bars & lines' };

for (const chart of all)
  for (const width of [500, 330])
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

test('every drawing answers its question, is described and has its figures in a table as wide as its head', () => {
  for (const chart of all)
    for (const drawing of chart.draw(analysis)) {
      const { question = chart.question, answer, description, table } = drawn(drawing);
      assert.match(question, /\?/, 'a chart answers a question');
      assert.ok(answer.length > 5 && !answer.endsWith('.') && description.length > 40, answer);
      assert.doesNotMatch(`${answer}${description}${JSON.stringify(table)}`, /NaN|undefined|Infinity/);
      assert.ok(table.rows.length > 0);
      for (const row of table.rows) assert.equal(row.cells.length, table.columns.length, chart.name);
    }
});

test('marks carry whose they are and what the pointer is told', async () => {
  for (const name of [
    'cpu-per-request',
    'latency-by-percentile',
    'throughput',
    'ratios',
    'added-p50',
    'memory',
    'over-time',
    'history',
    'rate-latency',
    'knee',
  ]) {
    const [drawing] = chartNamed(name).draw(analysis);
    const { svg } = await renderSvg(drawn(drawing!).spec(500), label);
    assert.match(svg, /data-of="l7-http" data-tip="l7-http[^"]*\d/, name);
    assert.doesNotMatch(svg, /\u2063/);
  }
});

test('the waterfall adds up: the steps lead from L4 to L7, and on to TLS, and no step is left out', () => {
  const { steps, l4, l7, tls } = decompose(analysis)!;
  let level = 0;
  for (const { isTotal, value } of steps) {
    if (isTotal && level !== 0) assert.ok(Math.abs(level - value) < 1e-9, `${level} leads to ${value}`);
    level = isTotal ? value : level + value;
  }
  assert.deepEqual(
    steps.filter(({ isTotal }) => isTotal).map(({ value }) => value),
    [l4.whole.value, l7.whole.value, tls!.whole.value],
  );
  assert.equal(steps.filter(({ kind }) => kind === 'rest').length, 2, 'what is not explained is a step');
  assert.ok(steps.some(({ name, kind }) => name === 'heads, read and reissued' && kind === 'micro-benchmark'));
});

const { knees: _, ...withoutSearch } = analysis;

test('where no knee was searched, one is marked before the rate at which the tail rises', () => {
  const paced = analysis.scenarios.filter(({ offered }) => offered !== null);
  const steep = analysis.scenarios.map((scenario) =>
    scenario === paced[1]
      ? {
          ...scenario,
          subjects: scenario.subjects.map((subject) => {
            const p99 = subject.metrics.responseP99;
            return subject.subject === 'l7-http' && p99
              ? { ...subject, metrics: { ...subject.metrics, responseP99: { ...p99, value: 9_000, high: 9_900 } } }
              : subject;
          }),
        }
      : scenario,
  );
  const [drawing] = rateLatency.draw({ ...withoutSearch, scenarios: steep });
  assert.match(drawn(drawing).answer, /the knee of l7-http lies above/);
});

test('searched knees stand in the curve at the same rates: found ones, and where nothing more can be told', async () => {
  const drawing = drawn(rateLatency.draw(analysis)[0]!);
  assert.match(drawing.answer, /highest rate with p99 < 2\u00a0ms: node-http [\d,]+\/s/);
  assert.match(drawing.answer, /cannot tell above [\d,]+\/s for direct/);
  assert.equal(columnsOf(drawing.table).at(-1), 'Highest rate');
  const rows = rowsOf(drawing.table);
  assert.match(rows.get('node-http')!.at(-1)!, /^[\d,]+\/s \([\d,]+–[\d,]+\)$/);
  assert.match(rows.get('l7-http')!.at(-1)!, /^cannot tell above /);
  const { svg } = await renderSvg(drawing.spec(500), label);
  assert.match(svg, /data-of="node-http" data-tip="node-http held p99 &lt; 2\u00a0ms up to/);
  assert.ok(svg.includes('>?</text>'), 'the edge of what can be told');
});

test('response time where every point has it, else service time at all of them', () => {
  const [response] = rateLatency.draw(analysis);
  assert.match(drawn(response).answer, /^Response p99/);
  const scenarios = analysis.scenarios.map((scenario, i) =>
    scenario.offered === null
      ? scenario
      : {
          ...scenario,
          subjects: scenario.subjects.map((subject, j) => {
            const { responseP99: _, ...metrics } = subject.metrics;
            return i === analysis.scenarios.length - 1 && j === 0 ? { ...subject, metrics } : subject;
          }),
        },
  );
  const [service] = rateLatency.draw({ ...analysis, scenarios });
  assert.match(drawn(service).answer, /^Service p99/);
});

test('a rate at which nothing completed is a gap with its reason, not a shorter curve', async () => {
  const last = analysis.scenarios.findLast(({ offered }) => offered !== null)!;
  const scenarios = [
    ...analysis.scenarios,
    {
      ...last,
      offered: last.offered! * 1.2,
      scenario: { ...last.scenario, name: 'http-paced-96' },
      subjects: last.subjects.map((subject) =>
        subject.subject === 'l7-http'
          ? {
              ...subject,
              metrics: {},
              trials: { completed: 0, invalid: 3, failed: 0, reasons: ['schedule-lag'] },
            }
          : subject,
      ),
    },
  ];
  const drawing = drawn(rateLatency.draw({ ...analysis, scenarios })[0]!);
  assert.equal(rowsOf(drawing.table).get('l7-http')![2], 'cannot tell: schedule-lag');
  const { svg } = await renderSvg(drawing.spec(330), label);
  assert.match(svg, /data-tip="l7-http at [^"]*: cannot tell, schedule-lag"/);
});

test('the search draws every window, and says so where it can draw none', () => {
  const drawing = drawn(knee.draw(analysis)[0]!);
  for (const [name, [, windows, ...outcomes]] of rowsOf(drawing.table))
    assert.equal(
      outcomes.reduce((sum, count) => sum + Number(count), 0),
      Number(windows),
      name,
    );
  const errorsOnly = syntheticSearch({
    rounds: 0,
    subjects: TRUTHS.slice(0, 1),
    objective: { clauses: [{ kind: 'errors', below: 0.01 }] },
    cutAfter: 2,
  });
  const [nothing] = knee.draw(analyse(errorsOnly));
  assert.match(nothing!.state === 'missing' ? nothing!.what : '', /names no percentile/);
});

test('names are text in the SVG too', async () => {
  const short = TRUTHS.map((truth) => (truth.name === ODD_NAME ? { ...truth, name: '<b>&"' } : truth));
  const odd = analyse(syntheticRun({ rounds: 2, subjects: short }));
  for (const chart of all)
    for (const drawing of chart.draw(odd)) {
      if (drawing.state === 'missing') continue;
      const { svg } = await renderSvg(drawing.spec(500), label);
      assert.doesNotMatch(svg, /<b>/);
    }
});

test('without data a chart says what is missing, and which flag gives it', () => {
  const { run } = syntheticRun({ rounds: 1 });
  const empty = analyse({ run, subjects: [], trials: [], micro: [] });
  for (const chart of all)
    for (const drawing of chart.draw(empty)) {
      assert.equal(drawing.state, 'missing');
      assert.ok(drawing.state === 'missing' && drawing.what.length > 5 && /--|hopcost/.test(drawing.how), chart.name);
    }
  const saturated = analyse(syntheticRun({ rounds: 1, scenarios: ['http-small'] }));
  const [latency] = chartNamed('latency-by-percentile').draw(saturated);
  assert.match(latency!.state === 'missing' ? latency!.how : '', /http-paced-50/);
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
  for (const chart of all)
    for (const drawing of chart.draw(lone)) {
      if (drawing.state === 'missing') continue;
      assert.deepEqual((await renderSvg(drawing.spec(330), label)).warnings, []);
      assert.doesNotMatch(JSON.stringify(drawing.table), /NaN|undefined|Infinity/);
    }
});
