/** An HTTP/2 connection from a client: its streams are exchanges, each for itself. */
import type { Metadata } from '../http/forwarding.ts';
import { errorName, NO_ERROR } from '../http2/errors.ts';
import { fillRequestHead } from '../http2/heads.ts';
import type { MessageHead } from '../http2/message.ts';
import type { Http2Stream } from '../http2/stream.ts';
import type { Wire } from '../net/wire.ts';
import type { Reason } from '../stats/reasons.ts';
import type { Accepted, Owner } from './accepted.ts';
import { Http2ClientStream, type StreamOwner } from './http2-client-stream.ts';
import type { Service } from './service.ts';
import { StreamCarrier } from './stream-carrier.ts';
import type { StreamSide } from './stream-side.ts';

export class Http2ClientConnection extends StreamCarrier implements Accepted, StreamOwner {
  service: Service;
  metadata: Metadata;
  readonly address: string;
  isLoop = false;
  reason: Reason | undefined;
  readonly #owner: Owner;
  readonly #since: number;
  #requests = 0;
  /** It is not read from before it takes what there is. */
  #isPaused = false;
  readonly #waiting = new Set<Http2ClientStream>();

  /** `address`: who the client is, which need not be the wire's other end. `early`: what was read already. */
  constructor(wire: Wire, address: string, owner: Owner, early?: Buffer) {
    const { service } = owner;
    const { requestHead, linger } = service.timeouts;
    super('server', linger, MOST_STREAMS, {
      headerListBytes: service.limits.headBytes + HEADER_LIST_OVERHEAD * service.limits.headerCount,
      ...(requestHead > 0 && { headTimeout: requestHead }),
    });
    this.#owner = owner;
    this.service = service;
    this.address = address;
    this.metadata = service.metadata(address, owner.secure);
    this.#since = service.timeouts.connectionAge === 0 ? 0 : performance.now();
    this.armIdle(requestHead);
    this.begin(wire, early);
  }

  override onHead(stream: Http2Stream<StreamSide>, message: MessageHead, isEnd: boolean): void {
    const { service } = this.#owner;
    if (service !== this.service) this.#adopt(service);
    if (this.#requests++ === 0) this.isLoop = this.wire !== undefined && service.own.includes(this.wire);
    this.armIdle(0);
    const head = service.requestHead;
    const result = fillRequestHead(head, message, isEnd, service.headRules);
    const side = new Http2ClientStream(this, stream);
    if (result < 0) side.refuse(head, -result);
    else side.start(head, isEnd);
    if (this.#isWornOut(service)) this.engine.drain();
  }

  #adopt(service: Service): void {
    this.service = service;
    this.metadata = service.metadata(this.address, this.#owner.secure);
  }

  #isWornOut(service: Service): boolean {
    const { connectionAge } = service.timeouts;
    if (this.#requests >= service.limits.requestsPerConnection) return true;
    return connectionAge > 0 && performance.now() - this.#since >= connectionAge;
  }

  get #isCrowded(): boolean {
    return this.engine.pendingBytes > MOST_PENDING;
  }

  hasRoom(stream: Http2ClientStream): boolean {
    if (!this.#isCrowded) return true;
    this.#waiting.add(stream);
    return false;
  }

  override onData(chunk: Buffer): void {
    super.onData(chunk);
    if (this.#isPaused || !this.#isCrowded) return;
    this.#isPaused = true;
    this.wire?.pause();
  }

  protected override onWritten(): void {
    if (this.#isCrowded) return;
    if (this.#isPaused) {
      this.#isPaused = false;
      this.wire?.resume();
    }
    for (const stream of this.#waiting) {
      this.#waiting.delete(stream);
      stream.resumed();
    }
  }

  override onStreamGone(): void {
    if (this.engine.openStreams === 0) this.armIdle(this.service.timeouts.downstreamIdle);
  }

  /** The first GOAWAY may find a request on its way, which is still served. */
  protected override onIdle(): void {
    if (this.engine.pendingBytes > 0) {
      this.service.because('client_stalled', () => `client ${this.address}`);
      this.wire?.destroy();
    } else this.engine.drain();
  }

  override onRefusedStream(code: number, reason: string): void {
    this.service.because('request_malformed', () => `client ${this.address}: ${errorName(code)}, ${reason}`);
  }

  override onFailure(reason: string): void {
    this.service.because('request_malformed', () => `client ${this.address}: ${reason}`);
  }

  drain(): void {
    this.engine.drain();
  }

  destroy(reason: Reason): void {
    this.reason = reason;
    this.engine.close(NO_ERROR);
    this.engine.flush();
    this.wire?.destroy();
  }

  protected override onGone(error: NodeJS.ErrnoException | undefined): void {
    this.reason ??= error === undefined ? 'client_closed' : 'client_reset';
    this.engine.disconnected();
    this.#owner.closed(this);
  }
}

/** Requests that a client may have under way at once. */
const MOST_STREAMS = 100;

/**
 * Bytes of answers that a client may leave untaken before no more of what it sends is read, nor interim answers made for it. Content alone
 * never comes to as much.
 */
const MOST_PENDING = 262_144;

/** What SETTINGS_MAX_HEADER_LIST_SIZE counts of a field besides its characters (RFC 9113 §6.5.2). */
const HEADER_LIST_OVERHEAD = 32;
