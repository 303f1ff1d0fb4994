/**
 * One connection and the places of its streams. It comes back when it is lost, as a slot of HTTP/1.1 does; where each request has a
 * connection of its own, it is made for the request and left to be closed by the peer.
 */
import { CANCEL, REFUSED_STREAM } from '#proxies/http2/errors.ts';
import { Http2Connection } from '#proxies/http2/connection.ts';
import { ENDED, type Http2Handler } from '#proxies/http2/handler.ts';
import type { FieldSection } from '#proxies/http2/field-section.ts';
import type { MessageHead } from '#proxies/http2/message.ts';
import type { Wire } from '#proxies/http2/sender.ts';
import type { Http2Stream } from '#proxies/http2/stream.ts';
import { Backoff } from '../backoff.ts';
import type { Instant } from '../clock.ts';
import type { Fault, Recorder } from '../recorder.ts';
import type { PlaceOwner } from '../slot.ts';
import type { Dialer } from '../socket/dialer.ts';
import type { Link, LinkHandler } from '../socket/link.ts';
import type { Request } from './request.ts';
import { type Checks, StreamPlace } from './stream-place.ts';

const SWEEP_EVERY = 50;
/** The generator takes whatever comes: windows shall not be what is measured. */
const OPTIONS = { streamWindow: 4 * 1_048_576, connectionWindow: 64 * 1_048_576, headerListBytes: 1_048_576 };

const CUT_SHORT: Fault = { kind: 'reset', message: 'connection closed before the answer was whole' };
const FULL: Fault = { kind: 'reset', message: 'the connection takes no more streams' };
const TIMED_OUT: Fault = { kind: 'timeout', message: 'no answer in time' };

export interface CarrierSpec {
  readonly request: Request;
  readonly checks: Checks;
  readonly streams: number;
  readonly perRequest: boolean;
  /** Milliseconds from the send to the end of the answer. */
  readonly timeout: number;
  /** By ALPN; undefined: by prior knowledge. */
  readonly protocol: string | undefined;
}

export class Carrier implements LinkHandler, Wire, Http2Handler<StreamPlace> {
  readonly places: readonly StreamPlace[];
  readonly #spec: CarrierSpec;
  readonly #dialer: Dialer;
  readonly #recorder: Recorder;
  readonly #backoff = new Backoff();
  #link: Link | undefined;
  #connection: Http2Connection<StreamPlace> | undefined;
  /** The peer has greeted, and does not go away: places are told that they are free. */
  #isReady = false;
  /** The peer has greeted. */
  #isGreeted = false;
  /** Their requests were not processed, as the peer said that went away: the next connection begins with them. */
  #unprocessed: StreamPlace[] = [];
  /** The instant of what is read now. */
  #at: Instant = 0;
  #isReading = false;
  #isScheduled = false;
  #connecting: Promise<void> | undefined;
  readonly #sweeper: NodeJS.Timeout;
  #tried: (() => void) | undefined;

  constructor(spec: CarrierSpec, dialer: Dialer, recorder: Recorder, owner: PlaceOwner) {
    this.#spec = spec;
    this.#dialer = dialer;
    this.#recorder = recorder;
    this.places = Array.from({ length: spec.streams }, () => new StreamPlace(this, spec.checks, recorder, owner));
    this.#sweeper = setInterval(() => this.#sweep(performance.now()), SWEEP_EVERY);
  }

  // What places ask for.

  /** Resolves after the first attempt, whatever came of it. */
  connect(): Promise<void> {
    return (this.#connecting ??= new Promise((resolve) => {
      this.#tried = resolve;
      this.#again(performance.now());
    }));
  }

  request(place: StreamPlace): void {
    if (this.#spec.perRequest) this.#link = this.#dialer.dial(this);
    else this.#open(place);
  }

  cancel(place: StreamPlace): void {
    if (this.#spec.perRequest) this.#restart(performance.now());
    else if (place.stream !== undefined) this.#connection?.reset(place.stream, CANCEL);
  }

  stop(): void {
    clearInterval(this.#sweeper);
    this.#backoff.stop();
    this.#link?.destroy();
  }

  // What the link tells.

  onOpen(at: Instant): void {
    const { protocol, perRequest } = this.#spec;
    const spoken = this.#link!.protocol;
    if (protocol !== undefined && spoken !== protocol) {
      this.#link!.destroy();
      return this.onFault({ kind: 'tls', message: `expected ALPN ${protocol}, got ${spoken ?? 'none'}` });
    }
    this.#at = at;
    this.#connection = new Http2Connection<StreamPlace>('client', this, this, OPTIONS);
    this.#connection.start();
    if (perRequest) this.#open(this.places[0]!);
    this.#connection.flush();
  }

  onBytes(bytes: Buffer, length: number): void {
    this.#at = performance.now();
    this.#recorder.read(this.#at, length);
    const connection = this.#connection!;
    this.#isReading = true;
    connection.receive(bytes, 0, length);
    this.#isReading = false;
    connection.flush();
  }

  onDrain(): void {
    this.#connection?.drained();
  }

  onEnd(): void {
    this.#link?.destroy();
    this.onFault(CUT_SHORT);
  }

  /** The link is gone, and everything with it. */
  onFault(fault: Fault): void {
    const at = performance.now();
    const link = this.#link;
    const wasReady = this.#isReady;
    const wasGreeted = this.#isGreeted;
    let isBusy = false;
    this.#unprocessed = [];
    this.#isReady = false;
    for (const place of this.places) {
      if (place.busy) {
        isBusy = true;
        place.fail(fault, at);
      } else if (wasReady) place.lost();
    }
    this.#forget();
    this.#tried?.();
    if (!isBusy && link !== undefined && !wasGreeted) this.places[0]!.unconnected(fault, at, link.dialedAt);
    else if (!isBusy && fault !== CUT_SHORT) this.#recorder.note(fault); // FIN between two requests is the peer's right
    this.#backoff.retry((then) => this.#again(then), at);
  }

  // What the connection tells.

  onSettings(): void {
    this.#tried?.();
    if (this.#isReady || this.#spec.perRequest) return;
    this.#isGreeted = this.#isReady = true;
    const { maxConcurrentStreams } = this.#connection!.peerSettings;
    if (maxConcurrentStreams < this.places.length)
      this.#recorder.note({ kind: 'reset', message: `the peer allows ${maxConcurrentStreams} streams at once only` });
    const again = this.#unprocessed;
    this.#unprocessed = [];
    for (const place of again) if (place.busy) this.#open(place);
    for (const place of this.places.slice(0, maxConcurrentStreams)) if (!place.busy) place.free(this.#at);
  }

  onHeaders(stream: Http2Stream<StreamPlace>, { status, section }: MessageHead): void {
    if (status < 200) return;
    stream.owner!.takeStatus(status);
    stream.owner!.takeTrailers(section); // an answer by gRPC may be nothing but its trailers
  }

  onData(stream: Http2Stream<StreamPlace>, buffer: Buffer, start: number, end: number): void {
    stream.owner!.takeBody(buffer, start, end);
    this.#connection!.consume(stream, end - start);
  }

  onTrailers(stream: Http2Stream<StreamPlace>, trailers: FieldSection): void {
    stream.owner!.takeTrailers(trailers);
  }

  onWritable(stream: Http2Stream<StreamPlace>): void {
    const place = stream.owner!;
    const { body } = this.#spec.request;
    place.bodySent += this.#connection!.sendData(stream, body, place.bodySent, body.length, true);
  }

  onClose(stream: Http2Stream<StreamPlace>, code: number): void {
    const place = stream.owner!;
    if (code === REFUSED_STREAM && place.busy && this.#isGreeted && !this.#isReady) {
      place.stream = undefined;
      this.#unprocessed.push(place);
      return;
    }
    const at = this.#isReading ? this.#at : performance.now();
    place.over(code, at);
    if (code === ENDED) this.#backoff.reset();
    if (this.#isReady) place.free(at);
    else if (this.#spec.perRequest) this.#retire(code, at);
  }

  onOutput(): void {
    if (this.#isReading || this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#connection?.flush();
    });
  }

  /** What is under way ends here; then there is another connection. */
  onGoaway(): void {
    if (!this.#isReady) return;
    this.#isReady = false;
    for (const place of this.places) if (!place.busy) place.lost();
  }

  onDrained(): void {
    this.#restart(this.#at);
  }

  onFailure({ message }: Error): void {
    this.#connection?.flush();
    this.#link?.destroy();
    this.onFault({ kind: 'framing', message });
  }

  write(bytes: Buffer): boolean {
    const link = this.#link;
    if (link === undefined) return true;
    this.#recorder.wrote(this.#isReading ? this.#at : performance.now(), bytes.length);
    return link.write(link.isDirect ? bytes : Buffer.from(bytes));
  }

  #open(place: StreamPlace): void {
    const { head, body } = this.#spec.request;
    const connection = this.#connection!;
    const stream = connection.open(head, body.length === 0, place);
    if (stream === undefined) return place.fail(FULL, performance.now());
    place.stream = stream;
    if (body.length > 0) place.bodySent = connection.sendData(stream, body, 0, body.length, true);
  }

  /** The request that the connection was made for is over: whoever closes first keeps the port, and that should be the peer. */
  #retire(code: number, at: Instant): void {
    const link = this.#link;
    if (link === undefined) return;
    if (code !== ENDED) return this.#restart(at);
    this.#connection!.close();
    this.#connection!.flush();
    link.retire(at);
    this.#forget();
    this.places[0]!.free(at);
  }

  #restart(at: Instant): void {
    const link = this.#link;
    this.#forget();
    link?.destroy();
    this.#backoff.retry((then) => this.#again(then), at);
  }

  #forget(): void {
    this.#link = undefined;
    this.#isReady = this.#isGreeted = false;
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.disconnected();
  }

  #again(at: Instant): void {
    if (!this.#spec.perRequest) this.#link = this.#dialer.dial(this);
    else {
      this.#tried?.();
      this.places[0]!.free(at);
    }
  }

  #sweep(at: Instant): void {
    this.#connection?.tick();
    for (const place of this.places) {
      if (!place.busy || at - place.sentAt <= this.#spec.timeout) continue;
      place.fail(TIMED_OUT, at);
      this.cancel(place);
    }
  }
}
