/** HAProxy: `haproxy-tcp` (L4), `haproxy-http`, `haproxy-tls`. One process; workers are threads. */
import { limitsOf, timeoutsOf } from '../config/defaults.ts';
import { POLICY_FEATURES } from '../config/features.ts';
import type { Cluster, LoadBalancing, ProxyIntent } from '../config/intent.ts';
import { TLS12_CIPHERS, TLS13_CIPHERS, TLS_GROUPS } from '../platform/tls-suites.ts';
import { notOffered, offered, place } from '../config/offers.ts';
import type { BinaryQuery } from './binary.ts';
import { HAPROXY_FILTERS, renderFilters } from './haproxy-filters.ts';
import {
  backendPolicies,
  checkPolicies,
  checkSpread,
  HAPROXY_HTTP_POLICIES,
  HAPROXY_TCP_POLICIES,
  serverPolicies,
  stickyBalance,
} from './haproxy-policies.ts';
import { renderRoutes, replyFiles } from './haproxy-routes.ts';
import {
  alpnOf,
  BACKLOG,
  CONNECTIONS,
  POOL,
  SYSTEM_CA,
  certificatesInOrder,
  hostPort,
  requireDefaultCluster,
} from './intent-facts.ts';
import { BOTH_VERSIONS, L4_PEER, L7_PEER, PLAIN_LISTENER, TLS_LISTENER } from './peer-offers.ts';
import { definePeer, type Surroundings } from './peer.ts';
import type { Rendered, Signals } from './process.ts';
import { decidesByPath } from './route-facts.ts';
import { duration, indent, text, type Lines } from './text.ts';

const query: BinaryQuery = {
  title: 'HAProxy',
  names: ['haproxy'],
  versionArgs: ['-v'],
  versionPattern: /HAProxy version (\d+\.\d+\.\d+)/,
  oldest: '2.4.0',
};

/** TERM: at once; USR1: soft stop. */
const signals: Signals = { stop: 'SIGTERM', drain: 'SIGUSR1' };

const BALANCING: Readonly<Record<LoadBalancing, Lines>> = {
  'round-robin': ['balance roundrobin'],
  random: ['balance random(1)'],
  'power-of-two': ['balance random(2)'],
  'least-request': ['balance leastconn'],
  'source-ip': ['balance source', 'hash-type consistent'],
};

/** Descriptors that HAProxy needs besides two a connection. */
const OWN_FILES = 200;

const section = (head: string, lines: Lines): string[] => [head, ...indent(lines)];

function upstreamTls({ tls, endpoints }: Cluster, i: number): string {
  if (!tls) return '';
  const name = tls.serverName ?? endpoints[0]?.host ?? '';
  const trust =
    tls.verify === false
      ? 'verify none'
      : `verify required ca-file ${tls.ca === undefined ? SYSTEM_CA : `upstream-ca${i}.pem`} verifyhost ${name}`;
  const own = tls.certificate ? ` crt upstream${i}.pem` : '';
  return ` ssl sni str(${name}) ssl-min-ver TLSv1.2 ${trust}${own}`;
}

function backend(layer: 'l4' | 'l7', cluster: Cluster, i: number, intent: ProxyIntent): string[] {
  const timeouts = timeoutsOf(intent);
  const { limits } = intent;
  const proxyProtocol = { v1: ' send-proxy', v2: ' send-proxy-v2' } as const;
  return section(`backend cluster_${i}`, [
    stickyBalance(cluster.stickiness) ?? BALANCING[cluster.policy ?? 'round-robin'],
    cluster.connectTimeout !== undefined && `timeout connect ${duration(cluster.connectTimeout)}`,
    backendPolicies(layer, cluster, intent),
    cluster.endpoints.map(({ weight = 1, ...endpoint }, e) =>
      [
        `server endpoint_${e} ${hostPort(endpoint)}`,
        cluster.endpoints.length > 1 ? ` weight ${weight}` : '',
        layer === 'l7'
          ? ` pool-max-conn ${limits?.upstreamIdlePerEndpoint ?? POOL} pool-purge-delay ${duration(timeouts.upstreamIdle)}`
          : '',
        limits?.upstreamPerEndpoint === undefined ? '' : ` maxconn ${limits.upstreamPerEndpoint}`,
        cluster.protocol === 'http2' ? (cluster.tls ? ' alpn h2' : ' proto h2') : '',
        cluster.proxyProtocol ? proxyProtocol[cluster.proxyProtocol] : '',
        serverPolicies(layer, cluster, e),
        upstreamTls(cluster, i),
      ].join(''),
    ),
  ]);
}

/** In the clear it tells HTTP/2 by its preface, without being told to (`disable-h2-upgrade` would). */
function bind(intent: ProxyIntent, { address }: Surroundings): string {
  const { tls, proxyProtocol } = intent.listener;
  const words = [
    `bind ${hostPort(address)}`,
    `backlog ${BACKLOG}`,
    proxyProtocol && 'accept-proxy',
    tls && `ssl crt-list certificates.txt alpn ${alpnOf(intent).join(',')} curves ${TLS_GROUPS.join(':')}`,
    tls && `ssl-min-ver ${tls.minVersion ?? 'TLSv1.2'} ssl-max-ver ${tls.maxVersion ?? 'TLSv1.3'}`,
    tls?.resumption === false && 'no-tls-tickets',
    tls?.clientCa !== undefined && 'ca-file client-ca.pem verify required',
  ];
  return words.filter(Boolean).join(' ');
}

function tlsFiles(intent: ProxyIntent): Pick<Required<Rendered>, 'files' | 'secrets'> {
  const { tls } = intent.listener;
  const certificates = tls ? certificatesInOrder(tls) : [];
  const list = certificates.map(({ serverNames = [] }, i) => [`certificate${i}.pem`, ...serverNames].join(' '));
  return {
    files: certificates.length > 0 ? { 'certificates.txt': text(list) } : {},
    secrets: {
      ...Object.fromEntries(certificates.map(({ cert, key }, i) => [`certificate${i}.pem`, `${cert}\n${key}`])),
      ...(tls?.clientCa !== undefined && { 'client-ca.pem': tls.clientCa }),
      ...Object.fromEntries(
        intent.clusters.flatMap(({ tls: upstream }, i) => [
          ...(upstream?.ca === undefined ? [] : [[`upstream-ca${i}.pem`, upstream.ca]]),
          ...(upstream?.certificate
            ? [[`upstream${i}.pem`, `${upstream.certificate.cert}\n${upstream.certificate.key}`]]
            : []),
        ]),
      ),
    },
  };
}

interface Part {
  readonly timeouts: Lines;
  readonly rules: Lines;
}

function tcpPart(intent: ProxyIntent): Part {
  const timeouts = timeoutsOf(intent);
  const { l4 } = intent;
  return {
    timeouts: [
      `timeout client ${duration(timeouts.tunnelIdle)}`,
      `timeout server ${duration(timeouts.tunnelIdle)}`,
      `timeout client-fin ${duration(timeouts.halfClosed)}`,
      `timeout server-fin ${duration(timeouts.halfClosed)}`,
    ],
    rules: [
      l4?.denySources?.length && `tcp-request connection reject if { src ${l4.denySources.join(' ')} }`,
      l4?.allowSources?.length && `tcp-request connection reject if !{ src ${l4.allowSources.join(' ')} }`,
      `default_backend cluster_${intent.clusters.indexOf(requireDefaultCluster(intent))}`,
    ].filter((line) => typeof line === 'string'),
  };
}

function httpPart(intent: ProxyIntent, filters: ReturnType<typeof renderFilters>): Part {
  const timeouts = timeoutsOf(intent);
  const { tls } = intent.listener;
  const forwardsFor = intent.forwarding?.xForwardedFor !== false;
  return {
    timeouts: [
      `timeout client ${duration(timeouts.requestBody)}`,
      `timeout server ${duration(timeouts.upstreamResponse)}`,
      `timeout http-request ${duration(timeouts.requestHead)}`,
      `timeout http-keep-alive ${duration(timeouts.downstreamIdle)}`,
      `timeout tunnel ${duration(timeouts.tunnelIdle)}`,
      'http-reuse always',
    ],
    rules: [
      intent.escapedSlashes === 'refuse' && 'http-request deny deny_status 400 if { path -m sub -i %2f }',
      forwardsFor
        ? [
            'http-request set-header X-Forwarded-For %[src]',
            `http-request set-header X-Forwarded-Proto ${tls ? 'https' : 'http'}`,
            'http-request set-header X-Forwarded-Host %[req.hdr(host)]',
          ]
        : ['X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'Forwarded'].map(
            (name) => `http-request del-header ${name}`,
          ),
      filters.rules,
      renderRoutes(intent),
    ],
  };
}

function render(layer: 'l4' | 'l7', intent: ProxyIntent, surroundings: Surroundings): Rendered {
  const timeouts = timeoutsOf(intent);
  const limits = limitsOf(intent);
  const { tls } = intent.listener;
  const connections = Math.floor((Math.min(CONNECTIONS, surroundings.openFiles) - OWN_FILES) / 2);
  const filters = renderFilters(intent);

  const mode = { l4: 'tcp', l7: 'http' } as const;
  const own = layer === 'l4' ? tcpPart(intent) : httpPart(intent, filters);

  const config = text(
    section('global', [
      `nbthread ${intent.concurrency ?? 1}`,
      `maxconn ${Math.min(limits.connections, connections)}`,
      `hard-stop-after ${duration(timeouts.drain)}`,
      checkSpread(intent),
      layer === 'l7' && decidesByPath(intent) && 'expose-experimental-directives', // for normalize-uri
      intent.limits?.headerCount !== undefined && `tune.http.maxhdr ${limits.headerCount}`,
      tls && [
        `ssl-default-bind-ciphers ${TLS12_CIPHERS.join(':')}`,
        `ssl-default-bind-ciphersuites ${TLS13_CIPHERS.join(':')}`,
        // Tickets hold the session; a cache would be a second copy.
        'tune.ssl.cachesize 0',
      ],
    ]),
    section('defaults', [
      `mode ${mode[layer]}`,
      `timeout connect ${duration(timeouts.connect)}`,
      own.timeouts,
      // A refused connection is tried again elsewhere at once: by default only the last of the tries is, each after a second.
      'retries 3',
      'option redispatch 1',
    ]),
    section('frontend main', [bind(intent, surroundings), own.rules]),
    intent.clusters.map((cluster, i) => backend(layer, cluster, i, intent)),
    filters.sections,
  );
  const { files, secrets } = tlsFiles(intent);
  const configs = [...(filters.config === undefined ? [] : [filters.config]), 'haproxy.cfg'].flatMap((file) => [
    '-f',
    file,
  ]);
  return {
    files: { 'haproxy.cfg': config, ...files, ...replyFiles(intent) },
    secrets: { ...secrets, ...filters.secrets },
    args: ['-db', ...configs],
    check: ['-c', '-q', ...configs],
    processes: 1,
  };
}

const COMMON = place(
  offered('balancing', 'endpoint weights', ...POLICY_FEATURES, 'connect timeout per cluster'),
  offered('tls-origination', 'client certificate upstream'),
  offered('proxy-protocol-in', 'proxy-protocol-out', 'PROXY protocol v2 upstream', 'workers', 'drain'),
  offered('limits.connections', 'limits.upstreamPerEndpoint'),
  offered('timeouts.connect', 'timeouts.tunnelIdle', 'timeouts.drain'),
);

const HTTP = place(
  L7_PEER,
  BOTH_VERSIONS,
  COMMON,
  HAPROXY_HTTP_POLICIES,
  offered('routing', 'routes by host', 'routes by path', 'routes by method', 'routes by header'),
  offered('weighted-clusters', 'local replies', 'request header edits', 'response header edits'),
  offered('prefix rewrite', 'host rewrite', 'no X-Forwarded-*', 'escaped slashes refused', 'upgrade'),
  offered('limits.headerCount', 'limits.upstreamIdlePerEndpoint', 'timeouts.upstreamResponse'),
  offered('timeouts.requestHead', 'timeouts.requestBody', 'timeouts.downstreamIdle'),
  notOffered('limits.headBytes', 'limits.bodyBytes', 'limits.requestsPerConnection'),
  notOffered('timeouts.upstreamIdle', 'timeouts.linger', 'timeouts.connectionAge'),
  HAPROXY_FILTERS,
);

export const haproxyTcp = definePeer({
  name: 'haproxy-tcp',
  family: 'haproxy',
  layer: 'l4',
  summary: 'HAProxy in TCP mode',
  query,
  offers: place(L4_PEER, COMMON, HAPROXY_TCP_POLICIES, offered('source rules', 'timeouts.halfClosed')),
  signals,
  render: (intent, surroundings) => render('l4', intent, surroundings),
});

export const haproxyHttp = definePeer({
  name: 'haproxy-http',
  family: 'haproxy',
  layer: 'l7',
  summary: 'HAProxy in HTTP mode: reverse proxy',
  query,
  offers: place(HTTP, PLAIN_LISTENER),
  signals,
  check: checkPolicies,
  render: (intent, surroundings) => render('l7', intent, surroundings),
});

export const haproxyTls = definePeer({
  name: 'haproxy-tls',
  family: 'haproxy',
  layer: 'l7',
  summary: 'HAProxy: TLS termination, plain HTTP upstream',
  query,
  offers: place(HTTP, TLS_LISTENER, offered('mtls', 'certificates by name', 'resumption off')),
  signals,
  check: checkPolicies,
  render: (intent, surroundings) => render('l7', intent, surroundings),
});
