/**
 * The connections to an endpoint that may speak either version: which one, the first connection finds out by ALPN (RFC 7301), and all
 * requests that came meanwhile wait for it.
 */
import type { ClusterEndpoint } from '../cluster/endpoint.ts';
import type { FieldBlock } from '../http/field-block.ts';
import type { RequestHead } from '../http/head.ts';
import { guarded } from '../net/socket-wire.ts';
import type { ConnectHandler, Connecting, Wire } from '../net/wire.ts';
import { connectFailure } from './failure.ts';
import { type Bounds, Http1Pool } from './http1-pool.ts';
import { Http2Pool } from './http2-origin-connection.ts';
import type { OriginPath, OriginService } from './origin-connection.ts';
import type { OriginExchange, OriginPool, OriginSide } from './sides.ts';

/** What ALPN calls it. */
export const HTTP2 = 'h2';

/** A request that either codec may write. It is kept, since who writes it is known later than it came, and may be another next time. */
interface Kept {
  readonly head: RequestHead;
  readonly start: number;
  readonly end: number;
}

export class NegotiatedPool implements OriginPool, ConnectHandler {
  readonly service: OriginService;
  readonly #path: OriginPath;
  readonly #endpoint: ClusterEndpoint;
  readonly #bounds: Bounds;
  #agreed: OriginPool | undefined;
  #protocol: string | undefined;
  #connecting: Connecting | undefined;
  /** What was agreed on, by whoever opens the next connection. */
  #wire: Wire | undefined;
  readonly #waiting = new Set<NegotiatedSide>();
  #isClosed = false;

  constructor(path: OriginPath, endpoint: ClusterEndpoint, service: OriginService, bounds: Bounds) {
    this.#path = { ...path, dial: (_endpoint, handler) => this.#open(handler), secure: true };
    this.service = service;
    this.#endpoint = endpoint;
    this.#bounds = bounds;
    this.#dial = (handler) => path.dial(endpoint, handler, path.connectTimeout);
  }

  readonly #dial: (handler: ConnectHandler) => Connecting;

  origin(fresh: boolean): OriginSide | undefined {
    if (this.#agreed === undefined) return this.#negotiates() ? new NegotiatedSide(this, undefined) : undefined;
    const side = this.#agreed.origin(fresh);
    return side && new NegotiatedSide(this, side);
  }

  #negotiates(): boolean {
    if (this.#connecting !== undefined) return true;
    if (this.#bounds.breaker?.connections.take() === false) return false;
    this.#connecting = this.#dial(this);
    return true;
  }

  /** It begins as soon as it is known what the origin speaks. */
  wait(side: NegotiatedSide): void {
    this.#waiting.add(side);
  }

  forget(side: NegotiatedSide): void {
    this.#waiting.delete(side);
  }

  onConnect(wire: Wire): void {
    this.#settled();
    this.#agree(wire);
    for (const side of this.#waiting) {
      this.#waiting.delete(side);
      side.decided(this.#agreed!.origin(false));
    }
    // Nobody waits any more; the next to come opens its own.
    this.#wire?.destroy();
    this.#wire = undefined;
  }

  #agree(wire: Wire): void {
    this.#agreed?.close();
    this.#wire = wire;
    this.#protocol = wire.protocol;
    const Pool = wire.protocol === HTTP2 ? Http2Pool : Http1Pool;
    this.#agreed = new Pool(this.#path, this.#endpoint, this.service, this.#bounds);
    if (this.#isClosed) this.#agreed.close();
  }

  onConnectError(error: NodeJS.ErrnoException): void {
    this.#settled();
    for (const side of this.#waiting) {
      this.#waiting.delete(side);
      side.failed(error);
    }
  }

  #settled(): void {
    this.#connecting = undefined;
    this.#bounds.breaker?.connections.give();
  }

  /** For the pool that was agreed on: by the wire that is there, or a new one. */
  #open(handler: ConnectHandler): Connecting {
    const wire = this.#wire;
    if (wire === undefined) return this.#dial(new Checked(handler, (opened) => this.#isAsAgreed(opened)));
    this.#wire = undefined;
    let isAbandoned = false;
    queueMicrotask(() => {
      if (isAbandoned) return;
      wire.handler = handler;
      guarded(wire, () => handler.onConnect(wire));
    });
    return {
      abandon() {
        isAbandoned = true;
        wire.destroy();
      },
    };
  }

  /** An origin that was replaced may speak the other version: the next request begins anew. */
  #isAsAgreed(wire: Wire): boolean {
    if ((wire.protocol === HTTP2) === (this.#protocol === HTTP2)) return true;
    this.#agreed?.close();
    this.#agreed = undefined;
    return false;
  }

  close(): void {
    this.#isClosed = true;
    this.#agreed?.close();
  }

  // Nothing is read before the wire has an owner.
  onData(): void {}
  onEnd(): void {}
  onDrain(): void {}
  onClose(): void {}
}

/** Lets those connections through alone that speak what was agreed on. */
class Checked implements ConnectHandler {
  readonly #handler: ConnectHandler;
  readonly #isAgreed: (wire: Wire) => boolean;

  constructor(handler: ConnectHandler, isAgreed: (wire: Wire) => boolean) {
    this.#handler = handler;
    this.#isAgreed = isAgreed;
  }

  onConnect(wire: Wire): void {
    if (this.#isAgreed(wire)) {
      wire.handler = this.#handler;
      this.#handler.onConnect(wire);
      return;
    }
    wire.destroy();
    this.#handler.onConnectError(new Error(`the origin speaks another version than before: ${wire.protocol}`));
  }

  onConnectError(error: NodeJS.ErrnoException): void {
    this.#handler.onConnectError(error);
  }

  onData(): void {}
  onEnd(): void {}
  onDrain(): void {}
  onClose(): void {}
}

class NegotiatedSide implements OriginSide {
  readonly #pool: NegotiatedPool;
  /** Of the version that was agreed on; undefined: not yet. */
  #side: OriginSide | undefined;
  #exchange: OriginExchange | undefined;
  #request: Kept | undefined;

  constructor(pool: NegotiatedPool, side: OriginSide | undefined) {
    this.#pool = pool;
    this.#side = side;
  }

  get isUnsent(): boolean {
    return this.#side === undefined || this.#side.isUnsent === true;
  }

  begin(exchange: OriginExchange, head: RequestHead, start: number, end: number): void {
    const shift = this.#pool.service.detach(head, end);
    this.#ask(exchange, { head, start: start - shift, end: end - shift });
  }

  repeat(exchange: OriginExchange, failed: OriginSide): void {
    if (!(failed instanceof NegotiatedSide)) throw new TypeError('expected the negotiated side that failed');
    this.#ask(exchange, failed.#request!);
  }

  #ask(exchange: OriginExchange, request: Kept): void {
    this.#exchange = exchange;
    this.#request = request;
    if (this.#side === undefined) this.#pool.wait(this);
    else this.#side.begin(exchange, request.head, request.start, request.end);
  }

  /** Undefined: the endpoint has as many connections as it may. */
  decided(side: OriginSide | undefined): void {
    const exchange = this.#exchange!;
    this.#side = side;
    if (side === undefined) exchange.onOriginFailure('upstream_overflow', true, true);
    else this.#ask(exchange, this.#request!);
  }

  failed(error: NodeJS.ErrnoException): void {
    this.#exchange!.onOriginFailure(connectFailure(error), true, false, error.message);
  }

  sendBody(buffer: Buffer, start: number, end: number): boolean {
    return this.#side!.sendBody(buffer, start, end);
  }

  sendText(text: string): void {
    this.#side!.sendText(text);
  }

  flush(): boolean {
    return this.#side!.flush();
  }

  sendEnd(trailers: FieldBlock): void {
    this.#side!.sendEnd(trailers);
  }

  resume(): void {
    this.#side?.resume();
  }

  cancel(): void {
    this.#pool.forget(this);
    this.#side?.cancel();
  }
}
