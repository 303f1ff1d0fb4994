/** One port for HTTP/1.1 and HTTP/2: how a connection begins says which it is. No method is called PRI (RFC 9113 §3.4). */
import type { Stream, StreamHandler } from './stream.ts';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
/** Bytes after which there is no doubt. */
const ENOUGH = 3;

type Accept = (stream: Stream) => StreamHandler;

export class EitherVersion implements StreamHandler {
  readonly #stream: Stream;
  readonly #http1: Accept;
  readonly #http2: Accept;
  #handler: StreamHandler | undefined;
  /** Too few to tell. */
  #first: Buffer = Buffer.alloc(0);

  constructor(stream: Stream, http1: Accept, http2: Accept) {
    this.#stream = stream;
    this.#http1 = http1;
    this.#http2 = http2;
  }

  onData(chunk: Buffer): void {
    if (this.#handler !== undefined) return this.#handler.onData(chunk);
    const bytes = this.#first.length === 0 ? chunk : Buffer.concat([this.#first, chunk]);
    const known = Math.min(bytes.length, ENOUGH);
    const isHttp2 = bytes.compare(PREFACE, 0, known, 0, known) === 0;
    if (isHttp2 && known < ENOUGH) {
      this.#first = Buffer.from(bytes);
      return;
    }
    this.#handler = (isHttp2 ? this.#http2 : this.#http1)(this.#stream);
    this.#handler.onData(bytes);
  }

  onEnd(): void {
    if (this.#handler === undefined) this.#stream.end();
    else this.#handler.onEnd();
  }

  onDrain(): void {
    this.#handler?.onDrain?.();
  }

  onClose(): void {
    this.#handler?.onClose?.();
  }
}
