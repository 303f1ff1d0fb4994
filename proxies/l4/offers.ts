/** What the L4 references offer of all features. */
import {
  CHECK_FEATURES,
  DISCOVERY_FEATURES,
  EJECTION_FEATURES,
  HTTP_FEATURES,
  HTTP_SETTINGS,
  POLICY_FEATURES,
  REQUEST_POLICY_FEATURES,
  TLS_FEATURES,
} from '../config/features.ts';
import { offered, place, refused, type Offers } from '../config/offers.ts';

const COMMON = place(
  offered('plain forwarding', 'balancing', 'endpoint weights', ...POLICY_FEATURES),
  offered('source rules', 'port rules', 'shared port', 'workers', 'stats', 'access-log'),
  offered('drain', 'timeouts.drain'),
  offered(...CHECK_FEATURES, ...DISCOVERY_FEATURES, 'panic threshold', 'slow start', 'slow start curve'),
  refused('knows no requests; l7-http does', ...REQUEST_POLICY_FEATURES, 'bound on requests', 'bound on retries'),
  refused('works below HTTP and has none', 'upgrade', ...HTTP_FEATURES, ...HTTP_SETTINGS),
  refused('relays HTTP/2 without reading it', 'HTTP/2 downstream', 'HTTP/2 upstream', 'HTTP/2 upstream by ALPN'),
  refused('does not terminate TLS; l7-tls does', ...TLS_FEATURES, 'timeouts.tlsHandshake'),
  refused('does not speak TLS to origins; l7-tls-reencrypt does', 'tls-origination', 'client certificate upstream'),
  refused('knows no requests to burn time on; l7-http does', 'faults'),
  refused('opens as many connections as it has clients; l7-http does not', 'limits.upstreamPerEndpoint'),
);

const TCP = place(
  COMMON,
  offered('proxy-protocol-in', 'proxy-protocol-out', 'PROXY protocol v2 upstream', 'connect timeout per cluster'),
  offered('limits.connections', 'timeouts.connect', 'timeouts.clientHello', 'timeouts.tunnelIdle'),
  offered('timeouts.halfClosed'),
  offered(...EJECTION_FEATURES, 'circuit breakers', 'bound on connections', 'bound on pending'),
  refused('speaks TCP; l4-udp relays datagrams', 'udp', 'limits.udpSessions', 'timeouts.udpSession'),
);

export const L4_TCP: Offers = place(TCP, refused('does not read ClientHellos; l4-sni does', 'sni-routing'));

export const L4_SNI: Offers = place(TCP, offered('sni-routing'));

export const L4_UDP: Offers = place(
  COMMON,
  offered('udp', 'limits.udpSessions', 'timeouts.udpSession'),
  refused('has no connection for a header to stand at the start of', 'proxy-protocol-in'),
  refused('sends no PROXY header', 'proxy-protocol-out', 'PROXY protocol v2 upstream'),
  refused('does not read ClientHellos; l4-sni does', 'sni-routing', 'timeouts.clientHello'),
  refused('has sessions, not connections; limits.udpSessions bounds them', 'limits.connections'),
  refused('is told of no failure that would speak against an endpoint', ...EJECTION_FEATURES),
  refused('has sessions, not connections; limits.udpSessions bounds them', 'circuit breakers'),
  refused('has sessions, not connections', 'bound on connections', 'bound on pending'),
  refused('has sessions, not connections', 'connect timeout per cluster', 'timeouts.connect'),
  refused('has sessions, not connections; timeouts.udpSession ends them', 'timeouts.tunnelIdle', 'timeouts.halfClosed'),
);
