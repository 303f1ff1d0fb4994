/**
 * The origin that HTTP load ends at. Replies are serialised once, so that a small request costs one `read`, one `write` and a
 * map look-up: whatever a hop adds stands out against it.
 *
 * | request | answer |
 * | --- | --- |
 * | `GET /bytes/N` | N bytes of the repeated `bodyPattern` |
 * | `GET /delay/MS` | a small body, MS milliseconds after the request came, never early; `X-Delayed` holds the true figure |
 * | `GET /exactly/MS` | the same to some microseconds, at the price of a core (calibration of times); no `X-Delayed` |
 * | `GET /delayed` | JSON: the true delays of both since last asked, milliseconds, the first 10,000 |
 * | `GET /burn/MICROS` | a small body, after that much of the origin's CPU time (an origin that is dear on purpose) |
 * | `GET /error/N` | a small body; every N-th such request since the start is answered 500 instead (calibration of error counts) |
 * | `GET /stall/MS` | blocks the whole origin for MS milliseconds, then answers; `X-Stalled` holds the true figure (calibration of open loops) |
 * | `GET /nonce` | `options.nonce` |
 * | anything else, uploads too | a small body, once the request was read to its end |
 */
import type { BackendDefinition } from './contract.ts';
import { ExactDelays } from './exact-delays.ts';
import { RequestReader, type RequestHead } from './request-reader.ts';
import { listenStreams, type Stream, type StreamHandler } from './stream.ts';

/** Byte i of every `/bytes/N` body is `bodyPattern[i % 64]`. */
export const BODY_PATTERN = 'hopcost:0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST';

interface Reply {
  readonly bytes: Buffer;
  /** Bytes of the pattern still to follow `bytes`. */
  readonly rest: number;
}

const BLOCK_BYTES = 1024 * 1024;
const CACHED_REPLIES = 256;
const MAX_MILLIS = 600_000;
const MOST_DELAYS = 10_000;
const SMALL_BODY = 'hopcost\n';
const continueBytes = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');
const badRequest = Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');

const serverError: Reply = {
  bytes: Buffer.from('HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n'),
  rest: 0,
};

const block = Buffer.from(BODY_PATTERN.repeat(BLOCK_BYTES / BODY_PATTERN.length), 'latin1');

const headOf = (length: number, fields = '') =>
  `HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${length}\r\n${fields}\r\n`;

const textReply = (body: string, fields = ''): Reply => ({
  bytes: Buffer.from(headOf(Buffer.byteLength(body), fields) + body),
  rest: 0,
});

function bytesReply(length: number): Reply {
  const first = Math.min(length, BLOCK_BYTES);
  return { bytes: Buffer.concat([Buffer.from(headOf(length)), block.subarray(0, first)]), rest: length - first };
}

/** `/delay/5` → 5; undefined for anything else. */
function argument(target: string, prefix: string, max: number): number | undefined {
  if (!target.startsWith(prefix)) return undefined;
  const value = Number(target.slice(prefix.length));
  return Number.isFinite(value) && value >= 0 && value <= max ? value : undefined;
}

const asleep = new Int32Array(new SharedArrayBuffer(4));

function stalled(millis: number): Reply {
  const from = performance.now();
  Atomics.wait(asleep, 0, 0, millis);
  return textReply(SMALL_BODY, `X-Stalled: ${(performance.now() - from).toFixed(3)}\r\n`);
}

/** Of this process' own time: what others take of the core meanwhile does not count. */
function burnMicros(micros: number): void {
  const from = process.threadCpuUsage();
  for (;;) {
    const { user, system } = process.threadCpuUsage(from);
    if (user + system >= micros) return;
    for (let i = 0, x = 0; i < 500; i++) x += Math.sqrt(i);
  }
}

class Origin {
  requests = 0;
  /** Requests for an error so far. */
  errorsAsked = 0;
  readonly exact = new ExactDelays();
  delays: number[] = [];
  readonly #nonce: Reply;
  readonly #small = textReply(SMALL_BODY);
  readonly #replies = new Map<string, Reply>();

  constructor(nonce: string) {
    this.#nonce = textReply(nonce);
  }

  /** The reply to a GET of `target`, from the cache where there is one. */
  reply(target: string): Reply {
    const cached = this.#replies.get(target);
    if (cached) return cached;
    const length = argument(target, '/bytes/', Number.MAX_SAFE_INTEGER);
    const reply =
      target === '/nonce' ? this.#nonce : length !== undefined ? bytesReply(Math.trunc(length)) : this.#small;
    if (this.#replies.size >= CACHED_REPLIES) this.#replies.clear();
    if (reply.bytes.length <= 2 * BLOCK_BYTES) this.#replies.set(target, reply);
    return reply;
  }

  delayed(millis: number): void {
    if (this.delays.length < MOST_DELAYS) this.delays.push(millis);
  }

  takeDelays(): Reply {
    const reply = textReply(JSON.stringify(this.delays));
    this.delays = [];
    return reply;
  }

  get small(): Reply {
    return this.#small;
  }
}

class FixedConnection implements StreamHandler {
  readonly #stream: Stream;
  readonly #origin: Origin;
  readonly #reader = new RequestReader();
  /** Why no further request is answered now: a delay runs, or the client reads slower than we write. */
  #blocked: 'delay' | 'backpressure' | undefined;
  #held: Buffer | undefined;
  #rest = 0;
  #peerEnded = false;
  #closeAfterReply = false;
  #timer: NodeJS.Timeout | undefined;
  #takeBack: (() => void) | undefined;
  #closed = false;

  constructor(stream: Stream, origin: Origin) {
    this.#stream = stream;
    this.#origin = origin;
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
    this.#closed = true;
    clearTimeout(this.#timer);
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
        this.#stream.write(badRequest);
        return this.#stream.end();
      }
      const request = this.#reader.completed;
      if (!request) {
        if (this.#reader.takeExpectation()) this.#stream.write(continueBytes);
        return;
      }
      this.#origin.requests++;
      this.#answer(request);
      if (this.#blocked) return this.#hold(chunk.subarray(at));
      if (request.close) return this.#stream.end();
    }
  }

  #answer(request: RequestHead): void {
    this.#closeAfterReply = request.close;
    if (request.method === 'GET') {
      const delay = argument(request.target, '/delay/', MAX_MILLIS);
      if (delay !== undefined) return this.#delay(delay);
      const exactly = argument(request.target, '/exactly/', MAX_MILLIS);
      if (exactly !== undefined) return this.#exactly(exactly);
      if (request.target === '/delayed') return this.#write(this.#origin.takeDelays());
      const every = argument(request.target, '/error/', MAX_MILLIS);
      if (every !== undefined && ++this.#origin.errorsAsked % every === 0) return this.#write(serverError);
      const burn = argument(request.target, '/burn/', MAX_MILLIS * 1e3);
      if (burn !== undefined) burnMicros(burn);
      const stall = argument(request.target, '/stall/', MAX_MILLIS);
      if (stall !== undefined) return this.#write(stalled(stall));
      return this.#write(this.#origin.reply(request.target));
    }
    if (request.method !== 'HEAD') return this.#write(this.#origin.small);
    const { bytes } = this.#origin.reply(request.target);
    this.#write({ bytes: bytes.subarray(0, bytes.indexOf('\r\n\r\n') + 4), rest: 0 });
  }

  #write(reply: Reply): void {
    let flowing = this.#stream.write(reply.bytes);
    this.#rest = reply.rest;
    while (this.#rest > 0 && flowing) flowing = this.#writeBlock();
    if (!flowing) this.#blocked = 'backpressure';
  }

  #writeBlock(): boolean {
    const length = Math.min(this.#rest, BLOCK_BYTES);
    this.#rest -= length;
    return this.#stream.write(block.subarray(0, length));
  }

  /** Timers count whole milliseconds of a cached clock and may fire early: what is missing then passes in `setImmediate`. */
  #delay(millis: number): void {
    this.#blocked = 'delay';
    const came = performance.now();
    const answer = () => {
      if (this.#closed) return;
      const elapsed = performance.now() - came;
      if (elapsed < millis) return void setImmediate(answer);
      this.#delayed(elapsed, textReply(SMALL_BODY, `X-Delayed: ${elapsed.toFixed(3)}\r\n`));
    };
    this.#timer = setTimeout(answer, millis);
  }

  #exactly(millis: number): void {
    this.#blocked = 'delay';
    const came = performance.now();
    this.#takeBack = this.#origin.exact.add(came + millis, () =>
      this.#delayed(performance.now() - came, this.#origin.small),
    );
  }

  #delayed(elapsed: number, reply: Reply): void {
    this.#takeBack = undefined;
    this.#blocked = undefined;
    this.#origin.delayed(elapsed);
    this.#write(reply);
    if (!this.#blocked) this.#unblock();
  }
}

export const definition: BackendDefinition = {
  name: 'http-fixed',
  protocol: 'http',
  summary: 'HTTP/1.1 origin with pre-serialised replies: /bytes/N, /delay/MS, /stall/MS, /nonce, uploads',
  async start(listener, options, signal) {
    const origin = new Origin(options.nonce ?? '');
    const listening = await listenStreams(listener, options, (stream) => new FixedConnection(stream, origin), signal);
    return {
      address: listening.address,
      counters: () => ({ connections: listening.connections, requests: origin.requests }),
      [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
    };
  },
};
