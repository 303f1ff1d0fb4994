/**
 * The origin that gRPC load ends at. A message is whatever bytes it is: no schema is asked for, and none is needed to carry one.
 *
 * | method | answer |
 * | --- | --- |
 * | `/hopcost.Echo/Unary` | the message that came |
 * | `/hopcost.Echo/Collect` | one message: how many bytes of messages came, in decimals |
 * | `/hopcost.Echo/Repeat` | as many messages as the one that came says in decimals: 0, 1, 2, … |
 * | `/hopcost.Echo/Chat` | each message as it comes |
 * | `/hopcost.Echo/Fail` | status 9 by trailers alone, and its message in UTF-8 |
 * | `/hopcost.Echo/Wait` | none: status 4 when the deadline is over (`grpc-timeout`) |
 * | any other | status 12 |
 * | `GET /nonce`, which is no gRPC | `options.nonce` |
 *
 * Speaks HTTP/2 alone, by the codec that the proxies have too; over TLS by ALPN.
 */
import { NO_ERROR } from '#proxies/http2/errors.ts';
import { FieldSection } from '#proxies/http2/field-section.ts';
import type { Http2Handler } from '#proxies/http2/handler.ts';
import type { MessageHead } from '#proxies/http2/message.ts';
import type { Http2Stream } from '#proxies/http2/stream.ts';
import type { BackendDefinition } from './contract.ts';
import { MessageCounter, messageOf, timeoutOf } from './grpc-messages.ts';
import { Http2Wire } from './http2-wire.ts';
import { listenStreams, type Stream } from './stream.ts';

const OK = 0;
const RESOURCE_EXHAUSTED = 8;
const DEADLINE_EXCEEDED = 4;
const FAILED_PRECONDITION = 9;
const UNIMPLEMENTED = 12;
const INTERNAL = 13;

const TYPE = ['content-type', 'application/grpc'] as const;
const HEAD = FieldSection.of([[':status', '200'], TYPE]);
const TRAILERS_OK = FieldSection.of([['grpc-status', String(OK)]]);
/** 'wie gewünscht', percent-encoded as `grpc-message` is. */
const AS_ASKED = 'wie gew%C3%BCnscht';

const EMPTY = Buffer.alloc(0);
/** Bytes of one request that are kept until it is whole, as gRPC's own limit of a message is. */
const MOST_BYTES = 4 * 1_024 * 1_024;
const MOST_REPEATS = 100_000;

/** What is done with content as it comes: kept until all is there, passed back, or counted. */
const METHODS: Readonly<Record<string, 'keep' | 'echo' | 'count' | undefined>> = {
  '/hopcost.Echo/Unary': 'keep',
  '/hopcost.Echo/Repeat': 'keep',
  '/hopcost.Echo/Chat': 'echo',
  '/hopcost.Echo/Collect': 'count',
  '/hopcost.Echo/Fail': 'count',
  '/hopcost.Echo/Wait': 'count',
};

class Call {
  readonly path: string;
  readonly counter = new MessageCounter();
  /** The request, where it is kept; then what is left of the answer. */
  bytes: Buffer = EMPTY;
  hasHead = false;
  /** All was said but what is in `bytes`. */
  isEnding = false;
  deadline: NodeJS.Timeout | undefined;

  constructor(path: string) {
    this.path = path;
  }
}

type CallStream = Http2Stream<Call>;

class EchoHandler implements Http2Handler<Call> {
  readonly #wire: Http2Wire<Call>;
  readonly #counts: { requests: number };
  readonly #nonce: string;

  constructor(wire: Http2Wire<Call>, counts: { requests: number }, nonce: string) {
    this.#wire = wire;
    this.#counts = counts;
    this.#nonce = nonce;
  }

  onHeaders(stream: CallStream, { method, path, section }: MessageHead, isEnd: boolean): void {
    this.#counts.requests++;
    const call = (stream.owner = new Call(path));
    if (method !== 'POST') return this.#answerPlain(stream, path);
    if (METHODS[path] === undefined) return this.#fail(stream, UNIMPLEMENTED, `${path} is not here`);
    const timeout = timeoutOf(section.get('grpc-timeout'));
    if (timeout !== undefined)
      call.deadline = setTimeout(() => this.#fail(stream, DEADLINE_EXCEEDED, 'Deadline Exceeded'), timeout);
    if (isEnd) this.#finish(stream);
  }

  onData(stream: CallStream, buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    const call = stream.owner!;
    call.counter.add(buffer, start, end);
    this.#wire.connection.consume(stream, end - start);
    const how = METHODS[call.path];
    if (call.isEnding || how === undefined) return;
    if (how === 'echo') this.#send(stream, buffer.subarray(start, end));
    else if (how === 'keep') {
      // Most requests come in one piece: nothing of those is copied.
      const isWhole = isEnd && call.bytes.length === 0;
      const piece = buffer.subarray(start, end);
      call.bytes = isWhole ? piece : Buffer.concat([call.bytes, piece]);
      if (call.bytes.length > MOST_BYTES)
        return this.#fail(stream, RESOURCE_EXHAUSTED, `a message of more than ${MOST_BYTES} bytes`);
    }
    if (isEnd) this.#finish(stream);
  }

  onTrailers(stream: CallStream): void {
    this.#finish(stream);
  }

  onWritable(stream: CallStream): void {
    const call = stream.owner!;
    const { bytes } = call;
    call.bytes = bytes.subarray(this.#wire.connection.sendData(stream, bytes, 0, bytes.length, false));
    if (call.bytes.length === 0 && call.isEnding) this.#wire.connection.sendHeaders(stream, TRAILERS_OK, true);
  }

  onClose(stream: CallStream): void {
    clearTimeout(stream.owner?.deadline);
  }

  onOutput(): void {
    this.#wire.schedule();
  }

  onDrained(): void {
    this.#wire.end();
  }

  onFailure(): void {
    this.#wire.end();
  }

  #finish(stream: CallStream): void {
    const call = stream.owner!;
    const { counter, path, bytes } = call;
    if (call.isEnding) return;
    if (!counter.isWhole) return this.#fail(stream, INTERNAL, 'the last message is not whole');
    if (METHODS[path] === 'keep' && counter.messages !== 1)
      return this.#fail(stream, INTERNAL, `expected one message, got ${counter.messages}`);
    if (path === '/hopcost.Echo/Wait') return;
    if (path === '/hopcost.Echo/Fail') return this.#fail(stream, FAILED_PRECONDITION, AS_ASKED);
    if (path === '/hopcost.Echo/Chat') return this.#end(stream, EMPTY);
    call.bytes = EMPTY;
    if (path === '/hopcost.Echo/Unary') this.#end(stream, bytes);
    else if (path === '/hopcost.Echo/Collect') this.#end(stream, messageOf(String(counter.bytes)));
    else this.#end(stream, repeated(bytes));
  }

  /** The last of the answer, and status 0. */
  #end(stream: CallStream, bytes: Buffer): void {
    const call = stream.owner!;
    clearTimeout(call.deadline);
    this.#send(stream, bytes);
    call.isEnding = true;
    if (call.bytes.length === 0) this.#wire.connection.sendHeaders(stream, TRAILERS_OK, true);
  }

  #send(stream: CallStream, bytes: Buffer): void {
    const call = stream.owner!;
    const { connection } = this.#wire;
    if (!call.hasHead) connection.sendHeaders(stream, HEAD, false);
    call.hasHead = true;
    const taken =
      call.bytes.length > 0 || bytes.length === 0 ? 0 : connection.sendData(stream, bytes, 0, bytes.length, false);
    if (taken < bytes.length) call.bytes = Buffer.concat([call.bytes, bytes.subarray(taken)]);
  }

  /** By trailers alone, where there is no head yet. */
  #fail(stream: CallStream, status: number, message: string): void {
    const call = stream.owner!;
    clearTimeout(call.deadline);
    const told = [['grpc-status', String(status)] as const, ['grpc-message', message] as const];
    const section = FieldSection.of(call.hasHead ? told : [[':status', '200'], TYPE, ...told]);
    call.isEnding = true;
    call.bytes = EMPTY;
    this.#wire.connection.sendHeaders(stream, section, true);
    this.#wire.connection.reset(stream, NO_ERROR); // what is still to come of the request is of no use
  }

  #answerPlain(stream: CallStream, path: string): void {
    const { connection } = this.#wire;
    stream.owner!.isEnding = true;
    const isNonce = path === '/nonce';
    const body = Buffer.from(isNonce ? this.#nonce : '');
    const length = String(body.length);
    const status = isNonce ? '200' : '404';
    connection.sendHeaders(
      stream,
      FieldSection.of([
        [':status', status],
        ['content-length', length],
      ]),
      body.length === 0,
    );
    // A nonce is shorter than any window.
    if (body.length > 0) connection.sendData(stream, body, 0, body.length, true);
  }
}

function repeated(request: Buffer): Buffer {
  const count = Math.min(MOST_REPEATS, Number(request.toString('latin1', 5)) || 0);
  return Buffer.concat(Array.from({ length: count }, (_, at) => messageOf(String(at))));
}

export const definition: BackendDefinition = {
  name: 'grpc-echo',
  protocol: 'http',
  summary: 'gRPC origin over HTTP/2: unary, both streamings, deadlines, errors by trailers',
  async start(listener, options, signal) {
    const counts = { requests: 0 };
    const accept = (stream: Stream): Http2Wire<Call> =>
      new Http2Wire<Call>(stream, (wire) => new EchoHandler(wire, counts, options.nonce ?? ''));
    const listening = await listenStreams(listener, { ...options, http2: true }, accept, signal);
    return {
      address: listening.address,
      counters: () => ({ connections: listening.connections, requests: counts.requests }),
      [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
    };
  },
};
