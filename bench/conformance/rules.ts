/**
 * What a proxy must get right, rule by rule: the table that the cases are checked against. Every rule has at least one case. Ids are stable: reports and expected deviations name them.
 */

/** Why it is no reason not to measure a peer that does otherwise: the rules are what we ask of our references. */
export const REASONS = {
  lenient: 'reads what clients send more leniently than we ask',
  refusal: 'refuses with another status, or by a close',
  lenientUpstream: 'reads what origins send more leniently than we ask',
  strictUpstream: 'reads what origins send more strictly than we ask',
  targets: 'forwards targets as it understands them, or supports fewer forms',
  fields: 'treats fields of a connection or about the client in its own way',
  interim: 'handles 1xx, early answers or upgrades in its own way',
  repeats: 'repeats requests by its own rules, or never',
  endings: 'ends connections and watches time in its own way',
  proxyHeader: 'expects a PROXY header in one piece, as its specification allows',
  tlsDefaults: 'has other defaults of its TLS library',
  filters: 'has the filter in a form of its own',
  other: 'does this in a way of its own',
} as const;

interface Rule {
  readonly section: string;
  readonly reason: keyof typeof REASONS;
  /** True of a proxy that passes. */
  readonly text: string;
}

const REQUEST = 'HTTP/1.1 requests';
const FORWARDING = 'Forwarding';
const CONNECTIONS = 'Connections';
const L4 = 'L4';
const TLS = 'TLS';
const FILTERS = 'Filters';
const RELIABILITY = 'Reliability';

const rule = (section: string, reason: Rule['reason'], text: string): Rule => ({ section, reason, text });

export const RULES = {
  'bare-cr': rule(REQUEST, 'lenient', 'RFC 9112 §2.2: a bare CR is refused with 400'),
  'bare-lf': rule(REQUEST, 'lenient', 'RFC 9112 §2.2: a bare LF is refused with 400'),
  'leading-space': rule(REQUEST, 'lenient', 'RFC 9112 §2.2: whitespace before the first field is refused with 400'),
  'version-syntax': rule(REQUEST, 'lenient', 'RFC 9112 §2.3: the version is exactly HTTP/DIGIT.DIGIT'),
  'version-unknown': rule(REQUEST, 'refusal', 'RFC 9112 §2.3: another version is refused with 505'),
  'request-line': rule(
    REQUEST,
    'lenient',
    'RFC 9112 §3: the request line is method SP target SP version, and nothing else',
  ),
  'target-8000': rule(REQUEST, 'targets', 'RFC 9112 §3: a request target of 8,000 octets is supported'),
  'target-too-long': rule(REQUEST, 'refusal', 'RFC 9112 §3: an overlong request target is refused with 414'),
  'host-missing': rule(REQUEST, 'lenient', 'RFC 9112 §3.2: a request without Host is refused with 400'),
  'host-repeated': rule(REQUEST, 'lenient', 'RFC 9112 §3.2: a repeated Host is refused with 400'),
  'host-invalid': rule(
    REQUEST,
    'lenient',
    'RFC 9112 §3.2: an invalid Host is refused with 400: userinfo, path, comma, empty with an authority',
  ),
  'absolute-form': rule(REQUEST, 'targets', 'RFC 9112 §3.2.2: the authority of an absolute-form target wins over Host'),
  'authority-form': rule(REQUEST, 'targets', 'RFC 9112 §3.2.3: authority-form is for CONNECT alone'),
  'asterisk-form': rule(REQUEST, 'targets', 'RFC 9112 §3.2.4: `*` is for OPTIONS alone'),
  'space-before-colon': rule(REQUEST, 'lenient', 'RFC 9112 §5.1: whitespace before the colon is refused with 400'),
  'space-before-colon-response': rule(
    REQUEST,
    'lenientUpstream',
    'RFC 9112 §5.1: whitespace before the colon of a response field is removed',
  ),
  'obs-fold': rule(REQUEST, 'lenient', 'RFC 9112 §5.2: a folded field line is refused with 400'),
  'obs-fold-response': rule(
    REQUEST,
    'lenientUpstream',
    'RFC 9112 §5.2: a folded line of a response is replaced, or the answer is 502',
  ),
  'field-value': rule(REQUEST, 'lenient', 'RFC 9110 §5.5: CR, LF and NUL in a field value are invalid'),
  'field-name': rule(REQUEST, 'lenient', 'RFC 9110 §5.1: a field name is a token'),
  'head-too-large': rule(REQUEST, 'refusal', 'a head over its limit is refused with 431'),
  'body-too-large': rule(REQUEST, 'refusal', 'a body over its limit is refused with 413'),
  'slow-head': rule(REQUEST, 'refusal', 'a head that does not come to its end in time is refused with 408'),
  'te-with-length': rule(
    REQUEST,
    'lenient',
    'RFC 9112 §6.1: Transfer-Encoding with Content-Length is refused with 400, and the connection is closed',
  ),
  'length-invalid': rule(
    REQUEST,
    'lenient',
    'RFC 9112 §6.3: an invalid or differing Content-Length is refused with 400, and the connection is closed',
  ),
  'length-invalid-upstream': rule(
    REQUEST,
    'lenientUpstream',
    'RFC 9112 §6.3: an invalid Content-Length from upstream gives 502, and its connection is closed',
  ),
  'chunked-last': rule(
    REQUEST,
    'lenient',
    'RFC 9112 §6.3: a coding list that does not end in chunked is refused with 400',
  ),
  'coding-unknown': rule(REQUEST, 'lenient', 'RFC 9112 §6.1: an unknown transfer coding is refused with 501'),
  'te-http10': rule(
    REQUEST,
    'lenient',
    'RFC 9112 §6.1: Transfer-Encoding in HTTP/1.0 is refused, and the connection is closed',
  ),
  'chunk-size': rule(REQUEST, 'lenient', 'RFC 9112 §7.1: a chunk size is strict hexadecimal, checked for overflow'),
  'chunk-extension': rule(
    REQUEST,
    'lenient',
    'RFC 9112 §7.1.1: chunk extensions are parsed (a name is a token), bounded and dropped',
  ),
  'chunk-rewritten': rule(
    REQUEST,
    'lenientUpstream',
    'RFC 9112 §7.1: bodies are chunked anew, chunk lines are never relayed',
  ),
  'trailer-forbidden': rule(
    REQUEST,
    'lenient',
    'RFC 9110 §6.5.1: trailers that frame, route or authenticate are refused',
  ),
  'trailer-forwarded': rule(REQUEST, 'fields', 'RFC 9110 §6.5.1: other trailers are forwarded only when asked for'),
  'name-alias': rule(
    REQUEST,
    'lenient',
    'a name that passes for a framing or identity field by `_`, `.` or case is refused or dropped',
  ),

  'hop-by-hop': rule(
    FORWARDING,
    'fields',
    'RFC 9110 §7.6.1: Connection, Keep-Alive, Proxy-Connection, TE (except trailers) and Upgrade are dropped',
  ),
  nominated: rule(FORWARDING, 'fields', 'RFC 9110 §7.6.1: every field that Connection nominates is dropped'),
  'nominated-own': rule(
    FORWARDING,
    'fields',
    'RFC 9110 §7.6.1: Connection cannot nominate what the proxy adds or what frames the message',
  ),
  via: rule(FORWARDING, 'fields', 'RFC 9110 §7.6.3: Via is appended where it is configured'),
  'max-forwards': rule(
    FORWARDING,
    'fields',
    'RFC 9110 §7.6.2: Max-Forwards is counted down for OPTIONS and TRACE, and answered at 0',
  ),
  'identity-untrusted': rule(
    FORWARDING,
    'fields',
    'X-Forwarded-*, Forwarded and what says the same in other words (X-Real-IP, True-Client-IP, …) of an untrusted peer are discarded',
  ),
  'identity-trusted': rule(FORWARDING, 'fields', 'X-Forwarded-* and Forwarded of a trusted peer are appended to'),
  'informational-11': rule(FORWARDING, 'interim', 'RFC 9110 §15.2: every 1xx is forwarded to HTTP/1.1 clients'),
  'informational-10': rule(FORWARDING, 'interim', 'RFC 9110 §15.2: no 1xx is forwarded to HTTP/1.0 clients'),
  expect: rule(
    FORWARDING,
    'fields',
    'RFC 9110 §10.1.1: Expect: 100-continue works; another expectation is refused or forwarded',
  ),
  'early-answer': rule(
    FORWARDING,
    'interim',
    'RFC 9112 §9.3: a final answer before the body ended is delivered; that upstream connection is not used again',
  ),
  'tunnel-101': rule(FORWARDING, 'interim', 'RFC 9110 §7.8: a tunnel begins after 101 only, to what was asked for'),
  'connect-disabled': rule(FORWARDING, 'refusal', 'RFC 9110 §9.3.6: CONNECT is refused where it is not enabled'),
  'connect-2xx': rule(FORWARDING, 'interim', 'RFC 9110 §9.3.6: a CONNECT tunnel begins after 2xx only'),
  'upgrade-body': rule(
    FORWARDING,
    'interim',
    'RFC 9110 §7.8: an Upgrade with a body, or to h2c or TLS, is dropped and the request served',
  ),
  'tunnel-not-pooled': rule(FORWARDING, 'interim', 'a tunnel never returns to the pool'),
  'tunnel-early-bytes': rule(FORWARDING, 'interim', 'client bytes sent early wait for the 101'),
  bodiless: rule(FORWARDING, 'lenientUpstream', 'RFC 9112 §6.3: answers to HEAD, 1xx, 204 and 304 have no body'),
  truncated: rule(
    FORWARDING,
    'lenientUpstream',
    'RFC 9112 §8: a truncated upstream body is never completed downstream',
  ),
  'retry-stale': rule(
    FORWARDING,
    'repeats',
    'RFC 9110 §9.2.2: an idempotent request on a reused connection that gave no byte is tried again',
  ),
  'retry-not': rule(FORWARDING, 'repeats', 'RFC 9110 §9.2.2: no other request is ever executed twice'),
  tolerated: rule(
    FORWARDING,
    'strictUpstream',
    'what origins send leniently and everyone takes is passed on, framed anew: blanks after a chunk size, a repeated Content-Length, LF alone, any status',
  ),
  'bad-gateway': rule(FORWARDING, 'refusal', 'RFC 9110 §15.6.3: a bad or closed upstream gives 502'),
  unavailable: rule(
    FORWARDING,
    'refusal',
    'RFC 9110 §15.6.4: no endpoint available, or shed, gives 503 with Retry-After',
  ),
  'gateway-timeout': rule(
    FORWARDING,
    'refusal',
    'RFC 9110 §15.6.5: an upstream that does not answer in time gives 504',
  ),
  'error-body': rule(FORWARDING, 'refusal', 'the bodies of error answers name no internals'),
  'canonical-path': rule(
    FORWARDING,
    'targets',
    'RFC 3986 §6.2.2: one canonical path decides where a request goes; the origin gets the target as it was sent',
  ),
  'peculiar-path': rule(FORWARDING, 'targets', '`%5c`, `%00`, `;/..` and fragments in a path are refused'),
  'escaped-slash': rule(FORWARDING, 'targets', '`%2f` in a path is data and kept, or refused where that is configured'),
  'decided-by-kept': rule(FORWARDING, 'fields', 'no route is chosen by a field that the origin does not see'),
  loop: rule(
    FORWARDING,
    'fields',
    'RFC 5842 §7.2: a request that comes round to the proxy itself is answered with 508',
  ),
  'configured-token': rule(FORWARDING, 'other', 'every token written is validated, those of the configuration too'),

  pipelining: rule(CONNECTIONS, 'endings', 'RFC 9112 §9.3.2: pipelined requests are answered in their order'),
  'keep-alive-age': rule(CONNECTIONS, 'refusal', 'a connection past its age is closed after its current response'),
  'keep-alive-count': rule(CONNECTIONS, 'endings', 'a connection is closed after its last allowed request'),
  'http10-close': rule(CONNECTIONS, 'endings', 'RFC 9112 §9.3: HTTP/1.0 closes by default'),
  lingering: rule(
    CONNECTIONS,
    'refusal',
    'RFC 9112 §9.6: an early refusal arrives although the client is still sending',
  ),
  unsent: rule(
    CONNECTIONS,
    'endings',
    'RFC 9112 §9.6: what was accepted is delivered, however late the client reads; who gives up on it resets',
  ),
  'half-closed-client': rule(
    CONNECTIONS,
    'endings',
    'RFC 9112 §9.6: a client that announced its last request, or asked several at once, is answered after its FIN',
  ),
  'cut-request': rule(
    CONNECTIONS,
    'lenient',
    'RFC 9112 §8: a request body that a FIN cuts off never passes for a whole one',
  ),
  'head-at-once': rule(
    CONNECTIONS,
    'interim',
    'the head of an answer goes out when it is there, however its body is framed',
  ),
  'connection-limit': rule(CONNECTIONS, 'endings', 'connections above the limit are not served while it is reached'),
  'client-abort': rule(CONNECTIONS, 'endings', 'a client that goes away frees the upstream at once'),
  'idle-upstream-bytes': rule(
    CONNECTIONS,
    'lenientUpstream',
    'an idle upstream connection that says something is discarded',
  ),
  'stalled-reader': rule(
    CONNECTIONS,
    'endings',
    'a stalled reader of a large body makes no more than bounded buffers grow',
  ),
  'stalled-origin': rule(
    CONNECTIONS,
    'endings',
    'a stalled origin of a large upload makes no more than bounded buffers grow',
  ),
  'timer-body': rule(CONNECTIONS, 'endings', 'a request body that stalls is given up in time'),
  'timer-idle': rule(CONNECTIONS, 'endings', 'an idle client connection is closed in time'),
  'timer-connect': rule(CONNECTIONS, 'endings', 'an upstream that does not take the connection is given up in time'),
  'timer-upstream-idle': rule(CONNECTIONS, 'endings', 'an idle upstream connection is closed in time'),
  'timer-tunnel': rule(CONNECTIONS, 'endings', 'an idle tunnel is closed in time'),

  'half-close': rule(L4, 'endings', 'FIN travels one way while the other direction flows'),
  'reset-passed': rule(L4, 'endings', 'RST stays RST, both ways'),
  'l4-connect-timeout': rule(L4, 'endings', 'an endpoint that does not take the connection is given up in time'),
  'l4-idle-timeout': rule(L4, 'endings', 'an idle connection is closed in time'),
  'l4-half-closed-timeout': rule(L4, 'endings', 'a half-closed connection is closed in time, a timeout of its own'),
  'l4-buffering': rule(L4, 'endings', 'buffering is bounded, both ways'),
  'l4-unsent': rule(
    L4,
    'endings',
    'what was accepted is delivered, however late the client reads; who gives up on it resets',
  ),
  'l4-drain': rule(L4, 'endings', 'drain: new connections refused, those in flight finished, the deadline enforced'),
  'l4-source-rules': rule(L4, 'endings', 'connections are admitted by source address and destination port'),
  'l4-one-endpoint': rule(L4, 'endings', 'a connection goes to one endpoint'),
  'l4-retry': rule(L4, 'repeats', 'a refused endpoint is retried elsewhere before any byte was forwarded'),
  'proxy-v1': rule(L4, 'lenient', 'PROXY protocol v1 is read: at most 107 bytes, strictly'),
  'proxy-v2': rule(L4, 'lenient', 'PROXY protocol v2 is read: LOCAL, TLVs within bounds, CRC32c verified'),
  'proxy-fragments': rule(L4, 'proxyHeader', 'PROXY headers may come in fragments'),
  'proxy-required': rule(L4, 'lenient', 'a PROXY header is required or not expected, never guessed'),
  'proxy-send': rule(L4, 'proxyHeader', 'PROXY protocol v1 and v2 are sent, with the addresses of the client'),
  'sni-route': rule(L4, 'other', 'a ClientHello is routed by its server name, whatever way it is cut'),
  'sni-absent': rule(L4, 'other', 'a ClientHello without server name has a defined route'),
  'sni-oversized': rule(L4, 'lenient', 'an oversized ClientHello, or what is none, closes the connection'),
  'udp-session': rule(L4, 'other', 'UDP: datagrams of one 4-tuple are one session; replies never reach another client'),
  'udp-empty': rule(L4, 'other', 'UDP: datagrams of no byte are forwarded'),
  'udp-expiry': rule(L4, 'other', 'UDP: idle sessions expire'),
  'udp-cap': rule(L4, 'other', 'UDP: sessions are capped'),

  'tls-versions': rule(TLS, 'tlsDefaults', 'TLS 1.2 and up'),
  'tls-sni': rule(TLS, 'tlsDefaults', 'the certificate is chosen by SNI'),
  'tls-alpn': rule(TLS, 'tlsDefaults', 'RFC 7301 §3.2: an ALPN mismatch gives the no_application_protocol alert'),
  'tls-resumption': rule(TLS, 'tlsDefaults', 'sessions are resumed by ticket'),
  'tls-renegotiation': rule(TLS, 'tlsDefaults', 'renegotiation is refused'),
  'tls-handshake-timeout': rule(TLS, 'tlsDefaults', 'a handshake that stalls is given up in time'),
  'tls-hot-swap': rule(TLS, 'tlsDefaults', 'certificates are swapped while live sessions go on'),
  'tls-client-certificate': rule(TLS, 'tlsDefaults', 'a required client certificate is required'),
  'tls-verify': rule(TLS, 'lenientUpstream', 'upstream certificates are verified by default'),
  'tls-truncation': rule(TLS, 'lenientUpstream', 'a missing close_notify is a truncation where framing depends on it'),

  'filter-ip-rules': rule(FILTERS, 'filters', 'ip-rules: clients are admitted by address, else 403'),
  'filter-rate-limit': rule(FILTERS, 'filters', 'rate-limit: 429 and Retry-After beyond the rate'),
  'filter-basic-auth': rule(FILTERS, 'filters', 'basic-auth: RFC 7617; 401 for all others, the identity told unforged'),
  'filter-api-key': rule(FILTERS, 'filters', 'api-key: 401 without a key, the identity told unforged'),
  'filter-jwt': rule(FILTERS, 'filters', 'jwt: RFC 8725; 401 for what is not verified, the identity told unforged'),
  'filter-ext-authz': rule(FILTERS, 'filters', 'ext-authz: a service decides, and without its verdict nobody passes'),
  'filter-cors': rule(FILTERS, 'filters', 'cors: pages of certain origins may read; preflights are answered here'),
  'filter-compression': rule(
    FILTERS,
    'filters',
    'compression: RFC 9110 §12.5.3; by what the client accepts, and only what may be',
  ),
  'filter-cache': rule(
    FILTERS,
    'filters',
    'cache: RFC 9111; what is fresh is answered again, what is private is not stored',
  ),
  'filter-transform': rule(FILTERS, 'filters', 'transform: fields are set and removed on either way'),
  'filter-mirror': rule(FILTERS, 'filters', 'mirror: a copy goes elsewhere, and its answer nowhere'),
  'filter-header-log': rule(FILTERS, 'filters', 'header-log: fields that are named are logged, and no others'),
  'filter-tracing': rule(FILTERS, 'filters', 'tracing: W3C Trace Context; a trace is kept, or begun'),
  'filter-request-rules': rule(FILTERS, 'filters', 'request-rules: methods, lengths and patterns are held to'),

  'hot-reload': rule(RELIABILITY, 'other', 'reloads under requests, on kept and new connections, fail none'),
  'invalid-config': rule(
    RELIABILITY,
    'other',
    'an invalid new configuration is refused with its path and reason; the old one keeps serving',
  ),
  'origin-killed': rule(
    RELIABILITY,
    'repeats',
    'one of three origins killed: no error for idempotent requests, no POST executed twice',
  ),
  'origin-dies': rule(
    RELIABILITY,
    'repeats',
    'an origin that dies amid a body: no truncated response is seen as complete',
  ),
  'slow-clients': rule(
    RELIABILITY,
    'endings',
    'slow clients are reaped in time and do not keep others from being served',
  ),
  aborts: rule(RELIABILITY, 'endings', 'requests with random aborts leave no connection behind'),
  drain: rule(
    RELIABILITY,
    'endings',
    'drain: new connections refused, requests in flight finished, connections closed',
  ),
  fuzz: rule(RELIABILITY, 'lenient', 'seeded fuzz inputs: no crash, no hang, the same result at every split point'),
} as const satisfies Record<string, Rule>;

export type RuleId = keyof typeof RULES;
