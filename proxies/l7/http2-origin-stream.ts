/** A request to an origin over HTTP/2 and its answer: one stream of a connection that others share. */
import { type FieldBlock, NO_FIELDS } from '../http/field-block.ts';
import { NO_BODY, type Head, type RequestHead } from '../http/head.ts';
import {
  CANCEL,
  ENHANCE_YOUR_CALM,
  errorName,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
} from '../http2/errors.ts';
import { FieldSection } from '../http2/field-section.ts';
import { ENDED } from '../http2/handler.ts';
import { fillResponseHead } from '../http2/heads.ts';
import type { MessageHead } from '../http2/message.ts';
import { requestSection } from '../http2/reissue.ts';
import type { Limits, Timeouts } from '../config/intent.ts';
import type { Http2Connection } from '../http2/connection.ts';
import type { OriginFailure } from './failure.ts';
import type { OriginExchange, OriginSide } from './sides.ts';
import { StreamSide } from './stream-side.ts';

/** The connection, as its streams see it. */
export interface StreamHost {
  readonly engine: Http2Connection<StreamSide>;
  readonly scheme: 'http' | 'https';
  readonly service: { readonly limits: Limits; readonly timeouts: Timeouts; readonly responseHead: Head };
  /** It has answered before, and is gone now. */
  readonly isStale: boolean;
  /** Why it is gone, where it is. */
  readonly failure: { readonly kind: OriginFailure; readonly error?: string } | undefined;
  /** Opens the stream (`open`) as soon as the origin lets it. */
  request(stream: Http2OriginStream): void;
  /** It is not to be opened any more. */
  forget(stream: Http2OriginStream): void;
  answered(): void;
  /** Grows with whatever is heard of the origin. */
  readonly reads: number;
  /** A request had its time, and nothing at all was heard: the connection may lead nowhere. */
  silent(): void;
}

/** What a reset says, of either side; any other: the origin has broken off. */
const RESETS: ReadonlyMap<number, OriginFailure> = new Map([
  [CANCEL, 'upstream_cancelled'],
  [PROTOCOL_ERROR, 'upstream_malformed'],
  [FLOW_CONTROL_ERROR, 'upstream_malformed'],
  [FRAME_SIZE_ERROR, 'upstream_malformed'],
]);

/** Interim answers that may come while the client takes no more. Heads are under no flow control. */
const MOST_UNTAKEN = 16;

export class Http2OriginStream extends StreamSide implements OriginSide {
  readonly #host: StreamHost;
  #exchange: OriginExchange | undefined;
  /** As it is sent; kept until the answer is there, in case it has to be sent again. */
  #section = new FieldSection();
  #content: Buffer | undefined;
  /** Something of the answer was seen. */
  #isTouched = false;
  /** Interim answers that came while the client took none. */
  #untaken = 0;
  #silence = 0;
  /** What had been heard of the origin before this was asked. */
  #readsBefore = 0;

  constructor(host: StreamHost) {
    super(host.engine);
    this.#host = host;
    this.isBlocked = false;
  }

  begin(exchange: OriginExchange, head: RequestHead, start: number, end: number): void {
    requestSection(this.#section, head, exchange.metadata, this.#host.scheme);
    this.#content = end > start ? Buffer.from(head.buffer.subarray(start, end)) : undefined;
    this.#ask(exchange);
  }

  repeat(exchange: OriginExchange, failed: OriginSide): void {
    if (!(failed instanceof Http2OriginStream)) throw new TypeError('expected the HTTP/2 side that failed');
    this.#section = failed.#section;
    this.#content = failed.#content;
    this.#ask(exchange);
  }

  #ask(exchange: OriginExchange): void {
    this.#exchange = exchange;
    this.#silence = exchange.idleTimeout ?? this.#host.service.timeouts.upstreamResponse;
    this.#readsBefore = this.#host.reads;
    this.#host.request(this);
  }

  /** Called by its connection, once it may be. False: it may not. */
  open(): boolean {
    const exchange = this.#exchange;
    if (exchange === undefined) return true;
    const content = this.#content;
    this.stream = this.engine.open(this.#section, exchange.requestComplete && content === undefined, this);
    if (this.stream === undefined) return false;
    let accepted = true;
    if (content !== undefined) {
      const { length } = content;
      accepted = exchange.requestComplete ? this.sendLast(content, 0, length) : super.sendBody(content, 0, length);
    }
    this.#sent(accepted);
    if (accepted && !exchange.requestComplete) exchange.onOriginReady();
    return true;
  }

  override sendBody(buffer: Buffer, start: number, end: number): boolean {
    return this.#sent(super.sendBody(buffer, start, end));
  }

  override flush(): boolean {
    return this.#sent(super.flush());
  }

  override sendEnd(trailers: FieldBlock): void {
    super.sendEnd(trailers);
    if (!this.isBlocked) this.arm(this.#silence);
  }

  /** The origin's time runs while it owes us something: an answer, or room for more. */
  #sent(accepted: boolean): boolean {
    const exchange = this.#exchange;
    if (exchange === undefined) return true;
    if (!accepted || exchange.requestComplete) this.arm(this.#silence);
    else this.disarm();
    return accepted;
  }

  protected override onProgress(): void {
    this.arm(this.#silence);
  }

  protected override onWritten(): void {
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.requestComplete) return;
    this.disarm(); // it has taken what there is, and owes nothing before there is more
    exchange.onOriginReady();
  }

  /** A head of the answer, interim ones too. */
  onHead(message: MessageHead, isEnd: boolean): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    this.#isTouched = true;
    const { limits, responseHead: head } = this.#host.service;
    const { headBytes } = limits;
    if (fillResponseHead(head, message, isEnd, { method: exchange.method, headBytes }) < 0)
      this.#giveUp('upstream_malformed', PROTOCOL_ERROR);
    else if (head.status < 200) this.#inform(exchange, head);
    else this.#respond(exchange, head, isEnd);
  }

  #inform(exchange: OriginExchange, head: Head): void {
    if (this.isBlocked && ++this.#untaken > MOST_UNTAKEN) this.#giveUp('upstream_malformed', ENHANCE_YOUR_CALM);
    else if (!exchange.onInformational(head)) this.#block();
  }

  #respond(exchange: OriginExchange, head: Head, isEnd: boolean): void {
    const complete = isEnd || head.body === NO_BODY;
    this.#host.answered();
    const accepted = exchange.onResponse(head, head.end, head.end, complete);
    if (this.#exchange !== exchange) return; // it has given up meanwhile
    if (complete) {
      this.isReceived = true;
      this.#finish(exchange, NO_FIELDS);
    } else if (!accepted || !exchange.flushResponse()) this.#block();
    else this.arm(this.#silence);
  }

  protected override onContent(buffer: Buffer, start: number, end: number): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    const accepted = exchange.onResponseBody(buffer, start, end);
    if (!exchange.flushResponse() || !accepted) this.#block();
    else if (this.#exchange === exchange) this.arm(this.#silence);
  }

  protected override onContentEnd(trailers: FieldBlock): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    if (trailers.lines.length > this.#host.service.limits.trailerBytes)
      this.#giveUp('upstream_malformed', PROTOCOL_ERROR);
    else this.#finish(exchange, trailers);
  }

  /** What the request still has to say is of no use once the answer is complete. */
  #finish(exchange: OriginExchange, trailers: FieldBlock): void {
    this.#exchange = undefined;
    this.disarm();
    if (!exchange.requestComplete || this.hasBacklog) this.break(CANCEL);
    exchange.onResponseEnd(trailers);
  }

  #block(): void {
    if (this.#exchange === undefined) return;
    this.isBlocked = true;
    this.disarm(); // the client is slow, not the origin
  }

  /** The client's side takes more. */
  resume(): void {
    if (!this.isBlocked) return;
    this.#untaken = 0;
    if (this.stream !== undefined) this.arm(this.#silence);
    this.letThrough(true);
  }

  /** The exchange gives up: the origin hears of it at once. */
  cancel(): void {
    this.#exchange = undefined;
    this.#host.forget(this);
    this.break(CANCEL);
  }

  /** There is no connection, or none any more, that it could have been sent by. */
  fail(failure: OriginFailure, isBlamed: boolean, error?: string): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.onOriginFailure(failure, true, !isBlamed, error);
  }

  #giveUp(failure: OriginFailure, code: number): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.break(code);
    exchange?.onOriginFailure(failure, false, false);
  }

  /** What came before still goes to a client that does not take it yet. */
  protected override get keepsEarly(): boolean {
    return true;
  }

  protected override onOver(code: number): void {
    const exchange = this.#exchange;
    // An answer that is complete is one, however its stream ended: before all of the request came, NO_ERROR says so (RFC 9113 §8.1).
    if (code === ENDED || exchange === undefined || this.isWhole) return;
    this.#exchange = undefined;
    const { failure, isStale } = this.#host;
    // REFUSED_STREAM is also what a GOAWAY leaves to streams beyond its last: nothing of them was looked at (RFC 9113 §8.7).
    if (code === REFUSED_STREAM) exchange.onOriginFailure('upstream_refused', true, true, errorName(code));
    else if (failure !== undefined)
      exchange.onOriginFailure(failure.kind, false, isStale && !this.#isTouched, failure.error);
    else exchange.onOriginFailure(RESETS.get(code) ?? 'upstream_reset', false, false, errorName(code));
  }

  override onTimeout(): void {
    this.#host.forget(this);
    if (this.#host.reads === this.#readsBefore) this.#host.silent();
    this.#giveUp('upstream_timeout', CANCEL);
  }

  /** It waits for a stream, on a connection that stands. */
  onWait(): void {
    this.arm(this.#silence);
  }
}
