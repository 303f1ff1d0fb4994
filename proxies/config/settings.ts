/**
 * Every limit and time-out there is: the one table from which flags, defaults and the README's list come. Durations are milliseconds;
 * 0 switches a time-out off. What stands in Envoy's YAML under a name of its own is named here too.
 */
import type { Limits, Timeouts } from './intent.ts';

export interface Setting {
  readonly byDefault: number;
  readonly what: string;
  /** Where Envoy's YAML says it, if anywhere. */
  readonly envoy?: string;
}

const KIB = 1024;
const SECOND = 1000;
const NONE = Number.MAX_SAFE_INTEGER;

/** RFC 9112 §3 asks for request targets of at least 8,000 octets; the head must hold one and its fields. */
export const LIMITS = {
  headBytes: { byDefault: 32 * KIB, what: 'bytes of a head, request or response', envoy: 'max_request_headers_kb' },
  targetBytes: { byDefault: 16 * KIB, what: 'bytes of a request target' },
  headerCount: { byDefault: 100, what: 'fields of a head', envoy: 'max_headers_count' },
  bodyBytes: { byDefault: NONE, what: 'bytes of a request body' },
  chunkExtensionBytes: { byDefault: 4 * KIB, what: 'bytes of the chunk extensions of one body' },
  trailerBytes: { byDefault: 8 * KIB, what: 'bytes of trailers' },
  connections: { byDefault: 65_536, what: 'clients at once, of each event loop; a further one is closed' },
  requestsPerConnection: {
    byDefault: NONE,
    what: 'requests on a connection before it is closed',
    envoy: 'max_requests_per_connection',
  },
  upstreamIdlePerEndpoint: { byDefault: 256, what: 'idle connections kept to an endpoint' },
  upstreamPerEndpoint: { byDefault: 16_384, what: 'connections to an endpoint; beyond, 503 at once' },
  pipelined: { byDefault: 64, what: 'requests that may wait behind the one under way' },
  udpSessions: { byDefault: 10_000, what: 'UDP clients at once, of each event loop' },
} as const satisfies Record<keyof Limits, Setting>;

export const TIMEOUTS = {
  connect: {
    byDefault: 5 * SECOND,
    what: 'a connection to an origin, its TLS handshake included',
    envoy: 'connect_timeout',
  },
  tlsHandshake: { byDefault: 10 * SECOND, what: "a client's TLS handshake" },
  requestHead: {
    byDefault: 10 * SECOND,
    what: 'a request head (the first: since it connected); a PROXY header',
    envoy: 'request_headers_timeout',
  },
  request: { byDefault: 0, what: 'a request body as a whole', envoy: 'request_timeout' },
  requestBody: { byDefault: 60 * SECOND, what: 'silence within a request body', envoy: 'stream_idle_timeout' },
  downstreamIdle: {
    byDefault: 60 * SECOND,
    what: 'a client without a request, or one that does not read its answer',
    envoy: 'common_http_protocol_options.idle_timeout',
  },
  upstreamResponse: {
    byDefault: 60 * SECOND,
    what: 'silence of an origin that owes an answer, or more of it',
    envoy: 'stream_idle_timeout, idle_timeout of a route',
  },
  // Below the keep-alive timeout of common origins would be safer still (node:http closes after 5 s); a request that meets
  // a connection just closed by its origin is retried where RFC 9110 §9.2.2 allows it.
  upstreamIdle: {
    byDefault: 30 * SECOND,
    what: 'an idle connection to an origin',
    envoy: "a cluster's common_http_protocol_options.idle_timeout",
  },
  tunnelIdle: {
    byDefault: 3600 * SECOND,
    what: 'silence of a relay: L4, upgrades, CONNECT',
    envoy: 'idle_timeout of tcp_proxy, stream_idle_timeout',
  },
  halfClosed: { byDefault: 30 * SECOND, what: 'silence of a relay of which one side has ended (L4)' },
  clientHello: { byDefault: 5 * SECOND, what: 'a ClientHello or a PROXY header (L4)' },
  udpSession: { byDefault: 30 * SECOND, what: 'silence of a UDP client', envoy: 'idle_timeout of udp_proxy' },
  linger: {
    byDefault: 2 * SECOND,
    what: 'what still comes after our last answer',
    envoy: 'delayed_close_timeout',
  },
  drain: { byDefault: 10 * SECOND, what: 'what is under way when the proxy stops', envoy: 'drain_timeout' },
  connectionAge: {
    byDefault: 0,
    what: 'age at which a connection is closed after its answer',
    envoy: 'max_connection_duration',
  },
} as const satisfies Record<keyof Timeouts, Setting>;

/** `upstreamResponse` → `upstream-response`, as flags and YAML have it. */
export const flagName = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const UNITS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

function durationText(millis: number): string {
  if (millis === 0) return 'off';
  const [unit, size] = UNITS.find(([, length]) => millis % length === 0) ?? ['ms', 1];
  return `${millis / size} ${unit}`;
}

const countText = (value: number): string => (value === NONE ? 'none' : value.toLocaleString('en-US'));

/** The list of the README, in Markdown: flag, default, what it bounds, and its name in Envoy's YAML. */
export function settingsTable(): string {
  const rows = (flag: string, settings: Readonly<Record<string, Setting>>, text: (value: number) => string) =>
    Object.entries(settings).map(([key, { byDefault, what, envoy }]) => [
      `\`--${flag} ${flagName(key)}=\``,
      text(byDefault),
      what,
      envoy === undefined ? '' : envoy,
    ]);
  const head = ['flag', 'default', 'bounds', "in Envoy's YAML"];
  return [head, head.map(() => '---'), ...rows('timeout', TIMEOUTS, durationText), ...rows('limit', LIMITS, countText)]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}
