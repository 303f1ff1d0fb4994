/**
 * One request and its answer, from the head that was read to completion, exactly once. It decides (route, endpoint, retry,
 * abort) and leaves octets on wires to the two sides, which it knows by interface only.
 */
import type { ClusterEndpoint } from '../cluster/endpoint.ts';
import { EXPECT, TRAILER, UPGRADE, VIA } from '../http/fields.ts';
import { CONNECT, type Head, idempotent, NO_BODY, OPTIONS, TRACE } from '../http/head.ts';
import { latin1 } from '../http/octets.ts';
import {
  acceptsTrailers,
  maxForwards,
  type Metadata,
  methodText,
  reissueRequest,
  removeFields,
} from '../http/reissue.ts';
import type { Reply } from '../http/reply.ts';
import type { CompiledEdits } from '../http/edits.ts';
import { Timer, type TimerOwner } from '../net/timer.ts';
import type { Wire } from '../net/wire.ts';
import { HEAD_REFUSALS, type Reason } from '../stats/reasons.ts';
import { OriginConnection } from './origin-connection.ts';
import type { Service, Upstream } from './service.ts';
import { TunnelAttempt, type TunnelOwner } from './tunnel-attempt.ts';

/** The client's side of an exchange. */
export interface ClientSide {
  readonly metadata: Metadata;
  readonly address: string;
  /** It is this proxy itself. */
  readonly isLoop: boolean;
  /** A 1xx other than 101. False: backlog, wait for `resumeResponse`. */
  inform(head: Head): boolean;
  /** The final head, with the content that came with it. `complete`: nothing follows. False: backlog, wait for `resumeResponse`. */
  respond(head: Head, edits: CompiledEdits | undefined, start: number, end: number, complete: boolean): boolean;
  onResponseBody(buffer: Buffer, start: number, end: number): boolean;
  /** Held until `flush` or the end. */
  onResponseText(text: string): void;
  flush(): boolean;
  /** The response is complete. */
  finish(trailers: string): void;
  /** An answer of our own. */
  reply(reply: Reply): void;
  /** The response cannot be completed: the client must see that. */
  abort(): void;
  /** Whether more of the request body may be read. */
  accept(more: boolean): void;
  /** 101: from here on octets, both ways. `early`: what the origin sent after its head. */
  tunnel(head: Head, origin: Wire, early: Buffer): void;
  /** CONNECT succeeded. */
  establish(origin: Wire): void;
  /** The exchange is over and both sides are free. */
  released(): void;
}

/**
 * Protocols that would carry requests past everything that is checked here (HTTP/2, TLS): an upgrade may be ignored, and these are
 * (RFC 9110 §7.8).
 */
const noUpgrade = /^(h2c?|http|tls)(\/|$)/i;
/** What the client is told when an origin failed. */
const FAILURE_STATUS = {
  upstream_name: 502,
  upstream_connect: 502,
  upstream_connect_timeout: 504,
  upstream_closed: 502,
  upstream_reset: 502,
  upstream_malformed: 502,
  upstream_timeout: 504,
  destination_denied: 403,
} as const satisfies Partial<Record<Reason, number>>;

/** Why an origin gave no answer, or not all of it. */
export type OriginFailure = keyof typeof FAILURE_STATUS;

const retryAfter = 'Retry-After: 1\r\n';

/** Whether a request has come through this proxy before (RFC 9110 §7.6.3). */
function namesUs(head: Head, pseudonym: string | undefined): boolean {
  if (pseudonym === undefined || (head.seen & (1 << VIA)) === 0) return false;
  const own = pseudonym.toLowerCase();
  return (head.list(VIA) ?? '').split(',').some(
    (hop) =>
      hop
        .trim()
        .split(/[ \t]+/)[1]
        ?.toLowerCase() === own,
  );
}

/** The members of Upgrade. */
const protocolsOf = (head: Head): string[] =>
  (head.list(UPGRADE) ?? '')
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '');

export class Exchange implements TunnelOwner, TimerOwner {
  readonly service: Service;
  readonly method: number;
  /** The client takes trailers. */
  readonly trailers: boolean;
  /** The body goes on as chunks. */
  readonly body: number;
  /** Head, and the body so far, as sent upstream. */
  request = '';
  requestComplete: boolean;
  requestBytes = 0;
  responseBytes = 0;
  status = 0;
  done = false;
  /** What the route says of silence, in milliseconds; undefined: what holds for all. */
  idleTimeout: number | undefined;
  /** Of the whole request, then of the whole answer, where an end is set to them. */
  #deadline: Timer | undefined;
  #timeout = 0;
  /** Why it did not go as it should. */
  reason: Reason | undefined;
  /** The client announced trailers of its own: nobody else asked for them. */
  readonly #announced: boolean;
  readonly #client: ClientSide;
  /** What the client asks to upgrade to, as it goes on. */
  #upgrade: string | undefined;
  #origin: OriginConnection | undefined;
  #tunnel: TunnelAttempt | undefined;
  #endpoint: ClusterEndpoint | undefined;
  /** The last that was tried; for the record. */
  #served: ClusterEndpoint | undefined;
  #upstream: Upstream | undefined;
  #tried: Set<ClusterEndpoint> | undefined;
  #responseEdits: CompiledEdits | undefined;
  /** `request` is still all that was sent, so it can be sent again. */
  #replayable: boolean;
  #retried = false;
  /** Why the last endpoint that was tried did not take it. */
  #failure: OriginFailure | undefined;
  #aborted = false;
  /** What the system said of the last failure. */
  #error: string | undefined;
  readonly #started: number;
  readonly #target: string;
  readonly #authority: string;
  readonly #methodText: string;

  /** Nothing happens before `start`. */
  constructor(service: Service, client: ClientSide, head: Head) {
    this.service = service;
    this.#client = client;
    this.method = head.method;
    this.body = head.body;
    this.requestComplete = head.body === NO_BODY;
    this.#replayable = this.requestComplete;
    this.trailers = acceptsTrailers(head);
    this.#announced = (head.seen & (1 << TRAILER)) !== 0;
    const observed = service.observer !== undefined;
    this.#started = observed ? performance.now() : 0;
    this.#target = observed ? head.text(head.targetStart, head.targetEnd) : '';
    this.#authority = observed ? head.text(head.authorityStart, head.authorityEnd) : '';
    this.#methodText = observed ? methodText(head) : '';
  }

  /** `start`..`end` of the head's buffer are the first octets of a body with a length. */
  start(head: Head, start: number, end: number): void {
    const { service } = this;
    const refusal = this.#refusal(head);
    if (refusal !== undefined) {
      this.reply(refusal, HEAD_REFUSALS[refusal.status] ?? 'request_method');
      return;
    }
    removeFields(head, this.#client.metadata, this.#upgrade !== undefined);
    const decision = service.router.route(head);
    this.#responseEdits = decision.responseEdits;
    if (decision.kind === 'reply') {
      this.reply(
        decision.responseEdits === undefined
          ? decision.reply
          : { ...decision.reply, lines: decision.responseEdits.lines },
        decision.reply.status < 400 ? undefined : (decision.reason ?? 'route_reply'),
      );
      return;
    }
    if (decision.kind === 'tunnel') {
      this.#tunnel = new TunnelAttempt(decision.dial, decision.endpoint, service.timeouts.connect, this);
      return;
    }
    if (head.method === CONNECT) {
      const lines = 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n';
      this.reply({ status: 405, lines }, 'request_method');
      return;
    }
    const target = decision.rewrite(head);
    if (target === null) {
      this.reply({ status: 400 }, 'request_path');
      return;
    }
    this.#upstream = decision.cluster();
    this.idleTimeout = decision.idleTimeout;
    this.#timeout = decision.timeout ?? 0;
    this.request = reissueRequest(head, this.#client.metadata, {
      target,
      host: decision.host,
      defaultHost: service.defaultHost,
      edits: decision.requestEdits,
      upgrade: this.#upgrade,
    });
    if (end > start) {
      this.request += latin1(head.buffer, start, end);
      this.requestBytes = end - start;
      this.requestComplete = this.requestBytes === head.contentLength;
      this.#replayable = this.requestComplete;
    }
    if (this.requestComplete) this.#limit(this.#timeout);
    else this.#limit(service.timeouts.request);
    this.#open();
  }

  /** Milliseconds for the request until it is complete, and from then on for its answer; 0: none. */
  #limit(timeout: number): void {
    if (timeout > 0) (this.#deadline ??= new Timer(this)).arm(timeout);
    else this.#deadline?.cancel();
  }

  onTimeout(): void {
    if (this.status === 0) {
      if (this.requestComplete) this.reply({ status: 504 }, 'upstream_timeout');
      else this.reply({ status: 408 }, 'request_timeout');
    } else {
      this.reason = this.requestComplete ? 'upstream_timeout' : 'request_timeout';
      this.#aborted = true;
      this.#dropOrigin();
      this.#client.abort();
      this.#complete();
    }
  }

  onTunnelOpen(wire: Wire): void {
    this.#tunnel = undefined;
    this.status = 200;
    this.#client.establish(wire);
    this.#complete();
  }

  onTunnelFailure(failure: OriginFailure, error: string): void {
    this.#tunnel = undefined;
    this.#error = error;
    this.reply({ status: FAILURE_STATUS[failure] }, failure);
  }

  #refusal(head: Head): Reply | undefined {
    if (this.#client.isLoop || namesUs(head, this.service.intent.forwarding?.via)) return { status: 508 };
    if (head.method === CONNECT && head.body !== NO_BODY) return { status: 400 };
    if ((head.seen & (1 << EXPECT)) !== 0 && head.minor === 1) {
      if (head.value(head.find(EXPECT)).toLowerCase() !== '100-continue') return { status: 417 };
    }
    if ((head.method === OPTIONS || head.method === TRACE) && maxForwards(head) === 0) {
      return head.method === OPTIONS ? { status: 200, body: '' } : { status: 405, lines: 'Allow: OPTIONS\r\n' };
    }
    if (head.upgrade) this.#offerUpgrade(head);
    return undefined;
  }

  /** An upgrade with a body is none: the request is served as it is, as RFC 9110 §7.8 lets everyone do. */
  #offerUpgrade(head: Head): void {
    if ((head.seen & (1 << UPGRADE)) === 0 || head.minor !== 1 || head.body !== NO_BODY) return;
    const protocols = protocolsOf(head).filter((protocol) => !noUpgrade.test(protocol));
    if (protocols.length > 0) this.#upgrade = protocols.join(', ');
  }

  /** Whether a 101 says that it switches to what was asked for, and to nothing else (RFC 9110 §7.8). */
  mayTunnel(head: Head): boolean {
    if (this.#upgrade === undefined || !head.upgrade) return false;
    const asked = this.#upgrade.toLowerCase().split(', ');
    const chosen = protocolsOf(head);
    return chosen.length > 0 && chosen.every((protocol) => asked.includes(protocol.toLowerCase()));
  }

  /**
   * Finds an endpoint and a connection to it. Where every endpoint has as many connections as it may, the client is told so at once: a
   * queue here would hide the overload from whoever balances in front, and let requests wait that nobody waits for any more.
   */
  #open(): void {
    const upstream = this.#upstream as Upstream;
    const endpoint = upstream.balancer.pick(this.#client.address, this.#tried);
    if (endpoint === undefined) {
      if (this.#failure !== undefined) this.reply({ status: 502 }, this.#failure);
      else this.reply({ status: 503, lines: retryAfter }, this.#tried ? 'upstream_overflow' : 'no_endpoint');
      return;
    }
    const pool = upstream.pool(endpoint);
    // A second stale connection is possible, a third not: after one failure a fresh one is opened.
    let origin = this.#retried ? undefined : pool.take();
    if (origin === undefined) {
      if (pool.full) {
        (this.#tried ??= new Set()).add(endpoint);
        this.#open();
        return;
      }
      origin = new OriginConnection(pool, upstream, endpoint, this.service);
    }
    this.#endpoint = this.#served = endpoint;
    endpoint.active += 1;
    this.#origin = origin;
    origin.begin(this);
  }

  /** From the client: more of the body. */
  onBody(buffer: Buffer, start: number, end: number): void {
    this.requestBytes += end - start;
    this.#replayable = false;
    if (this.#origin !== undefined && !this.#origin.sendBody(buffer, start, end)) this.#client.accept(false);
  }

  onBodyText(text: string): void {
    this.requestBytes += text.length;
    this.#replayable = false;
    this.#origin?.sendBodyText(text);
  }

  /** From the client: all octets at hand are delivered. */
  flushRequest(): void {
    if (this.#origin?.flush() === false) this.#client.accept(false);
  }

  onRequestEnd(trailers: string): void {
    this.requestComplete = true;
    this.#limit(this.#timeout);
    this.#origin?.sendEnd(this.#announced ? trailers : '');
  }

  /** The client went away, or broke the rules amid the body: the origin is freed at once. */
  abort(reason: Reason): void {
    if (this.done) return;
    this.reason = reason;
    this.#aborted = true;
    this.#dropOrigin();
    this.#complete();
  }

  /** The client's side takes more of the response. */
  resumeResponse(): void {
    this.#origin?.resume();
  }

  /** Answers in place of the origin. `reason`: where that is an error. */
  reply(reply: Reply, reason: Reason | undefined): void {
    if (this.done) return;
    this.reason = reason;
    this.#dropOrigin();
    this.status = reply.status;
    this.#client.reply(reply);
    this.#complete();
  }

  /** From the origin: it takes more of the request. */
  onOriginReady(): void {
    this.#client.accept(true);
  }

  /** From the origin: the final head, with content from `start` to `end` of its buffer. */
  onResponse(head: Head, start: number, end: number, complete: boolean): boolean {
    this.status = head.status;
    this.responseBytes = end - start;
    return this.#client.respond(head, this.#responseEdits, start, end, complete);
  }

  onInformational(head: Head): boolean {
    return this.#client.inform(head);
  }

  onResponseBody(buffer: Buffer, start: number, end: number): boolean {
    this.responseBytes += end - start;
    return this.#client.onResponseBody(buffer, start, end);
  }

  onResponseText(text: string): void {
    this.responseBytes += text.length;
    this.#client.onResponseText(text);
  }

  flushResponse(): boolean {
    return this.#client.flush();
  }

  /** The origin's connection has let go of this exchange by now. */
  onResponseEnd(trailers: string): void {
    this.#release();
    this.#client.finish(trailers);
    this.#complete();
  }

  onTunnel(head: Head, wire: Wire, early: Buffer): void {
    this.status = 101;
    this.#release();
    this.#client.tunnel(head, wire, early);
    this.#complete();
  }

  /**
   * The origin failed. `untouched`: nothing of the request can have been acted upon, or it is safe to repeat (RFC 9110 §9.2.2). `error`:
   * what the system said.
   */
  onOriginFailure(failure: OriginFailure, untouched: boolean, stale: boolean, error?: string): void {
    const endpoint = this.#endpoint;
    this.#release();
    if (this.done) return;
    this.#error = error;
    if (this.status !== 0) {
      this.reason = failure;
      this.#aborted = true;
      this.#client.abort();
      this.#complete();
      return;
    }
    const again = this.#replayable && (untouched || (stale && (idempotent[this.method] as boolean)));
    if (!again || endpoint === undefined) {
      this.reply({ status: FAILURE_STATUS[failure] }, failure);
      return;
    }
    const { endpoints } = (this.#upstream as Upstream).balancer;
    // A stale connection says nothing against its endpoint; a refused one does.
    if (untouched || endpoints.length > 1) (this.#tried ??= new Set()).add(endpoint);
    this.#retried = true;
    this.#failure = failure;
    this.#open();
  }

  #dropOrigin(): void {
    const origin = this.#origin;
    this.#release();
    origin?.cancel();
    this.#tunnel?.abandon();
    this.#tunnel = undefined;
  }

  #release(): void {
    this.#origin = undefined;
    if (this.#endpoint !== undefined) this.#endpoint.active -= 1;
    this.#endpoint = undefined;
  }

  #complete(): void {
    if (this.done) return;
    this.done = true;
    this.#deadline?.release();
    if (this.reason !== undefined) this.service.because(this.reason, () => this.#describe());
    if (this.service.observer !== undefined) this.#record(this.service.observer);
    this.#client.released();
  }

  #describe(): string {
    const { host, port } = this.#served ?? {};
    const towards = host === undefined ? '' : `, cluster ${this.#upstream?.name}, ${host}:${port}`;
    return `status ${this.status}, client ${this.#client.address}${towards}${this.#error ? `: ${this.#error}` : ''}`;
  }

  #record(observer: NonNullable<Service['observer']>): void {
    observer.onRequestDone({
      method: this.#methodText,
      target: this.#target,
      authority: this.#authority,
      client: this.#client.address,
      cluster: this.#upstream?.name,
      endpoint: this.#served,
      status: this.status,
      aborted: this.#aborted,
      reason: this.reason,
      requestBytes: this.requestBytes,
      responseBytes: this.responseBytes,
      duration: performance.now() - this.#started,
    });
  }
}
