/** What the L7 references offer of all features. What an intent asks for in vain is refused by name, never ignored. */
import {
  FILTER_FEATURES,
  POLICY_FEATURES,
  RESILIENCE_FEATURES,
  ROUTE_FEATURES,
  TLS_FEATURES,
} from '../config/features.ts';
import { IntentError, type IntentProblem } from '../config/intent-error.ts';
import type { ProxyIntent } from '../config/intent.ts';
import { offered, place, refusals, refused, type Offers } from '../config/offers.ts';

const SERVER = place(
  offered('plain forwarding', 'HTTP forwarding', 'upgrade', 'drain', 'proxy-protocol-in', 'shared port'),
  offered('workers', 'stats', 'access-log', 'faults', 'escaped slashes refused'),
  offered(...FILTER_FEATURES),
  offered('X-Forwarded-*', 'no X-Forwarded-*', 'Forwarded', 'Via', 'trusted peers'),
  offered('limits.headBytes', 'limits.targetBytes', 'limits.headerCount', 'limits.bodyBytes'),
  offered('limits.chunkExtensionBytes', 'limits.trailerBytes', 'limits.pipelined'),
  offered('limits.connections', 'limits.requestsPerConnection'),
  offered('limits.upstreamIdlePerEndpoint', 'limits.upstreamPerEndpoint'),
  offered('timeouts.requestHead', 'timeouts.request', 'timeouts.requestBody', 'timeouts.downstreamIdle'),
  offered('timeouts.connect', 'timeouts.upstreamResponse', 'timeouts.upstreamIdle', 'timeouts.tunnelIdle'),
  offered('timeouts.linger', 'timeouts.drain', 'timeouts.connectionAge'),
  refused('has no rules below HTTP; l4-tcp does', 'source rules', 'port rules'),
  refused('routes requests; l4-sni routes connections', 'sni-routing'),
  refused('reads no ClientHello; l4-sni does', 'timeouts.clientHello'),
  refused('ends both sides of a tunnel together; l4-tcp does not', 'timeouts.halfClosed'),
  refused('speaks TCP; l4-udp relays datagrams', 'udp', 'limits.udpSessions', 'timeouts.udpSession'),
  // A pooled connection serves many clients: a header at its start could tell of one of them only.
  refused('shares connections to origins; l4-tcp does not', 'proxy-protocol-out', 'PROXY protocol v2 upstream'),
);

const PLAIN = refused(
  'speaks plain HTTP to its clients; l7-tls terminates TLS',
  ...TLS_FEATURES,
  'timeouts.tlsHandshake',
);

const REVERSE = place(
  offered(...ROUTE_FEATURES, ...POLICY_FEATURES, 'balancing', 'endpoint weights'),
  offered('HTTP/2 downstream', 'HTTP/2 upstream', 'HTTP/2 upstream by ALPN'),
  offered('tls-origination', 'client certificate upstream', 'connect timeout per cluster'),
  offered(...RESILIENCE_FEATURES),
  refused('is no forward proxy; l7-forward is', 'connect'),
);

export const L7_HTTP: Offers = place(SERVER, REVERSE, PLAIN);

export const L7_TLS: Offers = place(SERVER, REVERSE, offered(...TLS_FEATURES, 'timeouts.tlsHandshake'));

export const L7_FORWARD: Offers = place(
  SERVER,
  PLAIN,
  offered('connect'),
  refused('goes where each request says', ...ROUTE_FEATURES, ...POLICY_FEATURES, 'balancing'),
  refused('goes where each request says', ...RESILIENCE_FEATURES),
  refused('speaks HTTP/1.1 on both sides', 'HTTP/2 downstream', 'HTTP/2 upstream', 'HTTP/2 upstream by ALPN'),
  refused('goes where each request says', 'endpoint weights', 'connect timeout per cluster'),
  refused('goes where each request says, by plain HTTP', 'tls-origination', 'client certificate upstream'),
);

export interface Offered {
  readonly name: string;
  readonly offers: Offers;
  /** Terminates TLS: then certificates are needed. */
  readonly termination: boolean;
  /** Speaks TLS to every origin; others do where a cluster says so. */
  readonly reencrypts: boolean;
}

/** Throws `IntentError` with everything that `intent` asks for in vain. */
export function checkOffered(intent: ProxyIntent, { name, offers, termination }: Offered): void {
  const uncertified: IntentProblem[] =
    termination && intent.listener.tls === undefined
      ? [{ path: 'listener.tls', message: 'a certificate and its key are needed to terminate TLS' }]
      : [];
  const problems = [...uncertified, ...refusals(name, offers, intent)];
  if (problems.length > 0) throw new IntentError(problems);
}
