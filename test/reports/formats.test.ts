/** The formats for other tools, each read back by what reads it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HistogramLogReader, type Histogram, decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { compile, type TopLevelSpec } from 'vega-lite';
import { analyse } from '#bench/analysis/analyse.ts';
import { elasticsearch } from '#reports/elasticsearch.ts';
import { hdrLog } from '#reports/hdr-log.ts';
import { hgrm } from '#reports/hgrm.ts';
import { openMetrics } from '#reports/open-metrics.ts';
import { onRequest } from '#reports/registry.ts';
import { matchesGolden } from './golden.ts';
import { filesOf, textOf } from './rendered.ts';
import { ODD_NAME, syntheticRun, TRUTHS } from './synthetic-run.ts';

const records = syntheticRun({ rounds: 3 });
const analysis = analyse(records);
const evil = 'a"b\\c\nd{e} ,=f';
const odd = syntheticRun({
  rounds: 2,
  subjects: TRUTHS.map((truth) => (truth.name === ODD_NAME ? { ...truth, name: evil } : truth)),
});

for (const exporter of onRequest.filter(({ format }) => format !== 'interactive'))
  test(`${exporter.format} is as it was`, async () => {
    for (const [name, text] of await filesOf(exporter, records))
      if (!/direct|node-http|service/.test(name))
        matchesGolden(`${exporter.format}-${name}`, text.replaceAll(/HISTF\S+/g, 'HISTF…')); // deflate differs by platform
  });

const paced = records.trials
  .filter((trial) => trial.state === 'completed')
  .filter(
    ({ scenario, subject }) => scenario === 'http-paced-50' && subject.kind === 'proxy' && subject.name === 'l7-http',
  );

test('hdr-log: the library’s own reader finds every interval, its tag, its place and its counts', async () => {
  const reader = new HistogramLogReader(await textOf(hdrLog, records));
  const found: Histogram[] = [];
  for (let next = reader.nextIntervalHistogram(); next; next = reader.nextIntervalHistogram())
    found.push(next as Histogram);
  const own = found.filter(({ tag }) => tag === 'http-paced-50:l7-http:response');
  assert.equal(own.length, paced.length);
  own.forEach((histogram, i) => {
    const expected = decodeFromCompressedBase64(paced[i]!.load.response!);
    assert.equal(histogram.totalCount, expected.totalCount);
    assert.equal(histogram.maxValue, expected.maxValue);
  });
  assert.ok(
    found.every(({ tag }) => !tag.includes('http-small')),
    'saturated loops tell of their queue',
  );
});

test('hgrm: one table a subject below the knee, all rounds in it, rising to the maximum', async () => {
  const files = await filesOf(hgrm, records);
  const table = files.get('http-paced-50-l7-http-response.hgrm')!;
  const total = paced.reduce((sum, { load }) => sum + decodeFromCompressedBase64(load.response!).totalCount, 0);
  assert.match(table, new RegExp(`Total count\\s*=\\s*${total}\\]`));
  const values = [...table.matchAll(/^ *([\d.]+) ([\d.]+) +(\d+)/gm)].map(([, value]) => Number(value));
  assert.ok(values.length > 20);
  assert.deepEqual(
    values,
    values.toSorted((a, b) => a - b),
  );
  for (const name of (await filesOf(hgrm, odd)).keys()) assert.match(name, /^[\w.-]+\.hgrm$/);
});

/** The text format's grammar, as far as gauges and infos use it (OpenMetrics 1.0, "ABNF"). */
const SAMPLE = /^([a-z_][a-z0-9_]*)\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)+)\} (-?[\d.]+(?:e[+-]?\d+)?)$/;

test('openmetrics: every line is of the grammar, families are whole, units are in the names', async () => {
  for (const run of [records, odd]) {
    const text = await textOf(openMetrics, run);
    const lines = text.split('\n');
    assert.deepEqual(lines.slice(-2), ['# EOF', '']);
    let family = '';
    const seen = new Set<string>();
    for (const line of lines.slice(0, -2)) {
      const meta = /^# (TYPE|UNIT|HELP) ([a-z_0-9]+) (.+)$/.exec(line);
      if (meta?.[1] === 'TYPE') {
        assert.ok(!seen.has(meta[2]!), `${meta[2]} twice`);
        seen.add((family = meta[2]!));
      } else if (meta) {
        assert.equal(meta[2], family);
        if (meta[1] === 'UNIT') assert.ok(family.endsWith(`_${meta[3]}`));
      } else {
        const sample = SAMPLE.exec(line);
        assert.ok(sample, line);
        assert.ok([family, `${family}_info`].includes(sample[1]!));
      }
    }
  }
});

test('openmetrics: base units', async () => {
  const text = await textOf(openMetrics, records);
  const { value } = analysis.scenarios[0]!.subjects.find(({ subject }) => subject === 'l7-http')!.metrics
    .cpuPerRequest!;
  const [, seconds] =
    /hopcost_cpu_per_request_seconds\{scenario="http-small",subject="l7-http",layer="l7",bound="value"\} (\S+)/.exec(
      text,
    )!;
  assert.ok(Math.abs(Number(seconds) * 1e6 - value) < 1e-4);
});

test('elasticsearch: bulk pairs, stable ids, no field that the strict template lacks', async () => {
  for (const run of [records, odd]) {
    const files = await filesOf(elasticsearch, run);
    const lines = files
      .get('bulk.ndjson')!
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const actions = lines.filter((_, i) => i % 2 === 0) as { index: { _index: string; _id: string } }[];
    const documents = lines.filter((_, i) => i % 2 === 1);
    assert.equal(actions.length, documents.length);
    assert.equal(new Set(actions.map(({ index }) => index._id)).size, actions.length);
    assert.equal(documents.filter(({ kind }) => kind === 'trial').length, run.trials.length);
    const { template } = JSON.parse(files.get('index-template.json')!) as {
      template: { mappings: { properties: Record<string, { properties?: object }> } };
    };
    const { properties } = template.mappings;
    for (const document of documents) {
      for (const field of Object.keys(document)) assert.ok(field in properties, field);
      for (const field of Object.keys(document['figures'] ?? {}))
        assert.ok(field in (properties['figures']!.properties ?? {}), field);
    }
  }
});

test('elasticsearch: saved objects refer to each other, and their charts compile without a warning', async () => {
  const objects = (await filesOf(elasticsearch, records))
    .get('dashboard.ndjson')!
    .trimEnd()
    .split('\n')
    .map(
      (line) =>
        JSON.parse(line) as {
          id: string;
          type: string;
          attributes: Record<string, string>;
          references: { id: string; name: string }[];
        },
    );
  const ids = new Set(objects.map(({ id }) => id));
  const dashboard = objects.find(({ type }) => type === 'dashboard')!;
  for (const { id } of dashboard.references) assert.ok(ids.has(id));
  const panels = JSON.parse(dashboard.attributes['panelsJSON']!) as { panelRefName: string }[];
  assert.deepEqual(
    panels.map(({ panelRefName }) => panelRefName),
    dashboard.references.map(({ name }) => name),
  );
  for (const { attributes } of objects.filter(({ type }) => type === 'visualization')) {
    const { params } = JSON.parse(attributes['visState']!) as { params: { spec: string } };
    const spec = JSON.parse(params.spec) as TopLevelSpec & { data: object };
    const warnings: unknown[] = [];
    const keep = (...words: unknown[]): void => void warnings.push(...words);
    const logger = { warn: keep, error: keep, info() {}, debug() {}, level: () => logger } as never as NonNullable<
      Parameters<typeof compile>[1]
    >['logger'] & {};
    const { $schema: _, ...rest } = spec;
    compile({ ...rest, data: { values: [] } } as TopLevelSpec, { logger });
    assert.deepEqual(warnings, []);
  }
});
