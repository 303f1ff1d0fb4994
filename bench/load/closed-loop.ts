/** Fixed connections; each sends its next request when its answer is whole. */
import type { Instant } from './clock.ts';
import type { Fault, Recorder } from './recorder.ts';
import type { Session } from './shard.ts';
import { connectAll, type Exchange, Slot, type SlotOwner } from './slot.ts';
import type { Dialer } from './socket/dialer.ts';

/** A request that has been under way for the whole window is no completion cut off by its end. */
const silent: Fault = { kind: 'timeout', message: 'no answer within the whole window' };

export class ClosedLoop implements Session, SlotOwner {
  readonly #dialer: Dialer;
  readonly #recorder: Recorder;
  readonly #slots: readonly Slot[];
  readonly #end: Instant;
  #running = false;
  #waiting: Slot[] = [];

  constructor(exchange: Exchange, connections: number, dialer: Dialer, recorder: Recorder) {
    this.#dialer = dialer;
    this.#recorder = recorder;
    this.#end = recorder.timetable.windowEnd;
    this.#slots = Array.from({ length: connections }, () => new Slot(exchange, dialer, recorder, this));
  }

  async connect(): Promise<void> {
    await this.#dialer.prime();
    await connectAll(this.#slots);
  }

  start(at: Instant): void {
    this.#running = true;
    for (const slot of this.#waiting) slot.send(at, at);
    this.#waiting = [];
  }

  free(slot: Slot, at: Instant): void {
    if (!this.#running) this.#waiting.push(slot);
    else if (at < this.#end) slot.send(at, at);
  }

  lost(slot: Slot): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting !== slot);
  }

  unconnected(fault: Fault, at: Instant, dialedAt: Instant): void {
    this.#recorder.began();
    this.#recorder.failed(fault, at, dialedAt, dialedAt);
  }

  async finish(): Promise<void> {
    const { windowStart, windowEnd } = this.#recorder.timetable;
    for (const slot of this.#slots) {
      slot.abandon(windowEnd - 1e-6, (sentAt) => (sentAt < windowStart ? silent : undefined));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const slot of this.#slots) slot.stop();
    this.#dialer[Symbol.dispose]();
  }
}
