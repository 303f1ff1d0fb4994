/** One connection's HTTP: the same request every time, and whether the answer is what the scenario expects: framing, status, length; and on a sample, the body's checksum. */
import { crc32 } from 'node:zlib';
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
}

export class HttpDialogue implements Dialogue {
  readonly request: Buffer;
  fault: Fault | undefined;
  reusable = true;
  readonly #response: ResponseReader;
  readonly #expect: Expectation;
  readonly #sample: BodySample;
  #checksum = 0;

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
      this.#response.sink = this.#sum;
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

  /** Always true: the answer is over. */
  #judge(): true {
    const { head, bodyBytes, sink } = this.#response;
    const { status, bodyBytes: expected } = this.#expect;
    this.reusable = head!.keepAlive;
    if (head!.status !== status) {
      const got = head!.status;
      this.fault = { kind: 'status', status: got, message: `expected status ${status}, got ${got}` };
    } else if (expected !== undefined && bodyBytes !== expected) {
      this.fault = { kind: 'body', message: `expected a body of ${expected} bytes, got ${bodyBytes}` };
    } else if (sink !== undefined) this.fault = this.#sample.judge(this.#checksum);
    return true;
  }
}
