/** Octets both ways, after 101 or CONNECT: half-close and backpressure pass through, a failure on one side ends both. */
import { Timer, type TimerOwner } from '../net/timer.ts';
import type { Wire, WireHandler } from '../net/wire.ts';

export class Tunnel implements TimerOwner {
  readonly #a: Wire;
  readonly #b: Wire;
  readonly #idle: number;
  readonly #timer = new Timer(this);
  readonly #onClosed: () => void;
  #open = 2;

  /** Takes over the handlers of both and reads both. `idle`: milliseconds without an octet after which both are closed. */
  constructor(a: Wire, b: Wire, idle: number, onClosed: () => void) {
    this.#a = a;
    this.#b = b;
    this.#idle = idle;
    this.#onClosed = onClosed;
    a.handler = new Side(this, a, b);
    b.handler = new Side(this, b, a);
    this.touch();
    a.resume();
    b.resume();
  }

  touch(): void {
    this.#timer.arm(this.#idle);
  }

  onTimeout(): void {
    this.#a.destroy();
    this.#b.destroy();
  }

  closed(failed: boolean): void {
    this.#open -= 1;
    if (failed) {
      this.#a.reset();
      this.#b.reset();
    }
    if (this.#open > 0) return;
    this.#timer.release();
    this.#onClosed();
  }
}

class Side implements WireHandler {
  readonly #tunnel: Tunnel;
  readonly #own: Wire;
  readonly #other: Wire;

  constructor(tunnel: Tunnel, own: Wire, other: Wire) {
    this.#tunnel = tunnel;
    this.#own = own;
    this.#other = other;
  }

  onData(chunk: Buffer): void {
    this.#tunnel.touch();
    if (!this.#other.write(chunk)) this.#own.pause();
  }

  onEnd(): void {
    this.#other.end();
  }

  onDrain(): void {
    this.#tunnel.touch();
    this.#other.resume();
  }

  onClose(error: NodeJS.ErrnoException | undefined): void {
    this.#tunnel.closed(error !== undefined);
    this.#other.end(); // without effect where both ends had their FIN
  }
}
