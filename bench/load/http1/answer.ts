/** One connection's HTTP: the same request every time, and whether the answer is what the scenario expects: framing, status, length; and on a sample, the body's checksum. */
import { crc32, gunzipSync } from 'node:zlib';
import type { Fault } from '../recorder.ts';
import type { Dialogue } from '../slot.ts';
import { FramingError } from './head.ts';
import { type BodySink, ResponseReader } from './response.ts';

/** One answer in so many is read to the last byte of its body; the first always is. */
const SAMPLE_EVERY = 64;

/**
 * What all connections of a shard have in common: the same request has the same body, whose CRC-32 the job names. Where it does not, the
 * first valid answer stands for all others: then only what changes on the way shows.
 */
export class BodySample {
  /** Answers whose body was read. */
  checked = 0;
  readonly #known: boolean;
  readonly #isCompared: boolean;
  #checksum: number | undefined;
  #asked = 0;

  constructor(checksum?: number | null) {
    this.#isCompared = checksum !== null;
    this.#checksum = checksum ?? undefined;
    this.#known = this.#checksum !== undefined;
  }

  next(): boolean {
    return this.#isCompared && this.#asked++ % SAMPLE_EVERY === 0;
  }

  /** Of an answer that is valid otherwise. */
  judge(checksum: number): Fault | undefined {
    this.checked++;
    this.#checksum ??= checksum;
    if (checksum === this.#checksum) return undefined;
    const other = this.#known ? 'from what the origin sends' : 'from that of the first answer';
    return { kind: 'body', message: `the body differs ${other}` };
  }
}

/** What every valid answer carries; a body of any length where none is named. */
export interface Expectation {
  readonly status: number;
  readonly bodyBytes?: number;
  /** That the body may have. */
  readonly coding?: 'gzip' | undefined;
}

/** RFC 1952 §2.3.1. */
const isGzip = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

export class HttpDialogue implements Dialogue {
  readonly request: Buffer;
  fault: Fault | undefined;
  reusable = true;
  readonly #response: ResponseReader;
  readonly #expect: Expectation;
  readonly #sample: BodySample;
  #checksum = 0;
  /** Of a body that may be coded. */
  readonly #pieces: Buffer[] = [];

  /** `isForeign`: the peer is not ours. */
  constructor(request: Buffer, expect: Expectation, sample: BodySample, isForeign = false) {
    this.request = request;
    this.#response = new ResponseReader(request.toString('latin1', 0, 5) === 'HEAD ', isForeign);
    this.#expect = expect;
    this.#sample = sample;
  }

  begin(): void {
    this.fault = undefined;
    this.#response.begin();
    if (this.#sample.next()) {
      this.#checksum = 0;
      this.#pieces.length = 0;
      this.#response.sink = this.#expect.coding === undefined ? this.#sum : this.#keep;
    } else this.#response.sink = undefined;
  }

  read(bytes: Buffer, length: number): boolean {
    try {
      return this.#response.read(bytes, length) && this.#judge();
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      this.fault = { kind: 'framing', message: error.message };
      this.reusable = false;
      return true;
    }
  }

  end(): boolean {
    return this.#response.end() && this.#judge();
  }

  readonly #sum: BodySink = (bytes, start, end) => {
    this.#checksum = crc32(bytes.subarray(start, end), this.#checksum);
  };

  readonly #keep: BodySink = (bytes, start, end) => void this.#pieces.push(Buffer.from(bytes.subarray(start, end)));

  /** Of the content of a body that may be coded. */
  #judgeDecoded(): Fault | undefined {
    const body = Buffer.concat(this.#pieces);
    try {
      const content = isGzip(body) ? gunzipSync(body) : body;
      if (content.length === this.#expect.bodyBytes) return this.#sample.judge(crc32(content));
      return {
        kind: 'body',
        message: `expected a content of ${this.#expect.bodyBytes} bytes, got ${content.length}`,
      };
    } catch (error) {
      return { kind: 'body', message: `the body is no whole gzip: ${(error as Error).message}` };
    }
  }

  /** Always true: the answer is over. */
  #judge(): true {
    const { head, bodyBytes, sink } = this.#response;
    const { status, bodyBytes: expected, coding } = this.#expect;
    this.reusable = head!.keepAlive;
    if (head!.status !== status) {
      const got = head!.status;
      this.fault = { kind: 'status', status: got, message: `expected status ${status}, got ${got}` };
    } else if (coding === undefined && expected !== undefined && bodyBytes !== expected) {
      this.fault = { kind: 'body', message: `expected a body of ${expected} bytes, got ${bodyBytes}` };
    } else if (sink === this.#keep) this.fault = this.#judgeDecoded();
    else if (sink !== undefined) this.fault = this.#sample.judge(this.#checksum);
    return true;
  }
}
