/** What an intent asks for beyond plain forwarding, feature by feature, so that a peer refuses by name what it cannot express. */
import type { Cluster, Limits, LoadBalancing, ProxyIntent, Route, Timeouts } from '../config/intent.ts';
import { IntentError } from '../config/intent-error.ts';
import type { Capability, ProxyDefinition } from '../contract.ts';

export type Feature =
  | Capability
  | `policy ${LoadBalancing}`
  | `PROXY protocol ${'v1' | 'v2'} upstream`
  | `limits.${keyof Limits}`
  | `timeouts.${keyof Timeouts}`
  | `alpn ${string}`
  | 'endpoint weights'
  | 'connect timeout per cluster'
  | 'certificates by name'
  | 'only named certificates'
  | 'resumption off'
  | 'ticket keys'
  | 'client certificate upstream'
  | 'routes by host'
  | 'routes by path'
  | 'routes by method'
  | 'routes by header'
  | 'local replies'
  | 'routes by regular expression'
  | 'redirects'
  | 'regex rewrite'
  | 'timeouts per route'
  | 'request header edits'
  | 'response header edits'
  | 'filters'
  | 'prefix rewrite'
  | 'host rewrite'
  | 'escaped slashes refused'
  | 'source rules'
  | 'port rules'
  | 'no X-Forwarded-*'
  | 'Forwarded'
  | 'Via'
  | 'trusted peers'
  | 'shared port'
  | 'faults';

export interface Ask {
  readonly feature: Feature;
  /** Where the intent asks for it. */
  readonly path: string;
}

type Row = readonly [asked: boolean, feature: Feature, path: string];

const listed = (values: readonly unknown[] | undefined): boolean => (values?.length ?? 0) > 0;

function clusterRows(cluster: Cluster, i: number): Row[] {
  const at = `clusters[${i}]`;
  return [
    [cluster.endpoints.length > 1, 'balancing', `${at}.endpoints`],
    [cluster.endpoints.some(({ weight = 1 }) => weight !== 1), 'endpoint weights', `${at}.endpoints`],
    // One endpoint needs no policy.
    [cluster.endpoints.length > 1, `policy ${cluster.policy ?? 'round-robin'}`, `${at}.policy`],
    [cluster.tls !== undefined, 'tls-origination', `${at}.tls`],
    [cluster.tls?.certificate !== undefined, 'client certificate upstream', `${at}.tls.certificate`],
    [cluster.connectTimeout !== undefined, 'connect timeout per cluster', `${at}.connectTimeout`],
    ...(cluster.proxyProtocol === undefined
      ? []
      : ([
          [true, 'proxy-protocol-out', `${at}.proxyProtocol`],
          [true, `PROXY protocol ${cluster.proxyProtocol} upstream`, `${at}.proxyProtocol`],
        ] as const)),
  ];
}

function routeRows({ match, action, requestHeaders, responseHeaders, filters = {} }: Route, i: number): Row[] {
  const at = `routes[${i}]`;
  const forward = action.kind === 'forward' ? action : undefined;
  return [
    [true, 'routing', at],
    [listed(match.hosts?.filter((host) => host !== '*')), 'routes by host', `${at}.match.hosts`],
    [match.path !== undefined, 'routes by path', `${at}.match.path`],
    [match.path?.kind === 'regex', 'routes by regular expression', `${at}.match.path`],
    [listed(match.methods), 'routes by method', `${at}.match.methods`],
    [listed(match.headers), 'routes by header', `${at}.match.headers`],
    [action.kind === 'reply', 'local replies', `${at}.action`],
    [action.kind === 'redirect', 'redirects', `${at}.action`],
    [(forward?.clusters.length ?? 0) > 1, 'weighted-clusters', `${at}.action.clusters`],
    [forward?.prefixRewrite !== undefined, 'prefix rewrite', `${at}.action.prefixRewrite`],
    [forward?.regexRewrite !== undefined, 'regex rewrite', `${at}.action.regexRewrite`],
    [forward?.timeout !== undefined, 'timeouts per route', `${at}.action.timeout`],
    [forward?.idleTimeout !== undefined, 'timeouts per route', `${at}.action.idleTimeout`],
    [forward?.hostRewrite !== undefined, 'host rewrite', `${at}.action.hostRewrite`],
    [listed(requestHeaders), 'request header edits', `${at}.requestHeaders`],
    [listed(responseHeaders), 'response header edits', `${at}.responseHeaders`],
    [Object.keys(filters).length > 0, 'filters', `${at}.filters`],
  ];
}

export function asksOf(intent: ProxyIntent): Ask[] {
  const { listener, l4, forwarding } = intent;
  const tls = listener.tls;
  const rows: Row[] = [
    [tls !== undefined, 'tls-termination', 'listener.tls'],
    [(tls?.certificates.length ?? 0) > 1, 'certificates by name', 'listener.tls.certificates'],
    [tls?.onlyNamed === true, 'only named certificates', 'listener.tls.onlyNamed'],
    [tls?.resumption === false, 'resumption off', 'listener.tls.resumption'],
    [tls?.ticketKeys !== undefined, 'ticket keys', 'listener.tls.ticketKeys'],
    [tls?.clientCa !== undefined, 'mtls', 'listener.tls.clientCa'],
    ...(tls?.alpn ?? []).map((name): Row => [name !== 'http/1.1', `alpn ${name}`, 'listener.tls.alpn']),
    [listener.reusePort === true, 'shared port', 'listener.reusePort'],
    [listener.proxyProtocol === true, 'proxy-protocol-in', 'listener.proxyProtocol'],
    ...intent.clusters.flatMap(clusterRows),
    ...(intent.routes ?? []).flatMap(routeRows),
    [Object.keys(intent.filters ?? {}).length > 0, 'filters', 'filters'],
    [listed(intent.sniRoutes), 'sni-routing', 'sniRoutes'],
    [listed(l4?.allowSources) || listed(l4?.denySources), 'source rules', 'l4'],
    [listed(l4?.allowPorts), 'port rules', 'l4.allowPorts'],
    [intent.forward !== undefined, 'connect', 'forward'],
    [forwarding?.xForwardedFor === false, 'no X-Forwarded-*', 'forwarding.xForwardedFor'],
    [forwarding?.forwarded === true, 'Forwarded', 'forwarding.forwarded'],
    [forwarding?.via !== undefined, 'Via', 'forwarding.via'],
    [listed(forwarding?.trustedPeers), 'trusted peers', 'forwarding.trustedPeers'],
    [intent.escapedSlashes === 'refuse', 'escaped slashes refused', 'escapedSlashes'],
    [(intent.concurrency ?? 1) > 1, 'workers', 'concurrency'],
    [intent.admin !== undefined, 'stats', 'admin'],
    [intent.accessLog !== undefined, 'access-log', 'accessLog'],
    [intent.fault !== undefined, 'faults', 'fault'],
    ...Object.keys(intent.limits ?? {}).map((key): Row => [true, `limits.${key as keyof Limits}`, `limits.${key}`]),
    ...Object.keys(intent.timeouts ?? {}).map((key): Row => [
      true,
      `timeouts.${key as keyof Timeouts}`,
      `timeouts.${key}`,
    ]),
  ];
  return rows.filter(([asked]) => asked).map(([, feature, path]) => ({ feature, path }));
}

/**
 * The limits and timeouts that hold at every hop of a layer, whether an intent names them or not. Those that are off by default
 * (length of bodies, requests on a connection, its age) are left out: every peer is told so, or has none.
 */
const HELD = {
  l4: ['limits.connections', 'timeouts.connect', 'timeouts.tunnelIdle', 'timeouts.halfClosed', 'timeouts.drain'],
  l7: [
    'limits.headBytes',
    'limits.targetBytes',
    'limits.headerCount',
    'limits.chunkExtensionBytes',
    'limits.trailerBytes',
    'limits.connections',
    'limits.upstreamIdlePerEndpoint',
    'limits.upstreamPerEndpoint',
    'limits.pipelined',
    'timeouts.connect',
    'timeouts.requestHead',
    'timeouts.requestBody',
    'timeouts.downstreamIdle',
    'timeouts.upstreamResponse',
    'timeouts.upstreamIdle',
    'timeouts.linger',
    'timeouts.drain',
  ],
} as const satisfies Record<ProxyDefinition['layer'], readonly Feature[]>;

/** What a peer that offers so much is not given: there its own hold, and a report says so. */
export const keptOwn = (layer: ProxyDefinition['layer'], offers: ReadonlySet<Feature>): Feature[] =>
  HELD[layer].filter((feature) => !offers.has(feature));

/** @throws IntentError that names every feature which the peer does not offer. */
export function requireOffered(name: string, intent: ProxyIntent, offers: ReadonlySet<Feature>): void {
  const problems = asksOf(intent)
    .filter(({ feature }) => !offers.has(feature))
    .map(({ feature, path }) => ({
      path,
      message: `capability not offered: ${name} has no '${feature}'; leave it out of the intent or choose another proxy`,
    }));
  if (intent.clusters.length === 0)
    problems.push({ path: 'clusters', message: `${name} needs at least one cluster to forward to` });
  if (problems.length > 0) throw new IntentError(problems);
}
