/**
 * What a connection sends: frames gathered into one output, header blocks, and DATA within the peer's windows (RFC 9113 §5.2).
 *
 * Streams that the connection keeps waiting stand in one queue and are served a frame each in turn, so that no stream is starved; a
 * stream whose own window is used up stands aside and delays nobody.
 */
import { ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, Http2Error } from './errors.ts';
import type { Budgets } from './budgets.ts';
import type { FieldSection } from './field-section.ts';
import {
  CONTINUATION,
  END_HEADERS,
  END_STREAM,
  FRAME_HEADER_BYTES,
  HEADERS,
  writeData,
  writeFrameHeader,
} from './frames.ts';
import { HpackEncoder } from './hpack-encoder.ts';
import { Output, release } from './output.ts';
import { DEFAULT_WINDOW, LARGEST_WINDOW, PeerSettings } from './settings.ts';
import type { Http2Stream } from './stream.ts';

/** Where the bytes go. */
export interface Wire {
  /** True: taken, `bytes` may be overwritten. False: they must stay as they are until the owner calls `drained`. */
  write(bytes: Buffer): boolean;
}

export interface SenderEvents<Owner> {
  /** A stream that was refused bytes may send again. */
  onWritable(stream: Http2Stream<Owner>): void;
  /** There is something to flush. Not told again before the next `flush`. */
  onOutput(): void;
}

/** Bytes gathered or on their way at most, but for heads and control frames. */
const HIGH_WATER = 128 * 1_024;
/** What a stream may send in its turn while others wait. */
const QUANTUM = 16_384;
/** DATA cut shorter than this by a window counts as tiny. */
const TINY = 256;
/** Bytes of answers to control frames that may wait for a peer that does not read. */
const MOST_CONTROL = 64 * 1_024;
/** Larger frames would hold up other streams for no gain. */
const LARGEST_DATA = 65_536;
/** How often one flush goes back to those who wait, before it leaves the loop to others. */
const ROUNDS = 8;

export class Sender<Owner> {
  readonly output = new Output();
  readonly encoder = new HpackEncoder();
  readonly settings = new PeerSettings();
  readonly #wire: Wire;
  readonly #events: SenderEvents<Owner>;
  readonly #budgets: Budgets;
  #window = DEFAULT_WINDOW;
  readonly #queue: Http2Stream<Owner>[] = [];
  /** While the queue is served: what the stream whose turn it is may send. */
  #turn = -1;
  #inFlight: Buffer | undefined;
  #isSignalled = false;
  #control = 0;
  /** Tiny frames that larger ones have not made good yet. */
  #tiny = 0;

  constructor(wire: Wire, events: SenderEvents<Owner>, budgets: Budgets) {
    this.#wire = wire;
    this.#events = events;
    this.#budgets = budgets;
  }

  /** The output, to be written to right away. Its owner is told to flush it. */
  begin(): Output {
    if (!this.#isSignalled) {
      this.#isSignalled = true;
      this.#events.onOutput();
    }
    return this.output;
  }

  /** The output for an answer to a control frame of so many bytes: a peer that asks and does not read is not waited for. */
  beginControl(bytes: number): Output {
    this.#control += bytes;
    if (this.#control > MOST_CONTROL && this.#inFlight !== undefined)
      throw new Http2Error(ENHANCE_YOUR_CALM, `${MOST_CONTROL} bytes of answers to control frames were not read`);
    return this.begin();
  }

  /** One header block, over as many frames as it takes (§4.3). */
  sendHeaders(streamId: number, section: FieldSection, isEnd: boolean): void {
    const output = this.begin();
    const at = output.length;
    output.reserve(FRAME_HEADER_BYTES);
    output.length += FRAME_HEADER_BYTES;
    this.encoder.encode(section, output);
    const length = output.length - at - FRAME_HEADER_BYTES;
    const endFlag = isEnd ? END_STREAM : 0;
    const { maxFrameSize } = this.settings;
    if (length > maxFrameSize) return this.#splitBlock(streamId, at, endFlag);
    writeFrameHeader(output.buffer, at, length, (HEADERS << 8) | END_HEADERS | endFlag, streamId);
  }

  #splitBlock(streamId: number, at: number, endFlag: number): void {
    const { output } = this;
    const { maxFrameSize } = this.settings;
    const block = Buffer.from(output.buffer.subarray(at + FRAME_HEADER_BYTES, output.length));
    output.length = at;
    for (let start = 0; start < block.length; start += maxFrameSize) {
      const end = Math.min(block.length, start + maxFrameSize);
      const type = start === 0 ? (HEADERS << 8) | endFlag : CONTINUATION << 8;
      output.reserve(FRAME_HEADER_BYTES + end - start);
      const flags = end === block.length ? END_HEADERS : 0;
      const to = writeFrameHeader(output.buffer, output.length, end - start, type | flags, streamId);
      output.length = to + block.copy(output.buffer, to, start, end);
    }
  }

  /** Sends what may be sent now. Gives the number of bytes; where it is less than all, `onWritable` follows. */
  sendData(stream: Http2Stream<Owner>, buffer: Buffer, start: number, end: number, isEnd: boolean): number {
    const to = Math.min(end, start + this.#allowance(stream));
    const isWhole = to === end;
    const most = Math.min(this.settings.maxFrameSize, LARGEST_DATA);
    for (let at = start; at < to || (isEnd && start === end);) {
      const next = Math.min(to, at + most);
      writeData(this.begin(), stream.id, isEnd && next === end, buffer, at, next);
      at = next;
      if (next === end) break;
    }
    const sent = to - start;
    stream.sendWindow -= sent;
    this.#window -= sent;
    if (this.#turn >= 0) this.#turn -= sent;
    if (this.#tiny > 0 && sent >= TINY) this.#makeGood();
    if (!isWhole) this.#block(stream, sent);
    return sent;
  }

  #allowance(stream: Http2Stream<Owner>): number {
    const windows = Math.min(stream.sendWindow, this.#window);
    if (windows <= 0) return 0;
    if (this.#turn >= 0) return Math.min(windows, this.#room, this.#turn);
    return this.#queue.length > 0 ? 0 : Math.min(windows, this.#room);
  }

  get #room(): number {
    return Math.max(0, HIGH_WATER - this.output.length - (this.#inFlight?.length ?? 0));
  }

  #block(stream: Http2Stream<Owner>, sent: number): void {
    const isWindow = Math.min(stream.sendWindow, this.#window) <= 0;
    if (isWindow && sent > 0 && sent < TINY) {
      this.#tiny++;
      this.#budgets.spend('tinyWindows');
    }
    stream.isBlocked = true;
    if (stream.sendWindow > 0) this.#enqueue(stream);
  }

  /** Where a window happens to end within a frame, what is left of it is small by chance: one for each that is not is no attack. */
  #makeGood(): void {
    this.#tiny--;
    this.#budgets.restore('tinyWindows');
  }

  #enqueue(stream: Http2Stream<Owner>): void {
    if (stream.isQueued) return;
    stream.isQueued = true;
    this.#queue.push(stream);
  }

  /** The peer's WINDOW_UPDATE for the connection. */
  widen(increment: number): void {
    this.#window += increment;
    if (this.#window > LARGEST_WINDOW)
      throw new Http2Error(FLOW_CONTROL_ERROR, 'the window of the connection is too large');
  }

  /** The peer's WINDOW_UPDATE for a stream. False: its window is too large now. */
  widenStream(stream: Http2Stream<Owner>, increment: number): boolean {
    stream.sendWindow += increment;
    if (stream.isBlocked && stream.sendWindow > 0) this.#enqueue(stream);
    return stream.sendWindow <= LARGEST_WINDOW;
  }

  /** The peer's SETTINGS; what changes for open streams and for the encoder is done at once (§6.5.3, §6.9.2). */
  applySettings(
    payload: Buffer,
    start: number,
    end: number,
    ofServer: boolean,
    streams: Iterable<Http2Stream<Owner>>,
  ): void {
    const before = this.settings.initialWindowSize;
    this.settings.apply(payload, start, end, ofServer);
    this.encoder.setLimit(this.settings.headerTableSize);
    const change = this.settings.initialWindowSize - before;
    if (change === 0) return;
    for (const stream of streams) {
      if (!this.widenStream(stream, change))
        throw new Http2Error(FLOW_CONTROL_ERROR, `the window of stream ${stream.id} is too large`);
    }
  }

  /** Goes through those who wait, as long as there is room. */
  serve(): void {
    if (this.#turn >= 0) return;
    while (this.#queue.length > 0 && this.#window > 0 && this.#room > 0) {
      const stream = this.#queue.shift()!;
      if (!stream.isQueued) continue; // closed since
      stream.isQueued = stream.isBlocked = false;
      this.#turn = this.#queue.length > 0 ? QUANTUM : HIGH_WATER;
      this.#events.onWritable(stream);
    }
    this.#turn = -1;
  }

  /** Writes what was gathered, and what those who wait add. */
  flush(): void {
    this.#isSignalled = false;
    for (let round = 0; this.#inFlight === undefined && this.output.length > 0; round++) {
      if (round === ROUNDS) {
        this.begin();
        return;
      }
      const bytes = this.output.take();
      if (!this.#wire.write(bytes)) {
        this.#inFlight = bytes;
        return;
      }
      release(bytes);
      this.#control = 0;
      this.#isSignalled = true; // what is added now, this loop writes
      this.serve();
      this.#isSignalled = false;
    }
  }

  /** What `write` did not take at once has been written. */
  drained(): void {
    if (this.#inFlight === undefined) return;
    release(this.#inFlight);
    this.#inFlight = undefined;
    this.#control = 0;
    this.serve();
    this.flush();
  }

  /** Bytes gathered or on their way. */
  get pendingBytes(): number {
    return this.output.length + (this.#inFlight?.length ?? 0);
  }
}
