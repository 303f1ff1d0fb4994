/**
 * What every place of the intent asks of a proxy. The table is whole by its type: a field, or a value of a closed field, that is new to
 * the intent does not compile until it stands here, and its feature not until every proxy is placed (`offers.ts`). Nothing that an
 * intent says is ignored: what is asked for is offered, or the intent is refused by the feature's name.
 *
 * Rows beyond what the type demands say more exactly what is asked: one value of an open field (`concurrency=1`), and a list of more than
 * one element (`clusters[].endpoints[+]`). `filters.*` is any filter that has no row.
 *
 * To add a field: its line in `intent.ts` and in `schema.ts`, its row here; then one word in each table of offers, which the compiler
 * names: `offered` where it is done, in `peers/peer-offers.ts` once for all peers that are not given it.
 *
 * @example
 * // In ROUTES, and so out of reach of all that works below HTTP:
 * 'routes[].rateLimit': 'rate limits',
 * 'routes[].rateLimit.perSecond': 'rate limits',
 */
import type { IntentPath, Rows } from './intent-path.ts';
import type { FilterSettings } from './intent.ts';
import { DISCOVERY, EJECTION, HEALTH_CHECKS, REQUEST_POLICIES, RESILIENCE } from './resilience-features.ts';
import { LIMITS, TIMEOUTS } from './settings.ts';

/** What all proxies do: one way from a listener to endpoints. */
const PLAIN = 'plain forwarding';
/** What all proxies of HTTP do. */
const HTTP = 'HTTP forwarding';

const LISTENER = {
  'listener.address.host': PLAIN,
  'listener.address.port': PLAIN,
  'listener.proxyProtocol=true': 'proxy-protocol-in',
  'listener.proxyProtocol=false': PLAIN,
  'listener.reusePort=true': 'shared port',
  'listener.reusePort=false': PLAIN,
  'listener.http2=true': 'HTTP/2 downstream',
  'listener.http2=false': PLAIN,
  'listener.tls.alpn[]=h2': 'HTTP/2 downstream',
} as const satisfies Rows<`listener.${'address' | 'proxyProtocol' | 'reusePort' | 'http2'}${string}`>;

const DOWNSTREAM_TLS = {
  'listener.tls': 'tls-termination',
  'listener.tls.certificates[].cert': 'tls-termination',
  'listener.tls.certificates[].key': 'tls-termination',
  // The names of an only certificate decide nothing: it is the default.
  'listener.tls.certificates[].serverNames': 'tls-termination',
  'listener.tls.certificates[].serverNames[]': 'tls-termination',
  'listener.tls.certificates[+]': 'certificates by name',
  'listener.tls.onlyNamed=true': 'only named certificates',
  'listener.tls.onlyNamed=false': 'tls-termination',
  'listener.tls.alpn': 'tls-termination',
  'listener.tls.alpn[]': 'ALPN beside http/1.1',
  'listener.tls.alpn[]=http/1.1': 'tls-termination',
  'listener.tls.minVersion=TLSv1.2': 'TLS versions',
  'listener.tls.minVersion=TLSv1.3': 'TLS versions',
  'listener.tls.maxVersion=TLSv1.2': 'TLS versions',
  'listener.tls.maxVersion=TLSv1.3': 'TLS versions',
  'listener.tls.resumption=true': 'tls-termination',
  'listener.tls.resumption=false': 'resumption off',
  'listener.tls.ticketKeys': 'ticket keys',
  'listener.tls.clientCa': 'mtls',
} as const satisfies Rows<`listener.tls${string}`>;

const POLICIES = {
  'clusters[].policy=random': 'policy random',
  'clusters[].policy=least-request': 'policy least-request',
  'clusters[].policy=power-of-two': 'policy power-of-two',
  'clusters[].policy=source-ip': 'policy source-ip',
} as const satisfies Partial<Rows<`clusters[].policy${string}`>>;

const CLUSTERS = {
  'clusters[].name': PLAIN,
  'clusters[].endpoints[].host': PLAIN,
  'clusters[].endpoints[].port': PLAIN,
  'clusters[].endpoints[].weight': 'endpoint weights',
  'clusters[].endpoints[].weight=1': PLAIN,
  'clusters[].endpoints[+]': 'balancing',
  'clusters[].policy=round-robin': PLAIN, // what balancing is by default
  ...POLICIES,
  'clusters[].tls': 'tls-origination',
  'clusters[].tls.serverName': 'tls-origination',
  'clusters[].tls.ca': 'tls-origination',
  'clusters[].tls.verify=true': 'tls-origination',
  'clusters[].tls.verify=false': 'tls-origination',
  'clusters[].tls.certificate': 'client certificate upstream',
  'clusters[].tls.certificate.cert': 'client certificate upstream',
  'clusters[].tls.certificate.key': 'client certificate upstream',
  'clusters[].tls.certificate.serverNames': 'client certificate upstream',
  'clusters[].tls.certificate.serverNames[]': 'client certificate upstream',
  'clusters[].protocol=http1': PLAIN,
  'clusters[].protocol=http2': 'HTTP/2 upstream',
  'clusters[].protocol=auto': 'HTTP/2 upstream by ALPN',
  'clusters[].connectTimeout': 'connect timeout per cluster',
  'clusters[].proxyProtocol=v1': 'proxy-protocol-out',
  'clusters[].proxyProtocol=v2': 'PROXY protocol v2 upstream',
  ...RESILIENCE,
  defaultCluster: PLAIN,
} as const satisfies Rows<`clusters${string}` | 'defaultCluster'>;

const ROUTES = {
  routes: 'routing',
  'routes[].match.hosts': 'routing',
  'routes[].match.hosts[]': 'routes by host',
  'routes[].match.hosts[]=*': 'routing',
  'routes[].match.path': 'routes by path',
  'routes[].match.path(exact)': 'routes by path',
  'routes[].match.path(exact).value': 'routes by path',
  'routes[].match.path(prefix)': 'routes by path',
  'routes[].match.path(prefix).value': 'routes by path',
  'routes[].match.path(regex)': 'routes by regular expression',
  'routes[].match.path(regex).value': 'routes by regular expression',
  'routes[].match.methods': 'routes by method',
  'routes[].match.methods[]': 'routes by method',
  'routes[].match.headers': 'routes by header',
  'routes[].match.headers[].name': 'routes by header',
  'routes[].match.headers[].match(present)': 'routes by header',
  'routes[].match.headers[].match(exact)': 'routes by header',
  'routes[].match.headers[].match(exact).value': 'routes by header',
  'routes[].match.headers[].match(prefix)': 'routes by header',
  'routes[].match.headers[].match(prefix).value': 'routes by header',
  'routes[].match.headers[].invert=true': 'routes by header',
  'routes[].match.headers[].invert=false': 'routes by header',
  'routes[].action(forward)': 'routing',
  'routes[].action(forward).clusters[].name': 'routing',
  'routes[].action(forward).clusters[].weight': 'routing', // among one there is nothing to weigh
  'routes[].action(forward).clusters[+]': 'weighted-clusters',
  'routes[].action(forward).prefixRewrite': 'prefix rewrite',
  'routes[].action(forward).regexRewrite': 'regex rewrite',
  'routes[].action(forward).regexRewrite.pattern': 'regex rewrite',
  'routes[].action(forward).regexRewrite.substitution': 'regex rewrite',
  'routes[].action(forward).hostRewrite': 'host rewrite',
  'routes[].action(forward).timeout': 'timeouts per route',
  'routes[].action(forward).idleTimeout': 'timeouts per route',
  'routes[].action(redirect)': 'redirects',
  'routes[].action(redirect).status=301': 'redirects',
  'routes[].action(redirect).status=302': 'redirects',
  'routes[].action(redirect).status=303': 'redirects',
  'routes[].action(redirect).status=307': 'redirects',
  'routes[].action(redirect).status=308': 'redirects',
  'routes[].action(redirect).scheme=http': 'redirects',
  'routes[].action(redirect).scheme=https': 'redirects',
  'routes[].action(redirect).host': 'redirects',
  'routes[].action(redirect).port': 'redirects',
  'routes[].action(redirect).path': 'redirects',
  'routes[].action(redirect).prefixRewrite': 'redirects',
  'routes[].action(redirect).stripQuery=true': 'redirects',
  'routes[].action(redirect).stripQuery=false': 'redirects',
  'routes[].action(reply)': 'local replies',
  'routes[].action(reply).status': 'local replies',
  'routes[].action(reply).body': 'local replies',
  'routes[].action(reply).contentType': 'local replies',
  'routes[].filters': 'filters per route',
  'routes[].requestHeaders': 'request header edits',
  'routes[].requestHeaders[].op=add': 'request header edits',
  'routes[].requestHeaders[].op=set': 'request header edits',
  'routes[].requestHeaders[].op=remove': 'request header edits',
  'routes[].requestHeaders[].name': 'request header edits',
  'routes[].requestHeaders[].value': 'request header edits',
  'routes[].responseHeaders': 'response header edits',
  'routes[].responseHeaders[].op=add': 'response header edits',
  'routes[].responseHeaders[].op=set': 'response header edits',
  'routes[].responseHeaders[].op=remove': 'response header edits',
  'routes[].responseHeaders[].name': 'response header edits',
  'routes[].responseHeaders[].value': 'response header edits',
} as const satisfies Rows<
  Exclude<`routes${string}`, `routes[].filters.${string}`> & Exclude<IntentPath, `routes[].filters.${string}`>
>;

type FilterName = keyof FilterSettings;

/** Each filter is a feature by its own name, asked for at two places. */
const filters = <Name extends FilterName>(...names: readonly Name[]) =>
  Object.fromEntries(
    names.flatMap((name) => [
      [`filters.${name}`, `filter ${name}`],
      [`routes[].filters.${name}`, `filter ${name}`],
    ]),
  ) as { readonly [One in Name as `${'' | 'routes[].'}filters.${One}`]: `filter ${One}` };

const FILTERS = filters(
  'rate-limit',
  'ip-rules',
  'cors',
  'basic-auth',
  'api-key',
  'jwt',
  'client-cert-identity',
  'ext-authz',
  'header-log',
  'transform',
  'mirror',
  'cache',
  'compression',
  'tracing',
  'request-rules',
  'user',
);

/** Those of who puts a proxy together with filters of its own. */
const UNLISTED_FILTERS = {
  'filters.*': 'unlisted filters',
  'routes[].filters.*': 'unlisted filters',
} as const;

const OF_HTTP = {
  forward: 'connect',
  'forward.allow': 'connect',
  'forward.allow[]': 'connect',
  'forward.block': 'connect',
  'forward.block[]': 'connect',
  forwarding: HTTP,
  'forwarding.xForwardedFor=true': 'X-Forwarded-*',
  'forwarding.xForwardedFor=false': 'no X-Forwarded-*',
  'forwarding.forwarded=true': 'Forwarded',
  'forwarding.forwarded=false': HTTP,
  'forwarding.via': 'Via',
  'forwarding.trustedPeers': 'trusted peers',
  'forwarding.trustedPeers[]': 'trusted peers',
  filters: HTTP,
  'escapedSlashes=keep': HTTP,
  'escapedSlashes=refuse': 'escaped slashes refused',
  ...FILTERS,
  ...UNLISTED_FILTERS,
} as const satisfies Rows<`${'forward' | 'filters' | 'routes[].filters.' | 'escapedSlashes'}${string}`>;

const BELOW_HTTP = {
  sniRoutes: 'sni-routing',
  'sniRoutes[].serverNames': 'sni-routing',
  'sniRoutes[].serverNames[]': 'sni-routing',
  'sniRoutes[].alpn': 'sni-routing',
  'sniRoutes[].alpn[]': 'sni-routing',
  'sniRoutes[].cluster': 'sni-routing',
  l4: 'source rules',
  'l4.allowSources': 'source rules',
  'l4.allowSources[]': 'source rules',
  'l4.denySources': 'source rules',
  'l4.denySources[]': 'source rules',
  'l4.allowPorts': 'port rules',
  'l4.allowPorts[]': 'port rules',
} as const satisfies Rows<`${'sniRoutes' | 'l4'}${string}`>;

const PROCESS = {
  concurrency: 'workers',
  'concurrency=1': PLAIN,
  admin: 'stats',
  'admin.host': 'stats',
  'admin.port': 'stats',
  'stats=true': 'stats',
  'stats=false': PLAIN,
  accessLog: 'access-log',
  fault: 'faults',
  'fault.burn': 'faults',
  'fault.delay': 'faults',
  limits: PLAIN,
  timeouts: PLAIN,
} as const satisfies Rows<
  `${'concurrency' | 'admin' | 'stats' | 'accessLog' | 'fault'}${string}` | 'limits' | 'timeouts'
>;

/** Each limit and each time-out is a feature by its own path. */
const settings = <Group extends string, Key extends string>(group: Group, keys: Readonly<Record<Key, unknown>>) =>
  Object.fromEntries(Object.keys(keys).map((key) => [`${group}.${key}`, `${group}.${key}`])) as {
    readonly [Path in `${Group}.${Key}`]: Path;
  };

export const FEATURES = {
  ...LISTENER,
  ...DOWNSTREAM_TLS,
  ...CLUSTERS,
  ...ROUTES,
  ...OF_HTTP,
  ...BELOW_HTTP,
  ...PROCESS,
  ...settings('limits', LIMITS),
  ...settings('timeouts', TIMEOUTS),
} as const satisfies Rows<IntentPath>;

/** What no field of the intent asks for; scenarios and conformance cases do. */
const BEHAVIOURS = {
  upgrade: 'upgrade', // WebSocket and other Upgrades as tunnels
  udp: 'udp',
  drain: 'drain',
} as const;

const featuresOf = <Name extends string>(table: Readonly<Record<string, Name>>): readonly Name[] => [
  ...new Set(Object.values(table)),
];

export const ALL_FEATURES = featuresOf({ ...FEATURES, ...BEHAVIOURS });
export type Feature = (typeof ALL_FEATURES)[number];

/** For tables of offers: what goes together because a proxy has no place for any of it. */
export const TLS_FEATURES = featuresOf(DOWNSTREAM_TLS);
export const FILTER_FEATURES = featuresOf({ ...FILTERS, ...UNLISTED_FILTERS });
export const ROUTE_FEATURES = featuresOf(ROUTES);
export const HTTP_FEATURES = featuresOf({ ...ROUTES, ...OF_HTTP });
export const RESILIENCE_FEATURES = featuresOf(RESILIENCE);
export const CHECK_FEATURES = featuresOf(HEALTH_CHECKS);
export const EJECTION_FEATURES = featuresOf(EJECTION);
export const DISCOVERY_FEATURES = featuresOf(DISCOVERY);
/** Of single requests, which a proxy of connections knows nothing of. */
export const REQUEST_POLICY_FEATURES = featuresOf(REQUEST_POLICIES);
export const POLICY_FEATURES = featuresOf(POLICIES);
export const HTTP_SETTINGS = [
  'limits.headBytes',
  'limits.targetBytes',
  'limits.headerCount',
  'limits.bodyBytes',
  'limits.chunkExtensionBytes',
  'limits.trailerBytes',
  'limits.requestsPerConnection',
  'limits.upstreamIdlePerEndpoint',
  'limits.pipelined',
  'timeouts.requestHead',
  'timeouts.request',
  'timeouts.requestBody',
  'timeouts.downstreamIdle',
  'timeouts.upstreamResponse',
  'timeouts.upstreamIdle',
  'timeouts.linger',
  'timeouts.connectionAge',
] as const satisfies readonly Feature[];
