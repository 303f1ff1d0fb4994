/**
 * Cuts a byte stream into frames (RFC 9113 §4.1), however it is cut itself. DATA is handed on as it comes; every other frame when it is
 * whole, in place where it lies whole in what was read. Frames of unknown types are read past (§5.5). A header block is a row of frames
 * that nothing may come between (§4.3): that is held here, too.
 */
import { FRAME_SIZE_ERROR, Http2Error, PROTOCOL_ERROR } from './errors.ts';
import {
  checkFrame,
  CONTINUATION,
  DATA,
  END_HEADERS,
  FRAME_HEADER_BYTES,
  frameName,
  HEADERS,
  isKnown,
  PADDED,
  PRIORITY_BYTES,
  HAS_PRIORITY,
  PUSH_PROMISE,
  readUint24,
  readUint31,
  SMALLEST_MAX_FRAME,
} from './frames.ts';

/** The header of a frame. Reused: what must outlive the call is to be copied. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  /** Bytes of the payload, padding included. */
  readonly length: number;
  /** DATA: bytes of content, known once content comes. */
  readonly content: number;
  /** HEADERS with priority fields that name the stream itself. */
  readonly dependsOnItself: boolean;
}

export interface FrameSink {
  /** Every frame, before its payload. May throw `Http2Error`. */
  onFrame(frame: Frame): void;
  /** The whole payload of a known frame other than DATA, without padding and priority. Valid during the call. */
  onPayload(frame: Frame, buffer: Buffer, start: number, end: number): void;
  /** Content of a DATA frame as it comes; `isLast`: the frame is over. Valid during the call. */
  onContent(frame: Frame, buffer: Buffer, start: number, end: number, isLast: boolean): void;
}

type Step = 'header' | 'payload' | 'pad length' | 'content' | 'padding' | 'unknown';

export class FrameReader implements Frame {
  type = 0;
  flags = 0;
  streamId = 0;
  length = 0;
  content = 0;
  dependsOnItself = false;
  /** In a header block whose end has not come: its stream; else 0. */
  openBlock = 0;
  readonly #sink: FrameSink;
  readonly #maxFrame: number;
  #step: Step = 'header';
  /** Bytes of the step that have not come yet. */
  #left = 0;
  #padding = 0;
  /** The beginning of a header or payload that came in pieces. */
  #held: Buffer | undefined;
  #heldBytes = 0;

  constructor(sink: FrameSink, maxFrame = SMALLEST_MAX_FRAME) {
    this.#sink = sink;
    this.#maxFrame = maxFrame;
  }

  /** Reads all of [start, end). Throws `Http2Error` where the connection cannot go on. */
  read(buffer: Buffer, start: number, end: number): void {
    let position = start;
    while (position < end || (this.#left === 0 && this.#step !== 'header')) {
      if (this.#step === 'header') position = this.#readHeader(buffer, position, end);
      else if (this.#step === 'payload') position = this.#readPayload(buffer, position, end);
      else if (this.#step === 'content') position = this.#readContent(buffer, position, end);
      else if (this.#step === 'pad length') this.#beginContent(this.length - 1, buffer[position++]!);
      else position = this.#skip(buffer, position, end);
    }
  }

  #readHeader(buffer: Buffer, position: number, end: number): number {
    if (this.#held === undefined && end - position >= FRAME_HEADER_BYTES) {
      this.#begin(buffer, position);
      return position + FRAME_HEADER_BYTES;
    }
    const next = this.#hold(buffer, position, end, FRAME_HEADER_BYTES);
    if (this.#heldBytes === FRAME_HEADER_BYTES) this.#begin(this.#release(), 0);
    return next;
  }

  #begin(buffer: Buffer, at: number): void {
    const type = buffer[at + 3]!;
    const flags = buffer[at + 4]!;
    const streamId = readUint31(buffer, at + 5);
    const length = readUint24(buffer, at);
    this.type = type;
    this.flags = flags;
    this.streamId = streamId;
    this.length = length;
    this.dependsOnItself = false;
    if (length > this.#maxFrame)
      throw new Http2Error(FRAME_SIZE_ERROR, `${frameName(type)} of ${length} bytes is above ${this.#maxFrame}`);
    this.#checkBlock(type, flags, streamId);
    checkFrame(type, flags, streamId, length);
    this.#sink.onFrame(this);
    this.#left = length;
    if (type !== DATA) this.#step = isKnown(type) ? 'payload' : 'unknown';
    else if ((flags & PADDED) === 0) this.#beginContent(length, 0);
    else if (length === 0) throw tooShort(type);
    else {
      this.#step = 'pad length';
      this.#left = 1;
    }
  }

  /** §6.10: CONTINUATION follows an open block, and nothing else does. */
  #checkBlock(type: number, flags: number, streamId: number): void {
    const isContinued = type === CONTINUATION;
    if (this.openBlock !== 0 ? !isContinued || streamId !== this.openBlock : isContinued) {
      const open = this.openBlock === 0 ? 'no header block is open' : `that of stream ${this.openBlock} is open`;
      throw new Http2Error(PROTOCOL_ERROR, `${frameName(type)} of stream ${streamId} came while ${open}`);
    }
    if (isContinued || type === HEADERS || type === PUSH_PROMISE)
      this.openBlock = (flags & END_HEADERS) === 0 ? streamId : 0;
  }

  #readPayload(buffer: Buffer, position: number, end: number): number {
    if (this.#held === undefined && end - position >= this.length) {
      this.#finish(buffer, position);
      return position + this.length;
    }
    const next = this.#hold(buffer, position, end, this.length);
    if (this.#heldBytes === this.length) this.#finish(this.#release(), 0);
    return next;
  }

  /** The payload of this frame begins at `start`. */
  #finish(buffer: Buffer, start: number): void {
    let from = start;
    let to = start + this.length;
    this.#step = 'header';
    if (this.type === HEADERS || this.type === PUSH_PROMISE) {
      const isPadded = (this.flags & PADDED) !== 0;
      const hasPriority = this.type === HEADERS && (this.flags & HAS_PRIORITY) !== 0;
      if (this.length < (isPadded ? 1 : 0) + (hasPriority ? PRIORITY_BYTES : 0)) throw tooShort(this.type);
      if (isPadded) to -= buffer[from++]!;
      if (hasPriority) {
        this.dependsOnItself = readUint31(buffer, from) === this.streamId;
        from += PRIORITY_BYTES;
      }
      if (to < from) throw tooMuchPadding(this.type);
    }
    this.#sink.onPayload(this, buffer, from, to);
  }

  #beginContent(available: number, padding: number): void {
    if (padding > available) throw tooMuchPadding(DATA);
    this.#padding = padding;
    this.content = this.#left = available - padding;
    this.#step = 'content';
  }

  #readContent(buffer: Buffer, position: number, end: number): number {
    const to = Math.min(end, position + this.#left);
    this.#left -= to - position;
    const isLast = this.#left === 0 && this.#padding === 0;
    if (this.#left === 0) {
      this.#step = isLast ? 'header' : 'padding';
      this.#left = this.#padding;
    }
    // A frame of padding alone has one piece of content, which is empty.
    if (isLast || to > position) this.#sink.onContent(this, buffer, position, to, isLast);
    return to;
  }

  #skip(buffer: Buffer, position: number, end: number): number {
    const to = Math.min(end, position + this.#left);
    this.#left -= to - position;
    if (this.#left > 0) return to;
    const isData = this.#step === 'padding';
    this.#step = 'header';
    if (isData) this.#sink.onContent(this, buffer, to, to, true);
    return to;
  }

  #hold(buffer: Buffer, position: number, end: number, whole: number): number {
    this.#held ??= Buffer.allocUnsafe(whole);
    const to = Math.min(end, position + whole - this.#heldBytes);
    buffer.copy(this.#held, this.#heldBytes, position, to);
    this.#heldBytes += to - position;
    return to;
  }

  #release(): Buffer {
    const held = this.#held!;
    this.#held = undefined;
    this.#heldBytes = 0;
    return held;
  }
}

const tooShort = (type: number): Http2Error =>
  new Http2Error(FRAME_SIZE_ERROR, `${frameName(type)} is shorter than its flags say`);
const tooMuchPadding = (type: number): Http2Error =>
  new Http2Error(PROTOCOL_ERROR, `${frameName(type)} has more padding than payload`);
