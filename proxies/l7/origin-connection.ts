/** An HTTP/1.1 connection to an origin: one exchange at a time, then back to its pool, if everything was as it should be. */
import type { ClusterEndpoint } from '../cluster/endpoint.ts';
import type { ConnectionPool, Pooled } from '../cluster/pool.ts';
import type { Limits, Timeouts } from '../config/intent.ts';
import { BodyReader, type BodySink } from '../http/body.ts';
import { BodyWriter, chunkOf } from '../http/body-writer.ts';
import { type FieldBlock, NO_FIELDS } from '../http/field-block.ts';
import { Gathered } from '../http/gathered.ts';
import { CHUNKED, type Head, INCOMPLETE, LENGTH, NO_BODY, type RequestHead, UNTIL_CLOSE } from '../http/head.ts';
import { latin1 } from '../http/octets.ts';
import { reissueRequest } from '../http/reissue.ts';
import { scanResponseHead } from '../http/response-head.ts';
import { Timer, type TimerOwner } from '../net/timer.ts';
import type { ConnectHandler, Connecting, Wire } from '../net/wire.ts';
import type { Dial } from './dial.ts';
import { connectFailure, type OriginFailure } from './failure.ts';
import type { OwnConnections } from './own-connections.ts';
import type { OriginExchange, OriginSide } from './sides.ts';

/** What it shares with all others. */
export interface OriginService {
  readonly limits: Limits;
  readonly timeouts: Timeouts;
  readonly responseHead: Head;
  readonly own: OwnConnections;
  /** Gives the head that is being read bytes of its own; gives what `Head.detach` does. */
  detach(head: RequestHead, end: number): number;
}

/** How its cluster is reached. */
export interface OriginPath {
  readonly dial: Dial;
  readonly connectTimeout: number;
  /** By TLS. */
  readonly secure: boolean;
}

export class OriginConnection implements OriginSide, ConnectHandler, TimerOwner, BodySink, Pooled {
  idleIndex = -1;
  #wire: Wire | undefined;
  #connecting: Connecting | undefined;
  #exchange: OriginExchange | undefined;
  /** Head, and the body so far, as it is sent; kept until the answer is there, in case it has to be sent again. */
  #request = '';
  #chunked = false;
  #writer: BodyWriter | undefined;
  #gathered: Gathered | undefined;
  /** Octets of this response were seen. */
  #touched = false;
  #inBody = false;
  #reused = false;
  #keep = true;
  #closed = false;
  #blocked = false;
  /** Milliseconds without an octet that the exchange under way bears. */
  #silence = 0;
  readonly #body = new BodyReader(true);
  readonly #timer = new Timer(this);
  readonly #pool: ConnectionPool<OriginConnection>;
  readonly #service: OriginService;
  readonly #secure: boolean;
  readonly #port: number;
  /** Its name where this proxy is its own origin. */
  #own: string | undefined;

  /** Opens at once; the pool has admitted it. */
  constructor(
    pool: ConnectionPool<OriginConnection>,
    path: OriginPath,
    endpoint: ClusterEndpoint,
    service: OriginService,
  ) {
    this.#pool = pool;
    this.#service = service;
    this.#secure = path.secure;
    this.#port = endpoint.port;
    this.#connecting = path.dial(endpoint, this, path.connectTimeout);
  }

  begin(exchange: OriginExchange, head: RequestHead, start: number, end: number): void {
    this.#chunked = head.body === CHUNKED;
    this.#request = reissueRequest(head, exchange.metadata);
    if (end > start) {
      const content = latin1(head.buffer, start, end);
      this.#request += this.#chunked ? chunkOf(content) : content;
    }
    this.#ask(exchange);
  }

  repeat(exchange: OriginExchange, failed: OriginSide): void {
    if (!(failed instanceof OriginConnection)) throw new TypeError('expected the HTTP/1.1 side that failed');
    this.#chunked = failed.#chunked;
    this.#request = failed.#request;
    this.#ask(exchange);
  }

  get isUnsent(): boolean {
    return this.#wire === undefined;
  }

  #ask(exchange: OriginExchange): void {
    this.#exchange = exchange;
    this.#silence = exchange.idleTimeout ?? this.#service.timeouts.upstreamResponse;
    this.#touched = this.#inBody = false;
    this.#keep = true;
    if (this.#wire !== undefined) this.#send(this.#wire, exchange);
  }

  #send(wire: Wire, exchange: OriginExchange): void {
    this.#writer!.chunked = this.#chunked;
    const accepted = this.#sent(wire.writeLatin1(this.#request));
    if (accepted && !exchange.requestComplete) exchange.onOriginReady();
  }

  sendBody(buffer: Buffer, start: number, end: number): boolean {
    return this.#sent(this.#writer!.write(buffer, start, end));
  }

  sendText(text: string): void {
    this.#writer!.holdContent(text);
  }

  flush(): boolean {
    return this.#sent(this.#writer!.flush());
  }

  sendEnd(trailers: FieldBlock): void {
    this.#writer!.end(trailers);
    if (!this.#blocked) this.#timer.arm(this.#silence);
  }

  /** The origin's time runs while it owes us something: an answer, or room for more. */
  #sent(accepted: boolean): boolean {
    if (!accepted || this.#exchange?.requestComplete === true) {
      this.#timer.arm(this.#silence);
    } else this.#timer.cancel();
    return accepted;
  }

  /** The client's side takes more. */
  resume(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#timer.arm(this.#silence);
    this.#wire?.resume();
  }

  /** The exchange gives up: whatever state this is in, nobody else can use it. */
  cancel(): void {
    this.#exchange = undefined;
    this.discard();
  }

  discard(): void {
    if (this.#closed) return;
    this.#leave();
    if (this.#wire === undefined) this.#connecting?.abandon();
    else this.#wire.destroy();
  }

  onConnect(wire: Wire): void {
    this.#wire = wire;
    this.#writer = new BodyWriter(wire);
    this.#connecting = undefined;
    this.#pool.settle();
    this.#own = this.#service.own.opened(wire, this.#port);
    wire.resume();
    if (this.#exchange !== undefined) this.#send(wire, this.#exchange);
  }

  onConnectError(error: NodeJS.ErrnoException): void {
    this.#leave();
    this.#fail(connectFailure(error), true, error.message);
  }

  onData(chunk: Buffer): void {
    if (this.#exchange === undefined) {
      this.discard(); // nobody asked
      return;
    }
    if (this.#inBody) {
      this.#readBody(chunk, 0, chunk.length);
      return;
    }
    if (this.#gathered === undefined) {
      this.#readHead(chunk, 0, chunk.length);
      return;
    }
    const gathered = this.#gathered;
    const fresh = gathered.append(chunk);
    if (fresh || gathered.length >= this.#service.limits.headBytes) this.#readHead(gathered.buffer, 0, gathered.length);
  }

  #readHead(buffer: Buffer, from: number, end: number): void {
    const { responseHead } = this.#service;
    this.#touched = true;
    let position = from;
    for (;;) {
      const exchange = this.#exchange;
      if (exchange === undefined) return;
      const result = scanResponseHead(responseHead, buffer, position, end, this.#service.limits, exchange.method);
      if (result === INCOMPLETE) {
        if (this.#gathered === undefined || position > 0) this.#gathered = new Gathered(buffer.subarray(position, end));
        return;
      }
      if (result < 0) {
        this.#breakOff();
        return;
      }
      position = result;
      const { status } = responseHead;
      if (status >= 200) break;
      if (status === 101) {
        this.#switch(exchange, buffer.subarray(position, end));
        return;
      }
      if (!exchange.onInformational(responseHead)) this.#block();
      this.#gathered = position < end ? this.#gathered : undefined;
      if (position === end) return;
    }
    this.#gathered = undefined;
    this.#respond(this.#exchange!, buffer, position, end);
  }

  #respond(exchange: OriginExchange, buffer: Buffer, start: number, end: number): void {
    const head = this.#service.responseHead;
    // The runtime's TLS tells nobody whether close_notify came, so such a body could be cut by anyone on the path unseen.
    if (head.body === UNTIL_CLOSE && this.#secure) {
      this.#breakOff();
      return;
    }
    this.#keep = !head.close && head.body !== UNTIL_CLOSE && (head.minor === 1 || head.keepAlive);
    const counted = head.body !== CHUNKED;
    let last = start;
    if (counted && head.body !== NO_BODY) {
      last = head.body === UNTIL_CLOSE ? end : Math.min(end, start + head.contentLength);
    }
    const complete =
      head.body === NO_BODY || (head.body !== UNTIL_CLOSE && counted && last - start === head.contentLength);
    if (last < end && complete) this.#keep = false; // octets after the end: this connection is not to be trusted
    const { body, contentLength } = head;
    if (complete) {
      exchange.onResponse(head, start, last, true);
      if (this.#exchange === exchange) this.#finish(exchange, NO_FIELDS);
      return;
    }
    this.#inBody = true;
    this.#body.begin(body, body === CHUNKED ? 0 : contentLength - (last - start), this.#service.limits);
    if (!exchange.onResponse(head, start, last, false)) this.#block();
    if (this.#exchange !== exchange) return; // it has given up meanwhile
    if (!this.#blocked) this.#timer.arm(this.#silence);
    if (body === CHUNKED && start < end) this.#readBody(buffer, start, end);
    else if (body !== LENGTH && !exchange.flushResponse()) this.#block(); // the head waits for no body
  }

  #readBody(buffer: Buffer, start: number, end: number): void {
    const position = this.#body.read(buffer, start, end, this);
    const { state } = this.#body;
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    if (state === 'reading') {
      if (!exchange.flushResponse()) this.#block();
      if (this.#exchange === exchange && !this.#blocked) this.#timer.arm(this.#silence);
      return;
    }
    if (state !== 'complete') {
      this.#breakOff();
      return;
    }
    if (position < end) this.#keep = false;
    this.#finish(exchange, this.#body.trailers);
  }

  onBody(buffer: Buffer, start: number, end: number): void {
    if (this.#exchange?.onResponseBody(buffer, start, end) === false) this.#block();
  }

  onBodyText(text: string): void {
    this.#exchange?.onResponseText(text);
  }

  #block(): void {
    if (this.#exchange === undefined) return;
    this.#blocked = true;
    this.#timer.cancel(); // the client is slow, not the origin
    this.#wire?.pause();
  }

  #finish(exchange: OriginExchange, trailers: FieldBlock): void {
    this.#exchange = undefined;
    this.#request = '';
    this.#inBody = false;
    if (this.#blocked) {
      this.#blocked = false;
      this.#wire?.resume();
    }
    // Before the client hears of it: its next request, if it waits already, finds this connection.
    if (this.#keep && exchange.requestComplete && this.#wire?.pending === 0) {
      this.#reused = true;
      this.#timer.arm(this.#service.timeouts.upstreamIdle);
      this.#pool.give(this);
    } else this.discard();
    exchange.onResponseEnd(trailers);
  }

  #switch(exchange: OriginExchange, early: Buffer): void {
    if (!exchange.mayTunnel(this.#service.responseHead)) {
      this.#breakOff();
      return;
    }
    const wire = this.#wire as Wire;
    this.#exchange = undefined;
    this.#leave();
    exchange.onTunnel(this.#service.responseHead, wire, early);
  }

  /** The origin broke the rules. */
  #breakOff(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.discard();
    exchange?.onOriginFailure('upstream_malformed', false, false);
  }

  onEnd(): void {
    const exchange = this.#exchange;
    if (exchange !== undefined && this.#inBody && this.#body.finish()) {
      this.#keep = false;
      this.#finish(exchange, NO_FIELDS);
    } else if (exchange !== undefined) this.#fail('upstream_closed', false);
    this.discard();
  }

  onDrain(): void {
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.requestComplete) return;
    this.#timer.cancel(); // it has taken what there is, and owes nothing before there is more
    exchange.onOriginReady();
  }

  onClose(error: NodeJS.ErrnoException | undefined): void {
    this.#leave();
    this.#fail(error === undefined ? 'upstream_closed' : 'upstream_reset', false, error?.message);
  }

  onTimeout(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.discard();
    exchange?.onOriginFailure('upstream_timeout', false, false);
  }

  #fail(failure: OriginFailure, untouched: boolean, error?: string): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.onOriginFailure(failure, untouched, this.#reused && !this.#touched, error);
  }

  #leave(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#service.own.closed(this.#own);
    this.#timer.release();
    if (this.#wire === undefined) this.#pool.settle();
    this.#pool.leave(this);
  }
}
