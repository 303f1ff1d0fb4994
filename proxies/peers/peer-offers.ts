/**
 * What peers have in common of their tables of offers. A feature that is new to the intent is first placed here, as one that no peer is
 * given yet; whoever teaches a renderer moves it to that peer's own table, and to `notOffered` in those of the others.
 */
import { HTTP_FEATURES, HTTP_SETTINGS, TLS_FEATURES } from '../config/features.ts';
import { notOffered, offered, place, refused } from '../config/offers.ts';

/** Of the references alone, or of what measures them. */
const UNGIVEN = place(
  notOffered('faults', 'stats', 'access-log', 'shared port', 'sni-routing', 'port rules', 'udp'),
  notOffered('HTTP/2 upstream by ALPN'),
  notOffered('limits.udpSessions', 'timeouts.udpSession', 'timeouts.clientHello', 'timeouts.tlsHandshake'),
);

export const L4_PEER = place(
  UNGIVEN,
  offered('plain forwarding'),
  notOffered('HTTP/2 downstream', 'HTTP/2 upstream'),
  notOffered('upgrade', ...HTTP_FEATURES, ...HTTP_SETTINGS, ...TLS_FEATURES),
);

export const L7_PEER = place(
  UNGIVEN,
  offered('plain forwarding', 'HTTP forwarding', 'X-Forwarded-*'),
  notOffered('connect', 'routes by regular expression', 'redirects', 'regex rewrite', 'timeouts per route'),
  refused('is given filters for all routes alike', 'filters per route'),
  notOffered('Forwarded', 'Via', 'trusted peers', 'source rules', 'timeouts.request', 'timeouts.halfClosed'),
  notOffered('limits.targetBytes', 'limits.chunkExtensionBytes', 'limits.trailerBytes', 'limits.pipelined'),
);

/** Of those that speak both versions of HTTP on both sides. */
export const BOTH_VERSIONS = offered('HTTP/2 downstream', 'HTTP/2 upstream');

export const PLAIN_LISTENER = notOffered(...TLS_FEATURES);

export const TLS_LISTENER = place(
  offered('tls-termination', 'TLS versions'),
  notOffered('only named certificates', 'ticket keys', 'ALPN beside http/1.1'),
);
