/** Caddy: `caddy-http`, `caddy-tls`. One process; workers are Go's scheduler threads. Source: Caddy's JSON structure. */
import { limitsOf, timeoutsOf } from '../config/defaults.ts';
import { POLICY_FEATURES } from '../config/features.ts';
import { IntentError } from '../config/intent-error.ts';
import type { Cluster, LoadBalancing, ProxyIntent } from '../config/intent.ts';
import { TLS12_CIPHERS } from '../platform/tls-suites.ts';
import { notOffered, offered, place } from '../config/offers.ts';
import type { BinaryQuery } from './binary.ts';
import { CADDY_POLICIES, healthChecks, retries, stickyPolicy } from './caddy-policies.ts';
import { CADDY_FILTERS, renderFilters } from './caddy-filters.ts';
import { renderRoutes } from './caddy-routes.ts';
import {
  alpnOf,
  certificateFiles,
  certificatesInOrder,
  hostPort,
  ianaName,
  POOL,
  speaksHttp2,
} from './intent-facts.ts';
import { BOTH_VERSIONS, L7_PEER, PLAIN_LISTENER, TLS_LISTENER } from './peer-offers.ts';
import { definePeer, type Surroundings } from './peer.ts';
import { sooner } from './policy-facts.ts';
import type { Rendered, Signals } from './process.ts';

type Json = Record<string, unknown>;

const query: BinaryQuery = {
  title: 'Caddy',
  names: ['caddy'],
  versionArgs: ['version'],
  versionPattern: /v?(\d+\.\d+\.\d+)/,
  oldest: '2.8.0',
};

/** TERM: graceful within its own grace period, so an end at once is KILL. */
const signals: Signals = { stop: 'SIGKILL', drain: 'SIGTERM' };

const POLICY: Readonly<Record<LoadBalancing, Json>> = {
  'round-robin': { policy: 'round_robin' },
  random: { policy: 'random' },
  'power-of-two': { policy: 'random_choose', choose: 2 },
  'least-request': { policy: 'least_conn' },
  'source-ip': { policy: 'client_ip_hash' },
};

const duration = (milliseconds: number): string => `${milliseconds}ms`;

/** Only its round-robin knows weights. */
function policyOf({ policy = 'round-robin', endpoints }: Cluster): Json {
  const weights = endpoints.map(({ weight = 1 }) => weight);
  if (weights.every((weight) => weight === 1)) return POLICY[policy];
  if (policy !== 'round-robin')
    throw new IntentError([
      { path: 'clusters', message: `capability not offered: caddy has no 'endpoint weights' with policy ${policy}` },
    ]);
  return { policy: 'weighted_round_robin', weights };
}

function reverseProxy(intent: ProxyIntent, cluster: Cluster): Json {
  const timeouts = timeoutsOf(intent);
  const { tls } = cluster;
  const i = intent.clusters.indexOf(cluster);
  const perTry = cluster.retry?.perTryTimeout;
  return {
    handler: 'reverse_proxy',
    upstreams: cluster.endpoints.map((endpoint) => ({ dial: hostPort(endpoint) })),
    load_balancing: { selection_policy: stickyPolicy(cluster) ?? policyOf(cluster), ...retries(cluster) },
    ...healthChecks(cluster),
    transport: {
      protocol: 'http',
      versions: cluster.protocol === 'http2' ? [tls ? '2' : 'h2c'] : ['1.1'],
      compression: false, // would ask the origin for gzip on the client's behalf
      dial_timeout: duration(sooner(perTry, cluster.connectTimeout ?? timeouts.connect)),
      response_header_timeout: duration(sooner(perTry, timeouts.upstreamResponse)),
      keep_alive: {
        enabled: true,
        max_idle_conns: 0, // no limit over all hosts
        max_idle_conns_per_host: intent.limits?.upstreamIdlePerEndpoint ?? POOL,
        idle_timeout: duration(timeouts.upstreamIdle),
      },
      ...(tls && {
        tls: {
          ...(tls.serverName !== undefined && { server_name: tls.serverName }),
          ...(tls.verify === false && { insecure_skip_verify: true }),
          ...(tls.ca !== undefined && { ca: { provider: 'file', pem_files: [`upstream-ca${i}.pem`] } }),
        },
      }),
    },
    // Without a pseudonym in the intent no Via is added.
    headers: { request: { delete: ['Via'] }, response: { delete: ['Via'] } },
  };
}

function tlsPolicies(intent: ProxyIntent): Json {
  const { tls } = intent.listener;
  if (!tls) return {};
  const common = {
    alpn: alpnOf(intent),
    protocol_min: (tls.minVersion ?? 'TLSv1.2').replace('TLSv', 'tls'),
    protocol_max: (tls.maxVersion ?? 'TLSv1.3').replace('TLSv', 'tls'),
    cipher_suites: TLS12_CIPHERS.map(ianaName),
    curves: ['x25519', 'secp256r1'],
    ...(tls.clientCa !== undefined && {
      client_authentication: { ca: { provider: 'file', pem_files: ['client-ca.pem'] }, mode: 'require_and_verify' },
    }),
  };
  const certificates = certificatesInOrder(tls);
  const choose = (i: number): Json => ({ ...common, certificate_selection: { any_tag: [`certificate${i}`] } });
  return {
    tls_connection_policies: [
      ...certificates.slice(1).map(({ serverNames = [] }, i) => ({ match: { sni: serverNames }, ...choose(i + 1) })),
      choose(0),
    ],
  };
}

function render(intent: ProxyIntent, { address }: Surroundings): Rendered {
  const timeouts = timeoutsOf(intent);
  const { tls } = intent.listener;
  const certificates = tls ? certificatesInOrder(tls) : [];
  const config = {
    admin: { disabled: true, config: { persist: false } },
    logging: { logs: { default: { level: 'ERROR' } } },
    storage: { module: 'file_system', root: 'storage' },
    apps: {
      http: {
        grace_period: duration(timeouts.drain),
        servers: {
          main: {
            listen: [hostPort(address)],
            protocols: ['h1', ...(speaksHttp2(intent) ? [tls ? 'h2' : 'h2c'] : [])],
            automatic_https: { disable: true },
            idle_timeout: duration(timeouts.downstreamIdle),
            read_header_timeout: duration(timeouts.requestHead),
            max_header_bytes: limitsOf(intent).headBytes,
            routes: [...renderFilters(intent), ...renderRoutes(intent, (cluster) => reverseProxy(intent, cluster))],
            ...tlsPolicies(intent),
          },
        },
      },
      ...(tls && {
        tls: {
          certificates: {
            load_files: certificates.map((_, i) => ({
              certificate: `cert${i}.pem`,
              key: `key${i}.pem`,
              tags: [`certificate${i}`],
            })),
          },
          ...(tls.resumption === false && { session_tickets: { disabled: true } }),
        },
      }),
    },
  };
  return {
    files: { 'caddy.json': JSON.stringify(config, null, 2) },
    secrets: {
      ...certificateFiles(certificates),
      ...(tls?.clientCa !== undefined && { 'client-ca.pem': tls.clientCa }),
      ...Object.fromEntries(
        intent.clusters.flatMap(({ tls: upstream }, i) =>
          upstream?.ca === undefined ? [] : [[`upstream-ca${i}.pem`, upstream.ca]],
        ),
      ),
    },
    args: ['run', '--config', 'caddy.json'],
    check: ['validate', '--config', 'caddy.json'],
    env: { GOMAXPROCS: String(intent.concurrency ?? 1), XDG_DATA_HOME: '.', XDG_CONFIG_HOME: '.', HOME: '.' },
    processes: 1,
  };
}

const HTTP = place(
  L7_PEER,
  BOTH_VERSIONS,
  offered('balancing', 'endpoint weights', ...POLICY_FEATURES, 'connect timeout per cluster', 'tls-origination'),
  offered('routing', 'routes by host', 'routes by path', 'routes by method', 'routes by header'),
  offered('local replies', 'request header edits', 'response header edits', 'prefix rewrite', 'host rewrite'),
  offered('upgrade', 'workers', 'drain', 'limits.headBytes', 'limits.upstreamIdlePerEndpoint'),
  offered('timeouts.requestHead', 'timeouts.downstreamIdle', 'timeouts.upstreamResponse', 'timeouts.upstreamIdle'),
  offered('timeouts.connect', 'timeouts.drain'),
  notOffered('weighted-clusters', 'client certificate upstream', 'no X-Forwarded-*', 'escaped slashes refused'),
  notOffered('proxy-protocol-in', 'proxy-protocol-out', 'PROXY protocol v2 upstream'),
  notOffered('limits.headerCount', 'limits.bodyBytes', 'limits.connections', 'limits.requestsPerConnection'),
  notOffered('limits.upstreamPerEndpoint', 'timeouts.requestBody', 'timeouts.tunnelIdle', 'timeouts.linger'),
  notOffered('timeouts.connectionAge'),
  CADDY_POLICIES,
  CADDY_FILTERS,
);

export const caddyHttp = definePeer({
  name: 'caddy-http',
  family: 'caddy',
  layer: 'l7',
  summary: 'Caddy: HTTP reverse proxy',
  query,
  offers: place(HTTP, PLAIN_LISTENER),
  signals,
  render,
});

export const caddyTls = definePeer({
  name: 'caddy-tls',
  family: 'caddy',
  layer: 'l7',
  summary: 'Caddy: TLS termination, plain HTTP upstream',
  query,
  offers: place(HTTP, TLS_LISTENER, offered('mtls', 'certificates by name', 'resumption off')),
  signals,
  render,
});
