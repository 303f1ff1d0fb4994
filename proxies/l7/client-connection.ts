/** An HTTP/1.x connection from a client: requests are read and answered one after the other, in the order they came. */
import type { X509Certificate } from 'node:crypto';
import { BodyReader, type BodySink } from '../http/body.ts';
import { BodyWriter, JOINED } from '../http/body-writer.ts';
import type { FieldBlock } from '../http/field-block.ts';
import { type Metadata, viaField } from '../http/forwarding.ts';
import { Gathered } from '../http/gathered.ts';
import {
  CHUNKED,
  HEAD,
  INCOMPLETE,
  LENGTH,
  NO_BODY,
  type RequestHead,
  type ResponseHead,
  UNTIL_CLOSE,
} from '../http/head.ts';
import { isIntact, reissueResponse, upgradeLines } from '../http/reissue.ts';
import { type Reply, writeReply } from '../http/reply.ts';
import { scanRequestHead } from '../http/request-head.ts';
import { PREFACE } from '../http2/frames.ts';
import { Relay, type RelayOwner } from '../net/relay.ts';
import { Timer, type TimerOwner } from '../net/timer.ts';
import type { Wire, WireHandler } from '../net/wire.ts';
import { HEAD_REFUSALS, type Reason } from '../stats/reasons.ts';
import type { Accepted, Owner } from './accepted.ts';
import { Exchange } from './exchange.ts';
import type { Service } from './service.ts';
import type { Client } from './sides.ts';

type State = 'head' | 'body' | 'wait' | 'linger' | 'tunnel' | 'closed';

export class ClientConnection implements Accepted, WireHandler, TimerOwner, Client, BodySink, RelayOwner {
  metadata: Metadata;
  readonly address: string;
  isLoop = false;
  readonly canRefuse = false;
  readonly #wire: Wire;
  readonly #owner: Owner;
  readonly #timer = new Timer(this);
  readonly #writer: BodyWriter;
  #service: Service;
  #state: State = 'head';
  #exchange: Exchange | undefined;
  /** Once it is a tunnel. */
  #relay: Relay | undefined;
  #gathered: Gathered | undefined;
  /** Octets that came before their time: pipelined requests, a body that the origin does not take yet. */
  #early: Buffer | undefined;
  #body: BodyReader | undefined;
  /** The origin takes no more of the body. */
  #blocked = false;
  #processing = false;
  #requests = 0;
  readonly #since: number;
  /** Of the current request. */
  #minor = 1;
  #head = false;
  #close = false;
  /** The client said that it asks for nothing more (RFC 9112 §9.6). */
  #isLast = false;
  /** The client's FIN came: what it asked before is answered, nothing more is asked. */
  #ended = false;

  /** `address`: who the client is, which need not be the wire's other end. */
  constructor(wire: Wire, address: string, owner: Owner) {
    this.#wire = wire;
    this.#writer = new BodyWriter(wire);
    this.#owner = owner;
    this.#service = owner.service;
    this.address = address;
    this.metadata = this.#service.metadata(this.address, owner.secure);
    this.#since = this.#service.timeouts.connectionAge === 0 ? 0 : performance.now();
    wire.handler = this;
    this.#timer.arm(this.#service.timeouts.requestHead);
    wire.resume();
  }

  get certificate(): X509Certificate | undefined {
    return this.#wire.certificate;
  }

  /** Closes when the exchange under way is over, at once if there is none. */
  drain(): void {
    if (this.#state === 'head' && this.#gathered === undefined) this.#linger();
  }

  /** Ends it at once. `reason`: why the exchange under way has to end. */
  destroy(reason: Reason): void {
    this.#leave(reason);
  }

  onData(chunk: Buffer): void {
    if (this.#state === 'head' && this.#gathered !== undefined) {
      const gathered = this.#gathered;
      const fresh = gathered.append(chunk);
      if (!fresh && gathered.length < this.#service.limits.headBytes) {
        if (gathered.length <= this.#service.limits.targetBytes) return;
      }
      this.#process(gathered.buffer, 0, gathered.length);
      return;
    }
    this.#process(chunk, 0, chunk.length);
  }

  #process(buffer: Buffer, from: number, end: number): void {
    let position = from;
    this.#processing = true;
    while (position < end) {
      // Requests wait while the client does not take the answers that are there.
      if (this.#state === 'head' && this.#wire.pending === 0) {
        const next = this.#readHead(buffer, position, end);
        if (next === INCOMPLETE) break;
        position = next;
      } else if (this.#state === 'body' && !this.#blocked) position = this.#readBody(buffer, position, end);
      else {
        this.#keepEarly(buffer, position, end);
        break;
      }
    }
    this.#processing = false;
  }

  /** Gives the offset up to which octets are dealt with, `INCOMPLETE` if the rest waits for more. */
  #readHead(buffer: Buffer, from: number, end: number): number {
    const service = this.#owner.service;
    if (service !== this.#service) this.#adopt(service);
    const head = service.requestHead;
    const result = scanRequestHead(head, buffer, from, end, service.headRules);
    this.#head = head.method === HEAD;
    if (result === INCOMPLETE) {
      if (this.#gathered === undefined) this.#timer.arm(service.timeouts.requestHead);
      if (this.#gathered?.buffer !== buffer || from > 0) this.#gathered = new Gathered(buffer.subarray(from, end));
      return INCOMPLETE;
    }
    this.#gathered = undefined;
    if (result < 0) {
      if (result === -505 && this.#requests === 0 && this.#isPreface(buffer, from, end))
        this.#handOver(buffer.subarray(from, end));
      else this.#refuse(-result);
      return end;
    }
    if (this.#requests === 0) this.isLoop = service.own.includes(this.#wire);
    this.#requests += 1;
    this.#minor = head.minor;
    this.#isLast = head.close || (head.minor === 0 && !head.keepAlive);
    this.#close = this.#isLast || this.#isWornOut(service);
    const exchange = new Exchange(service, this, head);
    this.#exchange = exchange;
    this.#writer.chunked = false;
    if (head.body === NO_BODY) {
      this.#state = 'wait';
      this.#timer.cancel();
      exchange.start(head, result, result);
      return result;
    }
    return this.#beginBody(exchange, head, result, end);
  }

  #beginBody(exchange: Exchange, head: RequestHead, start: number, end: number): number {
    const { limits, timeouts } = this.#service;
    const counted = head.body === LENGTH;
    const last = counted ? Math.min(end, start + head.contentLength, start + JOINED) : start;
    const left = head.contentLength - (last - start);
    const body = (this.#body ??= new BodyReader(false));
    if (counted && left === 0) {
      this.#state = 'wait';
      this.#timer.cancel();
    } else {
      body.begin(head.body, left, limits);
      this.#state = 'body';
      this.#blocked = true; // until the origin says that it is ready
      this.#timer.arm(timeouts.requestBody);
    }
    exchange.start(head, start, last);
    this.#flow();
    return last;
  }

  #readBody(buffer: Buffer, start: number, end: number): number {
    const exchange = this.#exchange!;
    const body = this.#body!;
    const position = body.read(buffer, start, end, this);
    if (this.#exchange !== exchange) return end; // over meanwhile
    if (body.state === 'reading') {
      exchange.flushRequest();
      if (this.#exchange === exchange && !this.#blocked) this.#timer.arm(this.#service.timeouts.requestBody);
    } else if (body.state === 'complete') {
      this.#state = 'wait';
      if (this.#wire.pending > 0) this.#timer.arm(this.#service.timeouts.downstreamIdle);
      else this.#timer.cancel();
      exchange.onRequestEnd(body.trailers);
    } else this.#breakOff(exchange, body.state === 'too-large' ? 413 : 400);
    return position;
  }

  /** The request broke the rules after its head was accepted. */
  #breakOff(exchange: Exchange, status: number): void {
    this.#close = true;
    const reason = HEAD_REFUSALS[status] ?? 'request_malformed';
    if (exchange.status === 0) exchange.answer({ status }, reason);
    else {
      exchange.abort(reason);
      this.#wire.reset();
    }
  }

  #keepEarly(buffer: Buffer, start: number, end: number): void {
    if (this.#state === 'linger' || this.#state === 'closed') return;
    const more = buffer.subarray(start, end);
    this.#early = this.#early === undefined ? Buffer.from(more) : Buffer.concat([this.#early, more]);
    this.#flow();
  }

  #takeEarly(): void {
    const early = this.#early;
    if (early === undefined || this.#processing) return;
    this.#early = undefined;
    this.#process(early, 0, early.length);
    this.#flow();
    if (this.#ended) this.#settle();
  }

  /** After the client's FIN: once everything that it asked is answered there is only our own to send. */
  #settle(): void {
    if (this.#processing || this.#early !== undefined) return;
    if (this.#state === 'head') this.#linger();
    else if (this.#state === 'body') this.#leave('client_closed'); // what was announced never comes
  }

  /** Gives up on the exchange under way, and on the client. */
  #leave(reason: Reason): void {
    this.#exchange?.abort(reason);
    if (this.#relay === undefined) this.#wire.destroy();
    else this.#relay.destroy();
  }

  /** Reads on where there is use for it: early octets up to a head's worth are kept, so that an abort is seen meanwhile. */
  #flow(): void {
    if (this.#isFull() || (this.#state === 'body' && this.#blocked)) this.#wire.pause();
    else this.#wire.resume();
  }

  #isFull(): boolean {
    const early = this.#early;
    if (early === undefined) return false;
    const { headBytes, pipelined } = this.#service.limits;
    return early.length >= headBytes || countHeads(early, pipelined) >= pipelined;
  }

  #adopt(service: Service): void {
    this.#service = service;
    this.metadata = service.metadata(this.address, this.#owner.secure);
  }

  #isWornOut(service: Service): boolean {
    const { connectionAge } = service.timeouts;
    if (this.#owner.draining || this.#requests >= service.limits.requestsPerConnection) return true;
    return connectionAge > 0 && performance.now() - this.#since >= connectionAge;
  }

  /** A client that knows that HTTP/2 is spoken here begins with what no server of HTTP/1.1 takes for a request (RFC 9113 §3.4). */
  #isPreface(buffer: Buffer, from: number, end: number): boolean {
    if (this.#service.intent.listener.http2 !== true || this.#owner.secure) return false;
    const length = Math.min(end - from, PREFACE.length);
    return PREFACE.compare(buffer, from, from + length, 0, length) === 0;
  }

  #handOver(early: Buffer): void {
    this.#state = 'closed';
    this.#timer.release();
    this.#owner.prefaced(this, this.#wire, this.address, early);
  }

  /** A head that cannot be accepted: nothing after it can be trusted. */
  #refuse(status: number): void {
    this.#service.onRefusedHead(this.address, status, HEAD_REFUSALS[status] ?? 'request_malformed');
    this.#wire.writeLatin1(writeReply({ status }, 'close', this.#head));
    this.#linger();
  }

  onBody(buffer: Buffer, start: number, end: number): void {
    this.#exchange?.onBody(buffer, start, end);
  }

  onBodyText(text: string): void {
    this.#exchange?.onBodyText(text);
  }

  accept(more: boolean): void {
    this.#blocked = !more;
    if (this.#state === 'body') {
      if (more) this.#timer.arm(this.#service.timeouts.requestBody);
      else this.#timer.cancel(); // the origin is slow, not the client
    }
    if (more) this.#takeEarly();
    this.#flow();
  }

  sendContinue(): void {
    this.#wire.writeLatin1('HTTP/1.1 100 Continue\r\n\r\n');
  }

  inform(head: ResponseHead): boolean {
    if (this.#minor === 0) return true;
    return this.#sent(this.#wire.writeLatin1(reissueResponse(head, viaField(head, this.metadata.via).lines)));
  }

  respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
    const { body } = head;
    const writer = this.#writer;
    let own = viaField(head, this.metadata.via).lines;
    if (body === CHUNKED || body === UNTIL_CLOSE) {
      if (this.#minor === 1) {
        writer.chunked = true;
        own += 'Transfer-Encoding: chunked\r\n';
      } else this.#close = true;
    }
    // A final answer before the body ended: what is still under way cannot be told from a next request.
    if (this.#state === 'body' || this.#owner.draining) this.#close = true;
    if (this.#close) own += 'Connection: close\r\n';
    else if (this.#minor === 0) own += 'Connection: keep-alive\r\n';
    if (own === '' && isIntact(head)) return this.#sent(this.#wire.write(head.buffer.subarray(head.start, end)));
    writer.hold(reissueResponse(head, own));
    if (end > start) return this.sendBody(head.buffer, start, end);
    return complete || !writer.chunked ? this.flush() : true;
  }

  sendBody(buffer: Buffer, start: number, end: number): boolean {
    return this.#sent(this.#writer.write(buffer, start, end));
  }

  sendText(text: string): void {
    this.#writer.holdContent(text);
  }

  flush(): boolean {
    return this.#sent(this.#writer.flush());
  }

  #sent(accepted: boolean): boolean {
    if (!accepted && this.#state !== 'body') this.#timer.arm(this.#service.timeouts.downstreamIdle);
    return accepted;
  }

  sendEnd(trailers: FieldBlock): void {
    this.#sent(this.#writer.end(trailers));
  }

  reply(reply: Reply): void {
    if (this.#state === 'body' || this.#owner.draining) this.#close = true;
    const option = this.#close ? 'close' : this.#minor === 0 ? 'keep-alive' : '';
    this.#sent(this.#wire.writeLatin1(writeReply(reply, option, this.#head)));
  }

  abort(): void {
    this.#wire.reset();
  }

  tunnel(head: ResponseHead, origin: Wire, early: Buffer): void {
    this.#wire.writeLatin1(reissueResponse(head, upgradeLines(head) + viaField(head, this.metadata.via).lines));
    this.#wire.write(early);
    this.#passThrough(origin);
  }

  establish(origin: Wire): void {
    this.#wire.writeLatin1(`HTTP/1.1 200 Connection Established\r\n${this.metadata.via[1].lines}\r\n`);
    this.#passThrough(origin);
  }

  /** From here on this connection only relays. */
  #passThrough(origin: Wire): void {
    this.#state = 'tunnel';
    this.#timer.release();
    const early = { bytes: this.#early, ended: this.#ended };
    this.#early = undefined;
    const idle = this.#exchange?.idleTimeout ?? this.#service.timeouts.tunnelIdle;
    this.#relay = new Relay({ downstream: this.#wire, upstream: origin }, { idle, halfClosed: idle }, this, early);
  }

  onRelayClosed(): void {
    this.#closed();
  }

  released(): void {
    const unread = this.#state === 'body';
    this.#exchange = undefined;
    this.#blocked = false;
    if (this.#state === 'tunnel' || this.#state === 'closed') return;
    if (this.#close || unread) {
      this.#linger(this.#isLast && !unread && this.#early === undefined);
      return;
    }
    this.#state = 'head';
    this.#timer.arm(this.#service.timeouts.downstreamIdle);
    if (this.#early !== undefined) this.#takeEarly();
    if (this.#ended) this.#settle();
  }

  /**
   * Our FIN, then what still comes is thrown away: a reset would take the answer with it (RFC 9112 §9.6). That takes its own time, which
   * begins when the last octet and the FIN are out; until then the client has as long to read as it has of any answer. `isLast`: nothing
   * more can come, so that no reset can either.
   */
  #linger(isLast = false): void {
    if (this.#state === 'closed') return;
    this.#state = 'linger';
    this.#early = this.#gathered = undefined;
    const { linger, downstreamIdle } = this.#service.timeouts;
    this.#timer.arm(this.#wire.end(isLast) ? linger : downstreamIdle);
    this.#wire.resume();
  }

  onEnd(): void {
    if (this.#state === 'linger') return;
    this.#ended = true;
    // A client that announced its last request, or asked several at once, may end its side and wait; any other has gone away.
    if (this.#state === 'wait' && !this.#close && this.#early === undefined) this.#leave('client_closed');
    else this.#settle();
  }

  onDrain(): void {
    if (this.#state === 'wait') this.#timer.cancel();
    else if (this.#state === 'linger') this.#timer.arm(this.#service.timeouts.linger);
    else if (this.#state === 'head') {
      this.#timer.arm(this.#service.timeouts.downstreamIdle);
      this.#takeEarly();
    }
    this.#exchange?.resumeResponse();
  }

  onClose(error: NodeJS.ErrnoException | undefined): void {
    this.#closed();
    this.#exchange?.abort(error === undefined ? 'client_closed' : 'client_reset');
  }

  #closed(): void {
    this.#state = 'closed';
    this.#early = this.#gathered = undefined;
    this.#timer.release();
    this.#owner.closed(this);
  }

  onTimeout(): void {
    const exchange = this.#exchange;
    if (this.#state === 'head' && (this.#gathered !== undefined || this.#requests === 0)) {
      if (this.#gathered === undefined) this.#wire.destroy();
      else this.#refuse(408);
    } else if (this.#state === 'body' && exchange !== undefined) this.#breakOff(exchange, 408);
    else if (this.#state === 'wait') {
      exchange?.abort('client_stalled');
      this.#wire.reset();
    } else {
      if (this.#wire.pending > 0) this.#service.because('client_stalled', () => `client ${this.address}`);
      this.#wire.destroy();
    }
  }
}

const headEnd = Buffer.from('\r\n\r\n', 'latin1');

/** Requests that wait in these octets, counted by their empty lines up to `most`: at least as many as there are. */
function countHeads(octets: Buffer, most: number): number {
  let count = 0;
  for (let at = octets.indexOf(headEnd); at !== -1 && count < most; at = octets.indexOf(headEnd, at + 4)) count += 1;
  return count;
}
