/**
 * Reads HTTP/1.1 requests off a byte stream just far enough to answer them: method, target, where the body ends. Permissive on
 * purpose: an origin shows what a proxy let through, it is the proxy that must be strict.
 */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  /** HTTP/1.0, or `Connection: close`. */
  readonly close: boolean;
}

const LF = 10;
const CR = 13;
const SPACE = 32;
const MAX_HEAD_BYTES = 1024 * 1024;

type State = 'head' | 'length' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailers';

export class RequestReader {
  #state: State = 'head';
  #carry: Buffer | undefined;
  #left = 0;
  /** Read, its body not to the end yet. */
  #open: RequestHead | undefined;
  /** The request whose end the last `read` reached. */
  completed: RequestHead | undefined;
  // Of the head under way, filled by #field.
  #contentLength = 0;
  #chunked = false;
  #close = false;
  #expectContinue = false;

  /**
   * Reads on in `chunk` from `offset`, at most to the end of one request. Returns the offset behind what was consumed;
   * `completed` then holds that request, or undefined where it takes more bytes. Throws on what is no HTTP at all.
   */
  read(chunk: Buffer, offset: number): number {
    this.completed = undefined;
    const next = this.#state === 'head' ? this.#readHead(chunk, offset) : this.#readBody(chunk, offset);
    if (this.#state === 'head') {
      this.completed = this.#open;
      this.#open = undefined;
    }
    return next;
  }

  /** Whether the request under way waits for `100 Continue`. True once. */
  takeExpectation(): boolean {
    const expected = this.#open !== undefined && this.#expectContinue;
    this.#expectContinue = false;
    return expected;
  }

  #readHead(chunk: Buffer, offset: number): number {
    let bytes = chunk;
    let start = offset;
    if (this.#carry) {
      bytes = Buffer.concat([this.#carry, offset === 0 ? chunk : chunk.subarray(offset)]);
      start = 0;
    }
    // Empty lines before a request are ignored (RFC 9112 §2.2).
    while (bytes[start] === CR || bytes[start] === LF) start++;
    const lineEnd = bytes.indexOf(LF, start);
    const end = lineEnd < 0 ? -1 : this.#readFields(bytes, lineEnd + 1);
    if (end < 0) {
      if (bytes.length - start > MAX_HEAD_BYTES) throw new Error(`request head above ${MAX_HEAD_BYTES} bytes`);
      this.#carry = Buffer.from(bytes.subarray(start));
      return chunk.length;
    }
    this.#open = this.#requestLine(bytes, start, lineEnd);
    const consumed = this.#carry ? end - this.#carry.length + offset : end;
    this.#carry = undefined;
    if (this.#chunked) this.#state = 'chunk-size';
    else if (this.#contentLength > 0) {
      this.#state = 'length';
      this.#left = this.#contentLength;
    } else return consumed;
    return consumed < chunk.length ? this.#readBody(chunk, consumed) : consumed;
  }

  #requestLine(bytes: Buffer, start: number, lineEnd: number): RequestHead {
    const methodEnd = bytes.indexOf(SPACE, start);
    const targetEnd = methodEnd < 0 ? -1 : bytes.indexOf(SPACE, methodEnd + 1);
    if (targetEnd < 0 || targetEnd > lineEnd) throw new Error('expected METHOD TARGET HTTP/1.1');
    const minor = bytes[bytes[lineEnd - 1] === CR ? lineEnd - 2 : lineEnd - 1];
    return {
      method: bytes.toString('latin1', start, methodEnd),
      target: bytes.toString('latin1', methodEnd + 1, targetEnd),
      close: this.#close || minor === 0x30,
    };
  }

  /** Offset behind the empty line that ends the head, or -1 where it has not come yet. */
  #readFields(bytes: Buffer, offset: number): number {
    this.#contentLength = 0;
    this.#chunked = this.#close = this.#expectContinue = false;
    for (let at = offset; ;) {
      const first = bytes[at];
      if (first === LF) return at + 1;
      if (first === CR && bytes[at + 1] === LF) return at + 2;
      const end = bytes.indexOf(LF, at);
      if (end < 0) return -1;
      const letter = first! | 0x20;
      // Only fields that begin with c, e or t say anything about framing.
      if (letter === 0x63 || letter === 0x65 || letter === 0x74)
        this.#field(bytes.toString('latin1', at, end).toLowerCase());
      at = end + 1;
    }
  }

  #field(line: string): void {
    const colon = line.indexOf(':');
    const value = line.slice(colon + 1).trim();
    const name = line.slice(0, colon);
    if (name === 'content-length') this.#contentLength = Number(value);
    else if (name === 'transfer-encoding') this.#chunked = value.endsWith('chunked');
    else if (name === 'connection') this.#close ||= value.includes('close');
    else if (name === 'expect') this.#expectContinue = value === '100-continue';
    if (!Number.isSafeInteger(this.#contentLength)) throw new Error(`Content-Length is ${value}`);
  }

  #readBody(chunk: Buffer, offset: number): number {
    let at = offset;
    while (at < chunk.length && this.#state !== 'head') {
      if (this.#state === 'length' || this.#state === 'chunk-data') {
        const step = Math.min(this.#left, chunk.length - at);
        at += step;
        this.#left -= step;
        if (this.#left === 0) this.#state = this.#state === 'length' ? 'head' : 'chunk-end';
        continue;
      }
      const end = chunk.indexOf(LF, at);
      const part = chunk.subarray(at, end < 0 ? chunk.length : end + 1);
      if (end < 0) {
        this.#carry = Buffer.concat([this.#carry ?? Buffer.alloc(0), part]);
        if (this.#carry.length > MAX_HEAD_BYTES) throw new Error('endless chunk line');
        return chunk.length;
      }
      const line = (this.#carry ? Buffer.concat([this.#carry, part]) : part).toString('latin1').trim();
      this.#carry = undefined;
      at = end + 1;
      this.#bodyLine(line);
    }
    return at;
  }

  #bodyLine(line: string): void {
    if (this.#state === 'chunk-end') this.#state = 'chunk-size';
    else if (this.#state === 'trailers') this.#state = line === '' ? 'head' : 'trailers';
    else {
      this.#left = Number.parseInt(line, 16);
      if (!(this.#left >= 0)) throw new Error(`chunk size is ${line}`);
      this.#state = this.#left === 0 ? 'trailers' : 'chunk-data';
    }
  }
}
