/**
 * A connection of HTTP/2 on a wire, either side of it: feeds the engine, writes what was gathered once a turn of the event loop, lets time
 * pass for it, and closes the wire when the engine is through.
 */
import { Http2Connection } from '../http2/connection.ts';
import type { FieldSection } from '../http2/field-section.ts';
import type { Http2Handler, Http2Options } from '../http2/handler.ts';
import { windowForStreams } from '../http2/lifecycle.ts';
import type { MessageHead } from '../http2/message.ts';
import type { Http2Stream } from '../http2/stream.ts';
import { Timer, type TimerOwner } from '../net/timer.ts';
import { atTurnEnd, type TurnEnd } from '../net/turn-end.ts';
import type { Wire, WireHandler } from '../net/wire.ts';
import { tellFault } from '../platform/notices.ts';
import type { StreamSide } from './stream-side.ts';

type Stream = Http2Stream<StreamSide>;

const NOTHING = Buffer.alloc(0);
/** Milliseconds between two looks at what the peer owes the engine. */
const TICK = 1_000;

/** What the engine tells of streams goes to their sides, the rest to the carrier. */
class Events implements Http2Handler<StreamSide> {
  readonly #carrier: StreamCarrier;

  constructor(carrier: StreamCarrier) {
    this.#carrier = carrier;
  }

  onHeaders(stream: Stream, head: MessageHead, isEnd: boolean): void {
    this.#carrier.onHead(stream, head, isEnd);
  }

  onData(stream: Stream, buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    stream.owner?.receive(buffer, start, end, isEnd);
  }

  onTrailers(stream: Stream, trailers: FieldSection): void {
    stream.owner?.receiveTrailers(trailers);
  }

  onWritable(stream: Stream): void {
    stream.owner?.writable();
  }

  onClose(stream: Stream, code: number): void {
    stream.owner?.closed(code);
    this.#carrier.onStreamGone();
  }

  onOutput(): void {
    atTurnEnd(this.#carrier);
  }

  onRefused(_streamId: number, code: number, reason: string): void {
    this.#carrier.onRefusedStream(code, reason);
  }

  onSettings(): void {
    this.#carrier.onSettings();
  }

  onGoaway(_lastStreamId: number, code: number): void {
    this.#carrier.onGoaway(code);
  }

  onDrained(): void {
    this.#carrier.end();
  }

  onFailure(error: Error): void {
    this.#carrier.onFailure(error.message);
    this.#carrier.end();
  }
}

export abstract class StreamCarrier implements WireHandler, TimerOwner, TurnEnd {
  readonly engine: Http2Connection<StreamSide>;
  /** Undefined before it is connected. */
  protected wire: Wire | undefined;
  readonly #linger: number;
  readonly #clock = new Timer(this);
  /** Of a connection without streams; then of one that is ending. */
  readonly #idle = new Timer(this);
  /** The wire is to be closed once all is written; it was. */
  #isEnding = false;
  #isEnded = false;

  /**
   * `linger`: milliseconds that the peer has to close its side. `streams`: how many may be open at once. Any of them may stay unread, so
   * the connection's window has room for what all of them may send.
   */
  constructor(
    role: 'server' | 'client',
    linger: number,
    streams: number,
    options: Omit<Partial<Http2Options>, 'maxConcurrentStreams' | 'streamWindow' | 'connectionWindow'>,
  ) {
    this.#linger = linger;
    const connectionWindow = windowForStreams(streams);
    const all = { ...options, maxConcurrentStreams: streams, connectionWindow };
    this.engine = new Http2Connection(role, this, new Events(this), all);
  }

  /** Takes the wire over. `early`: what was read already. */
  protected begin(wire: Wire, early: Buffer = NOTHING): void {
    this.wire = wire;
    wire.handler = this;
    this.#clock.arm(TICK);
    this.engine.start();
    if (early.length > 0) this.engine.receive(early, 0, early.length);
    wire.resume();
  }

  /** For the engine. What is not written at once is copied by the wire. */
  write(bytes: Buffer): boolean {
    return this.wire?.write(bytes) ?? true;
  }

  abstract onHead(stream: Stream, head: MessageHead, isEnd: boolean): void;
  /** It has been open for so long without a stream. */
  protected abstract onIdle(): void;
  protected abstract onGone(error: NodeJS.ErrnoException | undefined): void;
  /** What was gathered is written, or some of what was not taken at once. */
  protected onWritten(): void {}
  onStreamGone(): void {}
  onSettings(): void {}
  onGoaway(_code: number): void {}
  onRefusedStream(_code: number, _reason: string): void {}
  onFailure(_reason: string): void {}

  /** Milliseconds; 0: not idle, or for ever. */
  protected armIdle(timeout: number): void {
    if (!this.#isEnding) this.#idle.arm(timeout);
  }

  /** Closes the wire once all is written. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#idle.arm(this.#linger);
    atTurnEnd(this);
  }

  onData(chunk: Buffer): void {
    this.engine.receive(chunk, 0, chunk.length);
  }

  onDrain(): void {
    this.engine.drained();
    this.onWritten();
    this.#settle();
  }

  onTurnEnd(): void {
    try {
      this.engine.flush();
      this.onWritten();
      this.#settle();
    } catch (error) {
      tellFault(error);
      this.wire?.reset();
    }
  }

  #settle(): void {
    if (!this.#isEnding || this.#isEnded || this.engine.pendingBytes > 0) return;
    this.#isEnded = true;
    this.wire?.end();
  }

  /** HTTP/2 knows no half-closed connections: whoever ends its side has gone. */
  onEnd(): void {
    this.wire?.destroy();
  }

  onClose(error: NodeJS.ErrnoException | undefined): void {
    this.release();
    this.onGone(error);
  }

  /** It is closed, or was never opened. */
  protected release(): void {
    this.#clock.release();
    this.#idle.release();
    this.#isEnding = true;
  }

  onTimeout(timer: Timer): void {
    if (timer === this.#clock) {
      this.#clock.arm(TICK);
      this.engine.tick();
    } else if (this.#isEnding) this.wire?.destroy();
    else this.onIdle();
  }
}
