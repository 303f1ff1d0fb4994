/**
 * One side of an exchange that is a stream of HTTP/2: content both ways within the peer's windows. What the stream cannot take yet waits
 * here, and what the other side does not take is not consumed, so that the peer stops at its window and delays no other stream.
 */
import { FieldBlock, NO_FIELDS } from '../http/field-block.ts';
import { forbiddenInTrailers } from '../http/fields.ts';
import type { Http2Connection } from '../http2/connection.ts';
import type { FieldSection } from '../http2/field-section.ts';
import { trailerSection } from '../http2/reissue.ts';
import { DONE, type Http2Stream } from '../http2/stream.ts';
import { Timer, type TimerOwner } from '../net/timer.ts';

const NOTHING = Buffer.alloc(0);

export abstract class StreamSide implements TimerOwner {
  readonly engine: Http2Connection<StreamSide>;
  /** Undefined before it is open and after it is over: then all that is sent goes nowhere. */
  protected stream: Http2Stream<StreamSide> | undefined;
  #timer: Timer | undefined;

  // Content that we send.
  #held = '';
  /** What the windows did not let through yet. */
  #backlog = NOTHING;
  /** All was said; these follow the backlog. */
  #ending: FieldBlock | undefined;

  // Content that we receive.
  /** The other side takes no more. */
  protected isBlocked = true;
  #early = NOTHING;
  #earlyBytes = 0;
  /** What the message ended with, where it did. */
  #trailers: FieldBlock | undefined;

  constructor(engine: Http2Connection<StreamSide>) {
    this.engine = engine;
  }

  /** Content for the other side, valid during the call. */
  protected abstract onContent(buffer: Buffer, start: number, end: number): void;
  protected abstract onContentEnd(trailers: FieldBlock): void;
  /** The backlog is gone. */
  protected abstract onWritten(): void;
  /** The stream is over, and this has no more to do with it. `code`: `ENDED`, or why it broke off. */
  protected abstract onOver(code: number): void;
  abstract onTimeout(): void;

  /** Milliseconds; 0: none. */
  protected arm(timeout: number): void {
    (this.#timer ??= new Timer(this)).arm(timeout);
  }

  protected disarm(): void {
    this.#timer?.cancel();
  }

  /** All of the peer's message has been passed on. */
  protected isReceived = false;

  /** All of the peer's message has come, whether or not it was passed on. */
  protected get isWhole(): boolean {
    return this.#trailers !== undefined;
  }

  protected get hasBacklog(): boolean {
    return this.#backlog.length > 0;
  }

  // Sending. False: there is a backlog, `onWritten` follows.

  sendBody(buffer: Buffer, start: number, end: number): boolean {
    if (this.#held !== '') this.flush();
    return this.#send(buffer, start, end);
  }

  /** The same, and nothing follows. */
  protected sendLast(buffer: Buffer, start: number, end: number): boolean {
    const { stream } = this;
    if (stream === undefined) return true;
    const sent = this.engine.sendData(stream, buffer, start, end, true);
    if (sent === end - start) return true;
    this.#backlog = Buffer.from(buffer.subarray(start + sent, end));
    this.#ending = NO_FIELDS;
    return false;
  }

  sendText(text: string): void {
    this.#held += text;
  }

  flush(): boolean {
    const held = this.#held;
    if (held === '') return !this.hasBacklog;
    this.#held = '';
    return this.#send(Buffer.from(held, 'latin1'), 0, held.length);
  }

  sendEnd(trailers: FieldBlock): void {
    this.flush();
    if (this.stream === undefined || this.stream.sending === DONE) return;
    this.#ending = trailers;
    if (!this.hasBacklog) this.#finish(this.stream, trailers);
  }

  #send(buffer: Buffer, start: number, end: number): boolean {
    const { stream } = this;
    if (stream === undefined) return true;
    const from =
      this.hasBacklog || start === end ? start : start + this.engine.sendData(stream, buffer, start, end, false);
    if (from === end) return !this.hasBacklog;
    const rest = buffer.subarray(from, end);
    this.#backlog = this.hasBacklog ? Buffer.concat([this.#backlog, rest]) : Buffer.from(rest);
    return false;
  }

  #finish(stream: Http2Stream<StreamSide>, trailers: FieldBlock): void {
    if (trailers === NO_FIELDS || trailers.lines === '') this.engine.sendData(stream, NOTHING, 0, 0, true);
    else this.engine.sendHeaders(stream, trailerSection(trailers), true);
  }

  /** The engine: the stream may send more. */
  writable(): void {
    const { stream } = this;
    if (stream === undefined || !this.hasBacklog) return;
    const backlog = this.#backlog;
    this.#backlog = backlog.subarray(this.engine.sendData(stream, backlog, 0, backlog.length, false));
    if (this.#backlog.length > 0) {
      if (this.#backlog.length < backlog.length) this.onProgress();
      return;
    }
    this.#backlog = NOTHING;
    if (this.#ending !== undefined) this.#finish(stream, this.#ending);
    this.onWritten();
  }

  /** Some of the backlog is gone. */
  protected abstract onProgress(): void;

  // Receiving.

  /** The engine: content. */
  receive(buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    if (isEnd) this.#trailers = NO_FIELDS;
    if (end > start && (this.isBlocked || this.#earlyBytes > 0)) this.#keep(buffer, start, end);
    else this.#pass(buffer, start, end);
  }

  /** At most a window's worth. */
  #keep(buffer: Buffer, start: number, end: number): void {
    const needed = this.#earlyBytes + end - start;
    if (needed > this.#early.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#early.length * 2));
      this.#early.copy(larger, 0, 0, this.#earlyBytes);
      this.#early = larger;
    }
    buffer.copy(this.#early, this.#earlyBytes, start, end);
    this.#earlyBytes = needed;
  }

  #dropEarly(): void {
    this.#early = NOTHING;
    this.#earlyBytes = 0;
  }

  /** The engine: the message ends with these. */
  receiveTrailers(section: FieldSection): void {
    let lines = '';
    for (let index = 0; index < section.count; index++) {
      const { name, value } = section.fields[index]!;
      if (!forbiddenInTrailers.has(name)) lines += `${name}: ${value}\r\n`;
    }
    this.#trailers = lines === '' ? NO_FIELDS : new FieldBlock(lines, section.sensitiveNames());
    this.#passEnd();
  }

  /** The other side takes more, or no more. */
  protected letThrough(more: boolean): void {
    this.isBlocked = !more;
    if (!more) return;
    const early = this.#early;
    const bytes = this.#earlyBytes;
    this.#dropEarly();
    this.#pass(early, 0, bytes);
  }

  #pass(buffer: Buffer, start: number, end: number): void {
    if (end > start) {
      this.onContent(buffer, start, end);
      if (this.stream !== undefined) this.engine.consume(this.stream, end - start);
    }
    this.#passEnd();
  }

  #passEnd(): void {
    const trailers = this.#trailers;
    if (trailers === undefined || this.isBlocked || this.#earlyBytes > 0 || this.isReceived) return;
    this.isReceived = true;
    this.onContentEnd(trailers);
  }

  /** The engine: it is over. */
  closed(code: number): void {
    this.#forget();
    this.onOver(code);
  }

  /** Breaks the stream off, or a half that nobody waits for; nothing is told of it. */
  protected break(code: number): void {
    const { stream } = this;
    if (stream === undefined) return;
    this.#forget();
    stream.owner = undefined;
    this.engine.reset(stream, code);
  }

  #forget(): void {
    this.stream = undefined;
    this.#timer?.release();
    this.#held = '';
    this.#backlog = NOTHING;
    if (!this.keepsEarly) this.#dropEarly();
  }

  /** What came before the stream was over still matters. */
  protected get keepsEarly(): boolean {
    return false;
  }
}
