/** Chunked transfer coding, RFC 9112 §7.1, decoded incrementally: extensions are checked, bounded and dropped. */
import type { Limits } from '../config/intent.ts';
import { AFTER_SIZE, LINE_END, LINE_OVER, nextPlace, PADDING } from './chunk-line.ts';
import { forbiddenInTrailers } from './fields.ts';
import { Head, INCOMPLETE } from './head.ts';
import { CR, hexValue, LF } from './octets.ts';
import { scanFields } from './scan-fields.ts';

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
const LINE = 2; // what follows the size on its line
const SIZE_LF = 3;
const CONTENT = 4;
const CONTENT_CR = 5;
const CONTENT_LF = 6;
const TRAILERS = 7;
const COMPLETE = 8;

/** 2^48 - 1 at most: far from where sums become inexact. */
const MOST_DIGITS = 12;
/** Zeros before a size and blanks after it. Some origins write every size as wide as the largest. */
const MOST_PADDING = 64;
const trailerHead = new Head(64);

export class ChunkedDecoder {
  dataStart = 0;
  dataEnd = 0;
  /** Trailer fields that may be forwarded, as field lines with CRLF; '' if there are none. */
  trailers = '';
  #state = SIZE_START;
  #remaining = 0;
  #digits = 0;
  #padding = 0;
  #place = AFTER_SIZE;
  #extension = 0;
  #trailerOctets: Buffer | undefined;
  #position = 0;
  readonly #limits: ChunkLimits;
  readonly #isLenient: boolean;

  /** `isLenient`: takes blanks before the end of a chunk line and LF alone as an end of line, as origins may send them. */
  constructor(limits: ChunkLimits, isLenient = false) {
    this.#limits = limits;
    this.#isLenient = isLenient;
  }

  /** After `decode`: the offset up to which octets are consumed. */
  get position(): number {
    return this.#position;
  }

  /** Decodes from `start` up to the next event; call again with `position` after `DATA`. */
  decode(buffer: Buffer, start: number, end: number): number {
    let position = start;
    for (; position < end; position++) {
      const octet = buffer[position]!;
      switch (this.#state) {
        case SIZE_START:
        case SIZE: {
          const digit = hexValue[octet]!;
          if (digit >= 0) {
            if (digit === 0 && this.#digits === 0 ? ++this.#padding > MOST_PADDING : ++this.#digits > MOST_DIGITS)
              return MALFORMED;
            this.#remaining = this.#remaining * 16 + digit;
            this.#state = SIZE;
          } else if (this.#state === SIZE_START) return MALFORMED;
          else if (octet === CR) this.#state = SIZE_LF;
          else if (!this.#follow(AFTER_SIZE, octet)) return MALFORMED;
          break;
        }
        case LINE:
          if (!this.#follow(this.#place, octet)) return MALFORMED;
          break;
        case SIZE_LF:
          if (octet !== LF) return MALFORMED;
          this.#endLine();
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
          if (octet === CR) this.#state = CONTENT_LF;
          else if (octet === LF && this.#isLenient) this.#state = SIZE_START;
          else return MALFORMED;
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

  /** What follows the size, octet by octet. False: malformed, or more than is allowed of it. */
  #follow(from: number, octet: number): boolean {
    const place = nextPlace(from, octet, this.#isLenient);
    this.#place = place;
    this.#state = place === LINE_END ? SIZE_LF : LINE;
    if (place === LINE_OVER) this.#endLine();
    else if (place === PADDING) return ++this.#padding <= MOST_PADDING;
    else if (place !== LINE_END) return place !== 0 && ++this.#extension <= this.#limits.chunkExtensionBytes;
    return true;
  }

  #endLine(): void {
    this.#digits = this.#padding = 0;
    this.#state = this.#remaining === 0 ? TRAILERS : CONTENT;
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
    const result = scanFields(trailerHead, octets, 0, octets.length, this.#isLenient);
    if (result === INCOMPLETE)
      return taken < end - start || octets.length > this.#limits.trailerBytes ? TOO_LARGE : MORE;
    if (result < 0) return result === -431 ? TOO_LARGE : MALFORMED;
    for (let index = 0; index < trailerHead.count; index++) {
      const name = trailerHead.name(index);
      if (forbiddenInTrailers.has(name) || forbiddenInTrailers.has(name.replaceAll(/[_.]/g, '-'))) return MALFORMED;
      this.trailers += `${name}: ${trailerHead.value(index)}\r\n`;
    }
    this.#state = COMPLETE;
    this.#position = start + (result - gathered);
    return DONE;
  }
}
