/** Caddy: `caddy-http`, `caddy-tls`. One process; workers are Go's scheduler threads. Source: Caddy's JSON structure. */
import { limitsOf, timeoutsOf } from '../config/defaults.ts';
import { POLICY_FEATURES } from '../config/features.ts';
import { IntentError } from '../config/intent-error.ts';
import type { Cluster, LoadBalancing, ProxyIntent, Route } from '../config/intent.ts';
import { TLS12_CIPHERS } from '../platform/tls-suites.ts';
import { notOffered, offered, place } from '../config/offers.ts';
import type { BinaryQuery } from './binary.ts';
import { certificateFiles, certificatesInOrder, defaultCluster, hostPort, ianaName, POOL } from './intent-facts.ts';
import { L7_PEER, PLAIN_LISTENER, TLS_LISTENER } from './peer-offers.ts';
import { definePeer, type Surroundings } from './peer.ts';
import type { Rendered, Signals } from './process.ts';
import {
  decodedPath,
  editsOf,
  hostPattern,
  indexOfCluster,
  prefixPatterns,
  refuseRoute,
  replyOf,
  requireUriPath,
  withoutRedirect,
  type FieldEdit,
} from './route-facts.ts';
import { escapeRegExp } from './text.ts';

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
  return {
    handler: 'reverse_proxy',
    upstreams: cluster.endpoints.map((endpoint) => ({ dial: hostPort(endpoint) })),
    load_balancing: { selection_policy: policyOf(cluster) },
    transport: {
      protocol: 'http',
      versions: ['1.1'],
      compression: false, // would ask the origin for gzip on the client's behalf
      dial_timeout: duration(cluster.connectTimeout ?? timeouts.connect),
      response_header_timeout: duration(timeouts.upstreamResponse),
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

/** Caddy's own path and host matchers ignore case and end wildcards at a dot; regular expressions say exactly what is meant. */
function matchOf(route: Route): Json {
  const { path, methods = [], headers = [] } = route.match;
  const hosts = hostPattern(route);
  const expressions = headers.map(({ name, match, invert }): Json => {
    if (/[_.]/.test(name)) refuseRoute('caddy', `drops fields with such names as '${name}'`);
    const test: Json =
      match.kind === 'present'
        ? { header: { [name]: ['*'] } }
        : {
            header_regexp: { [name]: { pattern: `^${escapeRegExp(match.value)}${match.kind === 'exact' ? '$' : ''}` } },
          };
    return invert ? { not: [test] } : test;
  });
  const regexps = Object.assign({}, ...expressions.map((test) => test['header_regexp'] ?? {})) as Json;
  if (hosts !== undefined) regexps['Host'] = { pattern: `(?i)^${hosts}$` };
  const present = Object.assign({}, ...expressions.map((test) => test['header'] ?? {})) as Json;
  const not = expressions.flatMap((test) => (test['not'] as Json[] | undefined) ?? []);
  return {
    ...(path && {
      path_regexp: { pattern: `^${escapeRegExp(decodedPath('caddy', path.value))}${path.kind === 'exact' ? '$' : ''}` },
    }),
    ...(methods.length > 0 && { method: methods }),
    ...(Object.keys(regexps).length > 0 && { header_regexp: regexps }),
    ...(Object.keys(present).length > 0 && { header: present }),
    ...(not.length > 0 && { not }),
  };
}

/** What stands in braces is a placeholder otherwise. */
const literal = (text: string): string => text.replaceAll('{', '\\{');

/**
 * One handler adds before it deletes, so it takes two. The answer passes them from the last to the first. Deletion by a name with an
 * asterisk would be by a pattern.
 */
function editHandlers({ requestHeaders, responseHeaders }: Route): Json[] {
  const [request, response] = [editsOf(requestHeaders), editsOf(responseHeaders)];
  const patterned = [...request, ...response].find(({ name }) => name.includes('*'));
  if (patterned) refuseRoute('caddy', `takes '${patterned.name}' for a pattern of names`);
  const dropped = (fields: readonly FieldEdit[]): Json => ({
    delete: fields.filter(({ drops }) => drops).map(({ name }) => name),
  });
  const added = (fields: readonly FieldEdit[]): Json => ({
    add: Object.fromEntries(
      fields.filter((field) => field.added.length > 0).map((field) => [field.name, field.added.map(literal)]),
    ),
  });
  if (request.length === 0 && response.length === 0) return [];
  return [
    { handler: 'headers', request: dropped(request), response: { ...added(response), deferred: true } },
    { handler: 'headers', request: added(request), response: { ...dropped(response), deferred: true } },
  ];
}

/**
 * It matches the canonical path, but rewrites the one that was sent: where that does not begin so, there is nothing to rewrite. Nor is
 * there where the rest would climb out of the replacement.
 */
function renderRefusal({ action, match }: Route, condition: Json): Json[] {
  if (action.kind !== 'forward' || action.prefixRewrite === undefined || !match.path) return [];
  const { climbing } = prefixPatterns(match.path.value, action.prefixRewrite);
  const uri = (pattern: string): Json => ({ vars_regexp: { '{http.request.uri}': { pattern } } });
  const not = [...((condition['not'] as Json[] | undefined) ?? []), uri(`^${escapeRegExp(match.path.value)}`)];
  const handle = [{ handler: 'static_response', status_code: 400 }];
  return [
    { match: [{ ...condition, not }], handle, terminal: true },
    ...(climbing === undefined ? [] : [{ match: [{ ...condition, ...uri(climbing) }], handle, terminal: true }]),
  ];
}

function renderRoute(intent: ProxyIntent, route: Route): Json[] {
  const { match } = route;
  const action = withoutRedirect(route.action);
  const handle = editHandlers(route);
  if (action.kind === 'reply') {
    const { status, body, contentType } = replyOf(action);
    handle.push({
      handler: 'static_response',
      status_code: status,
      headers: { 'Content-Type': [literal(contentType)] },
      ...(body !== '' && { body: literal(body) }),
    });
  } else {
    if (action.prefixRewrite !== undefined && match.path)
      handle.push({
        handler: 'rewrite',
        path_regexp: [
          {
            find: prefixPatterns(match.path.value, action.prefixRewrite).replaced,
            replace: requireUriPath('caddy', action.prefixRewrite).replaceAll('$', '$$$$'),
          },
        ],
      });
    if (action.hostRewrite !== undefined)
      handle.push({ handler: 'headers', request: { set: { Host: [action.hostRewrite] } } });
    handle.push(reverseProxy(intent, intent.clusters[indexOfCluster(intent, action.clusters[0]?.name ?? '')]!));
  }
  const condition = matchOf(route);
  return [
    ...renderRefusal(route, condition),
    { ...(Object.keys(condition).length > 0 && { match: [condition] }), handle, terminal: true },
  ];
}

function tlsPolicies({ listener: { tls } }: ProxyIntent): Json {
  if (!tls) return {};
  const common = {
    alpn: ['http/1.1'],
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
  const fallback = defaultCluster(intent);
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
            protocols: ['h1'],
            automatic_https: { disable: true },
            idle_timeout: duration(timeouts.downstreamIdle),
            read_header_timeout: duration(timeouts.requestHead),
            max_header_bytes: limitsOf(intent).headBytes,
            routes: [
              ...(intent.routes ?? []).flatMap((route) => renderRoute(intent, route)),
              {
                handle: [fallback ? reverseProxy(intent, fallback) : { handler: 'static_response', status_code: 404 }],
              },
            ],
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
);

export const caddyHttp = definePeer({
  name: 'caddy-http',
  family: 'caddy',
  layer: 'l7',
  summary: 'Caddy: HTTP/1.1 reverse proxy',
  query,
  offers: place(HTTP, PLAIN_LISTENER),
  signals,
  render,
});

export const caddyTls = definePeer({
  name: 'caddy-tls',
  family: 'caddy',
  layer: 'l7',
  summary: 'Caddy: TLS termination, HTTP/1.1 upstream',
  query,
  offers: place(HTTP, TLS_LISTENER, offered('mtls', 'certificates by name', 'resumption off')),
  signals,
  render,
});
