/** Reads a message body, however it is framed, and gives its content in pieces. */
import type { Limits } from '../config/intent.ts';
import { ChunkedDecoder, DATA, DONE, MALFORMED, MORE, TOO_LARGE } from './chunked.ts';
import { FieldBlock, NO_FIELDS } from './field-block.ts';
import { CHUNKED, LENGTH, NO_BODY } from './head.ts';
import { latin1 } from './octets.ts';

export interface BodySink {
  /** Content, valid during the call. */
  onBody(buffer: Buffer, start: number, end: number): void;
  /** Content of several small chunks, one character an octet. */
  onBodyText(text: string): void;
}

export type BodyState = 'reading' | 'complete' | 'malformed' | 'too-large';
export type BodyLimits = Pick<Limits, 'bodyBytes' | 'chunkExtensionBytes' | 'trailerBytes'>;

/** Chunks below this size are gathered, so that a flood of tiny ones is not a flood of writes. */
const SMALL_CHUNK = 8_192;

export class BodyReader {
  state: BodyState = 'complete';
  /** What followed a chunked body, of what may. */
  trailers: FieldBlock = NO_FIELDS;
  #kind = NO_BODY;
  #remaining = 0;
  #received = 0;
  #decoder: ChunkedDecoder | undefined;
  #limits: BodyLimits | undefined;
  readonly #isLenient: boolean;

  /** `isLenient`: of an origin's answer, whose chunk lines need not be as strict as a client's. */
  constructor(isLenient: boolean) {
    this.#isLenient = isLenient;
  }

  begin(kind: number, contentLength: number, limits: BodyLimits): void {
    this.#kind = kind;
    this.#remaining = contentLength;
    this.#received = 0;
    this.#limits = limits;
    this.trailers = NO_FIELDS;
    this.state = kind === NO_BODY ? 'complete' : 'reading';
    this.#decoder = kind === CHUNKED ? new ChunkedDecoder(limits, this.#isLenient) : undefined;
  }

  /** Gives the offset up to which octets belong to this body. */
  read(buffer: Buffer, start: number, end: number, sink: BodySink): number {
    if (this.state !== 'reading') return start;
    if (this.#kind === CHUNKED) return this.#readChunks(buffer, start, end, sink);
    let last = end;
    if (this.#kind === LENGTH) {
      if (end - start >= this.#remaining) {
        last = start + this.#remaining;
        this.state = 'complete';
      }
      this.#remaining -= last - start;
    }
    if (last > start) sink.onBody(buffer, start, last);
    return last;
  }

  /** The sender ended the connection. True where that is how the body was to end. */
  finish(): boolean {
    if (this.state === 'reading' && this.#kind !== CHUNKED && this.#kind !== LENGTH) this.state = 'complete';
    return this.state === 'complete';
  }

  #readChunks(buffer: Buffer, start: number, end: number, sink: BodySink): number {
    const decoder = this.#decoder!;
    const most = this.#limits!.bodyBytes;
    let position = start;
    let gathered = '';
    for (;;) {
      const event = decoder.decode(buffer, position, end);
      position = decoder.position;
      if (event === DATA) {
        const { dataStart, dataEnd } = decoder;
        this.#received += dataEnd - dataStart;
        if (this.#received > most) {
          this.state = 'too-large';
          break;
        }
        if (dataEnd - dataStart < SMALL_CHUNK) {
          gathered += latin1(buffer, dataStart, dataEnd);
          continue;
        }
        if (gathered !== '') sink.onBodyText(gathered);
        gathered = '';
        sink.onBody(buffer, dataStart, dataEnd);
        continue;
      }
      if (event === DONE) {
        if (decoder.trailers !== '') this.trailers = new FieldBlock(decoder.trailers);
        this.state = 'complete';
      } else if (event === MALFORMED) this.state = 'malformed';
      else if (event === TOO_LARGE) this.state = 'too-large';
      else if (event !== MORE) throw new Error(`chunk decoder gave ${event}`);
      break;
    }
    if (gathered !== '') sink.onBodyText(gathered);
    return position;
  }
}
