/**
 * Scheduled arrivals over a fixed set of connections. All that is due when the loop wakes is sent together, whatever woke it. An arrival
 * that finds no connection free waits its turn and keeps its intended time; the schedule itself is that queue. One that has waited for
 * `PATIENCE` is dropped then, and all that wait at the end of the window are. What is under way at that end may still finish within a
 * grace, so that a stall shows as many late answers, and is a timeout after it.
 */
import type { LoadJob } from '#bench/model/load.ts';
import { type Instant, until } from './clock.ts';
import { type Arrivals, arrivalsOf, NO_ARRIVALS, type OpenLoopSpec, pace } from './pacer.ts';
import type { Fault, Recorder } from './recorder.ts';
import type { Fail, Session } from './contract.ts';
import { shareOf } from './shares.ts';
import { connectAll, type Exchange, type Place, type PlaceOwner } from './slot.ts';
import type { Dialer } from './socket/dialer.ts';
import type { Turnstile } from './turnstile.ts';
import { type Waker, wakerFor } from './waker.ts';

/** Milliseconds at most that answers may take beyond the window. */
const LONGEST_GRACE = 2_000;
/**
 * How long an arrival waits for a connection: milliseconds, and share of the window, at most. Beyond capacity the queue would else grow
 * without end, and all that is sent in the window would be what the warm-up had left over. A stall shorter than this drops nothing.
 */
const PATIENCE = { longest: 1_000, ofWindow: 0.5 };
const LATE: Fault = { kind: 'timeout', message: 'no answer by the end of the grace after the window' };

interface LoopParts {
  readonly dialer: Dialer;
  readonly recorder: Recorder;
  readonly fail: Fail;
}

export class OpenLoop implements Session, PlaceOwner {
  readonly #dialer: Dialer;
  /** Where the target takes no more than so many a second: what a send begins with, a connection or a request. */
  readonly #turnstile: Turnstile | undefined;
  readonly #recorder: Recorder;
  readonly #places: readonly Place[];
  /** Arrivals of a turn, each with a seed of its own: the same pattern again and again would be one sample. */
  readonly #schedule: (offered: OpenLoopSpec['offered'], turn: number) => Arrivals;
  readonly #waker: Waker;
  readonly #grace: number;
  readonly #free: Place[] = [];
  /** Since when there has been a free connection without a break. */
  #freeSince: Instant = 0;
  #held: NodeJS.Timeout | undefined;
  #arrivals = NO_ARRIVALS;
  #start: Instant = 0;
  #end: Instant = 0;
  #patience = 0;
  readonly #offered: OpenLoopSpec['offered'];
  #turn = 0;
  #running = false;
  #quiet: (() => void) | undefined;

  constructor(exchange: Exchange, job: LoadJob, loop: OpenLoopSpec, { dialer, recorder, fail }: LoopParts) {
    const connections = shareOf(loop.connections, job.shard);
    this.#dialer = dialer;
    this.#turnstile = dialer.turnstiles?.[exchange.perRequest ? 'connections' : 'requests'];
    this.#recorder = recorder;
    this.#grace = Math.min(exchange.timeout, LONGEST_GRACE);
    this.#places = exchange.places(connections, dialer, recorder, this);
    this.#schedule = (offered, turn) => arrivalsOf({ ...loop, offered }, job.shard, job.seed + turn);
    this.#offered = loop.offered;
    this.#waker = wakerFor(job, loop, () => this.#pump(performance.now()), fail);
  }

  get helperCpu(): Waker['cpu'] {
    return this.#waker.cpu;
  }

  get pacing(): Waker['pacing'] {
    return this.#waker.pacing;
  }

  async connect(): Promise<void> {
    await this.#dialer.prime();
    await Promise.all([connectAll(this.#places), this.#waker.ready]);
  }

  start(at: Instant): void {
    const { timetable } = this.#recorder;
    const { start, windowStart, windowEnd, offered = this.#offered } = timetable;
    const turn = this.#turn++;
    this.#arrivals = this.#schedule(offered, turn);
    this.#start = start;
    this.#end = windowEnd;
    this.#patience = Math.min(PATIENCE.longest, PATIENCE.ofWindow * (windowEnd - windowStart));
    this.#running = true;
    this.#waker.start(timetable, { offered, turn });
    this.#pump(at);
  }

  free(place: Place, at: Instant): void {
    if (this.#free.push(place) === 1) this.#freeSince = at;
    if (this.#running) this.#pump(at);
    else this.#quiet?.();
  }

  lost(place: Place): void {
    const index = this.#free.indexOf(place);
    if (index !== -1) this.#free.splice(index, 1);
  }

  /** The request that waited for this very connection fails with it; there may be none. */
  unconnected(fault: Fault, at: Instant, dialedAt: Instant): void {
    const intended = this.#running ? this.#takeDue(at) : undefined;
    if (intended === undefined) return this.#recorder.note(fault);
    this.#recorder.began();
    this.#recorder.failed(fault, at, Math.max(dialedAt, intended), intended);
  }

  async finish(at: Instant, signal: AbortSignal): Promise<void> {
    this.#pump(at);
    this.#running = false;
    this.#waker.stop();
    this.#drop(at, at);
    await this.#unfinished(at + this.#grace, signal);
    const now = performance.now();
    for (const place of this.#places) place.abandon(now, () => LATE);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#running = false;
    clearTimeout(this.#held);
    for (const place of this.#places) place.stop();
    this.#dialer[Symbol.dispose]();
    await this.#waker[Symbol.asyncDispose]();
  }

  /** Sends all that is due while there is a connection for it. Returns the milliseconds until the next arrival. */
  #pump(at: Instant): number {
    if (!this.#running) return Infinity;
    this.#drop(at - this.#patience, at);
    while (this.#free.length > 0) {
      const held = this.#turnstile?.wait(performance.now()) ?? 0;
      if (held > 0) return this.#hold(held);
      const intended = this.#takeDue(at);
      if (intended === undefined) break;
      // The clock anew: several may be due at once, and each is sent a little later than the one before.
      const now = performance.now();
      // What waited for a connection waited for the subject; only what passes with one free is the generator's own lag.
      this.#recorder.sent(intended, Math.max(0, now - Math.max(intended, this.#freeSince)));
      // Whichever has rested longest: a server may close what has been idle for long.
      this.#free.shift()!.send(now, intended);
    }
    this.#waker.saw(at);
    return pace(this.#arrivals, at - this.#start);
  }

  /** All that was due by `overdue`. */
  #drop(overdue: Instant, at: Instant): void {
    for (let intended = this.#takeDue(overdue); intended !== undefined; intended = this.#takeDue(overdue))
      this.#recorder.dropped(at, intended);
  }

  /** The cap is used up: what is due waits for it, as for a connection. */
  #hold(wait: number): number {
    clearTimeout(this.#held);
    this.#held = setTimeout(() => this.#pump(performance.now()), Math.ceil(wait));
    this.#freeSince = performance.now() + wait;
    return wait;
  }

  /** The intended instant of the earliest arrival that is due at `at` and within the job, taken off the schedule. */
  #takeDue(at: Instant): Instant | undefined {
    const due = this.#start + this.#arrivals.due;
    if (due > at || due >= this.#end) return undefined;
    this.#arrivals.take();
    return due;
  }

  /** Resolves when no request is under way, or at `deadline`. */
  async #unfinished(deadline: Instant, signal: AbortSignal): Promise<void> {
    if (!this.#places.some((place) => place.busy)) return;
    const over = new AbortController();
    this.#quiet = () => !this.#places.some((place) => place.busy) && over.abort();
    await until(deadline, AbortSignal.any([signal, over.signal])).catch(() => signal.throwIfAborted());
  }
}
