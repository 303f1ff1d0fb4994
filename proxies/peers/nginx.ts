/** NGINX: `nginx-stream` (L4), `nginx-http`, `nginx-tls`. One renderer; the layer decides which block it fills. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { limitsOf, timeoutsOf } from '../config/defaults.ts';
import { POLICY_FEATURES, RESILIENCE_FEATURES } from '../config/features.ts';
import type { Cluster, LoadBalancing, ProxyIntent } from '../config/intent.ts';
import { notOffered, offered, offeredOf, place, refused, type Offers } from '../config/offers.ts';
import { atLeast, type Binary, type BinaryQuery } from './binary.ts';
import {
  BACKLOG,
  CONNECTIONS,
  POOL,
  UNLIMITED,
  certificateFiles,
  certificatesInOrder,
  hostPort,
  requireDefaultCluster,
  sameForAll,
  speaksHttp2,
} from './intent-facts.ts';
import { NGINX_FILTERS, renderFilters } from './nginx-filters.ts';
import { failures, nextUpstream, NGINX_POLICIES, stickyMap } from './nginx-policies.ts';
import { renderRoutes } from './nginx-routes.ts';
import { sooner } from './policy-facts.ts';
import { downstreamTls, upstreamTls } from './nginx-tls.ts';
import { L4_PEER, L7_PEER, PLAIN_LISTENER, TLS_LISTENER } from './peer-offers.ts';
import { definePeer, type Surroundings } from './peer.ts';
import type { Rendered, Signals } from './process.ts';
import { block, duration, text, type Lines } from './text.ts';

const STREAM_MODULE = 'ngx_stream_module.so';
/** Each creates its temporary folder at start, in a system folder unless told otherwise. */
const TEMPORARY = { client_body: '', proxy: 'proxy', fastcgi: 'fastcgi', uwsgi: 'uwsgi', scgi: 'scgi' } as const;

const query: BinaryQuery = {
  title: 'NGINX',
  names: ['nginx'],
  versionArgs: ['-V'],
  versionPattern: /nginx\/(\d+\.\d+\.\d+)/,
  oldest: '1.21.4', // proxy_half_close
};

/** TERM: workers end at once; QUIT: they finish what is in flight. */
const signals: Signals = { stop: 'SIGTERM', drain: 'SIGQUIT', reload: 'SIGHUP' };

const streamModule = ({ about }: Binary): string =>
  join(/--modules-path=(\S+)/.exec(about)?.[1] ?? '/usr/lib/nginx/modules', STREAM_MODULE);

const BALANCING: Readonly<Record<LoadBalancing, string | false>> = {
  'round-robin': false, // what it does by itself
  random: 'random;',
  'power-of-two': 'random two least_conn;',
  'least-request': 'least_conn;',
  'source-ip': 'hash $remote_addr consistent;',
};

function upstream(cluster: Cluster, i: number, pool: Lines): string[] {
  return block(`upstream cluster_${i}`, [
    cluster.stickiness ? `hash $sticky_${i} consistent;` : BALANCING[cluster.policy ?? 'round-robin'],
    cluster.endpoints.map(
      ({ weight = 1, ...endpoint }) =>
        `server ${hostPort(endpoint)}${weight === 1 ? '' : ` weight=${weight}`} ${failures(cluster)};`,
    ),
    pool,
  ]);
}

function frame(intent: ProxyIntent, { isRoot, openFiles }: Surroundings, head: Lines, body: Lines): string {
  return text(
    head,
    'daemon off;',
    isRoot && 'user root;', // workers must get into the private folder
    `worker_processes ${intent.concurrency ?? 1};`,
    `worker_shutdown_timeout ${duration(timeoutsOf(intent).drain)};`,
    'pid nginx.pid;',
    'lock_file nginx.lock;',
    'error_log stderr error;',
    block('events', [`worker_connections ${Math.min(CONNECTIONS, openFiles)};`]),
    body,
  );
}

const commands = (config: string): Pick<Rendered, 'args' | 'check'> => {
  const args = ['-p', '.', '-e', 'stderr', '-c', config];
  return { args, check: [...args, '-t', '-q'] };
};

/** Before it `http2` is a word of `listen`, and such a listener in the clear speaks nothing else. */
const hasHttp2Directive = ({ version }: Binary): boolean => atLeast(version, '1.25.1');

function listen(intent: ProxyIntent, { address, binary }: Surroundings, isDefault: boolean): string {
  const words = [
    hostPort(address),
    intent.listener.tls && 'ssl',
    speaksHttp2(intent) && !hasHttp2Directive(binary) && 'http2',
    intent.listener.proxyProtocol && 'proxy_protocol',
    // Options of the socket itself may stand once only.
    isDefault && `backlog=${BACKLOG}`,
    isDefault && (intent.concurrency ?? 1) > 1 && 'reuseport',
  ];
  return `listen ${words.filter(Boolean).join(' ')};`;
}

function renderStream(intent: ProxyIntent, surroundings: Surroundings): Rendered {
  const cluster = requireDefaultCluster(intent);
  const timeouts = timeoutsOf(intent);
  const { binary } = surroundings;
  const { l4, listener } = intent;
  const config = frame(
    intent,
    surroundings,
    [!/--with-stream( |$)/m.test(binary.about) && `load_module ${streamModule(binary)};`],
    block('stream', [
      upstream(cluster, 0, []),
      block('server', [
        listen(intent, surroundings, true),
        listener.proxyProtocol && ['set_real_ip_from 0.0.0.0/0;', 'set_real_ip_from ::/0;'],
        (l4?.denySources ?? []).map((cidr) => `deny ${cidr};`),
        (l4?.allowSources ?? []).map((cidr) => `allow ${cidr};`),
        (l4?.allowSources?.length ?? 0) > 0 && 'deny all;',
        'proxy_pass cluster_0;',
        `proxy_connect_timeout ${duration(cluster.connectTimeout ?? timeouts.connect)};`,
        `proxy_timeout ${duration(timeouts.tunnelIdle)};`,
        'proxy_half_close on;',
        cluster.proxyProtocol && 'proxy_protocol on;',
      ]),
    ]),
  );
  return { files: { 'nginx.conf': config }, ...commands('nginx.conf'), processes: 1 + (intent.concurrency ?? 1) };
}

function renderHttp(intent: ProxyIntent, surroundings: Surroundings): Rendered {
  const certificates = intent.listener.tls ? certificatesInOrder(intent.listener.tls) : [];
  const routes = renderRoutes(intent);
  const filters = renderFilters(intent);
  const tls = upstreamTls(intent);
  const { about } = surroundings.binary;
  const { upstreamIdle } = timeoutsOf(intent);

  const server = (certificate: number): string[] =>
    block('server', [
      listen(intent, surroundings, certificate === 0),
      certificate > 0 && `server_name ${certificates[certificate]?.serverNames?.join(' ')};`,
      speaksHttp2(intent) && hasHttp2Directive(surroundings.binary) && 'http2 on;',
      downstreamTls(intent, certificate),
      intent.escapedSlashes === 'refuse' && 'if ($request_uri ~* "^[^?]*%2f") { return 400; }',
      routes.server,
      filters.server,
      block('location /', [
        routes.upstream === undefined
          ? 'return 404;'
          : [`proxy_pass ${tls.scheme}://${routes.upstream};`, passed(intent), tls.lines],
        filters.location,
      ]),
    ]);

  const config = frame(
    intent,
    surroundings,
    [],
    block('http', [
      'access_log off;',
      'server_tokens off;',
      Object.entries(TEMPORARY)
        .filter(([, module]) => module === '' || !about.includes(`--without-http_${module}_module`))
        .map(([name]) => `${name}_temp_path ${name};`),
      block('map $http_upgrade $upgrade_connection', ['default upgrade;', '"" "";']),
      intent.clusters.map(stickyMap),
      intent.clusters.map((cluster, i) =>
        upstream(cluster, i, [
          `keepalive ${POOL};`,
          `keepalive_requests ${UNLIMITED};`,
          `keepalive_time ${duration(0)};`,
          `keepalive_timeout ${duration(upstreamIdle)};`,
        ]),
      ),
      routes.http,
      filters.http,
      intent.listener.proxyProtocol && [
        'set_real_ip_from 0.0.0.0/0;',
        'set_real_ip_from ::/0;',
        'real_ip_header proxy_protocol;',
      ],
      bounds(intent),
      (certificates.length === 0 ? [0] : certificates.map((_, i) => i)).map(server),
    ]),
  );
  return {
    files: { 'nginx.conf': config },
    secrets: {
      ...certificateFiles(certificates),
      ...tls.files,
      ...filters.secrets,
      ...(intent.listener.tls?.clientCa !== undefined && { 'client-ca.pem': intent.listener.tls.clientCa }),
    },
    ...commands('nginx.conf'),
    processes: 1 + (intent.concurrency ?? 1),
  };
}

/** What goes along with a request. An empty value leaves the field out. */
function passed({ forwarding }: ProxyIntent): Lines {
  const forwardsFor = forwarding?.xForwardedFor !== false;
  return [
    'proxy_http_version 1.1;',
    'proxy_set_header Host $http_host;',
    'proxy_set_header Upgrade $http_upgrade;',
    'proxy_set_header Connection $upgrade_connection;',
    `proxy_set_header X-Forwarded-For ${forwardsFor ? '$remote_addr' : '""'};`,
    `proxy_set_header X-Forwarded-Proto ${forwardsFor ? '$scheme' : '""'};`,
    `proxy_set_header X-Forwarded-Host ${forwardsFor ? '$http_host' : '""'};`,
    !forwardsFor && 'proxy_set_header Forwarded "";',
    'proxy_pass_header Server;',
    'proxy_pass_header Date;',
  ];
}

/** Time-outs, sizes and retries; bodies pass through memory, not by way of files. */
function bounds(intent: ProxyIntent): Lines {
  const timeouts = timeoutsOf(intent);
  const limits = limitsOf(intent);
  const connect = sameForAll(intent, 'nginx', 'connectTimeout', (cluster) => cluster.connectTimeout);
  const retry = sameForAll(intent, 'nginx', 'retry', (cluster) => cluster.retry);
  const perTry = retry?.perTryTimeout;
  return [
    `keepalive_timeout ${duration(timeouts.downstreamIdle)};`,
    `keepalive_requests ${Math.min(limits.requestsPerConnection, UNLIMITED)};`,
    `keepalive_time ${duration(timeouts.connectionAge)};`,
    `client_header_timeout ${duration(timeouts.requestHead)};`,
    `client_body_timeout ${duration(timeouts.requestBody)};`,
    `lingering_timeout ${duration(timeouts.linger)};`,
    `client_max_body_size ${limits.bodyBytes === Number.MAX_SAFE_INTEGER ? 0 : limits.bodyBytes};`,
    'large_client_header_buffers 4 32k;',
    `proxy_connect_timeout ${duration(sooner(perTry, connect ?? timeouts.connect))};`,
    `proxy_read_timeout ${duration(sooner(perTry, timeouts.upstreamResponse))};`,
    retry && nextUpstream(retry),
    `proxy_send_timeout ${duration(timeouts.requestBody)};`,
    'proxy_request_buffering off;',
    'proxy_max_temp_file_size 0;',
  ];
}

const HTTP = place(
  L7_PEER,
  offered('HTTP/2 downstream'),
  refused('speaks HTTP/1.1 to origins', 'HTTP/2 upstream'),
  offered('balancing', 'endpoint weights', ...POLICY_FEATURES, 'connect timeout per cluster'),
  offered('tls-origination', 'client certificate upstream'),
  offered('routing', 'routes by host', 'routes by path', 'routes by method', 'routes by header'),
  offered('weighted-clusters', 'local replies', 'no X-Forwarded-*', 'escaped slashes refused'),
  offered('proxy-protocol-in', 'workers', 'upgrade', 'drain'),
  offered('limits.bodyBytes', 'limits.requestsPerConnection'),
  offered('timeouts.requestHead', 'timeouts.requestBody', 'timeouts.downstreamIdle', 'timeouts.connectionAge'),
  offered('timeouts.connect', 'timeouts.upstreamResponse', 'timeouts.upstreamIdle'),
  offered('timeouts.linger', 'timeouts.drain'),
  notOffered('request header edits', 'response header edits', 'prefix rewrite', 'host rewrite'),
  notOffered('proxy-protocol-out', 'PROXY protocol v2 upstream'),
  notOffered('limits.headBytes', 'limits.headerCount', 'limits.connections', 'timeouts.tunnelIdle'),
  notOffered('limits.upstreamIdlePerEndpoint', 'limits.upstreamPerEndpoint'),
  NGINX_POLICIES,
  NGINX_FILTERS,
);

const STREAM: Offers = place(
  L4_PEER,
  offered('balancing', 'endpoint weights', ...POLICY_FEATURES, 'connect timeout per cluster'),
  offered('proxy-protocol-in', 'proxy-protocol-out', 'source rules', 'workers', 'drain'),
  offered('timeouts.connect', 'timeouts.tunnelIdle', 'timeouts.drain'),
  notOffered('PROXY protocol v2 upstream', 'tls-origination', 'client certificate upstream'),
  notOffered('limits.connections', 'limits.upstreamPerEndpoint', 'timeouts.halfClosed'),
  offeredOf(RESILIENCE_FEATURES, 'ejection', 'ejection time'),
);

export const nginxStream = definePeer({
  name: 'nginx-stream',
  family: 'nginx',
  layer: 'l4',
  summary: 'NGINX stream module: relays TCP',
  query: {
    ...query,
    lacks: (binary) =>
      /--with-stream( |$)/m.test(binary.about) || existsSync(streamModule(binary))
        ? undefined
        : `has no stream module (${streamModule(binary)})`,
  },
  offers: STREAM,
  signals,
  render: renderStream,
});

export const nginxHttp = definePeer({
  name: 'nginx-http',
  family: 'nginx',
  layer: 'l7',
  summary: 'NGINX: HTTP reverse proxy, HTTP/1.1 upstream',
  query,
  offers: place(HTTP, PLAIN_LISTENER),
  signals,
  render: renderHttp,
});

export const nginxTls = definePeer({
  name: 'nginx-tls',
  family: 'nginx',
  layer: 'l7',
  summary: 'NGINX: TLS termination, HTTP/1.1 upstream',
  query,
  offers: place(HTTP, TLS_LISTENER, offered('mtls', 'certificates by name', 'resumption off')),
  signals,
  render: renderHttp,
});
