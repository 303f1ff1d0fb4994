/** Chunked transfer coding, RFC 9112 §7.1, decoded incrementally: extensions are checked, bounded and dropped. */
import type { Limits } from '../config/intent.ts';
import { forbiddenInTrailers } from './fields.ts';
import { Head, INCOMPLETE, scanFields } from './head.ts';
import { CR, hexValue, HTAB, LF, SEMICOLON, SP, valueClass } from './octets.ts';

export type ChunkLimits = Pick<Limits, 'chunkExtensionBytes' | 'trailerBytes'>;

/** What `decode` stopped at. */
export const MORE = 0; // all octets consumed, the message goes on
export const DATA = 1; // `dataStart`..`dataEnd` of the buffer are content
export const DONE = 2; // the message is complete
export const MALFORMED = 3;
/** Trailer section over its limits. */
export const TOO_LARGE = 4;

const SIZE_START = 0;
const SIZE = 1;
const EXTENSION = 2;
const SIZE_LF = 3;
const CONTENT = 4;
const CONTENT_CR = 5;
const CONTENT_LF = 6;
const TRAILERS = 7;
const COMPLETE = 8;

/** 2^48 - 1 at most: far from where sums become inexact. */
const mostDigits = 12;
const trailerHead = new Head(64);

export class ChunkedDecoder {
  dataStart = 0;
  dataEnd = 0;
  /** Trailer fields that may be forwarded, as field lines with CRLF; '' if there are none. */
  trailers = '';
  #state = SIZE_START;
  #remaining = 0;
  #digits = 0;
  #extension = 0;
  #trailerOctets: Buffer | undefined;
  #position = 0;
  readonly #limits: ChunkLimits;

  constructor(limits: ChunkLimits) {
    this.#limits = limits;
  }

  /** After `decode`: the offset up to which octets are consumed. */
  get position(): number {
    return this.#position;
  }

  /** Decodes from `start` up to the next event; call again with `position` after `DATA`. */
  decode(buffer: Buffer, start: number, end: number): number {
    let position = start;
    for (; position < end; position += 1) {
      const octet = buffer[position] as number;
      switch (this.#state) {
        case SIZE_START:
        case SIZE: {
          const digit = hexValue[octet] as number;
          if (digit >= 0) {
            if (++this.#digits > mostDigits) return MALFORMED;
            this.#remaining = this.#remaining * 16 + digit;
            this.#state = SIZE;
          } else if (this.#state === SIZE_START) return MALFORMED;
          else if (octet === CR) this.#state = SIZE_LF;
          else if (octet === SEMICOLON || octet === SP || octet === HTAB) {
            if (octet !== SEMICOLON) return MALFORMED;
            this.#state = EXTENSION;
          } else return MALFORMED;
          break;
        }
        case EXTENSION:
          if (octet === CR) this.#state = SIZE_LF;
          else if (valueClass[octet] === 0 || ++this.#extension > this.#limits.chunkExtensionBytes) return MALFORMED;
          break;
        case SIZE_LF:
          if (octet !== LF) return MALFORMED;
          this.#digits = 0;
          if (this.#remaining === 0) {
            this.#state = TRAILERS;
            return this.#readTrailers(buffer, position + 1, end);
          }
          this.#state = CONTENT;
          break;
        case CONTENT: {
          const size = Math.min(this.#remaining, end - position);
          this.dataStart = position;
          this.dataEnd = position + size;
          this.#position = position + size;
          this.#remaining -= size;
          if (this.#remaining === 0) this.#state = CONTENT_CR;
          return DATA;
        }
        case CONTENT_CR:
          if (octet !== CR) return MALFORMED;
          this.#state = CONTENT_LF;
          break;
        case CONTENT_LF:
          if (octet !== LF) return MALFORMED;
          this.#state = SIZE_START;
          break;
        case TRAILERS:
          return this.#readTrailers(buffer, position, end);
        default:
          return MALFORMED; // decode after DONE
      }
    }
    this.#position = position;
    return MORE;
  }

  /** The common case, no trailers, is CRLF in one piece; anything else is gathered and scanned as a field section. */
  #readTrailers(buffer: Buffer, start: number, end: number): number {
    this.#position = end;
    if (this.#trailerOctets === undefined && end - start >= 2 && buffer[start] === CR && buffer[start + 1] === LF) {
      this.#state = COMPLETE;
      this.#position = start + 2;
      return DONE;
    }
    const gathered = this.#trailerOctets?.length ?? 0;
    const room = Math.max(0, this.#limits.trailerBytes + 2 - gathered);
    const taken = Math.min(end - start, room);
    const octets = Buffer.concat([this.#trailerOctets ?? Buffer.alloc(0), buffer.subarray(start, start + taken)]);
    this.#trailerOctets = octets;
    // From the start each time, which `trailerBytes` bounds: the verdict does not depend on how the octets arrive.
    const result = scanFields(trailerHead, octets, 0, octets.length, false);
    if (result === INCOMPLETE)
      return taken < end - start || octets.length > this.#limits.trailerBytes ? TOO_LARGE : MORE;
    if (result < 0) return result === -431 ? TOO_LARGE : MALFORMED;
    for (let index = 0; index < trailerHead.count; index += 1) {
      const name = trailerHead.name(index);
      if (forbiddenInTrailers.has(name) || forbiddenInTrailers.has(name.replaceAll(/[_.]/g, '-'))) return MALFORMED;
      this.trailers += `${name}: ${trailerHead.value(index)}\r\n`;
    }
    this.#state = COMPLETE;
    this.#position = start + (result - gathered);
    return DONE;
  }
}
