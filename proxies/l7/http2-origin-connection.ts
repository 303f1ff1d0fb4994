/** An HTTP/2 connection to an origin: streams of many clients share it, as many as the origin allows. */
import type { ClusterEndpoint } from '../cluster/endpoint.ts';
import { NO_ERROR } from '../http2/errors.ts';
import type { MessageHead } from '../http2/message.ts';
import type { Http2Stream } from '../http2/stream.ts';
import type { ConnectHandler, Connecting, Wire } from '../net/wire.ts';
import { connectFailure } from './failure.ts';
import type { Bounds } from './http1-pool.ts';
import { Http2OriginStream, type StreamHost } from './http2-origin-stream.ts';
import type { OriginPath, OriginService } from './origin-connection.ts';
import type { OriginPool, OriginSide } from './sides.ts';
import { StreamCarrier } from './stream-carrier.ts';
import type { StreamSide } from './stream-side.ts';

/** Streams that are given to a connection before its origin said how many it takes (RFC 9113 §6.5.2 asks for no fewer). */
const EXPECTED_STREAMS = 100;
/** Streams of a connection, whatever the origin takes: the next are another connection's. */
const MOST_STREAMS = 256;

export class Http2OriginConnection extends StreamCarrier implements ConnectHandler, StreamHost {
  readonly service: OriginService;
  readonly scheme: 'http' | 'https';
  failure: StreamHost['failure'];
  /** It has answered before. */
  hasServed = false;
  reads = 0;
  readonly #pool: Http2Pool;
  readonly #port: number;
  #connecting: Connecting | undefined;
  /** The origin's SETTINGS came. */
  #isReady = false;
  #isLeaving = false;
  /** In their order. */
  readonly #waiting: Http2OriginStream[] = [];
  /** Its name where this proxy is its own origin. */
  #own: string | undefined;

  /** Opens at once. */
  constructor(pool: Http2Pool, path: OriginPath, endpoint: ClusterEndpoint, service: OriginService) {
    super('client', service.timeouts.linger, MOST_STREAMS, { headerListBytes: service.limits.headBytes * 2 });
    this.#pool = pool;
    this.service = service;
    this.scheme = path.secure ? 'https' : 'http';
    this.#port = endpoint.port;
    this.#connecting = path.dial(endpoint, this, path.connectTimeout);
  }

  get isStale(): boolean {
    return this.hasServed;
  }

  get hasRoom(): boolean {
    const taken = this.#isReady ? this.engine.peerSettings.maxConcurrentStreams : EXPECTED_STREAMS;
    const most = Math.min(taken, MOST_STREAMS);
    return !this.#isLeaving && this.engine.openStreams + this.#waiting.length < most;
  }

  request(stream: Http2OriginStream): void {
    this.armIdle(0);
    if (this.#isReady && this.#waiting.length === 0 && stream.open()) return;
    this.#waiting.push(stream);
    if (this.#isReady) stream.onWait();
  }

  forget(stream: Http2OriginStream): void {
    const at = this.#waiting.indexOf(stream);
    if (at !== -1) this.#waiting.splice(at, 1);
  }

  answered(): void {
    this.hasServed = true;
  }

  /** Others would wait as long. An origin that is merely slow costs no more than another connection. */
  silent(): void {
    this.drain();
  }

  override onData(chunk: Buffer): void {
    this.reads++;
    super.onData(chunk);
  }

  onConnect(wire: Wire): void {
    this.#connecting = undefined;
    this.#own = this.service.own.opened(wire, this.#port);
    for (const stream of this.#waiting) stream.onWait();
    this.begin(wire);
  }

  onConnectError(error: NodeJS.ErrnoException): void {
    this.#connecting = undefined;
    this.#leave();
    this.release();
    for (const stream of this.#waiting.splice(0)) stream.fail(connectFailure(error), true, error.message);
  }

  override onSettings(): void {
    this.#isReady = true;
    this.#openWaiting();
  }

  #openWaiting(): void {
    while (this.#waiting.length > 0 && this.engine.canOpen) this.#waiting.shift()!.open();
  }

  override onHead(stream: Http2Stream<StreamSide>, message: MessageHead, isEnd: boolean): void {
    if (stream.owner instanceof Http2OriginStream) stream.owner.onHead(message, isEnd);
  }

  override onGoaway(): void {
    this.#leave();
    for (const stream of this.#waiting.splice(0)) stream.fail('upstream_refused', false);
  }

  override onStreamGone(): void {
    if (this.#isReady) this.#openWaiting();
    this.#pool.freed();
    if (this.engine.openStreams === 0 && this.#waiting.length === 0) this.armIdle(this.service.timeouts.upstreamIdle);
  }

  protected override onIdle(): void {
    this.#leave();
    this.engine.close(NO_ERROR);
    this.end();
  }

  override onFailure(reason: string): void {
    this.failure ??= { kind: 'upstream_malformed', error: reason };
    this.#leave();
  }

  /** No new streams; closes when the last is over. */
  drain(): void {
    this.#leave();
    if (this.#connecting !== undefined && this.#waiting.length === 0) {
      this.#connecting.abandon();
      this.release();
    } else if (this.#waiting.length === 0) this.engine.drain();
  }

  protected override onGone(error: NodeJS.ErrnoException | undefined): void {
    this.failure ??=
      error === undefined ? { kind: 'upstream_closed' } : { kind: 'upstream_reset', error: error.message };
    this.#leave();
    this.service.own.closed(this.#own);
    this.engine.disconnected();
    for (const stream of this.#waiting.splice(0)) stream.fail(this.failure.kind, false, this.failure.error);
  }

  #leave(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#pool.remove(this);
  }
}

/** The connections to one endpoint. */
export class Http2Pool implements OriginPool {
  readonly #connections: Http2OriginConnection[] = [];
  readonly #path: OriginPath;
  readonly #endpoint: ClusterEndpoint;
  readonly #service: OriginService;
  readonly #bounds: Bounds;

  constructor(path: OriginPath, endpoint: ClusterEndpoint, service: OriginService, bounds: Bounds) {
    this.#bounds = bounds;
    this.#path = path;
    this.#endpoint = endpoint;
    this.#service = service;
  }

  /** A stream of the first connection that has room for one. `fresh`: of none that answered before. */
  origin(fresh: boolean): OriginSide | undefined {
    for (const connection of this.#connections)
      if (connection.hasRoom && !(fresh && connection.hasServed)) return new Http2OriginStream(connection);
    if (this.#connections.length >= this.#service.limits.upstreamPerEndpoint) return undefined;
    if (this.#bounds.breaker?.connections.take() === false) return undefined;
    const connection = new Http2OriginConnection(this, this.#path, this.#endpoint, this.#service);
    this.#connections.push(connection);
    return new Http2OriginStream(connection);
  }

  remove(connection: Http2OriginConnection): void {
    const at = this.#connections.indexOf(connection);
    if (at === -1) return;
    this.#connections.splice(at, 1);
    this.#bounds.breaker?.connections.give();
    this.freed();
  }

  /** There is room for a stream. */
  freed(): void {
    this.#bounds.queue?.next();
  }

  close(): void {
    for (const connection of this.#connections.slice()) connection.drain();
  }
}
