/** Apache httpd: `apache-http`, `apache-tls`, on the event MPM: one process a worker, each with a pool of threads. */
import { FILTER_FEATURES, RESILIENCE_FEATURES } from '../config/features.ts';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { limitsOf, timeoutsOf } from '../config/defaults.ts';
import type { Cluster, LoadBalancing, ProxyIntent } from '../config/intent.ts';
import { TLS12_CIPHERS, TLS13_CIPHERS, TLS_GROUPS } from '../platform/tls-suites.ts';
import { notOffered, offered, place } from '../config/offers.ts';
import type { BinaryQuery } from './binary.ts';
import {
  alpnOf,
  BACKLOG,
  speaksHttp2,
  UNLIMITED,
  certificateFiles,
  certificatesInOrder,
  hostPort,
  requireDefaultCluster,
} from './intent-facts.ts';
import { L7_PEER, PLAIN_LISTENER, TLS_LISTENER } from './peer-offers.ts';
import { definePeer, type Surroundings } from './peer.ts';
import type { Rendered, Signals } from './process.ts';
import { indent, text, type Lines } from './text.ts';

const MODULE_FOLDERS = [
  '/usr/lib/apache2/modules', // Debian
  '/usr/lib64/httpd/modules',
  '/usr/lib/httpd/modules',
  '/opt/homebrew/lib/httpd/modules',
];
const moduleFolder = (): string | undefined =>
  MODULE_FOLDERS.find((folder) => existsSync(join(folder, 'mod_proxy_http.so')));
/** Some distributions have it in a package of its own. */
const hasModule = (name: string): boolean => {
  const folder = moduleFolder();
  return folder === undefined || existsSync(join(folder, `mod_${name}.so`));
};

const query: BinaryQuery = {
  title: 'Apache httpd',
  names: ['apache2', 'httpd'],
  versionArgs: ['-v'],
  versionPattern: /Apache\/(\d+\.\d+\.\d+)/,
  oldest: '2.4.47', // upgrade=websocket
  lacks: () => (moduleFolder() === undefined ? `has no mod_proxy_http in ${MODULE_FOLDERS.join(', ')}` : undefined),
};

/** TERM: at once; WINCH: graceful stop. */
const signals: Signals = { stop: 'SIGTERM', drain: 'SIGWINCH' };

const LB_METHOD: Readonly<Partial<Record<LoadBalancing, string>>> = {
  'round-robin': 'byrequests',
  'least-request': 'bybusyness',
};

/** Requests under way in one process; a waiting keep-alive connection needs no thread. */
const THREADS = 256;
/** Connections for each idle thread: enough that idle ones are never refused. */
const ASYNC_FACTOR = 64;

const seconds = (milliseconds: number): number => (milliseconds === 0 ? 86_400 : Math.ceil(milliseconds / 1000));
const modules = (intent: ProxyIntent): string[] => [
  'mpm_event',
  'authz_core',
  'headers',
  'reqtimeout',
  'proxy',
  'proxy_http',
  ...(requireDefaultCluster(intent).endpoints.length > 1
    ? ['slotmem_shm', 'proxy_balancer', 'lbmethod_byrequests', 'lbmethod_bybusyness']
    : []),
  ...(speaksHttp2(intent) ? ['http2'] : []),
  ...(requireDefaultCluster(intent).protocol === 'http2' ? ['proxy_http2'] : []),
  ...(intent.listener.tls ? ['ssl'] : []),
  ...(intent.listener.proxyProtocol ? ['remoteip'] : []),
];

/** Settings of the connections to one endpoint, kept open and shared by all threads of a process. */
function pool(intent: ProxyIntent, cluster: Cluster): string {
  const timeouts = timeoutsOf(intent);
  return [
    'enablereuse=on',
    `max=${THREADS}`,
    `ttl=${seconds(timeouts.upstreamIdle)}`,
    `connectiontimeout=${seconds(cluster.connectTimeout ?? timeouts.connect)}`,
    `timeout=${seconds(timeouts.upstreamResponse)}`,
    'retry=0', // no ejection of endpoints by itself
    'upgrade=websocket',
  ].join(' ');
}

function upstream(intent: ProxyIntent): Lines {
  const cluster = requireDefaultCluster(intent);
  const scheme = cluster.protocol === 'http2' ? 'h2c' : 'http';
  const settings = pool(intent, cluster);
  const [only, ...others] = cluster.endpoints;
  if (others.length === 0) return [`ProxyPass "/" "${scheme}://${hostPort(only!)}/" nocanon ${settings}`];
  return [
    '<Proxy "balancer://cluster">',
    indent([
      cluster.endpoints.map(
        ({ weight = 1, ...endpoint }) =>
          `BalancerMember "${scheme}://${hostPort(endpoint)}" loadfactor=${weight} ${settings}`,
      ),
      `ProxySet lbmethod=${LB_METHOD[cluster.policy ?? 'round-robin'] ?? ''}`,
    ]),
    '</Proxy>',
    'ProxyPass "/" "balancer://cluster/" nocanon',
  ];
}

function virtualHosts(intent: ProxyIntent, { address }: Surroundings): Lines {
  const { tls } = intent.listener;
  if (!tls) return [];
  const versions = (['TLSv1.2', 'TLSv1.3'] as const).filter(
    (version) => version >= (tls.minVersion ?? 'TLSv1.2') && version <= (tls.maxVersion ?? 'TLSv1.3'),
  );
  return certificatesInOrder(tls).map(({ serverNames = [] }, i) => [
    `<VirtualHost ${hostPort(address)}>`,
    indent([
      i > 0 && [
        `ServerName ${serverNames[0]}`,
        serverNames.length > 1 && `ServerAlias ${serverNames.slice(1).join(' ')}`,
      ],
      'SSLEngine on',
      `SSLCertificateFile cert${i}.pem`,
      `SSLCertificateKeyFile key${i}.pem`,
      `SSLProtocol -all ${versions.map((version) => `+${version}`).join(' ')}`,
      `SSLCipherSuite ${TLS12_CIPHERS.join(':')}`,
      `SSLCipherSuite TLSv1.3 ${TLS13_CIPHERS.join(':')}`,
      `SSLOpenSSLConfCmd Groups ${TLS_GROUPS.join(':')}`,
      'SSLHonorCipherOrder on',
      `SSLSessionTickets ${tls.resumption === false ? 'off' : 'on'}`,
      tls.clientCa !== undefined && [
        'SSLCACertificateFile client-ca.pem',
        'SSLVerifyClient require',
        'SSLVerifyDepth 5',
      ],
    ]),
    '</VirtualHost>',
  ]);
}

function render(intent: ProxyIntent, surroundings: Surroundings): Rendered {
  const timeouts = timeoutsOf(intent);
  const limits = limitsOf(intent);
  const workers = intent.concurrency ?? 1;
  const { tls, proxyProtocol } = intent.listener;
  const forwardsFor = intent.forwarding?.xForwardedFor !== false;
  const folder = moduleFolder() ?? MODULE_FOLDERS[0];
  const config = text(
    modules(intent).map((name) => `LoadModule ${name}_module ${folder}/mod_${name}.so`),
    surroundings.isRoot && ['User #65534', 'Group #65534'], // it refuses to run its children as root
    'ServerName localhost',
    `Listen ${hostPort(surroundings.address)}`,
    `ListenBackLog ${BACKLOG}`,
    'DefaultRuntimeDir .',
    'PidFile apache.pid',
    'ErrorLog error.log',
    'LogLevel error',
    'ServerTokens Prod',
    `StartServers ${workers}`,
    `ServerLimit ${workers}`,
    `ThreadLimit ${THREADS}`,
    `ThreadsPerChild ${THREADS}`,
    `MaxRequestWorkers ${workers * THREADS}`,
    'MinSpareThreads 1',
    `MaxSpareThreads ${workers * THREADS}`,
    `AsyncRequestWorkerFactor ${ASYNC_FACTOR}`,
    'MaxConnectionsPerChild 0',
    'KeepAlive On',
    `KeepAliveTimeout ${seconds(timeouts.downstreamIdle)}`,
    `MaxKeepAliveRequests ${limits.requestsPerConnection < UNLIMITED ? limits.requestsPerConnection : 0}`,
    `Timeout ${seconds(timeouts.requestBody)}`,
    `RequestReadTimeout header=${seconds(timeouts.requestHead)} body=${seconds(timeouts.requestBody)}`,
    `GracefulShutdownTimeout ${seconds(timeouts.drain)}`,
    `LimitRequestFields ${limits.headerCount}`,
    `LimitRequestBody ${limits.bodyBytes === Number.MAX_SAFE_INTEGER ? 0 : limits.bodyBytes}`,
    'AllowEncodedSlashes NoDecode',
    'MergeSlashes Off',
    proxyProtocol && 'RemoteIPProxyProtocol On',
    speaksHttp2(intent) && `Protocols ${tls ? alpnOf(intent).join(' ') : 'h2c http/1.1'}`,
    tls && 'SSLSessionCache none',
    'ProxyRequests Off',
    'ProxyPreserveHost On',
    'ProxyVia Off',
    'ProxyAddHeaders Off',
    forwardsFor
      ? [
          'RequestHeader set X-Forwarded-For "expr=%{REMOTE_ADDR}"',
          `RequestHeader set X-Forwarded-Proto ${tls ? 'https' : 'http'}`,
          'RequestHeader set X-Forwarded-Host "expr=%{HTTP_HOST}"',
        ]
      : ['X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'Forwarded'].map(
          (name) => `RequestHeader unset ${name}`,
        ),
    upstream(intent),
    virtualHosts(intent, surroundings),
  );
  const args = ['-d', '.', '-f', 'apache.conf'];
  return {
    files: { 'apache.conf': config },
    secrets: {
      ...certificateFiles(tls ? certificatesInOrder(tls) : []),
      ...(tls?.clientCa !== undefined && { 'client-ca.pem': tls.clientCa }),
    },
    args: [...args, '-D', 'FOREGROUND'],
    check: [...args, '-t'],
    log: 'error.log',
    processes: 1 + workers,
  };
}

/** No TLS to the origin: with the client's Host kept, mod_ssl verifies the origin's certificate against that, not against a given name. */
const HTTP = place(
  L7_PEER,
  (hasModule('http2') ? offered : notOffered)('HTTP/2 downstream'),
  (hasModule('proxy_http2') ? offered : notOffered)('HTTP/2 upstream'),
  offered('balancing', 'endpoint weights', 'policy least-request', 'connect timeout per cluster'),
  offered('no X-Forwarded-*', 'proxy-protocol-in', 'upgrade', 'workers', 'drain'),
  offered('limits.headerCount', 'limits.bodyBytes', 'limits.requestsPerConnection'),
  offered('timeouts.requestHead', 'timeouts.requestBody', 'timeouts.downstreamIdle'),
  offered('timeouts.connect', 'timeouts.upstreamResponse', 'timeouts.upstreamIdle', 'timeouts.drain'),
  notOffered('policy random', 'policy power-of-two', 'policy source-ip'),
  notOffered('tls-origination', 'client certificate upstream', 'proxy-protocol-out', 'PROXY protocol v2 upstream'),
  notOffered('routing', 'routes by host', 'routes by path', 'routes by method', 'routes by header'),
  notOffered('weighted-clusters', 'local replies', 'request header edits', 'response header edits'),
  notOffered('prefix rewrite', 'host rewrite', 'escaped slashes refused'),
  notOffered('limits.headBytes', 'limits.connections', 'limits.upstreamIdlePerEndpoint'),
  notOffered(...RESILIENCE_FEATURES, ...FILTER_FEATURES),
  notOffered('limits.upstreamPerEndpoint', 'timeouts.tunnelIdle', 'timeouts.linger', 'timeouts.connectionAge'),
);

export const apacheHttp = definePeer({
  name: 'apache-http',
  family: 'apache',
  layer: 'l7',
  summary: 'Apache httpd: mod_proxy_http on the event MPM',
  query,
  offers: place(HTTP, PLAIN_LISTENER),
  signals,
  render,
});

export const apacheTls = definePeer({
  name: 'apache-tls',
  family: 'apache',
  layer: 'l7',
  summary: 'Apache httpd: TLS termination by mod_ssl, plain HTTP upstream',
  query,
  offers: place(HTTP, TLS_LISTENER, offered('mtls', 'certificates by name', 'resumption off')),
  signals,
  render,
});
