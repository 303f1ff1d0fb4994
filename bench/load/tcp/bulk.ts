/**
 * Writes as fast as the target takes it. One request is one `transferBytes`, from its first byte to the kernel's taking of its
 * last: what waits in user space is not counted. What waits in the buffers of the path is, but those are as full at the window's
 * begin as at its end. After the window each connection sends FIN and the sink answers with the count of bytes it received
 * (8 bytes, big-endian): a transfer that got lost on the way is an error.
 */
import type { LoadJob } from '#bench/model/load.ts';
import { type Instant, until } from '../clock.ts';
import type { Fault, Recorder } from '../recorder.ts';
import type { Session } from '../contract.ts';
import { shareOf } from '../shares.ts';
import type { Dialer } from '../socket/dialer.ts';
import type { Link, LinkHandler } from '../socket/link.ts';

const PIECE_BYTES = 256 * 1024;
/** So many pieces at most before other connections have their turn. */
const PIECES_AT_ONCE = 4;
const RETRY_AFTER = 50;
const LONGEST_GRACE = 2_000;
const COUNT_BYTES = 8;
const CUT_SHORT: Fault = { kind: 'reset', message: 'connection closed during a transfer' };
const UNCOUNTED: Fault = { kind: 'timeout', message: 'no count of the bytes received by the end of the grace' };

export class BulkTransfers implements Session {
  readonly #dialer: Dialer;
  readonly #grace: number;
  readonly #connections: readonly BulkConnection[];

  constructor(transferBytes: number, job: LoadJob, dialer: Dialer, recorder: Recorder) {
    const count = shareOf(job.loop.connections, job.shard);
    const piece = Buffer.alloc(Math.min(PIECE_BYTES, transferBytes), 'hopcost bulk 0123456789abcdefg.\n');
    this.#dialer = dialer;
    this.#grace = Math.min(job.timeouts.response, LONGEST_GRACE);
    this.#connections = Array.from({ length: count }, () => new BulkConnection(piece, transferBytes, dialer, recorder));
  }

  async connect(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.connect()));
  }

  start(at: Instant): void {
    for (const connection of this.#connections) connection.start(at);
  }

  async finish(at: Instant, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const all = Promise.all(this.#connections.map((connection) => connection.finish()));
    const counted = all.then(() => over.abort());
    await until(at + this.#grace, AbortSignal.any([signal, over.signal])).catch(() => signal.throwIfAborted());
    for (const connection of this.#connections) connection.giveUp();
    await counted;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.stop();
    this.#dialer[Symbol.dispose]();
  }
}

class BulkConnection implements LinkHandler {
  readonly #piece: Buffer;
  readonly #transferBytes: number;
  readonly #dialer: Dialer;
  readonly #recorder: Recorder;
  #link: Link | undefined;
  #state: 'waiting' | 'sending' | 'counting' | 'over' = 'waiting';
  #startedAt: Instant = 0;
  /** Of the transfer under way: not yet given to the kernel. The piece being written is part of it. */
  #left = 0;
  #writing = 0;
  #sentInAll = 0;
  readonly #count = Buffer.alloc(COUNT_BYTES);
  #counted = 0;
  #retry: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;
  #tried: (() => void) | undefined;
  #finished: (() => void) | undefined;

  constructor(piece: Buffer, transferBytes: number, dialer: Dialer, recorder: Recorder) {
    this.#piece = piece;
    this.#transferBytes = transferBytes;
    this.#dialer = dialer;
    this.#recorder = recorder;
  }

  async connect(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#tried = resolve;
      this.#link = this.#dialer.dial(this);
    });
  }

  start(at: Instant): void {
    const isOver = this.#state === 'over';
    this.#state = 'sending';
    // A turn ends with the sink's count, and its connection with it.
    if (isOver) this.#link = this.#dialer.dial(this);
    else if (this.#link?.isOpen) this.#begin(at);
  }

  /** Ends the stream and resolves once the sink has told what it received. */
  async finish(): Promise<void> {
    clearTimeout(this.#retry);
    clearImmediate(this.#turn);
    if (!this.#link?.isOpen) {
      this.#state = 'over';
      this.#link?.destroy();
      return;
    }
    this.#state = 'counting';
    this.#link.end();
    await new Promise<void>((resolve) => (this.#finished = resolve));
  }

  giveUp(): void {
    if (this.#state === 'counting') this.#conclude(UNCOUNTED);
  }

  stop(): void {
    clearTimeout(this.#retry);
    clearImmediate(this.#turn);
  }

  onOpen(at: Instant): void {
    this.#sentInAll = 0;
    this.#counted = 0;
    this.#tried?.();
    if (this.#state === 'sending') this.#begin(at);
  }

  onDrain(): void {
    this.#taken(performance.now());
    if (this.#state === 'sending') this.#pump();
  }

  onBytes(bytes: Buffer, length: number): void {
    this.#recorder.read(performance.now(), length);
    if (this.#counted + length <= COUNT_BYTES) bytes.copy(this.#count, this.#counted, 0, length);
    this.#counted += length;
  }

  onEnd(): void {
    if (this.#state === 'counting') return this.#conclude(this.#verdict());
    this.#link?.destroy();
    this.onFault(CUT_SHORT);
  }

  onFault(fault: Fault): void {
    const at = performance.now();
    this.#tried?.();
    if (this.#state === 'counting') return this.#conclude(fault);
    if (this.#state === 'sending') {
      const opened = this.#link?.wasOpen === true;
      if (!opened) this.#recorder.began();
      const since = opened ? this.#startedAt : (this.#link?.dialedAt ?? at);
      this.#recorder.failed(fault, at, since, since);
    } else this.#recorder.note(fault);
    clearImmediate(this.#turn);
    this.#retry = setTimeout(() => (this.#link = this.#dialer.dial(this)), RETRY_AFTER);
  }

  #begin(at: Instant): void {
    this.#next(at);
    this.#pump();
  }

  #next(at: Instant): void {
    this.#startedAt = at;
    this.#left = this.#transferBytes;
    this.#recorder.began();
  }

  #pump(): void {
    for (let pieces = 0; pieces < PIECES_AT_ONCE; pieces++) {
      this.#writing = Math.min(this.#left, this.#piece.length);
      const flushed = this.#link!.write(this.#piece.subarray(0, this.#writing));
      if (!flushed) return;
      this.#taken(performance.now());
    }
    this.#turn = setImmediate(() => this.#state === 'sending' && this.#link?.isOpen && this.#pump());
  }

  /** The kernel has taken the piece. */
  #taken(at: Instant): void {
    this.#recorder.wrote(at, this.#writing);
    this.#sentInAll += this.#writing;
    this.#left -= this.#writing;
    this.#writing = 0;
    if (this.#left > 0) return;
    this.#recorder.completed(at, this.#startedAt, this.#startedAt);
    this.#next(at);
  }

  #verdict(): Fault | undefined {
    const received = this.#counted === COUNT_BYTES ? Number(this.#count.readBigUInt64BE()) : undefined;
    if (received === this.#sentInAll) return undefined;
    const what = received === undefined ? 'sent no count' : `counted ${received}`;
    return { kind: 'body', message: `expected the sink to count ${this.#sentInAll} bytes, it ${what}` };
  }

  /** A fault that shows only after the window belongs to the window's bytes all the same. */
  #conclude(fault: Fault | undefined): void {
    this.#state = 'over';
    this.#link?.destroy();
    const last = this.#recorder.timetable.windowEnd - 1e-6;
    if (fault !== undefined) this.#recorder.failed(fault, last, this.#startedAt, this.#startedAt);
    this.#finished?.();
  }
}
