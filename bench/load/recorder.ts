/**
 * What one shard counts.
 *
 * A closed loop counts what ends inside the window. An open loop counts what was scheduled inside it, whenever it ends (its driver
 * waits a bounded grace), so that `requests + errors + dropped = scheduled`. In a turn a closed loop counts its last answers too, which
 * end after the window: what they cost is read with the turn.
 */
import {
  LIVE_FIELDS,
  type ErrorCounts,
  type LiveField,
  type LoadJob,
  type LoadResult,
  type Pacing,
  type Timeline,
} from '#bench/model/load.ts';
import { LATENCY_BUCKETS, latencyBucket } from '#bench/model/latency-bucket.ts';
import { type Millis, millis } from '#bench/model/units.ts';
import { type Instant, type Timetable, timetableOf } from './clock.ts';
import { NO_ERRORS, SAMPLES } from './counts.ts';
import { Failures } from './failures.ts';
import type { GeneratorCost } from './generator.ts';
import { Histogram } from './histogram.ts';
import { resultOf, type Tally } from './tally.ts';

type ErrorKind = keyof ErrorCounts;

/** Why a request failed, and the words for a human. */
export interface Fault {
  readonly kind: ErrorKind;
  readonly message: string;
  /** Of an answer that should have had another. */
  readonly status?: number;
}

export const LIVE = Object.fromEntries(LIVE_FIELDS.map((field, index) => [field, index])) as Record<LiveField, number>;
const COMPLETED = LIVE.completed;
const ERRORS = LIVE.errors;
const IN_FLIGHT = LIVE.inFlight;

const INTERVAL = 100;
/** Intervals of the latency over time: enough to draw, however long the window. */
const LATENCY_INTERVALS = 60;
const NANOS = 1e6;

export class Recorder {
  timetable: Timetable;
  readonly #job: LoadJob;
  readonly #live: Int32Array;
  readonly #open: boolean;
  readonly #perRequest: boolean;
  #windowStart: Instant;
  #windowEnd: Instant;
  readonly #service = new Histogram();
  readonly #response = new Histogram();
  readonly #lag = new Histogram();
  readonly #generatorLag = new Histogram();
  readonly #connectTime = new Histogram();
  readonly #timeline: Float64Array;
  readonly #warmup: Float64Array;
  readonly #latencyInterval: number;
  /** One row of buckets an interval. */
  readonly #latency: Uint32Array;
  /** The same, of those that failed. */
  readonly #failed: Uint32Array;
  readonly #droppedIn: Uint32Array;
  #firstFailure: Instant = Infinity;
  #lastFailure: Instant = -Infinity;
  #errors: ErrorCounts = { ...NO_ERRORS };
  readonly #failures = new Failures();
  readonly #samples = new Set<string>();
  #answered = 0;
  #inTime = 0;
  #requests = 0;
  #scheduled = 0;
  #dropped = 0;
  #reads = 0;
  #bytesRead = 0;
  #bytesWritten = 0;
  #connectionsOpened = 0;
  #full = 0;
  #resumed = 0;

  constructor(job: LoadJob, live: Int32Array) {
    this.#job = job;
    this.#live = live;
    this.#open = job.loop.kind === 'open';
    this.#perRequest = job.traffic.kind === 'http' && job.traffic.connection === 'per-request';
    this.timetable = timetableOf(job);
    this.#windowStart = this.timetable.windowStart;
    this.#windowEnd = this.timetable.windowEnd;
    this.#timeline = new Float64Array(Math.max(1, Math.ceil(job.window / INTERVAL)));
    this.#warmup = new Float64Array(Math.ceil(job.warmup / INTERVAL));
    this.#latencyInterval = INTERVAL * Math.ceil(job.window / INTERVAL / LATENCY_INTERVALS);
    const rows = Math.max(1, Math.ceil(job.window / this.#latencyInterval));
    this.#latency = new Uint32Array(rows * LATENCY_BUCKETS);
    this.#failed = new Uint32Array(rows * LATENCY_BUCKETS);
    this.#droppedIn = new Uint32Array(rows);
  }

  /** The next turn: only what belongs to it is counted from now on. */
  begin(timetable: Timetable): void {
    this.timetable = timetable;
    this.#windowStart = timetable.windowStart;
    this.#windowEnd = this.#open ? timetable.windowEnd : Infinity;
  }

  /** Between turns nothing counts. */
  pause(): void {
    this.#windowStart = Infinity;
  }

  inWindow(at: Instant): boolean {
    return at >= this.#windowStart && at < this.#windowEnd;
  }

  /**
   * `handshake` is undefined on a plain connection. Kept connections count whenever they were made: they serve the window. Those
   * made for one request count within it.
   */
  opened(at: Instant, dialedAt: Instant, handshake: 'full' | 'resumed' | undefined): void {
    this.#live[LIVE.connections]!++;
    if (at >= this.#windowEnd || (this.#perRequest && at < this.#windowStart)) return;
    this.#connectionsOpened++;
    this.#connectTime.record((at - dialedAt) * NANOS);
    if (handshake === 'full') this.#full++;
    if (handshake === 'resumed') this.#resumed++;
  }

  closed(): void {
    this.#live[LIVE.connections]!--;
  }

  ready(): void {
    this.#live[LIVE.ready] = 1;
  }

  /** A request is under way, from its send or from the dial of its own connection; `completed` or `failed` ends it. */
  began(): void {
    this.#live[IN_FLIGHT]!++;
  }

  wrote(at: Instant, size: number): void {
    if (this.inWindow(at)) this.#bytesWritten += size;
  }

  read(at: Instant, size: number): void {
    if (!this.inWindow(at)) return;
    this.#reads++;
    this.#bytesRead += size;
  }

  /** A valid answer is whole. `intended` is the scheduled send of an open loop; a closed loop passes `sentAt` again. */
  completed(at: Instant, sentAt: Instant, intended: Instant): void {
    this.#live[COMPLETED]!++;
    this.#live[IN_FLIGHT]!--;
    this.#answered++;
    if (!this.inWindow(this.#open ? intended : at)) {
      const early = Math.floor((at - this.timetable.start) / INTERVAL);
      if (early >= 0 && early < this.#warmup.length && at < this.#windowStart) this.#warmup[early]!++;
      return;
    }
    this.#requests++;
    if (at < this.timetable.windowEnd) this.#inTime++;
    const interval = Math.min(Math.floor((at - this.#windowStart) / INTERVAL), this.#timeline.length - 1);
    this.#timeline[interval]!++;
    this.#time(at, sentAt, intended);
  }

  failed(fault: Fault, at: Instant, sentAt: Instant, intended: Instant): void {
    this.#live[ERRORS]!++;
    this.#live[IN_FLIGHT]!--;
    this.note(fault);
    if (!this.inWindow(this.#open ? intended : at)) return;
    this.#errors[fault.kind]++;
    this.#failures.add(fault);
    this.#time(at, sentAt, intended);
    const cell = this.#latencyCell(at, intended);
    if (cell < this.#failed.length) this.#failed[cell]!++;
    this.#failure(intended);
  }

  /** Open loop, at each send: milliseconds for which it was due and a connection was free. */
  sent(intended: Instant, generatorLag: number): void {
    if (this.inWindow(intended)) this.#generatorLag.record(generatorLag * NANOS);
  }

  /** Never sent: its response time is at least what it has waited by now, and counts as that. */
  dropped(at: Instant, intended: Instant): void {
    if (!this.inWindow(intended)) return;
    this.#scheduled++;
    this.#dropped++;
    this.#response.record((at - intended) * NANOS);
    const row = this.#latencyRow(intended);
    if (row < this.#droppedIn.length) this.#droppedIn[row]!++;
    this.#failure(intended);
  }

  /** A message for a human that belongs to no request. */
  note(fault: Fault): void {
    if (this.#samples.size < SAMPLES) this.#samples.add(`${fault.kind}: ${fault.message}`);
  }

  #time(at: Instant, sentAt: Instant, intended: Instant): void {
    this.#service.record((at - sentAt) * NANOS);
    const cell = this.#latencyCell(at, intended);
    if (cell < this.#latency.length) this.#latency[cell]!++;
    if (!this.#open) return;
    this.#scheduled++;
    this.#response.record((at - intended) * NANOS);
    this.#lag.record((sentAt - intended) * NANOS);
  }

  #latencyRow(at: Instant): number {
    return Math.floor((at - this.#windowStart) / this.#latencyInterval);
  }

  #latencyCell(at: Instant, intended: Instant): number {
    return this.#latencyRow(this.#open ? intended : at) * LATENCY_BUCKETS + latencyBucket((at - intended) * 1e3);
  }

  #failure(intended: Instant): void {
    this.#firstFailure = Math.min(this.#firstFailure, intended);
    this.#lastFailure = Math.max(this.#lastFailure, intended);
  }

  /** Of an open loop; a closed one has no instant at which a request was due. */
  #failureSpan(): Pick<Timeline, 'failures'> {
    if (!this.#open || this.#lastFailure < this.#firstFailure) return {};
    const since = (at: Instant): Millis => millis(at - this.#windowStart);
    return { failures: { first: since(this.#firstFailure), last: since(this.#lastFailure) } };
  }

  /** All that was counted since the last time; begins anew. */
  take(): Tally {
    const tally: Tally = {
      answered: this.#answered,
      inTime: this.#inTime,
      requests: this.#requests,
      errors: this.#errors,
      ...this.#failures.take(),
      errorSamples: [...this.#samples],
      scheduled: this.#scheduled,
      dropped: this.#dropped,
      reads: this.#reads,
      bytesRead: this.#bytesRead,
      bytesWritten: this.#bytesWritten,
      connectionsOpened: this.#connectionsOpened,
      handshakes: { full: this.#full, resumed: this.#resumed },
      service: this.#service.take(),
      response: this.#response.take(),
      scheduleLag: this.#lag.take(),
      generatorLag: this.#generatorLag.take(),
      connectTime: this.#connectTime.take(),
    };
    this.#errors = { ...NO_ERRORS };
    this.#samples.clear();
    this.#answered = this.#inTime = this.#requests = this.#scheduled = this.#dropped = 0;
    this.#reads = this.#bytesRead = this.#bytesWritten = this.#connectionsOpened = this.#full = this.#resumed = 0;
    return tally;
  }

  result(generator: GeneratorCost, pacing?: Pacing): LoadResult {
    return resultOf(this.#job, this.take(), {
      window: this.#job.window,
      timeline: {
        interval: millis(INTERVAL),
        requests: [...this.#timeline],
        warmup: [...this.#warmup],
        latency: {
          interval: millis(this.#latencyInterval),
          counts: rowsOf(this.#latency),
          ...(this.#open && { failed: rowsOf(this.#failed), dropped: [...this.#droppedIn] }),
        },
        ...this.#failureSpan(),
      },
      generator,
      ...(pacing && { pacing }),
    });
  }
}

/** Each row as pairs of its buckets that hold anything. */
const rowsOf = (cells: Uint32Array): [number, number][][] =>
  Array.from({ length: cells.length / LATENCY_BUCKETS }, (_, row) =>
    [...cells.subarray(row * LATENCY_BUCKETS, (row + 1) * LATENCY_BUCKETS)].flatMap(
      (count, bucket): [number, number][] => (count > 0 ? [[bucket, count]] : []),
    ),
  );
