/**
 * An origin whose capacity is known, and which fails as it is told (`Condition`): `slots` requests are served at once, each for `service`
 * milliseconds, and all others wait for their turn; one whose client has gone before it is not served. So a proxy's users see what they would see of a real one, whatever the host can carry.
 *
 * | request | answer |
 * | --- | --- |
 * | `GET /health` | 200 at once; the status, where it fails with one. Counted apart |
 * | `GET /nonce` | `options.nonce`, at once |
 * | anything else | a small body, when it was served |
 */
import type { BackendDefinition, BackendOptions, Condition } from './contract.ts';
import { RequestReader, type RequestHead } from './request-reader.ts';
import { listenStreams, type Stream, type StreamHandler } from './stream.ts';

export const HEALTH = '/health';

const CAPACITY: NonNullable<BackendOptions['capacity']> = { slots: 4, service: 10 };

const answer = (status: string, body: string): Buffer =>
  Buffer.from(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
const SERVED = answer('200 OK', 'hopcost\n');
const BAD_REQUEST = answer('400 Bad Request', '');

const now = (): number => performance.timeOrigin + performance.now();

interface Waiting {
  readonly end: () => void;
  readonly isGone: () => boolean;
}

/** The origin behind all of its connections. */
class Faulty {
  readonly nonce: Buffer;
  readonly streams = new Set<Stream>();
  readonly requests: number[] = [];
  readonly refused: number[] = [];
  #condition: Condition = { kind: 'well' };
  #since = 0;
  #failure: Buffer | undefined;
  readonly #capacity: NonNullable<BackendOptions['capacity']>;
  #busy = 0;
  readonly #waiting: Waiting[] = [];

  constructor({ nonce = '', capacity = CAPACITY }: BackendOptions) {
    this.nonce = answer('200 OK', nonce);
    this.#capacity = capacity;
  }

  steer(condition: Condition): void {
    this.#condition = condition;
    this.#since = performance.now();
    this.#failure = condition.kind === 'failing' ? answer(`${condition.status} Told To`, '') : undefined;
    if (condition.kind === 'refusing') for (const stream of this.streams) stream.reset();
  }

  get isRefusing(): boolean {
    return this.#condition.kind === 'refusing';
  }

  /** Calls `end` with the answer when it is served: at once, or later, unless its client `isGone` by then. */
  serve({ target }: RequestHead, end: (bytes: Buffer) => void, isGone: () => boolean): void {
    if (target === HEALTH) return end(this.#failure ?? SERVED);
    if (target === '/nonce') return end(this.nonce);
    this.requests.push(now());
    if (this.#failure) return end(this.#failure);
    this.#waiting.push({ end: () => end(SERVED), isGone });
    this.#next();
  }

  #next(): void {
    while (this.#busy < this.#capacity.slots && this.#waiting.length > 0) {
      const { end, isGone } = this.#waiting.shift()!;
      if (isGone()) continue;
      this.#busy++;
      setTimeout(() => {
        this.#busy--;
        end();
        this.#next();
      }, this.#capacity.service * this.#factor());
    }
  }

  #factor(): number {
    const condition = this.#condition;
    if (condition.kind === 'slow') return condition.factor;
    if (condition.kind !== 'cold') return 1;
    const left = Math.max(0, 1 - (performance.now() - this.#since) / condition.over);
    return 1 + (condition.factor - 1) * left;
  }
}

class FaultyConnection implements StreamHandler {
  readonly #stream: Stream;
  readonly #origin: Faulty;
  readonly #reader = new RequestReader();
  #isServing = false;
  #held: Buffer = Buffer.alloc(0);
  /** The client sends nothing more. */
  #hasEnded = false;
  #isClosed = false;

  constructor(stream: Stream, origin: Faulty) {
    this.#stream = stream;
    this.#origin = origin;
    origin.streams.add(stream);
    if (!origin.isRefusing) return;
    origin.refused.push(now());
    setImmediate(() => stream.reset()); // not amid its own beginning
  }

  onData(chunk: Buffer): void {
    this.#held = Buffer.concat([this.#held, chunk]);
    this.#read();
  }

  onEnd(): void {
    this.#hasEnded = true;
    if (!this.#isServing) this.#stream.end();
  }

  onClose(): void {
    this.#isClosed = true;
    this.#origin.streams.delete(this.#stream);
  }

  #read(): void {
    if (this.#isServing || this.#held.length === 0) return;
    try {
      this.#held = this.#held.subarray(this.#reader.read(this.#held, 0));
    } catch {
      this.#stream.write(BAD_REQUEST);
      return this.#stream.end();
    }
    const request = this.#reader.completed;
    if (!request) return;
    this.#isServing = true;
    const answered = (bytes: Buffer): void => {
      this.#isServing = false;
      this.#stream.write(bytes);
      if (request.close || this.#hasEnded) this.#stream.end();
      else this.#read();
    };
    this.#origin.serve(request, answered, () => this.#isClosed);
  }
}

export const definition: BackendDefinition = {
  name: 'http-faulty',
  protocol: 'http',
  summary: 'HTTP origin of a known capacity that fails as it is told: what resilience is measured against',
  async start(listener, options, signal) {
    const origin = new Faulty(options);
    const listening = await listenStreams(listener, options, (stream) => new FaultyConnection(stream, origin), signal);
    return {
      address: listening.address,
      counters: () => ({ connections: listening.connections, requests: origin.requests.length }),
      steered: {
        steer: (condition) => origin.steer(condition),
        arrivals: () => ({ requests: origin.requests, refused: origin.refused }),
      },
      [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
    };
  },
};
