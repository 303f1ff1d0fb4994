/** Writes messages as HTTP/1.1 frames them (RFC 9112 §7): what is held and what is small goes out in one write, what is large as it is. */
import type { FieldBlock } from './field-block.ts';
import { latin1 } from './octets.ts';

/** Content up to this size joins what was held before it. */
export const JOINED = 16_384;

/** Where bytes go. False: a backlog exists. */
export interface ByteSink {
  write(chunk: Buffer): boolean;
  writeLatin1(text: string): boolean;
  /** Bytes of the backlog. */
  readonly pending: number;
}

export class BodyWriter {
  /** How the body of the message under way is framed: in chunks, or not at all. */
  chunked = false;
  #held = '';
  readonly #sink: ByteSink;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** A head, or whatever else is framed already. Waits for what follows. */
  hold(text: string): void {
    this.#held += text;
  }

  /** Content in one character a byte. Waits for what follows. */
  holdContent(text: string): void {
    if (text === '') return; // as a chunk it would be the last one
    this.#held += this.chunked ? chunkOf(text) : text;
  }

  /** Content. */
  write(buffer: Buffer, start: number, end: number): boolean {
    if (start === end) return this.flush();
    if (end - start <= JOINED && (this.chunked || this.#held !== '')) {
      this.holdContent(latin1(buffer, start, end));
      return this.flush();
    }
    const content = start === 0 && end === buffer.length ? buffer : buffer.subarray(start, end);
    if (this.chunked) this.#held += sizeLine(end - start);
    this.flush();
    const accepted = this.#sink.write(content);
    return this.chunked ? this.#sink.writeLatin1('\r\n') : accepted;
  }

  /** False: a backlog exists, whether or not something was held. */
  flush(): boolean {
    const held = this.#held;
    if (held === '') return this.#sink.pending === 0;
    this.#held = '';
    return this.#sink.writeLatin1(held);
  }

  /** The body is complete. `trailers` are written where the framing has a place for them. */
  end(trailers: FieldBlock): boolean {
    if (this.chunked) this.#held += `0\r\n${trailers.lines}\r\n`;
    return this.flush();
  }
}

const sizeLine = (size: number): string => `${size.toString(16)}\r\n`;

/** One chunk of content in one character a byte. */
export const chunkOf = (text: string): string => `${sizeLine(text.length)}${text}\r\n`;
