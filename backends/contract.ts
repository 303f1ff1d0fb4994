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

export interface RunningBackend extends AsyncDisposable {
  readonly address: Endpoint;
  counters(): BackendCounters;
}

export interface BackendOptions {
  /** Returned verbatim by HTTP origins at `/nonce`, so that whoever asks through a proxy knows who answered. */
  readonly nonce?: string;
  /** PEM texts: the origin then speaks TLS. Only origins of protocol 'http' and 'tcp' take it. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** HTTP/2 besides HTTP/1.1: by ALPN over TLS, by prior knowledge in the clear. Only origins of protocol 'http' take it. */
  readonly http2?: boolean;
}

export interface BackendDefinition {
  readonly name: string;
  readonly protocol: 'tcp' | 'udp' | 'http' | 'tls';
  readonly summary: string;
  /** Resolves once it listens. Rejects with the system's error (EADDRINUSE, EACCES). */
  start(listener: Endpoint, options: BackendOptions, signal: AbortSignal): Promise<RunningBackend>;
}
