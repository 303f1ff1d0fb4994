/** Prometheus text exposition format 0.0.4. */
import { LATENCY_BUCKETS, type PolicyStats, type ProxyStats, type TrafficSnapshot } from './traffic.ts';

type Labels = Readonly<Record<string, string>>;

interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: (traffic: TrafficSnapshot, labels: Labels) => string[];
}

const escape = (text: string) => text.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));

const sample = (name: string, labels: Labels, value: number) =>
  `${name}{${Object.entries(labels)
    .map(([key, text]) => `${key}="${escape(text)}"`)
    .join(',')}} ${value}`;

const single = (
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  value: (traffic: TrafficSnapshot) => number,
): Metric => ({ name, type, help, samples: (traffic, labels) => [sample(name, labels, value(traffic))] });

const metrics: readonly Metric[] = [
  single('hopcost_connections_total', 'counter', 'Connections accepted or opened.', (t) => t.connections),
  single('hopcost_connections_active', 'gauge', 'Connections or requests under way.', (t) => t.active),
  single('hopcost_requests_total', 'counter', 'Requests.', (t) => t.requests),
  single('hopcost_errors_total', 'counter', 'Refused, failed, reset or timed out.', (t) => t.errors),
  single('hopcost_received_bytes_total', 'counter', 'Bytes received from clients.', (t) => t.bytesReceived),
  single('hopcost_sent_bytes_total', 'counter', 'Bytes sent to clients.', (t) => t.bytesSent),
  {
    name: 'hopcost_responses_total',
    type: 'counter',
    help: 'Responses by class.',
    samples: (traffic, labels) =>
      [1, 2, 3, 4, 5].map((code) =>
        sample('hopcost_responses_total', { ...labels, code: `${code}xx` }, traffic.codes[code]!),
      ),
  },
  {
    name: 'hopcost_reasons_total',
    type: 'counter',
    help: 'Answers of our own, refusals, resets and drops, by reason.',
    samples: (traffic, labels) =>
      Object.entries(traffic.reasons).map(([reason, times]) =>
        sample('hopcost_reasons_total', { ...labels, reason }, times),
      ),
  },
  {
    name: 'hopcost_duration_seconds',
    type: 'histogram',
    help: 'Of responses (L7) or connections (L4).',
    samples(traffic, labels) {
      let count = 0;
      const buckets = traffic.latency.map((inBucket, index) => {
        count += inBucket;
        const le = index === LATENCY_BUCKETS - 1 ? '+Inf' : String(2 ** index / 1e6);
        return sample('hopcost_duration_seconds_bucket', { ...labels, le }, count);
      });
      return [
        ...buckets,
        sample('hopcost_duration_seconds_sum', labels, traffic.latencyMicros / 1e6),
        sample('hopcost_duration_seconds_count', labels, count),
      ];
    },
  },
];

interface ClusterMetric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: (policies: PolicyStats, cluster: string) => readonly (readonly [Labels, number])[];
}

const CLUSTER_METRICS: readonly ClusterMetric[] = [
  {
    name: 'hopcost_cluster_events_total',
    type: 'counter',
    help: 'What policies of a cluster did, by kind.',
    samples: ({ events }, cluster) => Object.entries(events).map(([kind, times]) => [{ cluster, kind }, times]),
  },
  {
    name: 'hopcost_cluster_panic',
    type: 'gauge',
    help: '1: so few endpoints are in order that all are used.',
    samples: ({ panic }, cluster) => [[{ cluster }, Number(panic)]],
  },
  {
    name: 'hopcost_cluster_breaker_open',
    type: 'gauge',
    help: '1: requests are refused at this bound.',
    samples: ({ open }, cluster) => open.map((bound) => [{ cluster, bound }, 1]),
  },
  {
    name: 'hopcost_cluster_waiting',
    type: 'gauge',
    help: 'Requests that wait for room at an endpoint.',
    samples: ({ waiting }, cluster) => [[{ cluster }, waiting]],
  },
];

/** Of clusters that have policies, and of endpoints that are left out. */
function policyLines({ clusters }: ProxyStats): string[] {
  const out = clusters.flatMap(({ name: cluster, endpoints }) =>
    endpoints.flatMap(({ address: endpoint, out: why }) =>
      why === undefined ? [] : [sample('hopcost_endpoint_out', { cluster, endpoint, why }, 1)],
    ),
  );
  const told = clusters.flatMap(({ name, policies }) => (policies ? [{ name, policies }] : []));
  if (told.length === 0) return [];
  return [
    ...CLUSTER_METRICS.flatMap(({ name, type, help, samples }) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...told.flatMap((one) => samples(one.policies, one.name).map(([labels, value]) => sample(name, labels, value))),
    ]),
    '# HELP hopcost_endpoint_out 1: an endpoint is left out.',
    '# TYPE hopcost_endpoint_out gauge',
    ...out,
  ];
}

/** Every figure of the listener and of every endpoint; a cluster is the sum over its endpoints, left to the query. */
export function prometheusText(stats: ProxyStats): string {
  const parts = [
    { traffic: stats.listener.traffic, labels: { listener: stats.listener.address } },
    ...stats.clusters.flatMap(({ name, endpoints }) =>
      endpoints.map(({ address, traffic }) => ({ traffic, labels: { cluster: name, endpoint: address } })),
    ),
  ];
  return metrics
    .flatMap(({ name, type, help, samples }) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...parts.flatMap(({ traffic, labels }) => samples(traffic, labels)),
    ])
    .concat(policyLines(stats))
    .concat(
      stats.loopRestarts === undefined
        ? []
        : [
            '# HELP hopcost_loop_restarts_total Event loops started after one had died.',
            '# TYPE hopcost_loop_restarts_total counter',
            `hopcost_loop_restarts_total ${stats.loopRestarts}`,
          ],
    )
    .join('\n')
    .concat('\n');
}
