/**
 * The origin that HTTP load ends at. Replies are serialised once, so that a small request costs one `read`, one `write` and a
 * map look-up: whatever a hop adds stands out against it.
 *
 * | request | answer |
 * | --- | --- |
 * | `GET /bytes/N` | N bytes of the repeated `bodyPattern` |
 * | `GET /text/N` | N bytes of text, at most 65,536, that a cache may keep for an hour |
 * | `GET /delay/MS` | a small body, MS milliseconds after the request came, never early; `X-Delayed` holds the true figure |
 * | `GET /exactly/MS` | the same to some microseconds, at the price of a core (calibration of times); no `X-Delayed` |
 * | `GET /delayed` | JSON: the true delays of both since last asked, milliseconds, the first 10,000 |
 * | `GET /burn/MICROS` | a small body, after that much of the origin's CPU time (an origin that is dear on purpose) |
 * | `GET /error/N` | a small body; every N-th such request since the start is answered 500 instead (calibration of error counts) |
 * | `GET /stall/MS` | blocks the whole origin for MS milliseconds, then answers; `X-Stalled` holds the true figure (calibration of open loops) |
 * | `GET /nonce` | `options.nonce` |
 * | anything else, uploads too | a small body, once the request was read to its end |
 *
 * With `http2` it speaks HTTP/2 on the same port, too: by ALPN over TLS, and to whoever begins so in the clear.
 */
import { type Answer, Answers, BLOCK, Delay } from './fixed-answers.ts';
import type { BackendDefinition } from './contract.ts';
import { fixedHttp2 } from './http2-fixed.ts';
import { RequestReader, type RequestHead } from './request-reader.ts';
import { listenStreams, type Stream, type StreamHandler } from './stream.ts';
import { EitherVersion } from './version.ts';

const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');
const BAD_REQUEST = Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');

class FixedConnection implements StreamHandler {
  readonly #stream: Stream;
  readonly #answers: Answers;
  readonly #reader = new RequestReader();
  /** Why no further request is answered now: a delay runs, or the client reads slower than we write. */
  #blocked: 'delay' | 'backpressure' | undefined;
  #held: Buffer | undefined;
  #rest = 0;
  #peerEnded = false;
  #closeAfterReply = false;
  #takeBack: (() => void) | undefined;

  constructor(stream: Stream, answers: Answers) {
    this.#stream = stream;
    this.#answers = answers;
  }

  onData(chunk: Buffer): void {
    if (this.#blocked) this.#hold(chunk);
    else this.#serve(chunk, 0);
  }

  onEnd(): void {
    this.#peerEnded = true;
    if (!this.#blocked) this.#stream.end();
  }

  onDrain(): void {
    if (this.#blocked !== 'backpressure') return;
    while (this.#rest > 0) if (!this.#writeBlock()) return;
    this.#unblock();
  }

  onClose(): void {
    this.#takeBack?.();
  }

  #hold(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#held = this.#held ? Buffer.concat([this.#held, bytes]) : Buffer.from(bytes);
    this.#stream.pause();
  }

  #unblock(): void {
    this.#blocked = undefined;
    if (this.#closeAfterReply) return this.#stream.end();
    const held = this.#held;
    this.#held = undefined;
    if (held) {
      this.#stream.resume();
      this.#serve(held, 0);
    }
    if (this.#peerEnded && !this.#blocked) this.#stream.end();
  }

  #serve(chunk: Buffer, offset: number): void {
    for (let at = offset; at < chunk.length;) {
      try {
        at = this.#reader.read(chunk, at);
      } catch {
        this.#stream.write(BAD_REQUEST);
        return this.#stream.end();
      }
      const request = this.#reader.completed;
      if (!request) {
        if (this.#reader.takeExpectation()) this.#stream.write(CONTINUE);
        return;
      }
      this.#answers.requests++;
      this.#answer(request);
      if (this.#blocked) return this.#hold(chunk.subarray(at));
      if (request.close) return this.#stream.end();
    }
  }

  #answer(request: RequestHead): void {
    this.#closeAfterReply = request.close;
    const answer = this.#answers.answer(request.method, request.target);
    if (answer instanceof Delay) {
      this.#blocked = 'delay';
      this.#takeBack = this.#answers.wait(answer, (due) => this.#due(due));
    } else this.#write(answer, request.method === 'HEAD');
  }

  #due(answer: Answer): void {
    this.#takeBack = undefined;
    this.#blocked = undefined;
    this.#write(answer, false);
    if (!this.#blocked) this.#unblock();
  }

  #write(answer: Answer, isHead: boolean): void {
    const { http1 } = answer;
    let flowing = this.#stream.write(isHead ? http1.subarray(0, answer.headBytes) : http1);
    this.#rest = isHead ? 0 : answer.rest;
    while (this.#rest > 0 && flowing) flowing = this.#writeBlock();
    if (!flowing) this.#blocked = 'backpressure';
  }

  #writeBlock(): boolean {
    const length = Math.min(this.#rest, BLOCK.length);
    this.#rest -= length;
    return this.#stream.write(BLOCK.subarray(0, length));
  }
}

export const definition: BackendDefinition = {
  name: 'http-fixed',
  protocol: 'http',
  summary: 'HTTP origin with pre-serialised replies: /bytes/N, /delay/MS, /stall/MS, /nonce, uploads',
  async start(listener, options, signal) {
    const answers = new Answers(options.nonce ?? '');
    const http1 = (stream: Stream): StreamHandler => new FixedConnection(stream, answers);
    const http2 = (stream: Stream): StreamHandler => fixedHttp2(stream, answers);
    const accept = options.http2 ? (stream: Stream) => new EitherVersion(stream, http1, http2) : http1;
    const listening = await listenStreams(listener, options, accept, signal);
    return {
      address: listening.address,
      counters: () => ({ connections: listening.connections, requests: answers.requests }),
      [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
    };
  },
};
