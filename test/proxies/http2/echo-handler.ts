/**
 * A server's handler for tests: answers with what it was sent. `/pattern/N` gives N bytes, `/fields` the request's own fields as JSON,
 * `/early` a 103 first, `/trailers` trailers; anything else the body, or `hello` where there was none.
 */
import type { Http2Connection } from '#proxies/http2/connection.ts';
import type { FieldSection } from '#proxies/http2/field-section.ts';
import type { Http2Handler } from '#proxies/http2/handler.ts';
import type { MessageHead } from '#proxies/http2/message.ts';
import type { Http2Stream } from '#proxies/http2/stream.ts';
import { sectionOf } from './hpack-streams.ts';

export interface Exchange {
  readonly path: string;
  readonly isHead: boolean;
  readonly fields: [string, string][];
  readonly body: Buffer[];
  /** Of the answer's body, what was not taken yet. */
  rest: Buffer;
  trailers: FieldSection | undefined;
}

const EMPTY = Buffer.alloc(0);
const fields = (...pairs: [string, string][]): FieldSection =>
  sectionOf(pairs.map(([name, value]) => [name, value, false]));

export class EchoHandler implements Http2Handler<Exchange> {
  readonly closed: [id: number, code: number][] = [];
  readonly refused: string[] = [];
  failure: Error | undefined;
  readonly #connection: () => Http2Connection<Exchange>;
  readonly #output: () => void;
  readonly #end: () => void;

  constructor(wire: { readonly connection: Http2Connection<Exchange>; schedule(): void; end(): void }) {
    this.#connection = () => wire.connection;
    this.#output = () => wire.schedule();
    this.#end = () => wire.end();
  }

  onHeaders(stream: Http2Stream<Exchange>, head: MessageHead, isEnd: boolean): void {
    stream.owner = {
      path: head.path,
      isHead: head.method === 'HEAD',
      fields: head.section.entries(),
      body: [],
      rest: EMPTY,
      trailers: undefined,
    };
    if (isEnd) this.#answer(stream);
  }

  onData(stream: Http2Stream<Exchange>, buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    stream.owner!.body.push(Buffer.from(buffer.subarray(start, end)));
    this.#connection().consume(stream, end - start);
    if (isEnd) this.#answer(stream);
  }

  onTrailers(stream: Http2Stream<Exchange>, trailers: FieldSection): void {
    stream.owner!.fields.push(...trailers.entries());
    this.#answer(stream);
  }

  onWritable(stream: Http2Stream<Exchange>): void {
    const exchange = stream.owner!;
    const connection = this.#connection();
    const isLast = exchange.trailers === undefined;
    const sent = connection.sendData(stream, exchange.rest, 0, exchange.rest.length, isLast);
    exchange.rest = exchange.rest.subarray(sent);
    if (exchange.rest.length === 0 && !isLast) connection.sendHeaders(stream, exchange.trailers!, true);
  }

  onClose(stream: Http2Stream<Exchange>, code: number): void {
    this.closed.push([stream.id, code]);
  }

  onOutput(): void {
    this.#output();
  }

  onRefused(streamId: number, _code: number, reason: string): void {
    this.refused.push(`${streamId}: ${reason}`);
  }

  onDrained(): void {
    this.#end();
  }

  onFailure(error: Error): void {
    this.failure = error;
    this.#end();
  }

  #answer(stream: Http2Stream<Exchange>): void {
    const exchange = stream.owner!;
    const connection = this.#connection();
    const { path } = exchange;
    if (path === '/early')
      connection.sendHeaders(stream, fields([':status', '103'], ['link', '</a>; rel=preload']), false);
    const [, pattern] = /^\/pattern\/(\d+)$/.exec(path) ?? [];
    if (pattern !== undefined) exchange.rest = Buffer.alloc(Number(pattern), '0123456789abcdef');
    else if (path === '/fields') exchange.rest = Buffer.from(JSON.stringify(exchange.fields));
    else exchange.rest = exchange.body.length > 0 ? Buffer.concat(exchange.body) : Buffer.from('hello');
    if (path === '/trailers') exchange.trailers = fields(['grpc-status', '0'], ['x-checksum', 'abc']);
    const head = fields([':status', '200'], ['content-length', String(exchange.rest.length)]);
    connection.sendHeaders(stream, head, exchange.isHead);
    if (!exchange.isHead) this.onWritable(stream);
  }
}
