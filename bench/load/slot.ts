/**
 * One connection's place in the load, and the request on it: sends when its loop says so, reads the answer, records it, comes
 * back when a connection is lost. A keep-alive slot holds its connection; a slot that connects per request counts the
 * connection as part of the request, so that its service time starts with `connect()`.
 */
import { Backoff } from './backoff.ts';
import type { Instant } from './clock.ts';
import type { Fault, Recorder } from './recorder.ts';
import type { Dialer } from './socket/dialer.ts';
import type { Link, LinkHandler } from './socket/link.ts';

/** One connection's requests and what they are answered, one after the other. */
export interface Dialogue {
  /** The request as it is sent next; must not change while it is under way. */
  readonly request: Buffer;
  /** A request is about to be sent: the next bytes belong to its answer. */
  begin(): void;
  /** The first `length` of `bytes`. True once the answer is over, valid or not. */
  read(bytes: Buffer, length: number): boolean;
  /** The peer sent FIN: true if that ends the answer. */
  end(): boolean;
  /** What was wrong with the answer that is over. */
  readonly fault: Fault | undefined;
  /** Whether the connection may carry another request. */
  readonly reusable: boolean;
}

/** A place in the load: one request at a time. A connection has one, or as many as it has streams. */
export interface Place {
  /** Resolves after the first attempt, whatever came of it. */
  connect(): Promise<void>;
  /** Only while free. */
  send(at: Instant, intended: Instant): void;
  /** A request still under way fails with what `fault` makes of the instant it was sent, if anything. */
  abandon(at: Instant, fault: (sentAt: Instant) => Fault | undefined): void;
  readonly busy: boolean;
  stop(): void;
}

/** Decides when a free place sends. */
export interface PlaceOwner {
  free(place: Place, at: Instant): void;
  /** A keep-alive connection could not be made. */
  unconnected(fault: Fault, at: Instant, dialedAt: Instant): void;
  /** A free place lost its connection; it is free again once it has another. */
  lost(place: Place): void;
}

/** What is exchanged on connections. */
export interface Exchange {
  readonly perRequest: boolean;
  /** Milliseconds from the send to the end of the answer. */
  readonly timeout: number;
  /** All places of so many connections. */
  places(connections: number, dialer: Dialer, recorder: Recorder, owner: PlaceOwner): readonly Place[];
}

interface Dialogues extends Pick<Exchange, 'perRequest' | 'timeout'> {
  dialogue(): Dialogue;
}

/** One dialogue a connection. */
export const dialogues = (spec: Dialogues): Exchange => ({
  ...spec,
  places: (connections, dialer, recorder, owner) =>
    Array.from({ length: connections }, () => new Slot(spec, dialer, recorder, owner)),
});

const CUT_SHORT: Fault = { kind: 'reset', message: 'connection closed before the answer was whole' };
const UNASKED: Fault = { kind: 'framing', message: 'bytes came that answer no request' };

class Slot implements LinkHandler, Place {
  readonly #exchange: Dialogues;
  readonly #dialer: Dialer;
  readonly #recorder: Recorder;
  readonly #owner: PlaceOwner;
  readonly #dialogue: Dialogue;
  #link: Link | undefined;
  #busy = false;
  #sentAt: Instant = 0;
  #intended: Instant = 0;
  readonly #backoff = new Backoff();
  #tried: (() => void) | undefined;

  constructor(exchange: Dialogues, dialer: Dialer, recorder: Recorder, owner: PlaceOwner) {
    this.#exchange = exchange;
    this.#dialer = dialer;
    this.#recorder = recorder;
    this.#owner = owner;
    this.#dialogue = exchange.dialogue();
  }

  async connect(): Promise<void> {
    if (this.#exchange.perRequest) return this.#owner.free(this, performance.now());
    await new Promise<void>((resolve) => {
      this.#tried = resolve;
      this.#link = this.#dialer.dial(this);
    });
  }

  send(at: Instant, intended: Instant): void {
    this.#busy = true;
    this.#sentAt = at;
    this.#intended = intended;
    this.#recorder.began();
    this.#dialogue.begin();
    if (this.#exchange.perRequest) this.#link = this.#dialer.dial(this);
    else this.#write(at);
  }

  abandon(at: Instant, fault: (sentAt: Instant) => Fault | undefined): void {
    const reason = this.#busy ? fault(this.#sentAt) : undefined;
    if (reason !== undefined) this.#failed(reason, at);
  }

  get busy(): boolean {
    return this.#busy;
  }

  stop(): void {
    this.#backoff.stop();
    this.#link?.destroy();
  }

  onOpen(at: Instant): void {
    if (this.#exchange.perRequest) return this.#write(at);
    this.#tried?.();
    this.#owner.free(this, at);
  }

  onBytes(bytes: Buffer, length: number): void {
    const at = performance.now();
    this.#recorder.read(at, length);
    if (!this.#busy) {
      this.#link?.destroy();
      this.onFault(UNASKED);
    } else if (this.#dialogue.read(bytes, length)) this.#finish(at);
  }

  onEnd(): void {
    if (this.#busy && this.#dialogue.end()) return this.#finish(performance.now());
    this.#link?.destroy();
    this.onFault(CUT_SHORT);
  }

  onFault(fault: Fault): void {
    const at = performance.now();
    const link = this.#link;
    this.#link = undefined;
    this.#tried?.();
    if (this.#busy) this.#failed(fault, at);
    else if (link !== undefined && !link.wasOpen) this.#owner.unconnected(fault, at, link.dialedAt);
    else {
      this.#owner.lost(this);
      if (fault !== CUT_SHORT) this.#recorder.note(fault); // FIN between two requests is the peer's right
    }
    this.#comeBack(at);
  }

  #write(at: Instant): void {
    const { request } = this.#dialogue;
    const link = this.#link!;
    link.deadline = at + this.#exchange.timeout;
    link.awaiting = 'answer';
    this.#recorder.wrote(at, request.length);
    link.write(request);
  }

  #finish(at: Instant): void {
    const { fault, reusable } = this.#dialogue;
    const link = this.#link!;
    if (fault === undefined) {
      this.#busy = false;
      this.#recorder.completed(at, this.#sentAt, this.#intended);
    } else this.#failed(fault, at);
    this.#backoff.reset();
    if (this.#exchange.perRequest) {
      link.retire(at);
      this.#link = undefined;
      this.#owner.free(this, at);
    } else if (reusable) {
      link.deadline = Infinity;
      this.#owner.free(this, at);
    } else {
      link.destroy();
      this.#comeBack(at);
    }
  }

  #failed(fault: Fault, at: Instant): void {
    this.#busy = false;
    this.#recorder.failed(fault, at, this.#sentAt, this.#intended);
  }

  #comeBack(at: Instant): void {
    this.#backoff.retry((then) => this.#again(then), at);
  }

  #again(at: Instant): void {
    if (this.#exchange.perRequest) this.#owner.free(this, at);
    else this.#link = this.#dialer.dial(this);
  }
}

/** So many dials at once at most, lest a thousand of them overflow the target's accept queue. */
const DIALS_AT_ONCE = 64;

export async function connectAll(places: readonly Place[]): Promise<void> {
  const waiting = places.values();
  const lane = async (): Promise<void> => {
    for (const place of waiting) await place.connect();
  };
  await Promise.all(Array.from({ length: DIALS_AT_ONCE }, lane));
}
