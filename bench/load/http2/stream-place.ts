/** One stream at a time of a connection: a request, and whether its answer is what the scenario expects. */
import { crc32 } from 'node:zlib';
import { errorName } from '#proxies/http2/errors.ts';
import type { FieldSection } from '#proxies/http2/field-section.ts';
import { ENDED } from '#proxies/http2/handler.ts';
import type { Http2Stream } from '#proxies/http2/stream.ts';
import type { Instant } from '../clock.ts';
import type { BodySample, Expectation } from '../http1/answer.ts';
import type { Fault, Recorder } from '../recorder.ts';
import type { Place, PlaceOwner } from '../slot.ts';

/** What all places have in common. */
export interface Checks {
  readonly expect: Expectation;
  readonly sample: BodySample;
  /** The status that counts is gRPC's. */
  readonly isGrpc: boolean;
}

/** The connection, as a place sees it. */
interface Streams {
  connect(): Promise<void>;
  request(place: StreamPlace): void;
  /** Its request was given up. */
  cancel(place: StreamPlace): void;
  stop(): void;
}

export class StreamPlace implements Place {
  readonly #streams: Streams;
  readonly #recorder: Recorder;
  readonly #owner: PlaceOwner;
  readonly #checks: Checks;
  busy = false;
  sentAt: Instant = 0;
  #intended: Instant = 0;
  /** While its stream is open; it outlives a request that was abandoned. */
  stream: Http2Stream<StreamPlace> | undefined;
  /** Bytes of the request's body that were sent. */
  bodySent = 0;
  #status = 0;
  /** As trailers say it; undefined: they do not. */
  #grpcStatus: string | undefined;
  #bodyBytes = 0;
  #isSampled = false;
  #checksum = 0;

  constructor(streams: Streams, checks: Checks, recorder: Recorder, owner: PlaceOwner) {
    this.#streams = streams;
    this.#checks = checks;
    this.#recorder = recorder;
    this.#owner = owner;
  }

  connect(): Promise<void> {
    return this.#streams.connect();
  }

  send(at: Instant, intended: Instant): void {
    this.busy = true;
    this.sentAt = at;
    this.#intended = intended;
    this.#status = this.#bodyBytes = this.#checksum = this.bodySent = 0;
    this.#grpcStatus = undefined;
    this.#isSampled = this.#checks.sample.next();
    this.#recorder.began();
    this.#streams.request(this);
  }

  abandon(at: Instant, fault: (sentAt: Instant) => Fault | undefined): void {
    const reason = this.busy ? fault(this.sentAt) : undefined;
    if (reason === undefined) return;
    this.fail(reason, at);
    this.#streams.cancel(this);
  }

  stop(): void {
    this.#streams.stop();
  }

  /** It may send. */
  free(at: Instant): void {
    this.#owner.free(this, at);
  }

  /** Its connection is gone, and it was free. */
  lost(): void {
    this.#owner.lost(this);
  }

  unconnected(fault: Fault, at: Instant, dialedAt: Instant): void {
    this.#owner.unconnected(fault, at, dialedAt);
  }

  takeStatus(status: number): void {
    this.#status = status;
  }

  takeTrailers(section: FieldSection): void {
    if (this.#checks.isGrpc) this.#grpcStatus ??= section.get('grpc-status');
  }

  takeBody(buffer: Buffer, start: number, end: number): void {
    this.#bodyBytes += end - start;
    if (this.#isSampled) this.#checksum = crc32(buffer.subarray(start, end), this.#checksum);
  }

  /** The stream is over; `code` as `Http2Handler.onClose` has it. */
  over(code: number, at: Instant): void {
    this.stream = undefined;
    if (!this.busy) return;
    const fault = this.#judge(code);
    if (fault !== undefined) return this.fail(fault, at);
    this.busy = false;
    this.#recorder.completed(at, this.sentAt, this.#intended);
  }

  fail(fault: Fault, at: Instant): void {
    this.busy = false;
    this.#recorder.failed(fault, at, this.sentAt, this.#intended);
  }

  #judge(code: number): Fault | undefined {
    if (code !== ENDED) return { kind: 'reset', message: `the stream was reset: ${errorName(code)}` };
    const { expect, sample, isGrpc } = this.#checks;
    const status = this.#status;
    if (status !== expect.status)
      return { kind: 'status', status, message: `expected status ${expect.status}, got ${status}` };
    if (isGrpc && this.#grpcStatus !== '0')
      return { kind: 'status', message: `expected grpc-status 0, got ${this.#grpcStatus ?? 'none'}` };
    if (expect.bodyBytes !== undefined && this.#bodyBytes !== expect.bodyBytes)
      return { kind: 'body', message: `expected a body of ${expect.bodyBytes} bytes, got ${this.#bodyBytes}` };
    return this.#isSampled ? sample.judge(this.#checksum) : undefined;
  }
}
