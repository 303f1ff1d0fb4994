/** Fixed connections; each sends its next request when its answer is whole. */
import { type Instant, until } from './clock.ts';
import type { Fault, Recorder } from './recorder.ts';
import type { Session } from './contract.ts';
import { connectAll, type Exchange, type Place, type PlaceOwner } from './slot.ts';
import type { Dialer } from './socket/dialer.ts';

/** Milliseconds at most that the last answers may take beyond the window. */
const LONGEST_GRACE = 2_000;
/** Milliseconds at most that connections of one request each may take to be closed by their peer. */
const CLOSING = 250;
const LATE: Fault = { kind: 'timeout', message: 'no answer by the end of the grace after the window' };
/** A request that has been under way for the whole window is no completion cut off by its end. */
const SILENT: Fault = { kind: 'timeout', message: 'no answer within the whole window' };

export class ClosedLoop implements Session, PlaceOwner {
  readonly #dialer: Dialer;
  readonly #recorder: Recorder;
  readonly #places: readonly Place[];
  readonly #grace: number;
  #end: Instant = 0;
  #running = false;
  #waiting: Place[] = [];
  #quiet: (() => void) | undefined;

  constructor(exchange: Exchange, connections: number, dialer: Dialer, recorder: Recorder) {
    this.#dialer = dialer;
    this.#recorder = recorder;
    this.#grace = Math.min(exchange.timeout, LONGEST_GRACE);
    this.#places = exchange.places(connections, dialer, recorder, this);
  }

  async connect(): Promise<void> {
    await this.#dialer.prime();
    await connectAll(this.#places);
  }

  start(at: Instant): void {
    this.#running = true;
    this.#end = this.#recorder.timetable.windowEnd;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const place of waiting) place.send(at, at);
  }

  free(place: Place, at: Instant): void {
    if (this.#running && at < this.#end) return place.send(at, at);
    this.#waiting.push(place);
    this.#quiet?.();
  }

  lost(place: Place): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting !== place);
  }

  unconnected(fault: Fault, at: Instant, dialedAt: Instant): void {
    this.#recorder.began();
    this.#recorder.failed(fault, at, dialedAt, dialedAt);
  }

  async finish(at: Instant, signal: AbortSignal): Promise<void> {
    this.#running = false;
    const { windowStart, windowEnd } = this.#recorder.timetable;
    for (const place of this.#places) {
      place.abandon(windowEnd - 1e-6, (sentAt) => (sentAt < windowStart ? SILENT : undefined));
    }
    await this.#answered(at + this.#grace, signal);
    const now = performance.now();
    for (const place of this.#places) place.abandon(now, () => LATE);
    // What closing a connection costs the subject belongs to the requests that it was made for.
    await this.#dialer.settled(CLOSING);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const place of this.#places) place.stop();
    this.#dialer[Symbol.dispose]();
  }

  /** Resolves when no request is under way, or at `deadline`. */
  async #answered(deadline: Instant, signal: AbortSignal): Promise<void> {
    const isBusy = (): boolean => this.#places.some((place) => place.busy);
    if (!isBusy()) return;
    const over = new AbortController();
    this.#quiet = () => !isBusy() && over.abort();
    await until(deadline, AbortSignal.any([signal, over.signal])).catch(() => signal.throwIfAborted());
    this.#quiet = undefined;
  }
}
