/**
 * Compresses answers by what the client accepts (RFC 9110 §12.5.3, §8.4): text that is long enough, is not compressed already, is no part
 * and is not marked `no-transform`. The length goes, a strong ETag becomes weak, Vary says why. An answer that came whole is compressed in
 * the calling thread, which costs less than half of what the thread pool does; others as they come, each delivery flushed.
 *
 * @example { "filters": { "compression": { "encodings": ["br", "gzip"], "minBytes": 1024 } } }
 */
import zlib from 'node:zlib';
import { z } from 'zod';
import { compileEdits, type Edits } from '../http/edits.ts';
import type { FieldBlock } from '../http/field-block.ts';
import { HEAD, LENGTH, NO_BODY, type RequestHead, type ResponseHead } from '../http/head.ts';
import { chooseCoding } from './accept-encoding.ts';
import type { ClientSide, ConfiguredFilter, Filter, FilterExchange } from './contract.ts';
import { BytesClient } from './passing.ts';
import { Recent } from './recent.ts';

const CODINGS = ['zstd', 'br', 'gzip'] as const;
type Coding = (typeof CODINGS)[number];

export interface Compression {
  /** Those that are offered, the preferred one first; zstd, br and gzip by default. */
  readonly encodings?: readonly Coding[];
  /** Shorter answers stay as they are, where their length is known; 1,024 by default. */
  readonly minBytes?: number;
  /** Content types, `text/*` for all of a kind; text, JSON, JavaScript, XML, SVG and WebAssembly by default. */
  readonly types?: readonly string[];
}

declare module '../config/intent.ts' {
  interface FilterSettings {
    readonly compression?: Compression;
  }
}

const TYPES = [
  'text/*',
  'application/json',
  'application/javascript',
  'application/xml',
  'application/wasm',
  'application/x-ndjson',
  'image/svg+xml',
];
/** Longer ones go through the thread pool, for nobody else is served meanwhile. */
const MOST_AT_ONCE = 65_536;

type Stream = zlib.Gzip | zlib.BrotliCompress | zlib.ZstdCompress;

interface Coder {
  whole(content: Buffer): Buffer;
  stream(): Stream;
  /** What makes all that was written come out; undefined: the stream's own. */
  readonly flush: number | undefined;
}

const { constants } = zlib;
/** Levels as servers use them for what is made anew each time: fast first. */
const GZIP = { level: 1 };
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } };
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

const CODERS: Readonly<Record<Coding, Coder>> = {
  gzip: {
    whole: (content) => zlib.gzipSync(content, GZIP),
    stream: () => zlib.createGzip(GZIP),
    flush: constants.Z_SYNC_FLUSH,
  },
  br: {
    whole: (content) => zlib.brotliCompressSync(content, BROTLI),
    stream: () => zlib.createBrotliCompress(BROTLI),
    flush: undefined,
  },
  zstd: {
    whole: (content) => zlib.zstdCompressSync(content, ZSTD),
    stream: () => zlib.createZstdCompress(ZSTD),
    flush: undefined,
  },
};

const VARY = compileEdits([{ op: 'add', name: 'Vary', value: 'Accept-Encoding' }])!;

/** Digests tell of the content as it was; ranges of what is made anew are no good. */
const editsOf = (coding: Coding): Edits =>
  compileEdits([
    ...['Content-Encoding', 'Accept-Ranges', 'Content-Digest', 'Repr-Digest', 'Digest', 'Content-MD5'].map((name) => ({
      op: 'remove' as const,
      name,
    })),
    { op: 'add', name: 'Content-Encoding', value: coding },
  ])!;

const EDITS: Readonly<Record<Coding, Edits>> = { gzip: editsOf('gzip'), br: editsOf('br'), zstd: editsOf('zstd') };

/** A whole answer, compressed by a stream. */
class CompressedBody {
  readonly #next: ClientSide;
  readonly #stream: Stream;
  readonly #flushKind: number | undefined;
  #trailers: FieldBlock | undefined;
  /** The compressor has more than it takes at once. */
  #isFull = false;
  #isUnflushed = false;

  constructor(next: ClientSide, coder: Coder, exchange: FilterExchange) {
    this.#next = next;
    this.#stream = coder.stream();
    this.#flushKind = coder.flush;
    exchange.signal.addEventListener('abort', () => this.#stream.destroy());
    this.#stream.on('data', (piece: Buffer) => {
      if (!next.sendBody(piece, 0, piece.length)) this.#stream.pause();
    });
    this.#stream.on('drain', () => {
      this.#isFull = false;
      exchange.resumeResponse();
    });
    this.#stream.on('end', () => next.sendEnd(this.#trailers!));
    this.#stream.on('error', (error) => exchange.fail(error));
  }

  /** False: it has enough. */
  write(content: Buffer): boolean {
    this.#isFull = !this.#stream.write(content);
    this.#isUnflushed = true;
    return !this.#isFull;
  }

  flush(): boolean {
    if (this.#isUnflushed) {
      this.#isUnflushed = false;
      if (this.#flushKind === undefined) this.#stream.flush();
      else this.#stream.flush(this.#flushKind);
    }
    if (!this.#next.flush()) return false;
    this.#stream.resume();
    return !this.#isFull;
  }

  end(trailers: FieldBlock): void {
    this.#trailers = trailers;
    this.#stream.end();
  }
}

class CompressedResponse extends BytesClient {
  readonly #filter: CompressionFilter;
  readonly #request: RequestHead;
  readonly #exchange: FilterExchange;
  readonly #coding: Coding | undefined;
  #body: CompressedBody | undefined;

  constructor(next: ClientSide, filter: CompressionFilter, request: RequestHead, exchange: FilterExchange) {
    super(next);
    this.#filter = filter;
    this.#request = request;
    this.#exchange = exchange;
    this.#coding = filter.codingFor(request.get('accept-encoding'));
  }

  override respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
    const { next } = this;
    if (!this.#filter.suits(head, this.#request.method === HEAD)) return next.respond(head, start, end, complete);
    head.edit(VARY);
    const coding = this.#coding;
    if (coding === undefined) return next.respond(head, start, end, complete);
    head.edit(EDITS[coding]);
    const tag = head.get('etag');
    if (tag !== undefined && !tag.startsWith('W/')) head.set('ETag', `W/${tag}`);
    if (head.body === NO_BODY || !complete || end - start > MOST_AT_ONCE) {
      head.reframe(undefined);
      next.respond(head, start, start, false);
      if (head.body === NO_BODY) return next.flush();
      this.#body = new CompressedBody(next, CODERS[coding], this.#exchange);
      if (end > start) this.#body.write(Buffer.from(head.buffer.subarray(start, end)));
      return this.#body.flush(); // the head waits for no body
    }
    const content = CODERS[coding].whole(head.buffer.subarray(start, end));
    head.reframe(content.length);
    next.respond(head, start, start, false);
    return next.sendBody(content, 0, content.length);
  }

  override sendBody(buffer: Buffer, start: number, end: number): boolean {
    if (this.#body === undefined) return this.next.sendBody(buffer, start, end);
    return this.#body.write(Buffer.from(buffer.subarray(start, end)));
  }

  override flush(): boolean {
    return this.#body?.flush() ?? this.next.flush();
  }

  override sendEnd(trailers: FieldBlock): void {
    if (this.#body === undefined) this.next.sendEnd(trailers);
    else this.#body.end(trailers);
  }
}

class CompressionFilter implements Filter {
  readonly #encodings: readonly Coding[];
  readonly #minBytes: number;
  readonly #types: ReadonlySet<string>;
  /** By Accept-Encoding, of which browsers send a handful. */
  readonly #chosen = new Recent<Coding | 'identity'>(256);

  constructor({ encodings = CODINGS, minBytes = 1024, types = TYPES }: Compression) {
    this.#encodings = encodings;
    this.#minBytes = minBytes;
    this.#types = new Set(types.map((type) => type.toLowerCase()));
  }

  response(side: ClientSide, head: RequestHead, exchange: FilterExchange): ClientSide {
    return new CompressedResponse(side, this, head, exchange);
  }

  codingFor(accepted: string | undefined): Coding | undefined {
    if (accepted === undefined) return undefined;
    let chosen = this.#chosen.get(accepted);
    if (chosen === undefined) {
      chosen = chooseCoding(accepted, this.#encodings) ?? 'identity';
      if (accepted.length <= 256) this.#chosen.set(accepted, chosen);
    }
    return chosen === 'identity' ? undefined : chosen;
  }

  /** Whether an answer is one to compress, for whoever accepts that. */
  suits(head: ResponseHead, isToHead: boolean): boolean {
    const { status, body, contentLength } = head;
    if (status < 200 || status === 204 || status === 206 || status === 304) return false;
    if (body === NO_BODY && !isToHead) return false;
    if ((body === LENGTH || isToHead) && contentLength < this.#minBytes) return false;
    const type = head.get('content-type')?.split(';', 1)[0]!.trim().toLowerCase();
    if (type === undefined || !(this.#types.has(type) || this.#types.has(`${type.split('/', 1)[0]}/*`))) return false;
    if ((head.get('content-encoding') ?? 'identity').toLowerCase() !== 'identity') return false;
    return head.get('content-range') === undefined && !/\bno-transform\b/i.test(head.get('cache-control') ?? '');
  }
}

export const filter: ConfiguredFilter<Compression> = {
  name: 'compression',
  schema: z.strictObject({
    encodings: z.array(z.enum(CODINGS)).min(1).exactOptional(),
    minBytes: z.int().nonnegative().exactOptional(),
    types: z
      .array(z.string().regex(/^[\w.+-]+\/([\w.+-]+|\*)$/, 'expected a content type such as text/html or text/*'))
      .exactOptional(),
  }),
  create: (settings) => new CompressionFilter(settings),
};
