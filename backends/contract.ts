/** What an origin is to the rest of hopcost: where load ends. One file each; run in a child process of its own. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What the origin saw since it started: a proxy that does not pool its upstream connections shows here. */
export interface BackendCounters {
  readonly connections: number;
  readonly requests: number;
}

/**
 * What an origin is told to be like. `refusing`: connections are reset, those that it has and those that come; `failing`: every request is
 * answered with the status; `full`: well, but of connections that wait to be accepted the kernel keeps one; `slow`: a request takes `factor` times as long; `cold`: the same, less and less, until it is itself after `over` ms.
 */
export type Condition =
  | { readonly kind: 'well' | 'refusing' | 'full' }
  | { readonly kind: 'failing'; readonly status: number }
  | { readonly kind: 'slow'; readonly factor: number }
  | { readonly kind: 'cold'; readonly factor: number; readonly over: number };

export interface RunningBackend extends AsyncDisposable {
  readonly address: Endpoint;
  counters(): BackendCounters;
  /** Present where it can be told to fail. */
  readonly steered?: Steered;
}

export interface Steered {
  steer(condition: Condition): void;
  arrivals(): Arrivals;
}

/** When each came, milliseconds since the epoch. */
export interface Arrivals {
  /** Without checks of health. */
  readonly requests: readonly number[];
  /** Connections that were reset as they came. */
  readonly refused: readonly number[];
}

export interface BackendOptions {
  /** Returned verbatim by HTTP origins at `/nonce`, so that whoever asks through a proxy knows who answered. */
  readonly nonce?: string;
  /** PEM texts: the origin then speaks TLS. Only origins of protocol 'http' and 'tcp' take it. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** HTTP/2 besides HTTP/1.1: by ALPN over TLS, by prior knowledge in the clear. Only origins of protocol 'http' take it. */
  readonly http2?: boolean;
  /** Of an origin whose capacity is known: requests that it serves at once, and milliseconds that each takes. The others wait. */
  readonly capacity?: { readonly slots: number; readonly service: number };
}

export interface BackendDefinition {
  readonly name: string;
  readonly protocol: 'tcp' | 'udp' | 'http' | 'tls';
  readonly summary: string;
  /** Resolves once it listens. Rejects with the system's error (EADDRINUSE, EACCES). */
  start(listener: Endpoint, options: BackendOptions, signal: AbortSignal): Promise<RunningBackend>;
}
