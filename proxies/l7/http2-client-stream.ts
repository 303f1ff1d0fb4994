/** A request over HTTP/2 and its answer: one stream of a client's connection. */
import { FieldBlock } from '../http/field-block.ts';
import type { Metadata } from '../http/forwarding.ts';
import { HEAD, type RequestHead, type ResponseHead } from '../http/head.ts';
import { type Reply, replyMessage } from '../http/reply.ts';
import type { Http2Connection } from '../http2/connection.ts';
import { CANCEL, INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM } from '../http2/errors.ts';
import { FieldSection } from '../http2/field-section.ts';
import { ENDED } from '../http2/handler.ts';
import { replySection, responseSection } from '../http2/reissue.ts';
import type { Http2Stream } from '../http2/stream.ts';
import { HEAD_REFUSALS, type Reason } from '../stats/reasons.ts';
import { Exchange } from './exchange.ts';
import type { Service } from './service.ts';
import type { Client } from './sides.ts';
import { StreamSide } from './stream-side.ts';

/** What the client is told where there is no answer, or no more of it; else INTERNAL_ERROR. */
const RESETS: Readonly<Partial<Record<Reason, number>>> = {
  upstream_cancelled: CANCEL,
  upstream_refused: REFUSED_STREAM,
};

const CONTINUE = FieldSection.of([[':status', '100']]);

/** What all streams of a connection have in common. */
export interface StreamOwner {
  readonly engine: Http2Connection<StreamSide>;
  readonly service: Service;
  readonly metadata: Metadata;
  readonly address: string;
  readonly isLoop: boolean;
  /** Why the connection ends, where it does. */
  readonly reason: Reason | undefined;
  /** Whether the client takes what there is. False: the stream is told when it does (`resumed`). */
  hasRoom(stream: Http2ClientStream): boolean;
}

export class Http2ClientStream extends StreamSide implements Client {
  readonly metadata: Metadata;
  readonly address: string;
  readonly isLoop: boolean;
  readonly canRefuse = true;
  readonly #owner: StreamOwner;
  readonly #service: Service;
  #exchange: Exchange | undefined;
  #isHead = false;
  /** Nothing of a body that still comes matters any more. */
  #isOver = false;
  #received = 0;

  constructor(owner: StreamOwner, stream: Http2Stream<StreamSide>) {
    super(owner.engine);
    this.#owner = owner;
    this.#service = owner.service;
    this.metadata = owner.metadata;
    this.address = owner.address;
    this.isLoop = owner.isLoop;
    this.stream = stream;
    stream.owner = this;
  }

  /** `isEnd`: the stream ends with its head. */
  start(head: RequestHead, isEnd: boolean): void {
    this.#isHead = head.method === HEAD;
    const exchange = new Exchange(this.#service, this, head);
    this.#exchange = exchange;
    this.isReceived = isEnd;
    exchange.start(head, head.end, head.end);
  }

  /** A head that cannot be accepted. */
  refuse(head: RequestHead, status: number): void {
    this.#isHead = head.method === HEAD;
    this.#service.onRefusedHead(this.address, status, HEAD_REFUSALS[status] ?? 'request_malformed');
    this.reply({ status });
    this.#finish();
  }

  // The request's content.

  protected override onContent(buffer: Buffer, start: number, end: number): void {
    const exchange = this.#exchange;
    if (this.#isOver || exchange === undefined) return;
    this.#received += end - start;
    if (this.#received > this.#service.limits.bodyBytes) {
      this.#breakOff(exchange, 413);
      return;
    }
    exchange.onBody(buffer, start, end);
    exchange.flushRequest();
    if (!this.#isOver && !this.isBlocked && !this.hasBacklog) this.arm(this.#service.timeouts.requestBody);
  }

  protected override onContentEnd(trailers: FieldBlock): void {
    const exchange = this.#exchange;
    if (this.#isOver || exchange === undefined || exchange.requestComplete) return;
    if (!this.hasBacklog) this.disarm();
    if (trailers.lines.length > this.#service.limits.trailerBytes) this.#breakOff(exchange, 413);
    else exchange.onRequestEnd(trailers);
  }

  /** The request broke the rules after its head was accepted. */
  #breakOff(exchange: Exchange, status: number): void {
    const reason = HEAD_REFUSALS[status] ?? 'request_malformed';
    if (exchange.status === 0) exchange.answer({ status }, reason);
    else {
      exchange.abort(reason);
      this.break(CANCEL);
    }
  }

  accept(more: boolean): void {
    if (!this.isReceived && !this.hasBacklog) {
      if (more) this.arm(this.#service.timeouts.requestBody);
      else this.disarm(); // the origin is slow, not the client
    }
    this.letThrough(more);
  }

  // The answer.

  sendContinue(): void {
    if (this.stream !== undefined) this.engine.sendHeaders(this.stream, CONTINUE, false);
  }

  inform(head: ResponseHead): boolean {
    if (this.stream === undefined) return true;
    this.engine.sendHeaders(this.stream, responseSection(head, this.metadata.via), false);
    return this.#owner.hasRoom(this) && !this.hasBacklog;
  }

  /** The connection has room again. */
  resumed(): void {
    if (this.stream !== undefined && !this.#isOver && !this.hasBacklog) this.#exchange?.resumeResponse();
  }

  respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
    if (this.stream === undefined) return true;
    const isEnd = complete && start === end;
    this.engine.sendHeaders(this.stream, responseSection(head, this.metadata.via), isEnd);
    if (start === end) return true;
    return this.#sent(complete ? this.sendLast(head.buffer, start, end) : this.sendBody(head.buffer, start, end));
  }

  override sendBody(buffer: Buffer, start: number, end: number): boolean {
    return this.#sent(super.sendBody(buffer, start, end));
  }

  override flush(): boolean {
    return this.#sent(super.flush());
  }

  reply(reply: Reply): void {
    if (this.stream === undefined) return;
    const { lines, content } = replyMessage(reply);
    const hasContent = !this.#isHead && content !== undefined && content.length > 0;
    this.engine.sendHeaders(this.stream, replySection(reply.status, new FieldBlock(lines)), !hasContent);
    if (hasContent) this.#sent(this.sendLast(content, 0, content.length));
  }

  /** The client has as long to make room as it has to read any answer. */
  #sent(accepted: boolean): boolean {
    if (!accepted) this.arm(this.#service.timeouts.downstreamIdle);
    return accepted;
  }

  protected override onProgress(): void {
    this.arm(this.#service.timeouts.downstreamIdle);
  }

  protected override onWritten(): void {
    this.disarm();
    if (this.#isOver) this.#finish();
    else {
      if (!this.isReceived && !this.isBlocked) this.arm(this.#service.timeouts.requestBody);
      this.#exchange?.resumeResponse();
    }
  }

  abort(reason: Reason): void {
    this.break(RESETS[reason] ?? INTERNAL_ERROR);
  }

  tunnel(): void {
    throw new Error('expected no 101: HTTP/2 asks for no upgrade');
  }

  establish(): void {
    throw new Error('expected no tunnel: CONNECT over HTTP/2 is answered before one is opened');
  }

  released(): void {
    this.#isOver = true;
    if (!this.hasBacklog) this.#finish();
  }

  /** All was said. What still comes of the request is of no use (RFC 9113 §8.1). */
  #finish(): void {
    this.#isOver = true;
    if (!this.hasBacklog) this.break(NO_ERROR);
  }

  protected override onOver(code: number): void {
    const exchange = this.#exchange;
    if (code === ENDED || exchange === undefined || exchange.done) return;
    exchange.abort(this.#owner.reason ?? (code === CANCEL ? 'client_closed' : 'client_reset'));
  }

  override onTimeout(): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    if (this.hasBacklog) {
      if (exchange.done) this.#service.because('client_stalled', () => `client ${this.address}`);
      else exchange.abort('client_stalled');
      this.break(CANCEL);
    } else this.#breakOff(exchange, 408);
  }
}
