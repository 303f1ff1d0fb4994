/**
 * For Elasticsearch and Kibana: documents for the bulk API (one a trial, one an estimate), an index template, and saved objects with a
 * dashboard. `PUT _index_template/hopcost` with the template first, `POST _bulk` with the documents, then import the saved objects.
 */
import { createHash } from 'node:crypto';
import type { Analysis } from '#bench/analysis/analysis.ts';
import { METRIC_NAMES, metric } from '#bench/analysis/figures/metrics.ts';
import type { Exporter } from './contract.ts';

const INDEX = 'hopcost';

const ofRun = ({ run }: Analysis) => ({
  run: run.run,
  hopcost: run.hopcost,
  revision: run.revision,
  preset: run.preset,
  fingerprint: run.environment.fingerprint,
});

/** The same record always takes the same id: sending it twice changes nothing. */
const idOf = (parts: readonly (string | number)[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);

function bulk(analysis: Analysis): string {
  const { run, trials, scenarios, finishedAt } = analysis;
  const common = ofRun(analysis);
  const ofTrials = trials.map(
    ({ scenario, subject, round, startedAt, state, bound, codes, figures, steal, offered }) => ({
      id: idOf([run.run, 'trial', scenario, subject, round]),
      document: {
        '@timestamp': startedAt,
        kind: 'trial',
        ...common,
        scenario,
        subject,
        round,
        state,
        bound,
        codes,
        offered,
        steal,
        figures,
      },
    }),
  );
  const ofEstimates = scenarios.flatMap(({ scenario, subjects }) =>
    subjects.flatMap(({ subject, layer, tls, metrics }) =>
      METRIC_NAMES.flatMap((name) => {
        const estimate = metrics[name];
        if (!estimate) return [];
        return [
          {
            id: idOf([run.run, 'estimate', scenario.name, subject, name]),
            document: {
              '@timestamp': finishedAt ?? run.startedAt,
              kind: 'estimate',
              ...common,
              scenario: scenario.name,
              subject,
              layer,
              tls,
              metric: name,
              unit: metric(name).unit,
              ...estimate,
            },
          },
        ];
      }),
    ),
  );
  return [...ofTrials, ...ofEstimates]
    .map(
      ({ id, document }) => `${JSON.stringify({ index: { _index: INDEX, _id: id } })}\n${JSON.stringify(document)}\n`,
    )
    .join('');
}

const KEYWORD = { type: 'keyword', ignore_above: 1024 } as const;
const DOUBLE = { type: 'double' } as const;
const LONG = { type: 'long' } as const;

const TEMPLATE = {
  index_patterns: [INDEX, `${INDEX}-*`],
  priority: 200,
  template: {
    settings: { number_of_shards: 1 },
    mappings: {
      dynamic: 'strict',
      properties: {
        '@timestamp': { type: 'date' },
        ...Object.fromEntries(
          [
            'kind',
            'run',
            'hopcost',
            'revision',
            'preset',
            'fingerprint',
            'scenario',
            'subject',
            'layer',
            'state',
            'bound',
            'codes',
            'metric',
            'unit',
          ].map((name) => [name, KEYWORD]),
        ),
        tls: { type: 'boolean' },
        round: LONG,
        n: LONG,
        ...Object.fromEntries(['offered', 'steal', 'value', 'low', 'high', 'coverage'].map((name) => [name, DOUBLE])),
        figures: { properties: Object.fromEntries(METRIC_NAMES.map((name) => [name, DOUBLE])) },
      },
    },
  },
} as const;

const PATTERN = 'hopcost-index-pattern';

/** A panel: a Vega-Lite chart over the estimates of one metric, in the time range of the dashboard. */
const panel = (id: string, title: string, metricName: string, axis: string) => ({
  id,
  type: 'visualization',
  attributes: {
    title,
    description: '',
    version: 1,
    uiStateJSON: '{}',
    kibanaSavedObjectMeta: {
      searchSourceJSON: JSON.stringify({ query: { query: '', language: 'kuery' }, filter: [] }),
    },
    visState: JSON.stringify({
      title,
      type: 'vega',
      aggs: [],
      params: {
        spec: JSON.stringify({
          $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
          data: {
            url: {
              '%context%': true,
              '%timefield%': '@timestamp',
              index: INDEX,
              body: {
                size: 1000,
                sort: [{ '@timestamp': 'asc' }],
                query: {
                  bool: {
                    filter: [
                      { term: { kind: 'estimate' } },
                      { term: { metric: metricName } },
                      '%dashboard_context-filter_clause%',
                    ],
                  },
                },
              },
            },
            format: { property: 'hits.hits' },
          },
          encoding: {
            x: { field: '_source.@timestamp', type: 'temporal', title: 'run' },
            color: { field: '_source.subject', type: 'nominal', title: 'subject' },
          },
          layer: [
            {
              mark: { type: 'line', point: true },
              encoding: { y: { field: '_source.value', type: 'quantitative', title: axis } },
            },
            {
              mark: 'rule',
              encoding: { y: { field: '_source.low', type: 'quantitative' }, y2: { field: '_source.high' } },
            },
          ],
        }),
      },
    }),
  },
  references: [],
});

const PANELS = [
  panel('hopcost-cpu', 'CPU per request', 'cpuPerRequest', 'µs of CPU per request'),
  panel('hopcost-throughput', 'Throughput', 'throughput', 'requests per second'),
  panel('hopcost-p99', 'Response time p99', 'responseP99', 'µs'),
  panel('hopcost-memory', 'Memory per idle connection', 'memoryPerConnection', 'bytes per connection'),
];

function savedObjects(): string {
  const pattern = {
    id: PATTERN,
    type: 'index-pattern',
    attributes: { title: `${INDEX}*`, timeFieldName: '@timestamp' },
    references: [],
  };
  const dashboard = {
    id: 'hopcost-dashboard',
    type: 'dashboard',
    attributes: {
      title: 'hopcost: what the hops cost',
      description: 'Estimates with their intervals, run after run',
      version: 1,
      timeRestore: false,
      optionsJSON: JSON.stringify({ useMargins: true, hidePanelTitles: false }),
      kibanaSavedObjectMeta: {
        searchSourceJSON: JSON.stringify({ query: { query: '', language: 'kuery' }, filter: [] }),
      },
      panelsJSON: JSON.stringify(
        PANELS.map((_, i) => ({
          panelIndex: String(i + 1),
          panelRefName: `panel_${i + 1}`,
          type: 'visualization',
          gridData: { x: (i % 2) * 24, y: Math.floor(i / 2) * 15, w: 24, h: 15, i: String(i + 1) },
          embeddableConfig: {},
        })),
      ),
    },
    references: PANELS.map(({ id }, i) => ({ id, name: `panel_${i + 1}`, type: 'visualization' })),
  };
  return [pattern, ...PANELS, dashboard].map((object) => `${JSON.stringify(object)}\n`).join('');
}

export const elasticsearch: Exporter = {
  format: 'elasticsearch',
  file: 'elasticsearch',
  render: (analysis) =>
    new Map([
      ['bulk.ndjson', bulk(analysis)],
      ['index-template.json', `${JSON.stringify(TEMPLATE, null, 2)}\n`],
      ['dashboard.ndjson', savedObjects()],
    ]),
};
