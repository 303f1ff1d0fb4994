/**
 * Reads the Envoy static YAML that people already know into an intent, and says which reference proxy it describes. What this subset
 * does not hold is refused by its full path, never ignored. Field names: Envoy API v3, config.bootstrap, listener and cluster.
 */
import { readAccessLog } from './envoy-access-log.ts';
import { readHttp } from './envoy-http.ts';
import { readDownstreamTls, readUpstreamTransport } from './envoy-tls.ts';
import { Fields } from './fields.ts';
import { IntentError } from './intent-error.ts';
import type { Certificate, Cluster, DownstreamTls, Endpoint, LoadBalancing, ProxyIntent, SniRoute } from './intent.ts';
import { parseIntent } from './schema.ts';
import { Source } from './source.ts';

export interface EnvoyConfig {
  readonly proxy: 'l4-tcp' | 'l4-sni' | 'l7-http' | 'l7-tls' | 'l7-tls-reencrypt';
  readonly intent: ProxyIntent;
}

/** Type URLs, version 2 and 3 of Envoy's API. */
const filterKinds = {
  'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy': 'tcp',
  'type.googleapis.com/envoy.config.filter.network.tcp_proxy.v2.TcpProxy': 'tcp',
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager': 'http',
  'type.googleapis.com/envoy.config.filter.network.http_connection_manager.v2.HttpConnectionManager': 'http',
} as const;

const listenerFilters = {
  'envoy.filters.listener.tls_inspector': 'tls-inspector',
  'envoy.filters.listener.proxy_protocol': 'proxy-protocol',
} as const;

/** Envoy's LEAST_REQUEST takes the better of two random endpoints; its hashing is by source address wherever we accept a hash policy. */
const policies: Readonly<Record<string, LoadBalancing>> = {
  ROUND_ROBIN: 'round-robin',
  LEAST_REQUEST: 'power-of-two',
  RANDOM: 'random',
  RING_HASH: 'source-ip',
  MAGLEV: 'source-ip',
};

/** `name` is only for messages. Throws `IntentError` with every problem at once. */
export function readEnvoyConfig(text: string, name = 'envoy.yaml'): EnvoyConfig {
  const source = new Source(text, name);
  const root = new Fields([], source.tree, source);
  const config = readBootstrap(root);
  root.close();
  if (source.problems.length > 0 || !config) throw new IntentError(source.problems);
  return { proxy: config.proxy, intent: parseIntent(config.intent) };
}

function readBootstrap(root: Fields): EnvoyConfig | undefined {
  const admin = root.object('admin');
  const adminAddress = admin && readAddress(admin);
  const resources = root.required('static_resources', root.object('static_resources'));
  if (!resources) return undefined;
  const clusters = resources.list('clusters').map(readCluster);
  const [listener, ...more] = resources.list('listeners');
  for (const another of more) another.refuse('', 'one listener is supported');
  if (!listener) {
    resources.refuse('listeners', 'at least one is required');
    return undefined;
  }
  const read = readListener(listener);
  if (!read) return undefined;
  const { proxy, intent } = read;
  const reencrypts = clusters.some(({ tls }) => tls);
  if (reencrypts && proxy !== 'l7-tls') resources.refuse('clusters', `${proxy} does not speak TLS to origins`);
  return {
    proxy: reencrypts ? 'l7-tls-reencrypt' : proxy,
    intent: { ...intent, clusters, ...(adminAddress && { admin: adminAddress }) },
  };
}

type ListenerConfig = { proxy: 'l4-tcp' | 'l4-sni' | 'l7-http' | 'l7-tls'; intent: Omit<ProxyIntent, 'clusters'> };

function readListener(listener: Fields): ListenerConfig | undefined {
  listener.skip('name');
  const address = readAddress(listener);
  const filters = listener.list('listener_filters').map((filter) => {
    filter.object('typed_config')?.skip('@type');
    return filter.required('name', filter.choice('name', listenerFilters));
  });
  const reusePort = listener.boolean('enable_reuse_port');
  const base: ProxyIntent['listener'] = {
    address,
    ...(filters.includes('proxy-protocol') && { proxyProtocol: true }),
    ...(reusePort !== undefined && { reusePort }),
  };
  const chains = listener.list('filter_chains').map(readChain);
  const [first, ...others] = chains;
  if (!first) {
    listener.refuse('filter_chains', 'at least one is required');
    return undefined;
  }
  if (first.kind === 'tcp') return readTcpChains(listener, base, chains);
  if (first.kind === undefined || !first.config) return undefined;
  const http = readHttp(first.config);
  // Several chains may choose certificates by name, not different behaviour.
  for (const other of others) {
    if (!other.config || JSON.stringify(readHttp(other.config)) !== JSON.stringify(http))
      other.chain.refuse('filters', 'all filter chains of an HTTP listener must have the same filter');
  }
  const tls = joinTls(chains);
  return {
    proxy: tls ? 'l7-tls' : 'l7-http',
    intent: { listener: { ...base, ...(tls && { tls }) }, ...http },
  };
}

interface Chain {
  readonly chain: Fields;
  readonly kind: 'tcp' | 'http' | undefined;
  readonly config: Fields | undefined;
  readonly serverNames: string[] | undefined;
  readonly alpn: string[] | undefined;
  readonly tls: DownstreamTls | undefined;
}

function readChain(chain: Fields): Chain {
  chain.skip('name');
  const match = chain.object('filter_chain_match');
  match?.choice('transport_protocol', { tls: 'tls' });
  const serverNames = match?.strings('server_names');
  const alpn = match?.strings('application_protocols');
  const transport = chain.object('transport_socket');
  const tls = transport && readDownstreamTls(transport);
  const [filter, ...more] = chain.list('filters');
  for (const another of more) another.refuse('', 'one network filter is supported');
  if (!filter) chain.refuse('filters', 'one is required: tcp_proxy or http_connection_manager');
  filter?.skip('name');
  const config = filter?.required('typed_config', filter.object('typed_config'));
  const kind = config?.required('@type', config.choice('@type', filterKinds));
  return { chain, kind, config, serverNames, alpn, tls };
}

function readTcpChains(listener: Fields, base: ProxyIntent['listener'], chains: Chain[]): ListenerConfig {
  let defaultCluster: string | undefined;
  let tunnelIdle: number | undefined;
  let accessLog: string | undefined;
  const sniRoutes: SniRoute[] = [];
  for (const { chain, kind, config, serverNames, alpn, tls } of chains) {
    if (kind !== 'tcp') chain.refuse('filters', 'tcp_proxy and http_connection_manager cannot share a listener');
    if (tls) chain.refuse('transport_socket', 'TLS is passed through below HTTP, not terminated');
    if (!config) continue;
    config.skip('stat_prefix');
    const cluster = config.required('cluster', config.string('cluster')) ?? '';
    for (const policy of config.list('hash_policy')) policy.object('source_ip');
    tunnelIdle = config.duration('idle_timeout') ?? tunnelIdle;
    accessLog = readAccessLog(config) ?? accessLog;
    if (!serverNames && !alpn) defaultCluster ??= cluster;
    else sniRoutes.push({ ...(serverNames && { serverNames }), ...(alpn && { alpn }), cluster });
  }
  if (chains.filter(({ serverNames, alpn }) => !serverNames && !alpn).length > 1)
    listener.refuse('filter_chains', 'two of them match every connection');
  return {
    proxy: sniRoutes.length > 0 ? 'l4-sni' : 'l4-tcp',
    intent: {
      listener: base,
      ...(defaultCluster !== undefined && { defaultCluster }),
      // Envoy prefers the most specific name, whatever the order; an intent the first that matches.
      ...(sniRoutes.length > 0 && { sniRoutes: bySpecificity(sniRoutes) }),
      ...(tunnelIdle !== undefined && { timeouts: { tunnelIdle } }),
      ...(accessLog !== undefined && { accessLog }),
    },
  };
}

function bySpecificity(routes: readonly SniRoute[]): SniRoute[] {
  const rank = ({ serverNames = [] }: SniRoute) => {
    const name = serverNames[0];
    return name === undefined ? 0 : name.startsWith('*') ? name.length : 1000 + name.length;
  };
  return routes
    .flatMap((route) => route.serverNames?.map((name) => ({ ...route, serverNames: [name] })) ?? [route])
    .sort((a, b) => rank(b) - rank(a) || (b.alpn?.length ?? 0) - (a.alpn?.length ?? 0));
}

function joinTls(chains: readonly Chain[]): DownstreamTls | undefined {
  const first = chains[0]!.tls;
  for (const { chain, tls } of chains) {
    if ((tls === undefined) !== (first === undefined))
      chain.refuse('transport_socket', 'all filter chains of a listener have TLS, or none');
  }
  if (!first) return undefined;
  const certificates: Certificate[] = chains.flatMap(({ tls, serverNames }) =>
    (tls?.certificates ?? []).map((pair) => (serverNames ? { ...pair, serverNames } : pair)),
  );
  return { ...first, certificates };
}

/** `address: { socket_address: { address, port_value } }` of whatever has one. */
function readAddress(holder: Fields): Endpoint {
  const address = holder.required('address', holder.object('address'));
  const socket = address?.required('socket_address', address.object('socket_address'));
  socket?.choice('protocol', { TCP: 'TCP' });
  const host = socket?.required('address', socket.string('address')) ?? '';
  const port = socket?.required('port_value', socket.number('port_value')) ?? 0;
  return { host, port };
}

function readCluster(cluster: Fields): Cluster {
  const name = cluster.required('name', cluster.string('name')) ?? '';
  cluster.choice('type', { STATIC: 0, STRICT_DNS: 0, LOGICAL_DNS: 0 });
  cluster.choice('dns_lookup_family', { AUTO: 0, V4_ONLY: 0, V4_PREFERRED: 0, ALL: 0 });
  const connectTimeout = cluster.duration('connect_timeout');
  const policy = cluster.choice('lb_policy', policies);
  const transport = cluster.object('transport_socket');
  const assignment = cluster.required('load_assignment', cluster.object('load_assignment'));
  assignment?.skip('cluster_name');
  const endpoints = (assignment?.list('endpoints') ?? []).flatMap((locality) =>
    locality.list('lb_endpoints').map((host) => {
      const endpoint = host.required('endpoint', host.object('endpoint'));
      const weight = host.number('load_balancing_weight');
      return { ...(endpoint ? readAddress(endpoint) : { host: '', port: 0 }), ...(weight !== undefined && { weight }) };
    }),
  );
  return {
    name,
    endpoints,
    ...(policy && { policy }),
    ...(connectTimeout !== undefined && { connectTimeout }),
    ...(transport && readUpstreamTransport(transport)),
  };
}
