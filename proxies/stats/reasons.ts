/**
 * Why a proxy answered in place of an origin, refused, reset or dropped: one word, in the access log (`reason`), in the statistics
 * (`reasons`), and on stderr. Beside each: what Envoy's %RESPONSE_FLAGS% calls it, '-' where it has no name for it (`flags` of the log).
 */
export const REASONS = {
  // Requests that are not taken.
  request_malformed: 'DPE',
  request_head_too_large: 'DPE',
  request_target_too_long: 'DPE',
  request_body_too_large: 'DPE',
  request_version: 'DPE',
  request_coding: 'DPE',
  request_timeout: 'SI',
  request_expectation: '-',
  request_method: '-',
  request_path: '-',
  /** It has come through this proxy before. */
  request_loop: '-',
  /** A route says so, or rules of a forward proxy. */
  route_reply: '-',
  no_route: 'NR',
  /** A filter says so, and no other word fits. */
  filter_reply: '-',
  rate_limited: 'RL',
  rule_violation: '-',
  unauthenticated: '-',
  authorizer_denied: 'UAEX',
  authorizer_failed: 'UAEX',
  /** A filter threw, or gave no verdict in time. */
  filter_failed: '-',
  filter_timeout: '-',
  destination_denied: 'NR',
  // Origins that do not answer as they should.
  no_endpoint: 'UH',
  upstream_overflow: 'UO',
  upstream_name: 'DF',
  upstream_connect: 'UF',
  upstream_connect_timeout: 'UF',
  upstream_closed: 'UC',
  upstream_reset: 'UR',
  /** It said that it acted upon nothing of the request, each time. */
  upstream_refused: 'UR',
  /** It gave the stream up. */
  upstream_cancelled: 'UR',
  upstream_malformed: 'UPE',
  upstream_timeout: 'UT',
  // Clients that go, or do not read.
  client_closed: 'DC',
  client_reset: 'DC',
  client_stalled: 'SI',
  // Connections.
  idle_timeout: 'SI',
  /** At the deadline of its drain, or at once. */
  proxy_stopped: '-',
  source_denied: '-',
  connections_limit: 'OM',
  accept_failed: '-',
  proxy_header_malformed: 'DPE',
  client_hello_malformed: 'DPE',
  client_hello_timeout: 'SI',
  tls_handshake_failed: 'DPE',
  plain_http_to_tls: 'DPE',
  // Datagrams.
  sessions_limit: 'OM',
  datagram_dropped: '-',
  // Ourselves.
  mirror_failed: '-',
  trace_export_failed: '-',
  access_log_failed: '-',
  internal_error: '-',
} as const satisfies Record<string, string>;

export type Reason = keyof typeof REASONS;

/** How often each came, those that did. */
export type ReasonCounts = Readonly<Partial<Record<Reason, number>>>;

/** Why a head was refused with this status. */
export const HEAD_REFUSALS: Readonly<Record<number, Reason>> = {
  400: 'request_malformed',
  408: 'request_timeout',
  413: 'request_body_too_large',
  414: 'request_target_too_long',
  417: 'request_expectation',
  431: 'request_head_too_large',
  501: 'request_coding',
  505: 'request_version',
  508: 'request_loop',
};

/** Why there is no connection to an endpoint, by the system's error. */
export function connectReason({
  code = '',
  syscall,
}: NodeJS.ErrnoException): 'upstream_name' | 'upstream_connect' | 'upstream_connect_timeout' {
  if (syscall === 'resolve' || syscall === 'getaddrinfo' || code.startsWith('EAI_')) return 'upstream_name';
  return code === 'ETIMEDOUT' ? 'upstream_connect_timeout' : 'upstream_connect';
}
