/** An accepted connection as the HTTP/2 engine wants it: fed as it is read, flushed once a turn of the event loop. */
import { Http2Connection } from '#proxies/http2/connection.ts';
import type { Http2Handler } from '#proxies/http2/handler.ts';
import type { Wire } from '#proxies/http2/sender.ts';
import type { Stream, StreamHandler } from './stream.ts';

/** An origin takes what it is sent: no window of its own shall limit what is measured. */
const OPTIONS = { maxConcurrentStreams: 256, streamWindow: 1_048_576, connectionWindow: 16 * 1_048_576 };

export class Http2Wire<Owner> implements StreamHandler, Wire {
  readonly connection: Http2Connection<Owner>;
  readonly #stream: Stream;
  #isScheduled = false;
  #isReading = false;

  /** `makeHandler` gets what it needs to answer: the connection, and this, whose `schedule` is the handler's `onOutput`. */
  constructor(stream: Stream, makeHandler: (wire: Http2Wire<Owner>) => Http2Handler<Owner>) {
    this.#stream = stream;
    this.connection = new Http2Connection<Owner>('server', this, makeHandler(this), OPTIONS);
    this.connection.start();
  }

  onData(chunk: Buffer): void {
    this.#isReading = true;
    this.connection.receive(chunk, 0, chunk.length);
    this.#isReading = false;
    this.connection.flush();
  }

  onDrain(): void {
    this.connection.drained();
  }

  onEnd(): void {
    this.end();
  }

  onClose(): void {
    this.connection.disconnected();
  }

  write(bytes: Buffer): boolean {
    return this.#stream.write(this.#stream.isLate ? Buffer.from(bytes) : bytes);
  }

  /** What is gathered while nothing is read goes out at the end of the turn. */
  schedule(): void {
    if (this.#isScheduled || this.#isReading) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.connection.flush();
    });
  }

  /** FIN after everything gathered. */
  end(): void {
    this.connection.flush();
    this.#stream.end();
  }
}
