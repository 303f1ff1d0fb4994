/**
 * One HTTP/2 connection (RFC 9113), either side of it: bytes in, events out; calls in, bytes out. No sockets and no timers: the owner
 * feeds what it read, flushes what was gathered once a turn of its event loop, and calls `tick` about once a second.
 *
 * @example
 * const connection = new Http2Connection<MyRequest>('server', wire, handler);
 * connection.start();
 * socket.on('data', (bytes) => connection.receive(bytes, 0, bytes.length));
 * socket.on('drain', () => connection.drained());
 */
import { Budgets } from './budgets.ts';
import {
  CANCEL,
  ENHANCE_YOUR_CALM,
  Http2Error,
  NO_ERROR,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  SETTINGS_TIMEOUT,
} from './errors.ts';
import { INVALID_NAME, INVALID_VALUE } from './field.ts';
import type { FieldSection } from './field-section.ts';
import { FrameReader } from './frame-reader.ts';
import { PREFACE, writeGoaway, writePing, writeSettings } from './frames.ts';
import { DEFAULT_OPTIONS, type Http2Handler, type Http2Options } from './handler.ts';
import { type ConnectionEvents, Incoming } from './incoming.ts';
import { Lifecycle } from './lifecycle.ts';
import { Sender, type Wire } from './sender.ts';
import {
  DEFAULT_WINDOW,
  ENABLE_PUSH,
  INITIAL_WINDOW_SIZE,
  MAX_CONCURRENT_STREAMS,
  MAX_HEADER_LIST_SIZE,
  type PeerSettings,
} from './settings.ts';
import { BODY, DONE, HEAD, type Http2Stream } from './stream.ts';

const EVERY_STREAM = 2 ** 31 - 1;
/** What the PING carries that says when a client has seen our first GOAWAY (§6.8). */
const DRAIN_MARK = Buffer.from('draining', 'latin1');
/** Milliseconds that its answer is waited for. */
const DRAIN_PATIENCE = 1_000;

export class Http2Connection<Owner> implements ConnectionEvents {
  readonly #streams: Lifecycle<Owner>;
  readonly #sender: Sender<Owner>;
  readonly #handler: Http2Handler<Owner>;
  readonly #options: Http2Options;
  readonly #incoming: Incoming<Owner>;
  readonly #reader: FrameReader;
  /** Bytes of the client's preface that have come; a client expects none. */
  #prefaceBytes: number;
  #startedAt = 0;
  /** When a server's first GOAWAY went out, while the second has not. */
  #warnedAt: number | undefined;
  #isOver = false;

  constructor(
    role: 'server' | 'client',
    wire: Wire,
    handler: Http2Handler<Owner>,
    options: Partial<Http2Options> = {},
  ) {
    this.#options = { ...DEFAULT_OPTIONS, ...options };
    this.#handler = handler;
    const budgets = new Budgets(this.#options.clock);
    this.#sender = new Sender(wire, handler, budgets);
    this.#streams = new Lifecycle(role, this.#sender, handler, { options: this.#options, budgets });
    this.#incoming = new Incoming(this.#streams, this);
    this.#reader = new FrameReader(this.#incoming);
    this.#prefaceBytes = role === 'server' ? 0 : PREFACE.length;
  }

  /** Gathers our preface and settings (§3.4). */
  start(): void {
    const { isServer } = this.#streams;
    const { maxConcurrentStreams, streamWindow, connectionWindow, headerListBytes, clock } = this.#options;
    this.#startedAt = clock();
    const output = this.#sender.begin();
    if (!isServer) {
      output.reserve(PREFACE.length);
      output.length += PREFACE.copy(output.buffer, output.length);
    }
    writeSettings(output, [
      isServer ? [MAX_CONCURRENT_STREAMS, maxConcurrentStreams] : [ENABLE_PUSH, 0],
      [INITIAL_WINDOW_SIZE, streamWindow],
      [MAX_HEADER_LIST_SIZE, headerListBytes],
    ]);
    if (connectionWindow > DEFAULT_WINDOW) this.#streams.enlarge(connectionWindow - DEFAULT_WINDOW);
  }

  // What the owner hears of the connection's state.

  get isOver(): boolean {
    return this.#isOver;
  }

  get openStreams(): number {
    return this.#streams.table.open.size;
  }

  /** Bytes that were gathered or are on their way. */
  get pendingBytes(): number {
    return this.#sender.pendingBytes;
  }

  get peerSettings(): Readonly<PeerSettings> {
    return this.#sender.settings;
  }

  /** Client: whether `open` will open a stream. */
  get canOpen(): boolean {
    const { isDraining, table } = this.#streams;
    return (
      !this.#isOver && !isDraining && table.hasIdsLeft && table.open.size < this.#sender.settings.maxConcurrentStreams
    );
  }

  // Bytes.

  /** What was read. Valid during the call only. */
  receive(buffer: Buffer, start: number, end: number): void {
    if (this.#isOver) return;
    try {
      const from = this.#prefaceBytes < PREFACE.length ? this.#readPreface(buffer, start, end) : start;
      this.#reader.read(buffer, from, end);
    } catch (error) {
      this.#broken(error);
    }
    this.#sender.serve();
  }

  /** Writes what was gathered. Where the wire does not take it at once, `drained` must follow. */
  flush(): void {
    this.#sender.flush();
  }

  /** What the wire did not take at once has been written. */
  drained(): void {
    this.#sender.drained();
  }

  /** Time passes: what a peer owes us is due some day. Cheap; to be called about once a second. */
  tick(): void {
    if (this.#isOver) return;
    const { clock, settingsTimeout, headTimeout } = this.#options;
    const now = clock();
    const { blockOpenedAt, hasSettings } = this.#incoming;
    if (now - this.#startedAt > settingsTimeout && !(hasSettings && this.#streams.isAcknowledged))
      this.#broken(new Http2Error(SETTINGS_TIMEOUT, 'SETTINGS, or their acknowledgement, did not come in time'));
    else if (blockOpenedAt !== undefined && now - blockOpenedAt > headTimeout)
      this.#broken(new Http2Error(ENHANCE_YOUR_CALM, 'a header block did not end in time'));
    else if (this.#warnedAt !== undefined && now - this.#warnedAt > DRAIN_PATIENCE) this.#finishDrain();
  }

  // Messages.

  /**
   * Client: opens a stream with a request. Names in lower case, pseudo-fields first, one character a byte. Undefined where no stream
   * may be opened now: too many are open, or the peer goes away.
   */
  open(request: FieldSection, isEnd: boolean, owner: Owner): Http2Stream<Owner> | undefined {
    if (!this.canOpen) return undefined;
    const { table } = this.#streams;
    const stream = this.#streams.open(table.nextId);
    table.nextId += 2;
    stream.owner = owner;
    stream.isHeadRequest = request.get(':method') === 'HEAD';
    this.#sendSection(stream, request, isEnd);
    return stream;
  }

  /** A server's head, interim (`:status` below 200) or final; or trailers, behind either side's body, with `isEnd`. */
  sendHeaders(stream: Http2Stream<Owner>, section: FieldSection, isEnd: boolean): void {
    if (stream.sending === DONE || (stream.sending === BODY && !isEnd))
      throw new Error(
        `stream ${stream.id}: expected no further head, for ${stream.sending === DONE ? 'all' : 'one'} was sent`,
      );
    this.#sendSection(stream, section, isEnd);
  }

  #sendSection(stream: Http2Stream<Owner>, section: FieldSection, isEnd: boolean): void {
    checkSendable(section);
    this.#sender.sendHeaders(stream.id, section, isEnd);
    if (isEnd) this.#streams.endSending(stream);
    else if (stream.sending === HEAD && !isInterim(section)) stream.sending = BODY;
  }

  /**
   * Sends content, as much as may be sent now. Gives the number of bytes taken, which are copied; where it is less than all,
   * `onWritable` follows. `isEnd` ends our half once all is taken; nothing at all may be sent with it.
   */
  sendData(stream: Http2Stream<Owner>, buffer: Buffer, start: number, end: number, isEnd: boolean): number {
    if (stream.sending !== BODY)
      throw new Error(`stream ${stream.id}: expected a head first, and nothing after the end`);
    let sent = 0;
    try {
      sent = this.#sender.sendData(stream, buffer, start, end, isEnd);
    } catch (error) {
      this.#broken(error);
      return 0;
    }
    if (isEnd && sent === end - start) this.#streams.endSending(stream);
    return sent;
  }

  /** The owner has dealt with so many bytes that `onData` gave: the peer may send as many more. */
  consume(stream: Http2Stream<Owner>, bytes: number): void {
    this.#streams.consume(stream, bytes);
  }

  /** Breaks a stream off, whatever its state; `onClose` follows at once. A complete answer to half a request ends with NO_ERROR (§8.1). */
  reset(stream: Http2Stream<Owner>, code: number): void {
    if (this.#isOver || stream.id === 0 || (stream.sending === DONE && stream.receiving === DONE)) return;
    try {
      this.#streams.reset(stream, code);
    } catch (error) {
      this.#broken(error);
    }
  }

  // Ends.

  /**
   * No new streams; those that are open go on, and `onDrained` tells that there are none left. A server says so twice (§6.8): what a
   * client sent before it could know is still served.
   */
  drain(): void {
    const streams = this.#streams;
    if (this.#isOver || streams.isDraining || this.#warnedAt !== undefined) return;
    if (!streams.isServer) return this.#finishDrain();
    this.#warnedAt = this.#options.clock();
    writeGoaway(this.#sender.begin(), EVERY_STREAM, NO_ERROR, '');
    writePing(this.#sender.begin(), false, DRAIN_MARK, 0);
  }

  #finishDrain(): void {
    const { table } = this.#streams;
    this.#warnedAt = undefined;
    table.lastServed = table.lastPeerId;
    writeGoaway(this.#sender.begin(), table.lastPeerId, NO_ERROR, '');
    this.#streams.isDraining = true;
    this.#streams.settle();
  }

  /** Ends the connection at once: GOAWAY is gathered, all streams are closed. To be flushed, and then the wire to be closed. */
  close(code: number = NO_ERROR, reason = ''): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#streams.isDraining = false;
    writeGoaway(this.#sender.begin(), this.#streams.table.lastPeerId, code, reason);
    this.#streams.closeAll(code === NO_ERROR ? CANCEL : code);
  }

  /** The wire is gone: nothing more will come. All streams are closed. */
  disconnected(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#streams.isDraining = false; // nobody waits for the last stream any more
    this.#streams.closeAll(CANCEL);
  }

  #broken(error: unknown): void {
    if (!(error instanceof Http2Error)) throw error;
    if (this.#isOver) return;
    this.close(error.code, error.message);
    this.#handler.onFailure(error);
  }

  // Events of the frames.

  onSettingsAcknowledged(): void {
    this.#streams.isAcknowledged = true;
  }

  onPong(payload: Buffer, start: number): void {
    if (this.#warnedAt !== undefined && payload.compare(DRAIN_MARK, 0, 8, start, start + 8) === 0) this.#finishDrain();
  }

  onGoaway(lastStreamId: number, code: number): void {
    const streams = this.#streams;
    if (!streams.isServer) streams.isDraining = true;
    this.#handler.onGoaway?.(lastStreamId, code);
    if (!streams.isServer) streams.closeAll(REFUSED_STREAM, lastStreamId);
    streams.settle();
  }

  /** Gives the offset after what belongs to the client's preface. */
  #readPreface(buffer: Buffer, start: number, end: number): number {
    let position = start;
    for (; position < end && this.#prefaceBytes < PREFACE.length; position++) {
      if (buffer[position] !== PREFACE[this.#prefaceBytes++])
        throw new Http2Error(PROTOCOL_ERROR, 'the connection does not begin as HTTP/2 does');
    }
    return position;
  }
}

/** What would be read as something else at the other end is an error of the owner's. */
function checkSendable({ fields, count }: FieldSection): void {
  for (let index = 0; index < count; index++) {
    const { marks, name } = fields[index]!;
    if ((marks & (INVALID_NAME | INVALID_VALUE)) !== 0)
      throw new TypeError(`expected a field of a lower-case token and visible characters, got ${JSON.stringify(name)}`);
  }
}

function isInterim({ fields, count }: FieldSection): boolean {
  const first = count > 0 ? fields[0]! : undefined;
  return first !== undefined && first.name === ':status' && first.value.charCodeAt(0) === 49;
}
