/**
 * Connections that have each carried one request and then stay silent. One that is open and silent from before the window to its
 * end counts as completed, with the service time of its one request; any other counts as the error that befell it. None is
 * opened again: a proxy that drops idle connections shows.
 */
import type { LoadJob } from '#bench/model/load.ts';
import type { Instant } from './clock.ts';
import type { Fault, Recorder } from './recorder.ts';
import type { Session } from './contract.ts';
import { shareOf } from './shares.ts';
import type { Dialogue } from './slot.ts';
import type { Dialer } from './socket/dialer.ts';
import type { Link, LinkHandler } from './socket/link.ts';

/** Enough to be quick, few enough not to overflow the target's accept queue. */
const DIALS_AT_ONCE = 64;
const SPOKE: Fault = { kind: 'reset', message: 'the peer spoke on a silent connection' };
const CLOSED: Fault = { kind: 'reset', message: 'the peer closed a silent connection' };
const NOT_YET: Fault = { kind: 'timeout', message: 'not silent before the window began' };

export class IdleConnections implements Session {
  readonly #dialer: Dialer;
  readonly #recorder: Recorder;
  readonly #connections: readonly IdleConnection[];

  constructor(dialogue: () => Dialogue, job: LoadJob, dialer: Dialer, recorder: Recorder) {
    const count = shareOf(job.loop.connections, job.shard);
    const { response } = job.timeouts;
    this.#dialer = dialer;
    this.#recorder = recorder;
    this.#connections = Array.from({ length: count }, () => new IdleConnection(dialogue(), response, dialer, recorder));
  }

  async connect(): Promise<void> {
    const waiting = this.#connections.values();
    const lane = async (): Promise<void> => {
      for (const connection of waiting) await connection.settle();
    };
    await Promise.all(Array.from({ length: DIALS_AT_ONCE }, lane));
  }

  start(): void {}

  async finish(): Promise<void> {
    const { windowStart, windowEnd } = this.#recorder.timetable;
    const at = windowEnd - 1e-6; // the last instant of the window
    for (const connection of this.#connections) {
      this.#recorder.began();
      const { fault, silentSince, service } = connection;
      const reason = fault ?? (silentSince < windowStart ? undefined : NOT_YET);
      if (reason === undefined) this.#recorder.completed(at, at - service, at);
      else this.#recorder.failed(reason, at, at - service, at);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#dialer[Symbol.dispose]();
  }
}

class IdleConnection implements LinkHandler {
  fault: Fault | undefined;
  silentSince: Instant = Infinity;
  /** Milliseconds that its one request took. */
  service = 0;
  readonly #dialogue: Dialogue;
  readonly #timeout: number;
  readonly #dialer: Dialer;
  readonly #recorder: Recorder;
  #link: Link | undefined;
  #sentAt: Instant = 0;
  #settled: (() => void) | undefined;

  constructor(dialogue: Dialogue, timeout: number, dialer: Dialer, recorder: Recorder) {
    this.#dialogue = dialogue;
    this.#timeout = timeout;
    this.#dialer = dialer;
    this.#recorder = recorder;
  }

  /** Connects and asks; resolves when silent or lost. */
  async settle(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#settled = resolve;
      this.#link = this.#dialer.dial(this);
    });
  }

  onOpen(at: Instant): void {
    const { request } = this.#dialogue;
    this.#dialogue.begin();
    this.#sentAt = at;
    this.#link!.deadline = at + this.#timeout;
    this.#link!.awaiting = 'answer';
    this.#recorder.wrote(at, request.length);
    this.#link!.write(request);
  }

  onBytes(bytes: Buffer, length: number): void {
    const at = performance.now();
    this.#recorder.read(at, length);
    if (this.silentSince !== Infinity) return this.#lost(SPOKE);
    if (!this.#dialogue.read(bytes, length)) return;
    if (this.#dialogue.fault !== undefined) return this.#lost(this.#dialogue.fault);
    this.service = at - this.#sentAt;
    this.silentSince = at;
    this.#link!.deadline = Infinity;
    this.#settled?.();
  }

  onEnd(): void {
    this.#lost(CLOSED);
  }

  onFault(fault: Fault): void {
    this.fault ??= fault;
    this.#settled?.();
  }

  #lost(fault: Fault): void {
    this.#link!.destroy();
    this.onFault(fault);
  }
}
