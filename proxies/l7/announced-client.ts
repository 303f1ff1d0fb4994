/**
 * A connection that must begin with a PROXY protocol header (never guessed): who the client is comes from there, HTTP begins after it.
 * What is no header gets no answer: the peer is a misconfigured balancer, or nobody who should connect.
 */
import { parseProxyHeader } from '../net/proxy-protocol.ts';
import { Timer, type TimerOwner } from '../net/timer.ts';
import type { Wire, WireHandler } from '../net/wire.ts';

export interface AnnouncedOwner {
  /** `rest`: what followed the header. The wire's handler is to be replaced now. */
  announced(client: AnnouncedClient, wire: Wire, address: string, rest: Buffer): void;
  /** `address`: of the connection. */
  refused(reason: 'proxy_header_malformed', address: string): void;
  closed(client: AnnouncedClient): void;
}

export class AnnouncedClient implements WireHandler, TimerOwner {
  readonly #wire: Wire;
  readonly #owner: AnnouncedOwner;
  readonly #timer = new Timer(this);
  #held: Buffer | undefined;
  #need = 1;

  /** `timeout`: milliseconds in which the header must be complete. */
  constructor(wire: Wire, timeout: number, owner: AnnouncedOwner) {
    this.#wire = wire;
    this.#owner = owner;
    wire.handler = this;
    this.#timer.arm(timeout);
    wire.resume();
  }

  onData(chunk: Buffer): void {
    const held = this.#held === undefined ? Buffer.from(chunk) : Buffer.concat([this.#held, chunk]);
    this.#held = held;
    if (held.length < this.#need) return;
    const parsed = parseProxyHeader(held);
    if (parsed.kind === 'more') this.#need = parsed.need;
    else if (parsed.kind === 'malformed') this.#refuse();
    else {
      this.#timer.release();
      // LOCAL and UNKNOWN tell nothing: the connection's own address holds.
      const address = parsed.value.addresses?.sourceAddress ?? this.#wire.remoteAddress;
      this.#owner.announced(this, this.#wire, address, held.subarray(parsed.length));
    }
  }

  onEnd(): void {
    this.#wire.destroy();
  }

  onDrain(): void {}

  onClose(): void {
    this.#timer.release();
    this.#owner.closed(this);
  }

  onTimeout(): void {
    this.#refuse();
  }

  #refuse(): void {
    this.#owner.refused('proxy_header_malformed', this.#wire.remoteAddress);
    this.#wire.reset();
  }

  /** Nothing is under way yet. */
  drain(): void {
    this.#wire.destroy();
  }

  destroy(): void {
    this.#wire.destroy();
  }
}
