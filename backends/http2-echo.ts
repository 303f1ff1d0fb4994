/**
 * `http-echo` over HTTP/2: node's own implementation reads and answers, so that a proxy is not judged by the codec that it uses. The
 * raw bytes are kept before it sees them.
 */
import http2 from 'node:http2';
import { Duplex } from 'node:stream';
import {
  MAX_RECORDED_BYTES,
  RawBytes,
  type Recorded,
  type RecordedMessage,
  type Recorder,
  type Recording,
} from './recordings.ts';
import type { Stream, StreamHandler } from './stream.ts';

type Pairs = readonly (readonly [name: string, value: string])[];

/** Names and values as they came, in their order. */
const pairsOf = (raw: readonly string[]): Pairs =>
  Array.from({ length: raw.length / 2 }, (_, at) => [raw[at * 2]!, raw[at * 2 + 1]!]);

interface OpenMessage extends RecordedMessage {
  body: string;
  trailers: Pairs;
  state: RecordedMessage['state'];
}

export class Http2Recording implements StreamHandler, Recording {
  isPrivate = false;
  readonly #stream: Stream;
  readonly #recorder: Recorder;
  readonly #connection: number;
  readonly #raw = new RawBytes();
  readonly #duplex: Duplex;
  readonly #messages: OpenMessage[] = [];
  #requests = 0;
  #state: Recorded['state'] = 'open';
  #written: (() => void) | undefined;

  constructor(stream: Stream, recorder: Recorder, connection: number) {
    this.#stream = stream;
    this.#recorder = recorder;
    this.#connection = connection;
    this.#duplex = new Duplex({
      read: () => stream.resume(),
      write: (chunk: Buffer, _encoding, done: () => void) => {
        if (stream.write(chunk)) done();
        else this.#written = done;
      },
      final: (done: () => void) => {
        stream.end();
        done();
      },
      destroy: (_error, done) => {
        stream.destroy();
        done(null);
      },
    });
    const session = http2.performServerHandshake(this.#duplex, { maxSessionInvalidFrames: 1 });
    session.on('error', () => (this.#state = 'malformed'));
    session.on('stream', (request, _headers, _flags, raw) => this.#onRequest(request, pairsOf(raw)));
  }

  recorded(): Recorded {
    return {
      connection: this.#connection,
      raw: this.#raw.text(),
      bytes: this.#raw.total,
      requests: this.#requests,
      state: this.#state,
      messages: this.#messages,
    };
  }

  onData(chunk: Buffer): void {
    this.#raw.add(chunk);
    if (!this.#duplex.push(Buffer.from(chunk))) this.#stream.pause();
  }

  onEnd(): void {
    if (this.#state === 'open') this.#state = 'ended';
    this.#duplex.push(null);
  }

  onDrain(): void {
    const done = this.#written;
    this.#written = undefined;
    done?.();
  }

  onClose(): void {
    if (this.#state !== 'malformed') this.#state = 'closed';
    this.#duplex.destroy();
  }

  #onRequest(request: http2.ServerHttp2Stream, fields: Pairs): void {
    const message: OpenMessage = { fields, body: '', trailers: [], state: 'open' };
    const value = (name: string): string => fields.find(([field]) => field === name)?.[1] ?? '';
    this.#messages.push(message);
    request.setEncoding('latin1');
    request.on('data', (text: string) => {
      if (message.body.length < MAX_RECORDED_BYTES) message.body += text;
    });
    request.on('trailers', (_trailers, _flags, raw: string[]) => (message.trailers = pairsOf(raw)));
    request.on('error', () => {});
    request.on('close', () => {
      if (message.state === 'open') message.state = `reset ${request.rstCode}`;
    });
    request.on('end', () => {
      if (request.aborted) return;
      message.state = 'ended';
      this.#answer(request, value(':method'), value(':path'));
    });
  }

  #answer(request: http2.ServerHttp2Stream, method: string, target: string): void {
    if (target === '/_recorded' || target === '/_forget') {
      this.isPrivate = true;
      if (target === '/_forget') this.#recorder.forget();
      return reply(request, JSON.stringify(this.#recorder.recorded()), 'application/json');
    }
    this.#requests++;
    this.#recorder.requests++;
    if (target.startsWith('/_raw/')) return this.#answerRaw(target);
    reply(request, target === '/nonce' ? this.#recorder.nonce : `${method} ${target}\n`);
  }

  /** The bytes go out as they are, between two frames of node's. */
  #answerRaw(target: string): void {
    const [encoded = '', query = ''] = target.slice('/_raw/'.length).split('?');
    this.#stream.write(Buffer.from(encoded, 'base64url'));
    if (query === 'then=close') this.#stream.end();
    if (query === 'then=reset') this.#stream.reset();
  }
}

function reply(request: http2.ServerHttp2Stream, body: string, type = 'text/plain'): void {
  if (request.destroyed) return;
  request.respond({ ':status': 200, 'content-type': type, 'content-length': Buffer.byteLength(body) });
  request.end(body);
}
