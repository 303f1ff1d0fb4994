/** A connection whose wire is a list, and a handler that writes down what it hears, one line an event. */
import { Http2Connection } from '#proxies/http2/connection.ts';
import type { FieldSection } from '#proxies/http2/field-section.ts';
import { ENDED, type Http2Handler, type Http2Options } from '#proxies/http2/handler.ts';
import type { MessageHead } from '#proxies/http2/message.ts';
import type { Wire } from '#proxies/http2/sender.ts';
import type { Http2Stream } from '#proxies/http2/stream.ts';
import { errorName } from '#proxies/http2/errors.ts';
import { framesOf, type ReadFrame } from './frame-bytes.ts';

type TestStream = Http2Stream<string>;

export class Recorder implements Http2Handler<string>, Wire {
  readonly connection: Http2Connection<string>;
  readonly events: string[] = [];
  /** Streams that were told to send on, apart: when depends on how the bytes were cut. */
  readonly writable: number[] = [];
  readonly streams = new Map<number, TestStream>();
  /** Milliseconds, as the connection sees them. */
  now = 0;
  /** False: whatever is written stays on its way until `connection.drained()`. */
  isTaking = true;
  /** Content is consumed at once. */
  isConsuming = true;
  onRequest: ((stream: TestStream, head: MessageHead) => void) | undefined;
  onMore: ((stream: TestStream) => void) | undefined;
  #sent: Buffer[] = [];
  #content = '';

  constructor(role: 'server' | 'client', options: Partial<Http2Options> = {}) {
    this.connection = new Http2Connection<string>(role, this, this, { clock: () => this.now, ...options });
  }

  /** What was sent since last asked. */
  sent(): Buffer {
    this.connection.flush();
    const bytes = Buffer.concat(this.#sent);
    this.#sent = [];
    return bytes;
  }

  frames(): ReadFrame[] {
    return framesOf(this.sent());
  }

  /** Without what starts a connection. */
  heard(): string[] {
    return this.events.filter((event) => event !== 'settings' && event !== 'output');
  }

  receive(bytes: Buffer): void {
    this.connection.receive(bytes, 0, bytes.length);
  }

  write(bytes: Buffer): boolean {
    this.#sent.push(Buffer.from(bytes));
    return this.isTaking;
  }

  onHeaders(stream: TestStream, head: MessageHead, isEnd: boolean): void {
    this.streams.set(stream.id, stream);
    const fields = head.section.entries().map(([name, value]) => `${name}=${value}`);
    this.events.push(`headers ${stream.id} ${fields.join(' ')}${isEnd ? ' end' : ''}`);
    this.onRequest?.(stream, head);
  }

  /** Content is written down whole, however it came. */
  onData(stream: TestStream, buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    const before = this.events.at(-1);
    const text = buffer.toString('latin1', start, end);
    const open = `data ${stream.id} ${this.#content}`;
    if (this.#content !== '' && before === open) this.events.pop();
    else this.#content = '';
    this.#content += text;
    this.events.push(`data ${stream.id} ${this.#content}${isEnd ? ' end' : ''}`);
    if (this.isConsuming) this.connection.consume(stream, end - start);
  }

  onTrailers(stream: TestStream, trailers: FieldSection): void {
    const fields = trailers.entries().map(([name, value]) => `${name}=${value}`);
    this.events.push(`trailers ${stream.id} ${fields.join(' ')}`);
  }

  onWritable(stream: TestStream): void {
    this.writable.push(stream.id);
    this.onMore?.(stream);
  }

  onClose(stream: TestStream, code: number): void {
    this.events.push(`close ${stream.id} ${code === ENDED ? 'ended' : errorName(code)}`);
    this.streams.delete(stream.id);
  }

  onOutput(): void {}

  onRefused(streamId: number, code: number): void {
    this.events.push(`refused ${streamId} ${errorName(code)}`);
  }

  onSettings(): void {
    this.events.push('settings');
  }

  onGoaway(lastStreamId: number, code: number): void {
    this.events.push(`goaway ${lastStreamId} ${errorName(code)}`);
  }

  onDrained(): void {
    this.events.push('drained');
  }

  onFailure(error: Error): void {
    this.events.push(`failure ${error.message.split(':', 1)[0]}`);
  }
}

export interface Pair {
  readonly client: Recorder;
  readonly server: Recorder;
  /** Carries bytes to and fro until there are none. */
  readonly settle: () => void;
}

/** Two connections that have greeted each other. */
export function connect(clientOptions: Partial<Http2Options> = {}, serverOptions: Partial<Http2Options> = {}): Pair {
  const client = new Recorder('client', clientOptions);
  const server = new Recorder('server', serverOptions);
  const settle = (): void => {
    for (;;) {
      const up = client.sent();
      const down = server.sent();
      if (up.length + down.length === 0) return;
      server.receive(up);
      client.receive(down);
    }
  };
  client.connection.start();
  server.connection.start();
  settle();
  return { client, server, settle };
}

/** A server that has greeted a client written by hand, and what it has sent so far is dropped. */
export function greetedServer(options: Partial<Http2Options> = {}): Recorder {
  const server = new Recorder('server', options);
  server.connection.start();
  server.receive(Buffer.concat([PREFACE_BYTES, EMPTY_SETTINGS, SETTINGS_ACK]));
  server.sent();
  return server;
}

/** Likewise a client. */
export function greetedClient(options: Partial<Http2Options> = {}): Recorder {
  const client = new Recorder('client', options);
  client.connection.start();
  client.receive(Buffer.concat([EMPTY_SETTINGS, SETTINGS_ACK]));
  client.sent();
  return client;
}

export const PREFACE_BYTES = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
export const EMPTY_SETTINGS = Buffer.from('000000040000000000', 'hex');
export const SETTINGS_ACK = Buffer.from('000000040100000000', 'hex');
