/** What an owner of a connection says and hears. */
import type { FieldSection } from './field-section.ts';
import type { MessageHead } from './message.ts';
import { DEFAULT_WINDOW } from './settings.ts';
import type { Http2Stream } from './stream.ts';

/** `onClose` of a stream that both sides have ended. Any other is an error code: the stream was reset, or the connection broke. */
export const ENDED = -1;

/** Called while bytes are received or flushed, one at a time. What is handed out is valid during the call. */
export interface Http2Handler<Owner> {
  /**
   * Server: a request; `stream` is new. Client: the answer's head, interim ones (status below 200) first. `isEnd`: no body follows.
   */
  onHeaders(stream: Http2Stream<Owner>, head: MessageHead, isEnd: boolean): void;
  /** Content; each byte is to be consumed (`Http2Connection.consume`) when it is dealt with, which may be later. */
  onData(stream: Http2Stream<Owner>, buffer: Buffer, start: number, end: number, isEnd: boolean): void;
  /** The message ends with these. */
  onTrailers(stream: Http2Stream<Owner>, trailers: FieldSection): void;
  /** `sendData` took less than all: it may take more now. */
  onWritable(stream: Http2Stream<Owner>): void;
  /** Once for every stream that was handed out or opened, last: it must not be used any more. `code`: `ENDED`, or why it broke off. */
  onClose(stream: Http2Stream<Owner>, code: number): void;
  /** There is something to flush. Not told again before the next `flush`. */
  onOutput(): void;
  /** A stream was refused that was never handed out, or broken off by us: for logs. */
  onRefused?(streamId: number, code: number, reason: string): void;
  /** The peer's settings came, the first or changed ones: a client may open more streams, or fewer. */
  onSettings?(): void;
  /** The peer goes away: a client opens no more streams here. Those that it will not process are closed next, with REFUSED_STREAM. */
  onGoaway?(lastStreamId: number, code: number): void;
  /** After `drain` or the peer's GOAWAY: the last stream has been closed. Flush, then close. */
  onDrained?(): void;
  /** The connection is over; a GOAWAY is gathered. Flush, then close. All streams have been closed. */
  onFailure(error: Error): void;
}

export interface Http2Options {
  /** Server: streams that a client may have open at once. */
  readonly maxConcurrentStreams: number;
  /** Bytes that a peer may send before they are consumed, on a stream and on all streams together. */
  readonly streamWindow: number;
  readonly connectionWindow: number;
  /** Of a header section, as SETTINGS_MAX_HEADER_LIST_SIZE counts: 32 bytes a field besides its characters. */
  readonly headerListBytes: number;
  /** Milliseconds for the peer's first SETTINGS, for its acknowledgement of ours, and for a whole header block. */
  readonly settingsTimeout: number;
  readonly headTimeout: number;
  /** Milliseconds, from any origin. */
  readonly clock: () => number;
}

export const DEFAULT_OPTIONS: Http2Options = {
  maxConcurrentStreams: 100,
  streamWindow: DEFAULT_WINDOW,
  connectionWindow: 1_048_576,
  headerListBytes: 65_536,
  settingsTimeout: 10_000,
  headTimeout: 10_000,
  clock: () => performance.now(),
};
