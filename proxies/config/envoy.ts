/**
 * Reads the Envoy static YAML that people already know into intents, one for each listener, and says which reference proxy each
 * describes. What this subset does not hold is refused by line and path, never ignored. Field names: Envoy API v3, config.bootstrap.
 */
import { readTcpAddress } from './envoy-address.ts';
import { Clusters, type ReadCluster } from './envoy-cluster.ts';
import { type ReadListener, readListener } from './envoy-listener.ts';
import { withConnectionPolicies, withRoutePolicies } from './envoy-policies.ts';
import { Fields } from './fields.ts';
import { IntentError, type IntentProblem } from './intent-error.ts';
import type { Cluster, Endpoint, ProxyIntent } from './intent.ts';
import { parseIntent } from './schema.ts';
import { Source } from './source.ts';

export interface EnvoyListener {
  readonly proxy: ReadListener['proxy'] | 'l7-tls-reencrypt';
  readonly intent: ProxyIntent;
}

export interface EnvoyConfig {
  /** In the order of the file. */
  readonly listeners: readonly [EnvoyListener, ...EnvoyListener[]];
  /** Where all of them tell their statistics. */
  readonly admin?: Endpoint;
  /** What is in the file and does nothing here. */
  readonly notes: readonly IntentProblem[];
}

const NO_EFFECT: Readonly<Record<string, string>> = {
  node: 'there is no control plane to name it to',
  stats_config: 'statistics have one form',
  stats_flush_interval: 'statistics are told when somebody asks',
  stats_sinks: 'statistics are told to who asks the admin listener',
  enable_dispatcher_stats: 'statistics have one form',
};

/** `name` is only for messages. Throws `IntentError` with every problem at once. */
export function readEnvoyConfig(text: string, name = 'envoy.yaml'): EnvoyConfig {
  const source = new Source(text, name);
  const root = new Fields([], source.tree, source);
  const read = readBootstrap(root);
  root.close();
  if (source.problems.length > 0 || !read) throw new IntentError(source.problems);
  const { listeners, admin } = read;
  const [first, ...others] = listeners.map(({ proxy, intent }) => ({ proxy, intent: parseIntent(intent) }));
  return { listeners: [first!, ...others], ...(admin && { admin }), notes: source.notes };
}

function readBootstrap(root: Fields): { listeners: readonly EnvoyListener[]; admin: Endpoint | undefined } | undefined {
  for (const [key, why] of Object.entries(NO_EFFECT)) root.ignore(key, why);
  const admin = readAdmin(root.object('admin'));
  const resources = root.required('static_resources', root.object('static_resources'));
  if (!resources) return undefined;
  const clusters = new Clusters(resources.list('clusters'));
  const fields = resources.list('listeners');
  if (fields.length === 0) resources.refuse('listeners', 'at least one is required');
  const read = fields.map((listener) => readListener(listener, clusters));
  const listeners = read.flatMap((listener) => (listener ? [withClusters(listener, clusters)] : []));
  const used = new Set(listeners.flatMap(({ intent }) => intent.clusters.map(({ name }) => name)));
  for (const { cluster, fields: unused } of clusters.all)
    if (!used.has(cluster.name)) unused.ignore('name', 'no listener leads to this cluster');
  return { listeners, admin };
}

function readAdmin(admin: Fields | undefined): Endpoint | undefined {
  for (const key of ['access_log_path', 'access_log', 'profile_path', 'allow_paths'])
    admin?.ignore(key, 'the admin listener answers /stats and /metrics alone, and logs nothing');
  return admin?.has('address') ? readTcpAddress(admin) : undefined;
}

/** The clusters that it names, and what they make of it. */
function withClusters({ proxy, intent }: ReadListener, clusters: Clusters): EnvoyListener {
  const read = namesOf(intent).flatMap((name) => clusters.get(name) ?? []);
  const isL7 = proxy.startsWith('l7');
  for (const { cluster, fields } of read) {
    if (cluster.tls && !isL7) fields.refuse('transport_socket', 'TLS to origins is for listeners of HTTP');
    if (cluster.proxyProtocol && proxy !== 'l4-tcp' && proxy !== 'l4-sni')
      fields.refuse('transport_socket', 'the PROXY protocol is sent on connections of their own, by tcp_proxy');
  }
  const upstreamIdle = isL7 ? idleOf(read) : undefined;
  const reencrypts = proxy === 'l7-tls' && read.length > 0 && read.every(({ cluster }) => cluster.tls);
  return {
    proxy: reencrypts ? 'l7-tls-reencrypt' : proxy,
    intent: {
      ...intent,
      clusters: read.map((one) => {
        if (proxy === 'l4-udp') return withoutConnections(one);
        const { cluster, breakers } = one;
        return isL7
          ? withRoutePolicies(cluster, breakers, clusters.policiesOf(cluster.name))
          : withConnectionPolicies(cluster, breakers);
      }),
      ...(upstreamIdle !== undefined && { timeouts: { ...intent.timeouts, upstreamIdle } }),
    },
  };
}

/** Envoy wants a connect_timeout of every cluster, those of UDP not excepted. */
function withoutConnections({ cluster, fields }: ReadCluster): Cluster {
  const { connectTimeout, ejection, ...rest } = cluster;
  if (ejection !== undefined) fields.note('outlier_detection', 'does nothing for UDP: nothing tells of a failure');
  if (connectTimeout !== undefined) fields.note('connect_timeout', 'does nothing for UDP: it has no connections');
  return rest;
}

/** Every cluster that an intent leads to, once. */
function namesOf({ defaultCluster, sniRoutes = [], routes = [] }: ReadListener['intent']): string[] {
  const forwarded = routes.flatMap(({ action }) => (action.kind === 'forward' ? action.clusters : []));
  const names = [defaultCluster, ...sniRoutes.map(({ cluster }) => cluster), ...forwarded.map(({ name }) => name)];
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** How long idle connections to origins are kept: one time for all clusters of a listener. */
function idleOf([first, ...others]: readonly ReadCluster[]): number | undefined {
  for (const { idle, fields } of others)
    if (idle !== first?.idle) fields.refuse('name', 'all clusters of a listener have the same idle_timeout, or none');
  return first?.idle;
}
