/**
 * One TCP (or TLS) connection, reduced to what a relay needs: bytes arrive by callback in a reused buffer, bytes leave by
 * a synchronous write that reaches the kernel before it returns wherever the kernel takes them. L4 and L7 stand on it
 * alike. `handle-wire.ts` is the cheap path below `net.Socket`, `socket-wire.ts` the plain one over any socket.
 *
 * A wire starts paused: nothing is read before `resume()`. Both directions end separately (half-open is allowed); once the
 * peer's FIN was seen and ours is sent, the wire closes by itself. After `destroy()`, `reset()` or an error only `onClose`
 * follows. Callbacks never come from within a call to `write`, `end`, `reset`, `destroy`, `pause` or `resume`. What a callback throws
 * is told on stderr and resets this wire: it costs one connection, not the process.
 */
import type { X509Certificate } from 'node:crypto';
import type { Endpoint } from '../config/intent.ts';
import type { Resolve } from './resolver.ts';

/** One object per connection; keep its shape constant. */
export interface WireHandler {
  /** Valid only during the call: the memory is read into again afterwards. */
  onData(chunk: Buffer): void;
  /** FIN from the peer; our writing side stays open. At most once, after all data. */
  onEnd(): void;
  /** The backlog, of which a `write` or `end` had told by giving false, has gone to the kernel; after `end`, our FIN as well. */
  onDrain(): void;
  /** Exactly once, last. ECONNRESET and the like as `error`; undefined after an orderly end or our own `destroy`. */
  onClose(error: NodeJS.ErrnoException | undefined): void;
}

export interface Wire {
  /** May be swapped at any time (HTTP becomes a tunnel). */
  handler: WireHandler;
  /** Copies what cannot be written at once. False: a backlog exists; stop reading the other side until `onDrain`. */
  write(chunk: Buffer): boolean;
  writeLatin1(text: string): boolean;
  /**
   * FIN after the backlog. No write may follow. False: the backlog is still to go; `onDrain` tells when it and the FIN are out.
   * `isLast`: the peer has nothing more to say, so closing, which costs less, may say it as well.
   */
  end(isLast?: boolean): boolean;
  /** RST; the backlog is thrown away. */
  reset(): void;
  /** Close at once. Where a backlog is thrown away this is a reset: a FIN would say that this was all. */
  destroy(): void;
  /** At most one delivery may still come: over TLS, what is decrypted already is not held back. */
  pause(): void;
  resume(): void;
  /** Bytes queued by `write` that the kernel has not taken. */
  readonly pending: number;
  /** False once `destroy`, `reset`, an error or both ends' FIN closed it; writes are then ignored. */
  readonly open: boolean;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Over TLS: what the other end has shown of itself, and was verified by. */
  readonly certificate?: X509Certificate | undefined;
  /** Over TLS: what ALPN agreed on. */
  readonly protocol?: string | undefined;
}

export interface ConnectOptions {
  /** Milliseconds, name resolution included; 0: none. Then `onConnectError` with code ETIMEDOUT. */
  readonly timeout: number;
  /** Which of the addresses that a name stands for may be connected to; if none may, the error has code EACCES. */
  readonly permits?: (address: string) => boolean;
  /** What names stand for; by the hosts file and DNS by default. */
  readonly resolve?: Resolve;
}

/** Either `onConnect` or `onConnectError` comes, once, unless abandoned; the wire's own callbacks only after `onConnect`. */
export interface ConnectHandler extends WireHandler {
  onConnect(wire: Wire): void;
  onConnectError(error: NodeJS.ErrnoException): void;
}

/** What stands for a connection until there is one. */
export interface Connecting {
  /** Gives up: no callback follows. Without effect once one of the two came. */
  abandon(): void;
}

/** Why a listener let a connection go before anybody owned it. */
export type ListenRefusal =
  | 'client_closed'
  | 'connections_limit'
  | 'accept_failed'
  | 'proxy_header_malformed'
  | 'tls_handshake_failed'
  | 'plain_http_to_tls';

export interface ListenOptions {
  readonly backlog?: number;
  /** Several processes or threads share the port. */
  readonly reusePort?: boolean;
  /** Connections above this number are closed as they come; unlimited by default. */
  readonly connections?: number;
  /** Told of each connection that no owner sees. `client`: its address, '' where it is not known. */
  readonly onRefused?: (reason: ListenRefusal, client: string, detail: string) => void;
}

export interface WireListener extends AsyncDisposable {
  /** A requested port 0 has become a real one. */
  readonly address: Endpoint;
  /** Connections accepted and not yet closed. */
  readonly active: number;
  /** Stops accepting; accepted wires go on and are their owner's to close. */
  close(): Promise<void>;
}
