/** What `http-fixed` answers, whatever the version of HTTP: the table in `http-fixed.ts`. */
import { FieldSection } from '#proxies/http2/field-section.ts';
import { mulberry32 } from '#proxies/platform/random.ts';
import { ExactDelays } from './exact-delays.ts';

/** Byte i of every `/bytes/N` body is `bodyPattern[i % 64]`. */
export const BODY_PATTERN = 'hopcost:0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST';

const BLOCK_BYTES = 1024 * 1024;
const CACHED_ANSWERS = 256;
const MAX_MILLIS = 600_000;
const MOST_DELAYS = 10_000;
const SMALL_BODY = 'hopcost\n';
const EMPTY = Buffer.alloc(0);

/** Bodies longer than what an answer holds itself go on with this, again and again. */
/**
 * Words as a page has them: what compressors make of the pattern above, no text is like. Seeded, so that every origin sends the same.
 * N bytes of it are what `/text/N` answers, for as long as an hour.
 */
const TEXT_BYTES = 65_536;
const WORDS =
  'a proxy the hop of and to cost it in request that answer is for header with body each one by as connection on latency which second from client an cache origin per header more value when time other its bytes'.split(
    ' ',
  );
const TEXT_FIELDS: Fields = [['Cache-Control', 'public, max-age=3600']];

function text(): Buffer {
  const random = mulberry32(1);
  let words = '';
  while (words.length < TEXT_BYTES) {
    const number = random() < 0.1 ? ` ${Math.floor(random() * 1e6)}` : '';
    words += `${WORDS[Math.floor(random() * WORDS.length)]!}${number}${random() < 0.08 ? '.\n' : ' '}`;
  }
  return Buffer.from(words.slice(0, TEXT_BYTES), 'latin1');
}

export const BLOCK: Buffer = Buffer.from(BODY_PATTERN.repeat(BLOCK_BYTES / BODY_PATTERN.length), 'latin1');

type Fields = readonly (readonly [name: string, value: string])[];

const REASONS = { 200: 'OK', 500: 'Internal Server Error' } as const;

export class Answer {
  readonly status: keyof typeof REASONS;
  /** Its first bytes; `rest` bytes of `BLOCK` follow them. */
  readonly body: Buffer;
  readonly rest: number;
  readonly #fields: Fields;
  #http1: Buffer | undefined;
  #http2: FieldSection | undefined;

  constructor(
    status: keyof typeof REASONS,
    body: Buffer,
    fields: Fields = [],
    { rest = 0, type = 'application/octet-stream' }: { rest?: number; type?: string } = {},
  ) {
    this.status = status;
    this.body = body;
    this.rest = rest;
    const typed: Fields = status === 200 ? [['Content-Type', type]] : [];
    this.#fields = [...typed, ['Content-Length', String(body.length + rest)], ...fields];
  }

  /** Head and body, as HTTP/1.1 has them. */
  get http1(): Buffer {
    return (this.#http1 ??= Buffer.concat([Buffer.from(this.#head()), this.body]));
  }

  /** Of `http1`. */
  get headBytes(): number {
    return this.http1.length - this.body.length;
  }

  /** The head, as HTTP/2 has it. */
  get http2(): FieldSection {
    return (this.#http2 ??= FieldSection.of([
      [':status', String(this.status)],
      ...this.#fields.map(([name, value]) => [name.toLowerCase(), value] as const),
    ]));
  }

  #head(): string {
    const lines = this.#fields.map(([name, value]) => `${name}: ${value}\r\n`);
    return `HTTP/1.1 ${this.status} ${REASONS[this.status]}\r\n${lines.join('')}\r\n`;
  }
}

const textAnswer = (body: string, fields: Fields = []): Answer => new Answer(200, Buffer.from(body), fields);

function bytesAnswer(length: number): Answer {
  const first = Math.min(length, BLOCK_BYTES);
  return new Answer(200, BLOCK.subarray(0, first), [], { rest: length - first });
}

const SERVER_ERROR = new Answer(500, EMPTY);

/** An answer that is due so many milliseconds after its request came: `Answers.wait`. */
export class Delay {
  readonly millis: number;
  /** To some microseconds. */
  readonly isExact: boolean;

  constructor(millis: number, isExact: boolean) {
    this.millis = millis;
    this.isExact = isExact;
  }
}

/** `/delay/5` → 5; undefined for anything else. */
function argument(target: string, prefix: string, max: number): number | undefined {
  if (!target.startsWith(prefix)) return undefined;
  const value = Number(target.slice(prefix.length));
  return Number.isFinite(value) && value >= 0 && value <= max ? value : undefined;
}

const ASLEEP = new Int32Array(new SharedArrayBuffer(4));

function stalled(millis: number): Answer {
  const from = performance.now();
  Atomics.wait(ASLEEP, 0, 0, millis);
  return textAnswer(SMALL_BODY, [['X-Stalled', (performance.now() - from).toFixed(3)]]);
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

export class Answers {
  requests = 0;
  /** Requests for an error so far. */
  #errorsAsked = 0;
  readonly #exact = new ExactDelays();
  #delays: number[] = [];
  #text: Buffer | undefined;
  readonly #small = textAnswer(SMALL_BODY);
  /** Of GET, by target: what is in here is always answered alike. */
  readonly #known = new Map<string, Answer>();
  readonly #nonce: Answer;

  constructor(nonce: string) {
    this.#nonce = textAnswer(nonce);
  }

  /** What a whole request is answered with. HEAD as GET, without the body; but what would change or take its time does neither. */
  answer(method: string, target: string): Answer | Delay {
    if (method !== 'GET') return method === 'HEAD' ? this.#fixed(target) : this.#small;
    return this.#known.get(target) ?? this.#changing(target) ?? this.#learn(target);
  }

  /** Calls `end` with the answer when it is due; what is returned takes it back. */
  wait({ millis, isExact }: Delay, end: (answer: Answer) => void): () => void {
    const came = performance.now();
    if (isExact) {
      return this.#exact.add(came + millis, () => {
        this.#delayed(performance.now() - came);
        end(this.#small);
      });
    }
    let isTakenBack = false;
    // Timers count whole milliseconds of a cached clock and may fire early: what is missing then passes in `setImmediate`.
    const due = (): void => {
      const elapsed = performance.now() - came;
      if (isTakenBack) return;
      if (elapsed < millis) return void setImmediate(due);
      this.#delayed(elapsed);
      end(textAnswer(SMALL_BODY, [['X-Delayed', elapsed.toFixed(3)]]));
    };
    const timer = setTimeout(due, millis);
    return () => {
      isTakenBack = true;
      clearTimeout(timer);
    };
  }

  #changing(target: string): Answer | Delay | undefined {
    const delay = argument(target, '/delay/', MAX_MILLIS);
    if (delay !== undefined) return new Delay(delay, false);
    const exactly = argument(target, '/exactly/', MAX_MILLIS);
    if (exactly !== undefined) return new Delay(exactly, true);
    if (target === '/delayed') return this.#takeDelays();
    const every = argument(target, '/error/', MAX_MILLIS);
    if (every !== undefined) return ++this.#errorsAsked % every === 0 ? SERVER_ERROR : this.#small;
    const burn = argument(target, '/burn/', MAX_MILLIS * 1e3);
    if (burn !== undefined) {
      burnMicros(burn);
      return this.#small;
    }
    const stall = argument(target, '/stall/', MAX_MILLIS);
    return stall === undefined ? undefined : stalled(stall);
  }

  #fixed(target: string): Answer {
    if (target === '/nonce') return this.#nonce;
    const words = argument(target, '/text/', TEXT_BYTES);
    if (words !== undefined)
      return new Answer(200, (this.#text ??= text()).subarray(0, words), TEXT_FIELDS, { type: 'text/plain' });
    const length = argument(target, '/bytes/', Number.MAX_SAFE_INTEGER);
    return length === undefined ? this.#small : bytesAnswer(Math.trunc(length));
  }

  #learn(target: string): Answer {
    const answer = this.#fixed(target);
    if (this.#known.size >= CACHED_ANSWERS) this.#known.clear();
    this.#known.set(target, answer);
    return answer;
  }

  #delayed(millis: number): void {
    if (this.#delays.length < MOST_DELAYS) this.#delays.push(millis);
  }

  #takeDelays(): Answer {
    const answer = textAnswer(JSON.stringify(this.#delays));
    this.#delays = [];
    return answer;
  }
}
