/** Traefik: `traefik-tcp`, `traefik-http`, `traefik-tls`. One process; workers are Go's scheduler threads. */
import { RESILIENCE_FEATURES } from '../config/features.ts';
import { limitsOf, timeoutsOf } from '../config/defaults.ts';
import type { Cluster, Endpoint, HeaderMatch, LoadBalancing, ProxyIntent, Route } from '../config/intent.ts';
import { TLS12_CIPHERS } from '../platform/tls-suites.ts';
import { notOffered, offered, place, type Offers } from '../config/offers.ts';
import type { BinaryQuery } from './binary.ts';
import {
  alpnOf,
  POOL,
  UNLIMITED,
  certificateFiles,
  certificatesInOrder,
  defaultCluster,
  hostPort,
  ianaName,
  requireDefaultCluster,
  sameForAll,
} from './intent-facts.ts';
import { BOTH_VERSIONS, L4_PEER, L7_PEER, PLAIN_LISTENER, TLS_LISTENER } from './peer-offers.ts';
import { definePeer, type Surroundings } from './peer.ts';
import { sooner } from './policy-facts.ts';
import type { Rendered, Signals } from './process.ts';
import { decodedPath, hostsOf, indexOfCluster, prefixPatterns, requireUriPath } from './route-facts.ts';
import { renderFilters, TRAEFIK_FILTERS, type TraefikFilters } from './traefik-filters.ts';
import { retryMiddleware, servicePolicies, TRAEFIK_HTTP_POLICIES } from './traefik-policies.ts';
import { escapeRegExp } from './text.ts';

type Json = Record<string, unknown>;

const query: BinaryQuery = {
  title: 'Traefik',
  names: ['traefik'],
  versionArgs: ['version'],
  versionPattern: /Version:\s+v?(\d+\.\d+\.\d+)/,
  oldest: '3.5.0', // PROXY protocol in a TCP transport; strategies of services since 3.4
};

/** TERM: graceful within its own grace time, so an end at once is KILL. */
const signals: Signals = { stop: 'SIGKILL', drain: 'SIGTERM' };

const STRATEGY: Readonly<Partial<Record<LoadBalancing, string>>> = {
  'round-robin': 'wrr',
  'power-of-two': 'p2c',
  'source-ip': 'hrw',
};

/** Go's time.Duration: 0 is "off" for it, too. */
const duration = (milliseconds: number): string => `${milliseconds}ms`;

/** The rule language quotes as Go does. */
const quote = (value: string): string => JSON.stringify(value);

const HEADER_RULE = {
  present: (name: string) => `HeaderRegexp(${quote(name)}, ".*")`,
  exact: (name: string, value: string) => `Header(${quote(name)}, ${quote(value)})`,
  prefix: (name: string, value: string) => `HeaderRegexp(${quote(name)}, ${quote(`^${escapeRegExp(value)}`)})`,
} satisfies Record<HeaderMatch['match']['kind'], (name: string, value: string) => string>;

function ruleOf(route: Route): string {
  const { path, methods = [], headers = [] } = route.match;
  const hosts = hostsOf(route).map((host) =>
    host.startsWith('*.')
      ? `HostRegexp(${quote(`(?i)^.+${escapeRegExp(host.slice(1))}\\.?$`)})`
      : `Host(${quote(host)})`,
  );
  const anyOf = (rules: readonly string[]): string[] => (rules.length === 0 ? [] : [`(${rules.join(' || ')})`]);
  return [
    `${path?.kind === 'exact' ? 'Path' : 'PathPrefix'}(${quote(decodedPath('traefik', path?.value ?? '/'))})`,
    ...anyOf(hosts),
    ...anyOf(methods.map((method) => `Method(${quote(method)})`)),
    ...headers.map(({ name, match, invert }) => {
      const rule = HEADER_RULE[match.kind](name, match.kind === 'present' ? '' : match.value);
      return `${invert ? '!' : ''}${rule}`;
    }),
  ].join(' && ');
}

/** In the clear HTTP/2 is a scheme of its own. */
const schemeOf = ({ tls, protocol }: Cluster): string => (tls ? 'https' : protocol === 'http2' ? 'h2c' : 'http');

function httpPart(intent: ProxyIntent, filters: TraefikFilters): Json {
  const routes = intent.routes ?? [];
  const tls = intent.listener.tls && { tls: {} };
  const fallback = defaultCluster(intent);
  const routers: Json = {};
  const services: Json = { ...filters.services };
  const middlewares: Json = { ...filters.middlewares };
  /** Of a router to these clusters: one retry for all of them. */
  const middlewaresOf = (names: readonly string[], others: readonly string[] = []): Json => {
    const targets = intent.clusters.filter(({ name }) => names.includes(name));
    const retry =
      targets.length === 0
        ? undefined
        : sameForAll({ ...intent, clusters: targets }, 'traefik', 'retry', (cluster) => cluster.retry);
    const list = [
      ...Object.keys(filters.middlewares),
      ...others,
      ...(retry ? [`retry_${indexOfCluster(intent, names[0]!)}`] : []),
    ];
    return list.length > 0 ? { middlewares: list } : {};
  };
  const leadingTo = (service: string): string => {
    if (!filters.around) return service;
    services[`around_${service}`] = filters.around(service);
    return `around_${service}`;
  };
  for (const [i, route] of routes.entries()) {
    if (route.action.kind !== 'forward') continue; // refused before
    const { clusters, prefixRewrite } = route.action;
    const split = clusters.map(({ name, weight = 1 }) => ({ name: `cluster_${indexOfCluster(intent, name)}`, weight }));
    if (split.length > 1) services[`split_${i}`] = { weighted: { services: split } };
    if (prefixRewrite !== undefined && route.match.path)
      middlewares[`rewrite_${i}`] = {
        replacePathRegex: {
          regex: `${prefixPatterns(route.match.path.value, prefixRewrite).replaced}(.*)`,
          replacement: `${requireUriPath('traefik', prefixRewrite).replaceAll('$', '$$$$')}$1`,
        },
      };
    routers[`route_${i}`] = {
      entryPoints: ['main'],
      rule: ruleOf(route),
      priority: routes.length - i + 1, // the first that matches wins
      service: leadingTo(split.length > 1 ? `split_${i}` : split[0]!.name),
      ...middlewaresOf(
        clusters.map(({ name }) => name),
        `rewrite_${i}` in middlewares ? [`rewrite_${i}`] : [],
      ),
      ...tls,
    };
  }
  if (fallback)
    routers['fallback'] = {
      entryPoints: ['main'],
      rule: 'PathPrefix("/")',
      priority: 1,
      service: leadingTo(`cluster_${intent.clusters.indexOf(fallback)}`),
      ...middlewaresOf([fallback.name]),
      ...tls,
    };
  const transports: Json = {};
  for (const [i, cluster] of intent.clusters.entries()) {
    services[`cluster_${i}`] = serviceOf(cluster, i);
    if (cluster.retry) middlewares[`retry_${i}`] = { retry: retryMiddleware(cluster.retry) };
    transports[`pool_${i}`] = transportOf(cluster, i, intent);
  }
  return {
    routers,
    services,
    serversTransports: transports,
    ...(Object.keys(middlewares).length > 0 && { middlewares }),
  };
}

const serviceOf = (cluster: Cluster, index: number): Json => ({
  loadBalancer: {
    strategy: STRATEGY[cluster.policy ?? 'round-robin'] ?? 'wrr',
    passHostHeader: true,
    serversTransport: `pool_${index}`,
    servers: cluster.endpoints.map(({ weight = 1, ...endpoint }) => ({
      url: `${schemeOf(cluster)}://${hostPort(endpoint)}`,
      ...(cluster.endpoints.length > 1 && { weight }),
    })),
    ...servicePolicies(cluster),
  },
});

/** Connections to a cluster's endpoints. */
function transportOf({ tls, protocol, retry, connectTimeout }: Cluster, index: number, intent: ProxyIntent): Json {
  const timeouts = timeoutsOf(intent);
  const perTry = retry?.perTryTimeout;
  return {
    maxIdleConnsPerHost: intent.limits?.upstreamIdlePerEndpoint ?? POOL,
    disableHTTP2: protocol !== 'http2',
    ...(tls?.serverName !== undefined && { serverName: tls.serverName }),
    ...(tls?.verify === false && { insecureSkipVerify: true }),
    ...(tls?.ca !== undefined && { rootCAs: [`upstream-ca${index}.pem`] }),
    forwardingTimeouts: {
      dialTimeout: duration(sooner(perTry, connectTimeout ?? timeouts.connect)),
      responseHeaderTimeout: duration(sooner(perTry, timeouts.upstreamResponse)),
      idleConnTimeout: duration(timeouts.upstreamIdle),
    },
  };
}

function tcpPart(intent: ProxyIntent): Json {
  const cluster: Cluster = requireDefaultCluster(intent);
  const version = { v1: 1, v2: 2 } as const;
  return {
    routers: { main: { entryPoints: ['main'], rule: 'HostSNI(`*`)', service: 'cluster_0' } },
    services: {
      cluster_0: {
        loadBalancer: {
          servers: cluster.endpoints.map((endpoint) => ({ address: hostPort(endpoint) })),
          serversTransport: 'dial',
        },
      },
    },
    serversTransports: {
      dial: {
        dialTimeout: duration(cluster.connectTimeout ?? timeoutsOf(intent).connect),
        ...(cluster.proxyProtocol && { proxyProtocol: { version: version[cluster.proxyProtocol] } }),
      },
    },
  };
}

function tlsPart(intent: ProxyIntent): Json {
  const { tls } = intent.listener;
  if (!tls) return {};
  const certificates = certificatesInOrder(tls).map((_, i) => ({ certFile: `cert${i}.pem`, keyFile: `key${i}.pem` }));
  const version = (name: 'TLSv1.2' | 'TLSv1.3') => `VersionTLS${name.slice(4).replace('.', '')}`;
  return {
    tls: {
      certificates,
      stores: { default: { defaultCertificate: certificates[0] } },
      options: {
        default: {
          minVersion: version(tls.minVersion ?? 'TLSv1.2'),
          maxVersion: version(tls.maxVersion ?? 'TLSv1.3'),
          cipherSuites: TLS12_CIPHERS.map(ianaName),
          curvePreferences: ['X25519', 'CurveP256'],
          alpnProtocols: alpnOf(intent),
          ...(tls.clientCa !== undefined && {
            clientAuth: { caFiles: ['client-ca.pem'], clientAuthType: 'RequireAndVerifyClientCert' },
          }),
        },
      },
    },
  };
}

/** It listens before it has read its routers; until then it answers 404. Its API says what it has read. */
async function knowsRouters(api: Endpoint, kind: 'http' | 'tcp', signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await fetch(`http://${hostPort(api)}/api/${kind}/routers`, { signal });
    const routers = (await answer.json()) as { provider?: string; status?: string }[];
    return routers.some(({ provider, status }) => provider === 'file' && status === 'enabled');
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

function render(layer: 'l4' | 'l7', intent: ProxyIntent, { address, spare }: Surroundings): Rendered {
  const timeouts = timeoutsOf(intent);
  const limits = limitsOf(intent);
  const { tls, proxyProtocol } = intent.listener;
  const filters = renderFilters(intent);
  const settings = {
    global: { checkNewVersion: false, sendAnonymousUsage: false },
    log: { level: 'ERROR' },
    entryPoints: {
      main: {
        address: hostPort(address),
        ...(proxyProtocol && { proxyProtocol: { insecure: true } }),
        transport: {
          respondingTimeouts: {
            readTimeout: duration(timeouts.requestHead + timeouts.requestBody),
            idleTimeout: duration(timeouts.downstreamIdle),
          },
          lifeCycle: { graceTimeOut: duration(timeouts.drain) },
          ...(limits.requestsPerConnection < UNLIMITED && { keepAliveMaxRequests: limits.requestsPerConnection }),
          ...(timeouts.connectionAge > 0 && { keepAliveMaxTime: duration(timeouts.connectionAge) }),
        },
      },
      // Only to ask whether it is ready.
      traefik: { address: hostPort(spare) },
    },
    api: { insecure: true, dashboard: false },
    providers: { file: { filename: 'dynamic.yaml', watch: false } },
    ...filters.settings,
  };
  const kind = { l4: 'tcp', l7: 'http' } as const;
  const dynamic = { [kind[layer]]: layer === 'l4' ? tcpPart(intent) : httpPart(intent, filters), ...tlsPart(intent) };
  return {
    // YAML, of which JSON is a part. The second is a template besides, in which two braces begin a command.
    files: {
      'traefik.yaml': JSON.stringify(settings, null, 2),
      'dynamic.yaml': JSON.stringify(dynamic, null, 2).replaceAll('{{', '{{"{{"}}'),
    },
    secrets: {
      ...filters.secrets,
      ...certificateFiles(tls ? certificatesInOrder(tls) : []),
      ...(tls?.clientCa !== undefined && { 'client-ca.pem': tls.clientCa }),
      ...Object.fromEntries(
        intent.clusters.flatMap(({ tls: upstream }, i) =>
          upstream?.ca === undefined ? [] : [[`upstream-ca${i}.pem`, upstream.ca]],
        ),
      ),
    },
    args: ['--configFile=traefik.yaml'],
    env: { GOMAXPROCS: String(intent.concurrency ?? 1) },
    processes: 1,
    notReady: async (_address, signal) =>
      (await knowsRouters(spare, kind[layer], signal)) ? undefined : 'it has not read its routers yet',
  };
}

const COMMON = place(
  offered('balancing', 'connect timeout per cluster', 'proxy-protocol-in', 'workers', 'drain'),
  offered('timeouts.connect', 'timeouts.drain'),
  notOffered('policy random', 'policy least-request', 'client certificate upstream'),
  notOffered('limits.connections', 'limits.upstreamPerEndpoint', 'timeouts.tunnelIdle'),
);

const TCP: Offers = place(
  L4_PEER,
  COMMON,
  offered('proxy-protocol-out', 'PROXY protocol v2 upstream'),
  notOffered('endpoint weights', 'policy power-of-two', 'policy source-ip', 'tls-origination', 'source rules'),
  notOffered('timeouts.halfClosed', ...RESILIENCE_FEATURES),
);

const HTTP = place(
  L7_PEER,
  BOTH_VERSIONS, // in the clear it tells HTTP/2 by its preface, without being told to
  COMMON,
  offered('endpoint weights', 'policy power-of-two', 'policy source-ip', 'tls-origination'),
  offered('routing', 'routes by host', 'routes by path', 'routes by method', 'routes by header'),
  offered('weighted-clusters', 'prefix rewrite', 'upgrade'),
  offered('limits.requestsPerConnection', 'limits.upstreamIdlePerEndpoint'),
  offered('timeouts.requestBody', 'timeouts.downstreamIdle', 'timeouts.connectionAge'),
  offered('timeouts.upstreamResponse', 'timeouts.upstreamIdle'),
  notOffered('local replies', 'request header edits', 'response header edits', 'host rewrite'),
  notOffered('no X-Forwarded-*', 'escaped slashes refused', 'proxy-protocol-out', 'PROXY protocol v2 upstream'),
  notOffered('limits.headBytes', 'limits.headerCount', 'limits.bodyBytes'),
  notOffered('timeouts.requestHead', 'timeouts.linger'),
  TRAEFIK_HTTP_POLICIES,
  TRAEFIK_FILTERS,
);

export const traefikTcp = definePeer({
  name: 'traefik-tcp',
  family: 'traefik',
  layer: 'l4',
  summary: 'Traefik TCP router',
  query,
  offers: TCP,
  signals,
  render: (intent, surroundings) => render('l4', intent, surroundings),
});

export const traefikHttp = definePeer({
  name: 'traefik-http',
  family: 'traefik',
  layer: 'l7',
  summary: 'Traefik: HTTP reverse proxy',
  query,
  offers: place(HTTP, PLAIN_LISTENER),
  signals,
  render: (intent, surroundings) => render('l7', intent, surroundings),
});

export const traefikTls = definePeer({
  name: 'traefik-tls',
  family: 'traefik',
  layer: 'l7',
  summary: 'Traefik: TLS termination, plain HTTP upstream',
  query,
  offers: place(HTTP, TLS_LISTENER, offered('mtls', 'certificates by name'), notOffered('resumption off')),
  signals,
  render: (intent, surroundings) => render('l7', intent, surroundings),
});
