/**
 * Two wires joined into one connection, as if the hop between were not there: bytes, FIN and RST of one come out of the other. What
 * the slower side does not take stops the faster one, so at most one read of each direction is ever held.
 */
import { Timer, type TimerOwner } from './timer.ts';
import type { Wire, WireHandler } from './wire.ts';

/** Milliseconds without a byte in either direction after which both sides are closed; 0: never. */
export interface RelayTimeouts {
  readonly idle: number;
  /** The same once one side has sent its FIN. */
  readonly halfClosed: number;
}

/** What came from the client before there was anybody to tell it to. */
export interface EarlyClient {
  readonly bytes: Buffer | undefined;
  /** Its FIN came, too. */
  readonly ended: boolean;
}

interface Wires {
  readonly downstream: Wire;
  readonly upstream: Wire;
}

export interface RelayOwner {
  /** Both wires are closed. `error` is what ended them, undefined after an orderly end. Once, last. */
  onRelayClosed(relay: Relay, error: NodeJS.ErrnoException | undefined): void;
}

export class Relay implements TimerOwner {
  readonly #owner: RelayOwner;
  readonly #timeouts: RelayTimeouts;
  readonly #down: Flow;
  readonly #up: Flow;
  readonly #timer = new Timer(this);
  #patience: number;
  #open = 2;
  #error: NodeJS.ErrnoException | undefined;
  /** What ended it, where that was no orderly end: a side that failed, or the time without a byte. */
  cause: 'downstream' | 'upstream' | 'idle' | undefined;

  /** Takes over both wires and reads on. `early` is what the client has said so far. */
  constructor({ downstream, upstream }: Wires, timeouts: RelayTimeouts, owner: RelayOwner, early?: EarlyClient) {
    this.#owner = owner;
    this.#timeouts = timeouts;
    this.#patience = timeouts.idle;
    this.#down = new Flow(this, downstream, upstream);
    this.#up = new Flow(this, upstream, downstream);
    downstream.handler = this.#down;
    upstream.handler = this.#up;
    this.touch();
    if (early?.bytes) this.#down.onData(early.bytes);
    if (early?.ended === true) this.#down.onEnd();
    if (upstream.pending === 0) downstream.resume();
    else downstream.pause();
    upstream.resume();
  }

  /** Bytes read from the client, and from the origin. */
  get bytesReceived(): number {
    return this.#down.bytes;
  }

  get bytesSent(): number {
    return this.#up.bytes;
  }

  /** Closes both sides at once. */
  destroy(): void {
    this.#down.from.destroy();
    this.#up.from.destroy();
  }

  onTimeout(): void {
    this.#error ??= Object.assign(new Error(`no byte for ${this.#patience} ms`), { code: 'ETIMEDOUT' });
    this.cause ??= 'idle';
    this.destroy();
  }

  /** For flows only. */
  touch(): void {
    this.#timer.arm(this.#patience);
  }

  ended(): void {
    this.#patience = this.#timeouts.halfClosed;
    this.touch();
  }

  closed(flow: Flow, error: NodeJS.ErrnoException | undefined): void {
    if (error !== undefined) {
      this.#error ??= error;
      this.cause ??= flow === this.#down ? 'downstream' : 'upstream';
      flow.to.reset();
    }
    if (--this.#open > 0) return;
    this.#timer.release();
    this.#owner.onRelayClosed(this, this.#error);
  }
}

/** One direction: what is read from one wire is written to the other. */
class Flow implements WireHandler {
  readonly from: Wire;
  readonly to: Wire;
  bytes = 0;
  readonly #relay: Relay;

  constructor(relay: Relay, from: Wire, to: Wire) {
    this.#relay = relay;
    this.from = from;
    this.to = to;
  }

  onData(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.#relay.touch();
    if (!this.to.write(chunk)) this.from.pause();
  }

  onEnd(): void {
    this.to.end();
    this.#relay.ended();
  }

  /** `from` has taken its backlog: it is the other direction that waited for it. */
  onDrain(): void {
    this.#relay.touch();
    this.to.resume();
  }

  onClose(error: NodeJS.ErrnoException | undefined): void {
    this.#relay.closed(this, error);
  }
}
