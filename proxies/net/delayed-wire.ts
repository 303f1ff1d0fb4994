/** A delay of all that a client sends, on purpose: to prove that a measurement sees it. */
import type { X509Certificate } from 'node:crypto';
import type { Fault } from '../config/intent.ts';
import { guarded } from './socket-wire.ts';
import type { Wire, WireHandler } from './wire.ts';

/** What comes in is handed on so many milliseconds later, in order. What goes out is not delayed. */
class DelayedWire implements Wire, WireHandler {
  readonly #wire: Wire;
  readonly #delay: number;
  /** What came due while reading was paused, in order. */
  readonly #held: (() => void)[] = [];
  #paused = true;
  handler: WireHandler;

  constructor(wire: Wire, delay: number) {
    this.#wire = wire;
    this.#delay = delay;
    this.handler = wire.handler;
    wire.handler = this;
  }

  onData(chunk: Buffer): void {
    const kept = Buffer.from(chunk); // its memory is read into again at once
    this.#later(() => this.handler.onData(kept));
  }
  onEnd(): void {
    this.#later(() => this.handler.onEnd());
  }
  onDrain(): void {
    this.handler.onDrain();
  }
  onClose(error: NodeJS.ErrnoException | undefined): void {
    this.handler.onClose(error);
  }

  write(chunk: Buffer): boolean {
    return this.#wire.write(chunk);
  }
  writeLatin1(text: string): boolean {
    return this.#wire.writeLatin1(text);
  }
  end(isLast?: boolean): boolean {
    return this.#wire.end(isLast);
  }
  reset(): void {
    this.#wire.reset();
  }
  destroy(): void {
    this.#wire.destroy();
  }
  pause(): void {
    this.#paused = true;
    this.#wire.pause();
  }
  resume(): void {
    this.#paused = false;
    this.#wire.resume();
    if (this.#held.length > 0) setImmediate(() => this.#deliver());
  }
  get pending(): number {
    return this.#wire.pending;
  }
  get open(): boolean {
    return this.#wire.open;
  }
  get remoteAddress(): string {
    return this.#wire.remoteAddress;
  }
  get remotePort(): number {
    return this.#wire.remotePort;
  }
  get localAddress(): string {
    return this.#wire.localAddress;
  }
  get localPort(): number {
    return this.#wire.localPort;
  }
  get certificate(): X509Certificate | undefined {
    return this.#wire.certificate;
  }
  get protocol(): string | undefined {
    return this.#wire.protocol;
  }

  #later(event: () => void): void {
    setTimeout(() => {
      this.#held.push(event);
      this.#deliver();
    }, this.#delay);
  }

  #deliver(): void {
    while (!this.#paused && this.#held.length > 0)
      if (this.open) guarded(this, this.#held.shift()!);
      else this.#held.length = 0;
  }
}

/** The wire as the fault lets it be seen. */
export const delayed = (wire: Wire, { delay = 0 }: Fault = {}): Wire =>
  delay > 0 ? new DelayedWire(wire, delay) : wire;
