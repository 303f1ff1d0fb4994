/**
 * The recording origin: keeps the raw bytes of every connection, so that a strict reader can judge what a proxy forwarded. It
 * answers with the request's own head, or with the very bytes it is told to:
 *
 * | request | answer |
 * | --- | --- |
 * | `GET /_recorded` | JSON of `Recorded[]`, the connections that asked for it left out |
 * | `GET /_forget` | 200; records so far are dropped |
 * | `GET /nonce` | `options.nonce` |
 * | any method `/_raw/BASE64URL` | the decoded bytes as they are, right after the head; `?then=close` or `?then=reset` ends the connection |
 * | anything else | 200, `text/plain`, body: method and target, once the request was read to its end |
 *
 * With `http2` it speaks HTTP/2, too, as node:http2 does: what records must not share the codec of what is judged.
 */
import type { BackendDefinition, RunningBackend } from './contract.ts';
import { RequestReader, type RequestHead } from './request-reader.ts';
import { Http2Recording } from './http2-echo.ts';
import { RawBytes, type Recorded, Recorder, type Recording } from './recordings.ts';
import { listenStreams, type Stream, type StreamHandler } from './stream.ts';
import { EitherVersion } from './version.ts';

export interface RunningHttpEcho extends RunningBackend {
  recorded(): readonly Recorded[];
  forget(): void;
}

const reply = (body: string, type = 'text/plain') =>
  Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
const continueBytes = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');
const malformed = Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');

class Http1Recording implements StreamHandler, Recording {
  readonly #stream: Stream;
  readonly #origin: Recorder;
  readonly #connection: number;
  readonly #reader = new RequestReader();
  readonly #raw = new RawBytes();
  #requests = 0;
  #state: Recorded['state'] = 'open';
  isPrivate = false;

  constructor(stream: Stream, origin: Recorder, connection: number) {
    this.#stream = stream;
    this.#origin = origin;
    this.#connection = connection;
  }

  recorded(): Recorded {
    return {
      connection: this.#connection,
      raw: this.#raw.text(),
      bytes: this.#raw.total,
      requests: this.#requests,
      state: this.#state,
    };
  }

  onData(chunk: Buffer): void {
    this.#raw.add(chunk);
    if (this.#state === 'malformed') return;
    try {
      for (let at = 0; at < chunk.length;) {
        at = this.#reader.read(chunk, at);
        const request = this.#reader.completed;
        if (request) this.#answer(request);
        else if (this.#reader.takeExpectation()) this.#stream.write(continueBytes);
      }
    } catch {
      this.#state = 'malformed';
      this.#stream.write(malformed);
      this.#stream.end();
    }
  }

  onEnd(): void {
    if (this.#state === 'open') this.#state = 'ended';
    this.#stream.end();
  }

  onClose(): void {
    if (this.#state !== 'malformed') this.#state = 'closed';
  }

  #answer(request: RequestHead): void {
    const { method, target } = request;
    if (target === '/_recorded' || target === '/_forget') {
      this.isPrivate = true;
      if (target === '/_forget') this.#origin.forget();
      this.#stream.write(reply(JSON.stringify(this.#origin.recorded()), 'application/json'));
    } else {
      this.#requests++;
      this.#origin.requests++;
      if (target.startsWith('/_raw/')) return this.#answerRaw(target);
      const whole = reply(target === '/nonce' ? this.#origin.nonce : `${method} ${target}\n`);
      this.#stream.write(method === 'HEAD' ? whole.subarray(0, whole.indexOf('\r\n\r\n') + 4) : whole);
    }
    if (request.close) this.#stream.end();
  }

  #answerRaw(target: string): void {
    const [encoded = '', query = ''] = target.slice('/_raw/'.length).split('?');
    this.#stream.write(Buffer.from(encoded, 'base64url'));
    if (query === 'then=close') this.#stream.end();
    if (query === 'then=reset') this.#stream.reset();
  }
}

export const definition = {
  name: 'http-echo',
  protocol: 'http',
  summary:
    'HTTP origin that records the raw bytes it receives (/_recorded) and answers what it is told to (/_raw/BASE64URL)',
  async start(listener, options, signal): Promise<RunningHttpEcho> {
    const recorder = new Recorder(options.nonce ?? '');
    const http1 = (stream: Stream): StreamHandler =>
      recorder.accept((connection) => new Http1Recording(stream, recorder, connection));
    const http2 = (stream: Stream): StreamHandler =>
      recorder.accept((connection) => new Http2Recording(stream, recorder, connection));
    const accept = options.http2 ? (stream: Stream) => new EitherVersion(stream, http1, http2) : http1;
    const listening = await listenStreams(listener, options, accept, signal);
    return {
      address: listening.address,
      counters: () => ({ connections: listening.connections, requests: recorder.requests }),
      recorded: () => recorder.recorded(),
      forget: () => recorder.forget(),
      [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
    };
  },
} satisfies BackendDefinition;
