/** Envoy's listeners (config.listener.v3): TCP by the network filter of their chains, UDP by their listener filter. */
import { readAccessLog } from './envoy-access-log.ts';
import { readAddress } from './envoy-address.ts';
import type { Clusters } from './envoy-cluster.ts';
import { readHttp } from './envoy-http.ts';
import { readDownstreamTls } from './envoy-tls.ts';
import type { Fields } from './fields.ts';
import { readSettings } from './envoy-settings.ts';
import type { Certificate, DownstreamTls, ProxyIntent, SniRoute } from './intent.ts';

/** What a listener is, but for the clusters that it leads to. */
export interface ReadListener {
  readonly proxy: 'l4-tcp' | 'l4-sni' | 'l4-udp' | 'l7-http' | 'l7-tls';
  readonly intent: Omit<ProxyIntent, 'clusters'>;
}

/** Type URLs, version 2 and 3 of Envoy's API. */
const FILTERS = {
  'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy': 'tcp',
  'type.googleapis.com/envoy.config.filter.network.tcp_proxy.v2.TcpProxy': 'tcp',
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager': 'http',
  'type.googleapis.com/envoy.config.filter.network.http_connection_manager.v2.HttpConnectionManager': 'http',
} as const;

/** By name alone, where the filter's configuration is untyped (`config`), as Envoy's first version had it. */
const UNTYPED = {
  'envoy.filters.network.tcp_proxy': 'tcp',
  'envoy.tcp_proxy': 'tcp',
  'envoy.filters.network.http_connection_manager': 'http',
  'envoy.http_connection_manager': 'http',
} as const;

const LISTENER_FILTERS = {
  'envoy.filters.listener.tls_inspector': 'tls-inspector',
  'envoy.filters.listener.http_inspector': 'http-inspector',
  'envoy.filters.listener.proxy_protocol': 'proxy-protocol',
  'envoy.filters.udp_listener.udp_proxy': 'udp-proxy',
} as const;

const UDP_TYPES = {
  'type.googleapis.com/envoy.extensions.filters.udp.udp_proxy.v3.UdpProxyConfig': 'udp',
} as const;

const NO_EFFECT: Readonly<Record<string, string>> = {
  stat_prefix: 'statistics are named by listener and cluster',
  traffic_direction: 'nothing depends on it',
  per_connection_buffer_limit_bytes: 'a connection holds at most two buffers of 64 KiB',
  tcp_backlog_size: '4,096 connections may wait',
  connection_balance_config: 'the kernel spreads connections over event loops',
  drain_type: 'what is under way is finished, whatever the listener is',
  socket_options: "the system's settings hold",
  udp_listener_config: "the system's settings hold",
};

export function readListener(listener: Fields, clusters: Clusters): ReadListener | undefined {
  const { limits, timeouts } = readSettings(listener);
  const read = readKind(listener, clusters);
  if (!read) return undefined;
  return {
    ...read,
    intent: {
      ...read.intent,
      ...((limits ?? read.intent.limits) && { limits: { ...read.intent.limits, ...limits } }),
      ...((timeouts ?? read.intent.timeouts) && { timeouts: { ...read.intent.timeouts, ...timeouts } }),
    },
  };
}

function readKind(listener: Fields, clusters: Clusters): ReadListener | undefined {
  listener.skip('name');
  for (const [key, why] of Object.entries(NO_EFFECT)) listener.ignore(key, why);
  const { protocol, ...address } = readAddress(listener);
  const filters = listener.list('listener_filters').map((filter) => ({
    filter,
    kind: filter.required('name', filter.choice('name', LISTENER_FILTERS)),
    config: filter.object('typed_config'),
  }));
  const reusePort = listener.boolean('enable_reuse_port') ?? listener.boolean('reuse_port');
  const isAnnounced = filters.some(({ kind }) => kind === 'proxy-protocol');
  const base: ProxyIntent['listener'] = {
    address,
    ...(isAnnounced && { proxyProtocol: true }),
    ...(reusePort !== undefined && { reusePort }),
  };
  const udp = filters.find(({ kind }) => kind === 'udp-proxy');
  if (protocol === 'udp' || udp) return readUdp(listener, base, clusters, protocol === 'udp' ? udp : undefined);
  for (const { config } of filters) config?.skip('@type');
  const byDefault = listener.object('default_filter_chain');
  const chains = [...listener.list('filter_chains'), ...(byDefault ? [byDefault] : [])].map(readChain);
  const [first] = chains;
  if (!first) listener.refuse('filter_chains', 'at least one is required');
  if (first?.kind === undefined) return undefined;
  return first.kind === 'tcp' ? readTcp(listener, base, chains, clusters) : readHttpChains(base, chains, clusters);
}

interface Chain {
  readonly chain: Fields;
  readonly kind: 'tcp' | 'http' | undefined;
  readonly config: Fields | undefined;
  readonly match: Fields | undefined;
  /** Only TLS connections match. */
  readonly onlyTls: boolean;
  readonly serverNames: string[] | undefined;
  readonly alpn: string[] | undefined;
  readonly transport: Fields | undefined;
  readonly tls: DownstreamTls | undefined;
}

function readChain(chain: Fields): Chain {
  chain.skip('name');
  chain.ignore('metadata', 'nothing reads it');
  const match = chain.object('filter_chain_match');
  const onlyTls = match?.choice('transport_protocol', { tls: true }) ?? false;
  const serverNames = match?.strings('server_names');
  const alpn = match?.strings('application_protocols');
  const transport = chain.object('transport_socket');
  const tls = transport && readDownstreamTls(transport);
  const [filter, ...more] = chain.list('filters');
  for (const another of more) {
    another.refuse('', 'one network filter is supported: http_connection_manager or tcp_proxy alone');
    another.leave();
  }
  if (!filter) chain.refuse('filters', 'one is required: tcp_proxy or http_connection_manager');
  const { kind, config } = filter ? readFilter(filter) : {};
  return { chain, kind, config, match, onlyTls, serverNames, alpn, transport, tls };
}

function readFilter(filter: Fields): Pick<Partial<Chain>, 'kind' | 'config'> {
  if (filter.has('config')) return { kind: filter.choice('name', UNTYPED), config: filter.object('config') };
  filter.skip('name');
  const config = filter.required('typed_config', filter.object('typed_config'));
  const kind = config?.required('@type', config.choice('@type', FILTERS));
  if (!kind) config?.leave();
  return { kind, config };
}

function readHttpChains(base: ProxyIntent['listener'], chains: Chain[], clusters: Clusters): ReadListener {
  const tls = joinTls(chains);
  const secure = tls !== undefined;
  const [http, ...others] = chains.map(({ chain, kind, config, match, alpn, onlyTls }) => {
    if (kind !== 'http') {
      chain.refuse('filters', 'tcp_proxy and http_connection_manager cannot share a listener');
      config?.leave();
    }
    if (alpn) match!.refuse('application_protocols', 'chains of HTTP are chosen by server_names alone');
    if (onlyTls && !secure) match!.refuse('transport_protocol', 'a chain without TLS serves plain connections');
    return kind === 'http' && config ? readHttp(config, clusters, secure) : undefined;
  });
  // Several chains may choose certificates by name, not different behaviour.
  for (const [index, other] of others.entries())
    if (other && JSON.stringify(other) !== JSON.stringify(http))
      chains[index + 1]!.chain.refuse('filters', 'all filter chains of an HTTP listener must have the same filter');
  const { http2, ...rest } = http ?? {};
  const spoken = http2 && tls?.alpn ? { ...tls, alpn: ['h2', ...tls.alpn] } : tls;
  return {
    proxy: tls ? 'l7-tls' : 'l7-http',
    intent: { listener: { ...base, ...(spoken && { tls: spoken }), ...(http2 && { http2 }) }, ...rest },
  };
}

/**
 * Certificates may differ by server name. What is demanded of clients may not: a name that is easier to enter by, and a session that was
 * begun there, must not lead to where more is asked for.
 */
function joinTls(chains: readonly Chain[]): DownstreamTls | undefined {
  const first = chains[0]!.tls;
  const demands = (tls: DownstreamTls | undefined) => JSON.stringify({ ...tls, certificates: undefined });
  for (const { chain, transport, tls } of chains) {
    if ((tls === undefined) !== (first === undefined))
      chain.refuse('transport_socket', 'all filter chains of a listener have TLS, or none');
    else if (tls && demands(tls) !== demands(first))
      transport!.refuse(
        '',
        'the names of a listener demand the same of clients (certificate, versions, ALPN, resumption); give this one a listener of its own',
      );
  }
  if (!first) return undefined;
  const certificates: Certificate[] = chains.flatMap(({ tls, serverNames }) =>
    (tls?.certificates ?? []).map((pair) => (serverNames ? { ...pair, serverNames } : pair)),
  );
  const onlyNamed = chains.every(({ serverNames }) => serverNames);
  return { ...first, certificates, ...(onlyNamed && { onlyNamed }) };
}

function readTcp(
  listener: Fields,
  base: ProxyIntent['listener'],
  chains: readonly Chain[],
  clusters: Clusters,
): ReadListener {
  let defaultCluster: string | undefined;
  let tunnelIdle: number | undefined;
  let accessLog: string | undefined;
  const sniRoutes: SniRoute[] = [];
  for (const { chain, kind, config, serverNames, alpn, onlyTls, transport, tls } of chains) {
    if (tls)
      transport!.refuse(
        '',
        'TLS is passed through below HTTP, not terminated; leave it to the origin, or use http_connection_manager',
      );
    if (kind !== 'tcp' || !config) {
      chain.refuse('filters', 'tcp_proxy and http_connection_manager cannot share a listener');
      config?.leave();
      continue;
    }
    config.ignore('stat_prefix', 'statistics are named by listener and cluster');
    config.ignore('max_connect_attempts', 'each endpoint is tried once');
    const cluster = config.required('cluster', clusters.named(config, 'cluster')) ?? '';
    for (const policy of config.list('hash_policy')) policy.object('source_ip');
    tunnelIdle = config.duration('idle_timeout') ?? tunnelIdle;
    accessLog = readAccessLog(config) ?? accessLog;
    if (!serverNames && !alpn && !onlyTls) {
      if (defaultCluster !== undefined) listener.refuse('filter_chains', 'two of them match every connection');
      defaultCluster = cluster;
    } else sniRoutes.push({ ...(serverNames && { serverNames }), ...(alpn && { alpn }), cluster });
  }
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

function readUdp(
  listener: Fields,
  base: ProxyIntent['listener'],
  clusters: Clusters,
  udp: { readonly filter: Fields; readonly config: Fields | undefined } | undefined,
): ReadListener | undefined {
  if (!udp) {
    listener.refuse('address', 'udp_proxy and protocol: UDP go together');
    return undefined;
  }
  const config = udp.filter.required('typed_config', udp.config);
  if (!config) return undefined;
  config.required('@type', config.choice('@type', UDP_TYPES));
  config.ignore('stat_prefix', 'statistics are named by listener and cluster');
  config.ignore('upstream_socket_config', "the system's settings hold");
  for (const policy of config.list('hash_policies')) policy.boolean('source_ip');
  const cluster = clusters.named(config, 'cluster') ?? readUdpRoute(config, clusters);
  if (cluster === undefined) config.refuse('', 'expected either cluster or matcher');
  const udpSession = config.duration('idle_timeout');
  const accessLog = readAccessLog(config);
  return {
    proxy: 'l4-udp',
    intent: {
      listener: base,
      ...(cluster !== undefined && { defaultCluster: cluster }),
      timeouts: { udpSession: udpSession ?? 60_000 }, // Envoy's own
      ...(accessLog !== undefined && { accessLog }),
    },
  };
}

/** The one way of a matcher that every datagram goes. */
function readUdpRoute(config: Fields, clusters: Clusters): string | undefined {
  const action = config.object('matcher')?.object('on_no_match')?.object('action');
  action?.skip('name');
  const route = action?.object('typed_config');
  route?.choice('@type', { 'type.googleapis.com/envoy.extensions.filters.udp.udp_proxy.v3.Route': 0 });
  return route && clusters.named(route, 'cluster');
}
