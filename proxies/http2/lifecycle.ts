/** Opening, ending and breaking off streams, and the credit that their bytes take from the connection. */
import { type Budgets } from './budgets.ts';
import { writeReset, writeWindowUpdate } from './frames.ts';
import { ENDED, type Http2Handler, type Http2Options } from './handler.ts';
import type { Sender } from './sender.ts';
import { DEFAULT_WINDOW } from './settings.ts';
import { BODY, DONE, type Http2Stream } from './stream.ts';
import { StreamTable } from './stream-table.ts';

const RESET_BYTES = 13;
/** Consumed bytes that the peer need not be told of yet: of the connection's window so much may be missing, and never more. */
const MOST_OWED = 524_288;

/** A connection's window in which each of so many streams may leave a whole window unread, and no other has less for it. */
export const windowForStreams = (streams: number, streamWindow: number = DEFAULT_WINDOW): number =>
  streams * streamWindow + MOST_OWED;

export class Lifecycle<Owner> {
  readonly table: StreamTable<Owner>;
  readonly sender: Sender<Owner>;
  readonly handler: Http2Handler<Owner>;
  readonly options: Http2Options;
  readonly budgets: Budgets;
  readonly isServer: boolean;
  /** The peer has acknowledged our settings: from then on it knows what it may. */
  isAcknowledged = false;
  /** No new streams; once the last is closed, `onDrained`. */
  isDraining = false;
  /** Bytes that the peer may send on all streams together, and those that it has not been told of. */
  window = DEFAULT_WINDOW;
  #owed = 0;

  constructor(
    role: 'server' | 'client',
    sender: Sender<Owner>,
    handler: Http2Handler<Owner>,
    { options, budgets }: { options: Http2Options; budgets: Budgets },
  ) {
    this.table = new StreamTable(role);
    this.isServer = role === 'server';
    this.sender = sender;
    this.handler = handler;
    this.options = options;
    this.budgets = budgets;
  }

  open(id: number): Http2Stream<Owner> {
    const { initialWindowSize } = this.sender.settings;
    return this.table.add(id, initialWindowSize, this.options.streamWindow);
  }

  /** The peer's half is over. */
  endReceiving(stream: Http2Stream<Owner>): void {
    stream.receiving = DONE;
    if (stream.sending === DONE) this.close(stream, ENDED);
  }

  /** Our half is over. */
  endSending(stream: Http2Stream<Owner>): void {
    stream.sending = DONE;
    if (stream.receiving === DONE) this.close(stream, ENDED);
  }

  /** The stream is over: what it still held of the connection's window is given back. */
  close(stream: Http2Stream<Owner>, code: number): void {
    stream.receiving = stream.sending = DONE;
    this.credit(stream.unconsumed);
    stream.unconsumed = 0;
    this.table.open.delete(stream.id); // a new one may be opened while the owner hears of it
    this.handler.onClose(stream, code);
    this.table.release(stream);
    this.settle();
  }

  /** Breaks a stream off. */
  reset(stream: Http2Stream<Owner>, code: number): void {
    this.#writeReset(stream.id, code);
    this.close(stream, code);
  }

  /** Breaks a stream off that the peer has spoiled. */
  fault(stream: Http2Stream<Owner>, code: number, reason: string): void {
    const { id } = stream;
    this.reset(stream, code);
    this.handler.onRefused?.(id, code, reason);
    if (this.isServer) this.budgets.spend('provokedResets');
  }

  /** Answers frames of a stream that nobody knows with a reset. */
  refuse(id: number, code: number, reason: string): void {
    this.#writeReset(id, code);
    this.handler.onRefused?.(id, code, reason);
    if (this.isServer && this.isAcknowledged) this.budgets.spend('provokedResets');
  }

  #writeReset(id: number, code: number): void {
    writeReset(this.sender.beginControl(RESET_BYTES), id, code);
    this.table.noteReset(id);
  }

  /** The owner has dealt with so many bytes of the stream. */
  consume(stream: Http2Stream<Owner>, bytes: number): void {
    if (bytes > stream.unconsumed)
      throw new RangeError(`expected at most ${stream.unconsumed} bytes to be consumed, got ${bytes}`);
    stream.unconsumed -= bytes;
    this.creditStream(stream, bytes);
    this.credit(bytes);
  }

  creditStream(stream: Http2Stream<Owner>, bytes: number): void {
    if (stream.receiving !== BODY) return;
    stream.owed += bytes;
    if (stream.owed * 2 < this.options.streamWindow) return;
    writeWindowUpdate(this.sender.begin(), stream.id, stream.owed);
    stream.receiveWindow += stream.owed;
    stream.owed = 0;
  }

  /** Gives so many bytes back to the connection's window. */
  credit(bytes: number): void {
    this.#owed += bytes;
    if (this.#owed < Math.min(MOST_OWED, this.options.connectionWindow / 2)) return;
    this.enlarge(this.#owed);
    this.#owed = 0;
  }

  enlarge(bytes: number): void {
    writeWindowUpdate(this.sender.begin(), 0, bytes);
    this.window += bytes;
  }

  /** Tells once that a connection which takes no more streams has none left. */
  settle(): void {
    if (!this.isDraining || this.table.open.size > 0 || this.#isDrained) return;
    this.#isDrained = true;
    this.handler.onDrained?.();
  }

  #isDrained = false;

  /** Closes all streams whose identifiers are beyond `above`. */
  closeAll(code: number, above = 0): void {
    for (const stream of this.table.open.values()) if (stream.id > above) this.close(stream, code);
  }
}
