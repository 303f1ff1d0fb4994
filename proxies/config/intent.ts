/**
 * The neutral intent: what a hop shall do, in words no proxy owns. Every subject, ours or a peer, is configured from one of
 * these; the readers of native formats (Envoy static YAML) produce them. Words as Envoy uses them: downstream is the client's
 * side, upstream the origin's. Durations are milliseconds, sizes are bytes. Plain serialisable data throughout.
 */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** PEM texts, not paths: whoever reads files does it once, at the edge, with a clear error. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** Names this certificate answers for (exact or `*.example.org`). Absent: the default certificate. */
  readonly serverNames?: readonly string[];
}

export interface DownstreamTls {
  /** At least one; the first without `serverNames`, else the first, is the default. */
  readonly certificates: readonly Certificate[];
  /** Who asks for none of the certificates' names, or for no name, is turned away. */
  readonly onlyNamed?: boolean;
  /** In the order of preference; HTTP/1.1 and HTTP/1.0 by default, `h2` before them where the listener speaks HTTP/2. */
  readonly alpn?: readonly string[];
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** Session tickets and resumption; on by default. */
  readonly resumption?: boolean;
  /** Base64 of the 48 octets that seal session tickets; listeners with the same ones resume each other's sessions. Random by default. */
  readonly ticketKeys?: string;
  /** PEM of the authorities that client certificates must chain to. Present: a client certificate is required. */
  readonly clientCa?: string;
}

export interface UpstreamTls {
  /** SNI and the name that is verified; the endpoint's host by default. */
  readonly serverName?: string;
  /** PEM of the authorities to trust; the system's by default. */
  readonly ca?: string;
  /** On by default. */
  readonly verify?: boolean;
  readonly certificate?: Certificate;
}

export type LoadBalancing = 'round-robin' | 'random' | 'least-request' | 'power-of-two' | 'source-ip';

export interface WeightedEndpoint extends Endpoint {
  /** A positive integer; 1 by default. */
  readonly weight?: number;
}

/** Both ends included. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

interface CheckPace {
  /** In place of the endpoint's own. */
  readonly port?: number;
  /** Milliseconds from the end of a check to the next; 5,000 by default. */
  readonly interval?: number;
  /** Share of the interval, 0 to 1, by which each one is longer or shorter by chance; 0.1 by default. */
  readonly jitter?: number;
  /** 1,000 by default. */
  readonly timeout?: number;
  /** Checks failed in a row that take an endpoint out; 3 by default. */
  readonly unhealthyThreshold?: number;
  /** Checks passed in a row that bring it back; 2 by default. */
  readonly healthyThreshold?: number;
}

/** A connection is taken. */
interface TcpCheck extends CheckPace {
  readonly kind: 'tcp';
}

/** A GET is answered as expected, by TLS where the cluster says so. */
interface HttpCheck extends CheckPace {
  readonly kind: 'http';
  /** `/` by default. */
  readonly path?: string;
  /** Host; the endpoint's by default. */
  readonly host?: string;
  /** Statuses of an endpoint that serves; 200 to 299 by default. */
  readonly expected?: readonly StatusRange[];
}

/**
 * Each endpoint is asked now and then, from each event loop, whether it serves. The first answer decides alone; until then an endpoint is
 * taken for healthy.
 */
export type HealthCheck = TcpCheck | HttpCheck;

/**
 * An endpoint whose answers are failures is left out for a while. A failure is an answer of 500 to 599, none in time, a connection
 * that fails or breaks; at L4 a connection that fails.
 */
export interface Ejection {
  /** Failures in a row that eject; 5 by default, 0: not counted. */
  readonly consecutive?: number;
  /** Share of failures that ejects, above 0 and up to 1; absent: not counted. */
  readonly errorRate?: number;
  /** Milliseconds that `errorRate` looks back at the most; 10,000 by default. */
  readonly window?: number;
  /** Answers within the window below which `errorRate` says nothing; 20 by default. */
  readonly minimum?: number;
  /** Milliseconds of the first ejection, each further one being longer by as much; 30,000 by default. */
  readonly baseTime?: number;
  /** 300,000 by default. */
  readonly maxTime?: number;
  /** Share of a cluster's endpoints that may be out at once, rounded down; 0.5 by default. */
  readonly maxShare?: number;
}

/** Bounds of a cluster, of each event loop; beyond one of them a request is answered 503, a connection closed, at once. Absent: none. */
export interface CircuitBreaker {
  /** Connections to its endpoints, opening ones included. */
  readonly connections?: number;
  /** Requests under way. */
  readonly requests?: number;
  /** Requests, at L4 clients, that wait for a connection. */
  readonly pending?: number;
  /** Retries under way. */
  readonly retries?: number;
}

/**
 * What a request is tried again after. `connect`: no connection; `reset`: it broke before an answer; `timeout`: no answer within
 * `perTryTimeout`; `gateway-error`: 502, 503 or 504; `server-error`: any status from 500 to 599.
 */
export type RetryOn = 'connect' | 'reset' | 'timeout' | 'gateway-error' | 'server-error';

/**
 * A request is tried again, elsewhere where there is an elsewhere. One that may have been executed is not, unless its method is
 * idempotent (RFC 9110 §9.2.2); nor is one whose body has been sent on in part.
 */
export interface Retry {
  readonly on: readonly RetryOn[];
  /** After the first one; 1 by default. */
  readonly attempts?: number;
  /** Milliseconds without an answer after which a try is given up; absent: none. */
  readonly perTryTimeout?: number;
  /** Milliseconds before the second try: up to `base`, doubled each time, up to `max`; none by default. */
  readonly backoff?: { readonly base: number; readonly max: number };
  /** Retries under way: up to a share of the requests under way, and always `minimum`; 0.2 and 3 by default. */
  readonly budget?: { readonly share: number; readonly minimum: number };
}

/** An endpoint that comes anew, or back, gets (elapsed / window)^(1/aggression) of its weight. */
export interface SlowStart {
  /** Milliseconds. */
  readonly window: number;
  /** 1, the default: in proportion to time. */
  readonly aggression?: number;
  /** Share of its weight that it has from the start; 0.1 by default. */
  readonly minimum?: number;
}

/** Requests with the same key go to the same endpoint, as long as it may be chosen: by Maglev hashing of the key. */
export type Stickiness =
  | {
      /** A client that brings none is given a random one. */
      readonly kind: 'cookie';
      readonly name: string;
      /** Seconds that it lasts; absent: as long as the client's session. */
      readonly maxAge?: number;
      /** `/` by default. */
      readonly path?: string;
    }
  /** A request without it goes anywhere. */
  | { readonly kind: 'header'; readonly name: string };

interface NamesAsked {
  /** Fully qualified. */
  readonly name: string;
  /** `address` or `address:port` of name servers; the system's by default. */
  readonly servers?: readonly string[];
  /** Milliseconds that an answer holds at the least and the most, whatever its TTL says; 1,000 and 300,000 by default. */
  readonly minTtl?: number;
  readonly maxTtl?: number;
}

/**
 * Where a cluster's endpoints are learnt from while it serves; those of the intent serve until then. An answer without any endpoint, or
 * none, changes nothing.
 */
export type Discovery =
  /** Addresses of a name: A, or AAAA where there are none. */
  | ({ readonly kind: 'dns'; readonly port: number } & NamesAsked)
  /** Targets and ports of a name, those of the first priority, by weight (RFC 2782). */
  | ({ readonly kind: 'srv' } & NamesAsked)
  /** A JSON array of endpoints, read again when it changes. */
  | { readonly kind: 'file'; readonly path: string };

/** Requests that find every endpoint at its limit wait for their turn. */
export interface Queue {
  /** Beyond as many, 503 at once. */
  readonly size: number;
  /** Milliseconds after which one is answered 503; 1,000 by default. */
  readonly timeout?: number;
}

/** An idempotent request without a body that has no answer after `delay` ms is sent to another endpoint too; the first answer counts. */
export interface Hedge {
  readonly delay: number;
  /** Further ones at the most, `delay` apart; 1 by default. They count as retries. */
  readonly most?: number;
}

export interface Cluster {
  readonly name: string;
  /** At least one, unless `discovery` finds them. */
  readonly endpoints: readonly WeightedEndpoint[];
  readonly policy?: LoadBalancing;
  readonly tls?: UpstreamTls;
  /**
   * What the origin speaks; `http1` by default. `http2`: by ALPN over TLS, in the clear by prior knowledge. `auto`: over TLS alone, HTTP/2
   * where the origin agrees to it by ALPN, else HTTP/1.1.
   */
  readonly protocol?: 'http1' | 'http2' | 'auto';
  readonly connectTimeout?: number;
  /** PROXY protocol header sent at the start of each upstream connection (L4). */
  readonly proxyProtocol?: 'v1' | 'v2';
  readonly healthCheck?: HealthCheck;
  readonly ejection?: Ejection;
  /** Share of endpoints in order, 0 to 1, below which all are used; 0: never. Absent: where none is in order. */
  readonly panicThreshold?: number;
  readonly circuitBreaker?: CircuitBreaker;
  readonly retry?: Retry;
  readonly slowStart?: SlowStart;
  readonly stickiness?: Stickiness;
  readonly discovery?: Discovery;
  readonly queue?: Queue;
  readonly hedge?: Hedge;
}

export interface HeaderMatch {
  readonly name: string;
  readonly match:
    | { readonly kind: 'present' }
    | { readonly kind: 'exact'; readonly value: string }
    | { readonly kind: 'prefix'; readonly value: string };
  readonly invert?: boolean;
}

export interface RouteMatch {
  /** Exact (`example.org`) or wildcard (`*.example.org`) host names; absent or `*` matches every host. */
  readonly hosts?: readonly string[];
  /** A regular expression must match the whole path, and be one that is matched in linear time (no look-around, no back-references). */
  readonly path?: { readonly kind: 'exact' | 'prefix' | 'regex'; readonly value: string };
  readonly methods?: readonly string[];
  readonly headers?: readonly HeaderMatch[];
}

export interface HeaderEdit {
  readonly op: 'add' | 'set' | 'remove';
  readonly name: string;
  readonly value?: string;
}

/** A reply with a Location, made of the request's URL and what is told otherwise here (RFC 9110 §15.4). */
export interface Redirect {
  readonly kind: 'redirect';
  /** 301 by default. */
  readonly status?: 301 | 302 | 303 | 307 | 308;
  readonly scheme?: 'http' | 'https';
  readonly host?: string;
  readonly port?: number;
  /** The whole path; its own query, where it has one, takes the place of the request's. */
  readonly path?: string;
  /** In place of what the match's path covered. */
  readonly prefixRewrite?: string;
  readonly stripQuery?: boolean;
}

export type RouteAction =
  | {
      readonly kind: 'forward';
      /** One cluster, or several by weight (canary, blue/green). */
      readonly clusters: readonly { readonly name: string; readonly weight?: number }[];
      readonly prefixRewrite?: string;
      /** Each match of `pattern` in the path becomes `substitution`, in which `$1` is the first group. */
      readonly regexRewrite?: { readonly pattern: string; readonly substitution: string };
      readonly hostRewrite?: string;
      /** Milliseconds from the end of the request to the end of its answer, a tunnel's aside; absent or 0: no end is set. */
      readonly timeout?: number;
      /** In place of `timeouts.upstreamResponse` and `timeouts.tunnelIdle`. */
      readonly idleTimeout?: number;
    }
  | Redirect
  | { readonly kind: 'reply'; readonly status: number; readonly body?: string; readonly contentType?: string };

/** What filters are told, by their names. Each filter's file adds its own, so that no list of them is kept here. */
export interface FilterSettings {}

/** The first route that matches wins. */
export interface Route {
  readonly match: RouteMatch;
  readonly action: RouteAction;
  readonly requestHeaders?: readonly HeaderEdit[];
  readonly responseHeaders?: readonly HeaderEdit[];
  /** In place of what the intent says of the same filter; null: none of it here. */
  readonly filters?: { readonly [Name in keyof FilterSettings]?: FilterSettings[Name] | null };
}

/** L4 (SNI/ALPN) routing of TLS connections that are passed through. The first that matches wins. */
export interface SniRoute {
  readonly serverNames?: readonly string[];
  readonly alpn?: readonly string[];
  readonly cluster: string;
}

export interface L4Rules {
  /** CIDRs that may connect; all by default. */
  readonly allowSources?: readonly string[];
  readonly denySources?: readonly string[];
  /** Destination ports to which a connection may be opened; all by default. */
  readonly allowPorts?: readonly number[];
}

export interface ForwardRules {
  /**
   * Hosts (exact, `*.suffix`, CIDR) with optional `:port`; `*`: all public addresses. Block beats allow; an empty allow list allows
   * public addresses at ports 80 and 443.
   */
  readonly allow?: readonly string[];
  readonly block?: readonly string[];
}

/** How forwarding metadata is treated (RFC 7239, X-Forwarded-*, Via). */
export interface Forwarding {
  /** X-Forwarded-For/-Proto/-Host written; on by default. Off is anonymity: none leaves, whatever came in. */
  readonly xForwardedFor?: boolean;
  readonly forwarded?: boolean;
  /** Pseudonym in Via; absent: no Via is added. No other hop may have it: a request that names it has gone in a circle. */
  readonly via?: string;
  /** CIDRs of peers whose own metadata is kept and appended to; everyone else's is discarded. */
  readonly trustedPeers?: readonly string[];
}

/** What becomes of a request with `%2f` in its path: it goes on, the escape being data, or is refused with 400. */
export type EscapedSlashes = 'keep' | 'refuse';

export interface Limits {
  readonly headBytes: number;
  readonly targetBytes: number;
  readonly headerCount: number;
  readonly bodyBytes: number;
  readonly chunkExtensionBytes: number;
  readonly trailerBytes: number;
  readonly connections: number;
  readonly requestsPerConnection: number;
  readonly upstreamIdlePerEndpoint: number;
  /** Where every endpoint has reached it, requests are answered 503 with Retry-After at once: none is queued. */
  readonly upstreamPerEndpoint: number;
  /** Requests that may wait behind the one under way; from there on nothing more is read (what came in one read with them is kept). */
  readonly pipelined: number;
  readonly udpSessions: number;
}

export interface Timeouts {
  readonly connect: number;
  readonly tlsHandshake: number;
  readonly requestHead: number;
  /** From the end of a request's head to the end of its body. */
  readonly request: number;
  /** Without an octet of a body that is under way. */
  readonly requestBody: number;
  readonly downstreamIdle: number;
  readonly upstreamResponse: number;
  readonly upstreamIdle: number;
  readonly tunnelIdle: number;
  readonly halfClosed: number;
  readonly clientHello: number;
  readonly udpSession: number;
  readonly linger: number;
  readonly drain: number;
  /** Age at which a keep-alive connection is closed after its current response; 0: never. */
  readonly connectionAge: number;
}

/** Injected on purpose, to prove that a measurement sees it; never part of a comparison of proxies. */
export interface Fault {
  /** CPU time burnt on behalf of every request, as a share of what it costs otherwise: 0.1 is 10 % more. */
  readonly burn?: number;
  /** Milliseconds by which all that clients send is delayed. */
  readonly delay?: number;
}

export interface ProxyIntent {
  readonly listener: {
    readonly address: Endpoint;
    readonly tls?: DownstreamTls;
    /** A PROXY protocol header is required (never guessed) on every accepted connection. */
    readonly proxyProtocol?: boolean;
    /** Shares the port with every other listener that says so too (SO_REUSEPORT). */
    readonly reusePort?: boolean;
    /** HTTP/2 as well: by ALPN over TLS, in the clear by prior knowledge (RFC 9113 §3.3). Off by default. */
    readonly http2?: boolean;
  };
  readonly clusters: readonly Cluster[];
  /** Where L4 goes, and L7 when no route matches. Absent: L7 answers 404, L4 refuses the intent. */
  readonly defaultCluster?: string;
  readonly routes?: readonly Route[];
  /** For every route that says nothing else of the same filter, and where no route matches. */
  readonly filters?: FilterSettings;
  readonly sniRoutes?: readonly SniRoute[];
  readonly l4?: L4Rules;
  readonly forward?: ForwardRules;
  readonly forwarding?: Forwarding;
  /** 'keep' by default. */
  readonly escapedSlashes?: EscapedSlashes;
  readonly limits?: Partial<Limits>;
  readonly timeouts?: Partial<Timeouts>;
  /** Event loops or worker processes that share the listener; 1 by default. */
  readonly concurrency?: number;
  /** Listens here for whoever asks for statistics. */
  readonly admin?: Endpoint;
  /** Keeps statistics of every exchange for `stats()`; implied by `admin`. */
  readonly stats?: boolean;
  /** File that the access log is appended to; absent: off. */
  readonly accessLog?: string;
  readonly fault?: Fault;
}
