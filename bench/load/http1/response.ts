/**
 * Incremental reader of HTTP/1.1 responses: gives the same result wherever the bytes are split. Pure; knows no socket.
 *
 * Most answers of a run have the head of the answer before, byte for byte, and come in one piece: then one comparison replaces
 * the parse. Anything else goes through the state machine.
 */
import { FIELD_LINES, FramingError, parseHead, type ResponseHead } from './head.ts';

const HEAD = 0;
const LENGTH = 1;
const CLOSE = 2;
const CHUNK_SIZE = 3;
const CHUNK_EXTENSION = 4;
const CHUNK_SIZE_LF = 5;
const CHUNK_DATA = 6;
const CHUNK_DATA_CR = 7;
const CHUNK_DATA_LF = 8;
const TRAILERS = 9;
const DONE = 10;

const CR = 13;
const LF = 10;
const MAX_HEAD = 64 * 1024;
const MAX_CHUNK_LINE = 4 * 1024;
const MAX_CHUNK_DIGITS = 12;
const PROTOCOL = 'HTTP/1.';
const END_OF_HEAD = '\r\n\r\n';
const LENIENT_END = /(\r?\n)\r?\n/g;

/** Takes the body's bytes, [start, end) of `bytes`, as they come. */
export type BodySink = (bytes: Buffer, start: number, end: number) => void;

export class ResponseReader {
  readonly #toHead: boolean;
  readonly #isLenient: boolean;
  /** Set before `begin` to see the body of the next answer. */
  sink: BodySink | undefined;
  /** Of the answer that is over or under way. */
  head: ResponseHead | undefined;
  bodyBytes = 0;
  #state = DONE;
  /** Bytes of the body or chunk still to come; while reading a chunk line, its size so far. */
  #left = 0;
  #line = 0;
  /** The part of a head or trailer section that came so far. */
  #text = '';
  #knownBytes: Buffer = Buffer.alloc(0);
  #known: ResponseHead | undefined;

  /** `isLenient`: the peer is not ours, see `parseHead`. */
  constructor(toHead: boolean, isLenient = false) {
    this.#toHead = toHead;
    this.#isLenient = isLenient;
  }

  begin(): void {
    this.#state = HEAD;
    this.#text = '';
    this.head = undefined;
    this.bodyBytes = 0;
  }

  /** True once the answer is whole. Throws FramingError, also on bytes after its end. */
  read(bytes: Buffer, length: number): boolean {
    let at = 0;
    while (at < length) {
      switch (this.#state) {
        case HEAD:
          at = this.#readHead(bytes, at, length);
          break;
        case LENGTH:
        case CHUNK_DATA:
        case CLOSE:
          at = this.#readBody(bytes, at, length);
          break;
        case DONE:
          throw new FramingError(`${length - at} bytes after the end of the answer`);
        case TRAILERS:
          at = this.#readTrailers(bytes, at, length);
          break;
        default:
          this.#readChunkLine(bytes[at]!);
          at++;
      }
    }
    return this.#state === DONE;
  }

  /** The connection ended: true if that is how the answer ends. */
  end(): boolean {
    if (this.#state !== CLOSE) return false;
    this.#state = DONE;
    return true;
  }

  #readHead(bytes: Buffer, at: number, length: number): number {
    const { length: known } = this.#knownBytes;
    if (known > 0 && this.#text === '' && length - at >= known) {
      if (bytes.compare(this.#knownBytes, 0, known, at, at + known) === 0) {
        this.#enterBody(this.#known!);
        return at + known;
      }
    }
    const before = this.#text.length;
    const text = this.#text + bytes.toString('latin1', at, Math.min(length, at + MAX_HEAD));
    // Told at once, lest a peer that speaks no HTTP and waits be taken for a slow one.
    if (!text.startsWith(PROTOCOL.slice(0, text.length))) {
      throw new FramingError(`expected ${PROTOCOL}, got ${JSON.stringify(text.slice(0, 20))}`);
    }
    const [lines, end] = this.#endOfHead(text, Math.max(0, before - 3));
    if (end < 0 || lines > MAX_HEAD) {
      if (text.length >= MAX_HEAD) throw new FramingError(`the head is longer than ${MAX_HEAD} bytes`);
      this.#text = text;
      return length;
    }
    this.#text = '';
    const next = at + end - before;
    const head = parseHead(text.slice(0, lines), this.#toHead, this.#isLenient);
    if (head.status === 101) throw new FramingError('101 was not asked for');
    if (head.status < 200) return next; // RFC 9110 §15.2: interim, another head follows
    if (before === 0) {
      this.#knownBytes = Buffer.from(bytes.subarray(at, next));
      this.#known = head;
    }
    this.#enterBody(head);
    return next;
  }

  /** Where the lines of the head end, and where the empty line after them ends; -1: not there yet. */
  #endOfHead(text: string, from: number): readonly [lines: number, end: number] {
    if (!this.#isLenient) {
      const at = text.indexOf(END_OF_HEAD, from);
      return at < 0 ? [-1, -1] : [at + 2, at + END_OF_HEAD.length];
    }
    LENIENT_END.lastIndex = from;
    const found = LENIENT_END.exec(text);
    return found === null ? [-1, -1] : [found.index + found[1]!.length, LENIENT_END.lastIndex];
  }

  #enterBody(head: ResponseHead): void {
    this.head = head;
    this.#left = head.length;
    if (head.framing === 'length') this.#state = head.length === 0 ? DONE : LENGTH;
    else if (head.framing === 'none') this.#state = DONE;
    else if (head.framing === 'close') this.#state = CLOSE;
    else this.#enterChunk();
  }

  #readBody(bytes: Buffer, at: number, length: number): number {
    const end = this.#state === CLOSE ? length : Math.min(length, at + this.#left);
    this.sink?.(bytes, at, end);
    this.bodyBytes += end - at;
    if (this.#state === CLOSE) return end;
    this.#left -= end - at;
    if (this.#left === 0) this.#state = this.#state === LENGTH ? DONE : CHUNK_DATA_CR;
    return end;
  }

  #enterChunk(): void {
    this.#state = CHUNK_SIZE;
    this.#left = 0;
    this.#line = 0;
  }

  /** RFC 9112 §7.1: `size [;extensions] CRLF data CRLF`, byte by byte. */
  #readChunkLine(byte: number): void {
    switch (this.#state) {
      case CHUNK_SIZE: {
        const digit = hexDigit(byte);
        if (digit >= 0 && this.#line < MAX_CHUNK_DIGITS) {
          this.#left = this.#left * 16 + digit;
          this.#line++;
        } else if (this.#line > 0 && byte === CR) this.#state = CHUNK_SIZE_LF;
        else if (this.#line > 0 && this.#isEnd(byte)) this.#endChunkLine();
        else if (this.#line > 0 && (byte === 0x3b || byte === 0x20 || byte === 0x09)) this.#state = CHUNK_EXTENSION;
        else throw new FramingError('a chunk size is malformed');
        return;
      }
      case CHUNK_EXTENSION:
        this.#line++;
        if (byte === CR) this.#state = CHUNK_SIZE_LF;
        else if (this.#isEnd(byte)) this.#endChunkLine();
        else if (byte === LF || this.#line > MAX_CHUNK_LINE) throw new FramingError('a chunk extension is malformed');
        return;
      case CHUNK_SIZE_LF:
        expectByte(byte, LF);
        this.#endChunkLine();
        return;
      case CHUNK_DATA_CR:
        if (this.#isEnd(byte)) {
          this.#enterChunk();
          return;
        }
        expectByte(byte, CR);
        this.#state = CHUNK_DATA_LF;
        return;
      default:
        expectByte(byte, LF);
        this.#enterChunk();
    }
  }

  #isEnd(byte: number): boolean {
    return byte === LF && this.#isLenient;
  }

  #endChunkLine(): void {
    this.#state = this.#left === 0 ? TRAILERS : CHUNK_DATA;
  }

  /** RFC 9112 §7.1.2: header lines, then an empty one. */
  #readTrailers(bytes: Buffer, at: number, length: number): number {
    const before = this.#text.length;
    const text = this.#text + bytes.toString('latin1', at, Math.min(length, at + MAX_HEAD));
    const [lines, end] = this.#endOfTrailers(text);
    if (end < 0) {
      if (text.length >= MAX_HEAD) throw new FramingError(`the trailers are longer than ${MAX_HEAD} bytes`);
      this.#text = text;
      return length;
    }
    const section = text.slice(0, lines);
    if (!FIELD_LINES.test(this.#isLenient ? section.replaceAll(/\r?\n/g, '\r\n') : section))
      throw new FramingError('a trailer line is malformed');
    this.#text = '';
    this.#state = DONE;
    return at + end - before;
  }

  #endOfTrailers(text: string): readonly [lines: number, end: number] {
    if (text.startsWith('\r\n')) return [0, 2];
    return this.#isLenient && text.startsWith('\n') ? [0, 1] : this.#endOfHead(text, 0);
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function expectByte(byte: number, expected: number): void {
  if (byte !== expected) throw new FramingError(`expected byte ${expected} after a chunk, got ${byte}`);
}
