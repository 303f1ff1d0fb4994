/**
 * One request and its answer, from the head that was read to completion, exactly once. It decides (route, endpoint, retry,
 * abort) and leaves bytes on wires to the two sides, which it knows by interface only.
 */
import type { ClusterEndpoint } from '../cluster/endpoint.ts';
import type { ClientSide, ContentSide } from '../filters/contract.ts';
import { type FieldBlock, NO_FIELDS } from '../http/field-block.ts';
import { TRAILER } from '../http/fields.ts';
import { acceptsTrailers, type Metadata, removeFields } from '../http/forwarding.ts';
import { CONNECT, idempotent, NO_BODY, type RequestHead, type ResponseHead } from '../http/head.ts';
import type { Reply } from '../http/reply.ts';
import { askedUpgrade, switchesTo } from '../http/upgrade.ts';
import { Timer, type TimerOwner } from '../net/timer.ts';
import type { Wire } from '../net/wire.ts';
import { HEAD_REFUSALS, type Reason } from '../stats/reasons.ts';
import { Attempts, type AttemptsOwner } from './attempts.ts';
import { FAILURE_STATUS, type OriginFailure } from './failure.ts';
import { FilterRun, type FilterOwner } from './filter-run.ts';
import { refusalOf } from './refusal.ts';
import type { Decision, Forward } from './router.ts';
import type { Service } from './service.ts';
import type { Client, OriginSide } from './sides.ts';
import { TunnelAttempt, type TunnelOwner } from './tunnel-attempt.ts';
import type { Upstream } from './upstream.ts';

const NOT_FOR_CONNECT: Reply = {
  status: 405,
  fields: [['Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS']],
};
const UNAVAILABLE: Reply = { status: 503, fields: [['Retry-After', '1']] };
/** How often a request that nobody acted upon is sent again without any policy that says so. */
const MOST_REPEATS = 3;

export class Exchange implements AttemptsOwner, FilterOwner, TunnelOwner, TimerOwner {
  readonly service: Service;
  readonly client: Client;
  readonly method: number;
  /** The client takes trailers. */
  readonly trailers: boolean;
  requestComplete: boolean;
  requestBytes = 0;
  responseBytes = 0;
  /** Of the answer that the client was sent; 0: none yet. */
  status = 0;
  done = false;
  /** What the route says of silence, in milliseconds; undefined: what holds for all. */
  idleTimeout: number | undefined;
  /** Why it did not go as it should. */
  reason: Reason | undefined;
  /** Where responses go: to the client, by way of the filters that want to see them. */
  side: ClientSide = this;
  /** Where the request's content goes in place of the origin: to filters that want to see it. */
  requestSide: ContentSide | undefined;
  #filters: FilterRun | undefined;
  #decision: Decision<Upstream> | undefined;
  /** Of the whole request, then of the whole answer, where an end is set to them. */
  #deadline: Timer | undefined;
  #timeout = 0;
  /** The client announced trailers of its own: nobody else asked for them. */
  readonly #announced: boolean;
  /** What the client asks to upgrade to, as it goes on. */
  #upgrade: string | undefined;
  origin: OriginSide | undefined;
  endpoint: ClusterEndpoint | undefined;
  #tunnel: TunnelAttempt | undefined;
  /** The last that was tried; for the record. */
  #served: ClusterEndpoint | undefined;
  #upstream: Upstream | undefined;
  /** Where the cluster has policies for single requests. */
  #attempts: Attempts | undefined;
  #tried: Set<ClusterEndpoint> | undefined;
  /** All that was sent is still with the origin's side, so it can be sent again. */
  #replayable: boolean;
  /** An origin's final head was passed on, whether or not filters hold it. */
  #responded = false;
  #repeats = 0;
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
  constructor(service: Service, client: Client, head: RequestHead) {
    this.service = service;
    this.client = client;
    this.method = head.method;
    this.requestComplete = head.body === NO_BODY;
    this.#replayable = this.requestComplete;
    this.trailers = acceptsTrailers(head);
    this.#announced = (head.seen & (1 << TRAILER)) !== 0;
    const observed = service.observer !== undefined;
    this.#started = observed ? performance.now() : 0;
    this.#target = observed ? head.text(head.targetStart, head.targetEnd) : '';
    this.#authority = observed ? head.text(head.authorityStart, head.authorityEnd) : '';
    this.#methodText = observed ? head.methodText() : '';
  }

  get metadata(): Metadata {
    return this.client.metadata;
  }

  /** `start`..`end` of the head's buffer are the first bytes of a body with a length. */
  start(head: RequestHead, start: number, end: number): void {
    const { service } = this;
    const refusal = refusalOf(head, this.client.isLoop, service.intent.forwarding?.via);
    if (refusal !== undefined) {
      this.answer(refusal, HEAD_REFUSALS[refusal.status] ?? 'request_method');
      return;
    }
    head.upgradeTo = this.#upgrade = askedUpgrade(head);
    removeFields(head, this.client.metadata);
    const decision = (this.#decision = service.router.route(head));
    if (end > start) {
      this.requestBytes = end - start;
      this.requestComplete = this.requestBytes === head.contentLength;
    }
    if (decision.kind === 'forward') {
      this.idleTimeout = decision.idleTimeout;
      this.#timeout = decision.timeout ?? 0;
    }
    if (decision.filters === undefined) {
      this.proceed(head, start, end);
      return;
    }
    service.filters.enter();
    this.#filters = new FilterRun(this, decision.filters, head);
    this.#filters.begin(start, end);
  }

  proceed(head: RequestHead, start: number, end: number): void {
    const decision = this.#decision!;
    if (decision.kind === 'reply') {
      const { reply, reason = 'route_reply' } = decision;
      this.answer(reply, reply.status < 400 ? undefined : reason);
    } else if (decision.kind === 'tunnel') {
      this.#limit(0);
      this.#tunnel = new TunnelAttempt(decision.dial, decision.endpoint, this.service.timeouts.connect, this);
    } else if (head.method === CONNECT) this.answer(NOT_FOR_CONNECT, 'request_method');
    else this.#forward(decision, head, start, end);
  }

  #forward(decision: Forward<Upstream>, head: RequestHead, start: number, end: number): void {
    const { service } = this;
    const target = decision.rewrite(head);
    if (target === null) {
      this.answer({ status: 400 }, 'request_path');
      return;
    }
    if (target !== undefined) head.relative = target;
    if (decision.host !== undefined) head.host = decision.host;
    else if (head.authorityEnd === head.authorityStart) head.host = service.defaultHost;
    if (decision.edits !== undefined) head.edit(decision.edits);
    this.#upstream = decision.cluster();
    this.#replayable = this.requestComplete;
    this.#limit(this.requestComplete ? this.#timeout : service.timeouts.request);
    if (this.#upstream.governs && !this.#enter(this.#upstream, head)) return;
    const origin = this.#open();
    if (origin !== undefined) {
      origin.begin(this, head, start, end);
      this.#attempts?.began();
    } else if (!this.done) this.#attempts!.hold(head, start, end);
  }

  /** Whether the cluster lets the request in. */
  #enter(upstream: Upstream, head: RequestHead): boolean {
    const attempts = new Attempts(this, upstream, this.metadata, head);
    if (attempts.enter()) {
      this.#attempts = attempts;
      return true;
    }
    this.answer(UNAVAILABLE, 'upstream_overflow');
    return false;
  }

  get isIdempotent(): boolean {
    return idempotent[this.method]!;
  }

  get isRepeatable(): boolean {
    return !this.#responded && this.#replayable;
  }

  sendOn(): void {
    const origin = this.#open();
    if (origin !== undefined) this.#attempts!.send(origin);
  }

  serveBy(origin: OriginSide, endpoint: ClusterEndpoint): void {
    const before = this.origin;
    this.#release();
    before?.cancel();
    this.origin = origin;
    this.endpoint = this.#served = endpoint;
  }

  onQueueTimeout(): void {
    this.answer(UNAVAILABLE, 'upstream_overflow');
  }

  onNoTryLeft(failure: OriginFailure): void {
    this.#breakOff(FAILURE_STATUS[failure], failure);
  }

  /** Milliseconds for the request until it is complete, and from then on for its answer; 0: none. */
  #limit(timeout: number): void {
    if (timeout > 0) (this.#deadline ??= new Timer(this)).arm(timeout);
    else this.#deadline?.cancel();
  }

  onTimeout(): void {
    if (this.#filters?.isWaiting === true) this.#breakOff(504, 'filter_timeout');
    else if (this.requestComplete) {
      this.#attempts?.note(this.endpoint, 'upstream_timeout', false, undefined);
      this.#breakOff(504, 'upstream_timeout');
    } else this.#breakOff(408, 'request_timeout');
  }

  onTunnelOpen(wire: Wire): void {
    this.#tunnel = undefined;
    this.status = 200;
    this.client.establish(wire);
    this.#complete();
  }

  onTunnelFailure(failure: OriginFailure, error: string): void {
    this.#tunnel = undefined;
    this.#error = error;
    this.answer({ status: FAILURE_STATUS[failure] }, failure);
  }

  mayTunnel(head: ResponseHead): boolean {
    return switchesTo(head, this.#upgrade);
  }

  /**
   * Finds an endpoint and a side towards it. Where every endpoint has as many connections as it may, the client is told so at once, unless
   * the cluster has a queue: it would hide the overload from whoever balances in front, and let requests wait that nobody waits for any
   * more. Undefined: it was told, or it waits.
   */
  #open(): OriginSide | undefined {
    const upstream = this.#upstream!;
    const key = this.#attempts === undefined ? this.client.address : this.#attempts.key;
    for (;;) {
      const endpoint = upstream.balancer.pick(key, this.#tried);
      if (endpoint === undefined) break;
      // A second stale connection is possible, a third not: after one failure a fresh one is opened.
      const origin = upstream.origin(endpoint, this.#repeats > 0);
      if (origin !== undefined) {
        this.endpoint = this.#served = endpoint;
        endpoint.active++;
        return (this.origin = origin);
      }
      (this.#tried ??= new Set()).add(endpoint);
    }
    if (this.#failure !== undefined) this.#breakOff(FAILURE_STATUS[this.#failure], this.#failure);
    else if (!this.#tried?.size) this.answer(UNAVAILABLE, 'no_endpoint');
    else if (this.#attempts?.queue() === true) this.#tried.clear();
    else this.answer(UNAVAILABLE, 'upstream_overflow');
    return undefined;
  }

  /** From the client: more of the body. */
  onBody(buffer: Buffer, start: number, end: number): void {
    this.requestBytes += end - start;
    const { requestSide } = this;
    if (!(requestSide ? requestSide.sendBody(buffer, start, end) : this.passBody(buffer, start, end)))
      this.client.accept(false);
  }

  onBodyText(text: string): void {
    this.requestBytes += text.length;
    if (this.requestSide === undefined) this.passText(text);
    else this.requestSide.sendText(text);
  }

  /** From the client: all bytes at hand are delivered. */
  flushRequest(): void {
    const { requestSide } = this;
    if (!(requestSide ? requestSide.flush() : this.passFlush())) this.client.accept(false);
  }

  onRequestEnd(announced: FieldBlock): void {
    const trailers = this.#announced ? announced : NO_FIELDS;
    if (this.requestSide === undefined) this.passEnd(trailers);
    else this.requestSide.sendEnd(trailers);
  }

  passBody(buffer: Buffer, start: number, end: number): boolean {
    this.#replayable = false;
    return this.origin?.sendBody(buffer, start, end) ?? true;
  }

  passText(text: string): void {
    this.#replayable = false;
    this.origin?.sendText(text);
  }

  passFlush(): boolean {
    return this.origin?.flush() ?? true;
  }

  passEnd(trailers: FieldBlock): void {
    this.requestComplete = true;
    this.#limit(this.#timeout);
    this.origin?.sendEnd(trailers);
    this.#attempts?.sent();
  }

  /** The client went away, or broke the rules amid the body: the origin is freed at once. */
  abort(reason: Reason): void {
    if (this.done) return;
    this.reason = reason;
    this.#aborted = true;
    this.#dropOrigin();
    this.#complete();
  }

  /** From the client, or a filter: more of the response may come. */
  resumeResponse(): void {
    if (this.#filters === undefined || this.side.flush()) this.origin?.resume();
  }

  /** From the origin, or a filter: more of the request may come. */
  resumeRequest(): void {
    if (this.#filters === undefined || this.#filters.onOriginReady()) this.client.accept(true);
  }

  detach(head: RequestHead, end: number): number {
    return this.service.detach(head, end);
  }

  onFilterWait(): void {
    const { request, upstreamResponse } = this.service.timeouts;
    this.#limit(this.requestComplete ? this.#timeout || upstreamResponse : request);
  }

  onFilterFailure(detail: string): void {
    if (this.done) return;
    this.#error = detail;
    this.side = this; // past all filters
    this.#breakOff(500, 'filter_failed');
  }

  /** Answers in place of the origin. `reason`: where that is an error. */
  answer(reply: Reply, reason: Reason | undefined): void {
    if (this.done) return;
    this.reason = reason;
    this.#dropOrigin();
    (this.#responded ? this : this.side).reply(reply);
  }

  /** There will be no answer, or no more of it. `status`: what the client is told if it was told nothing yet. */
  #breakOff(status: number, reason: Reason): void {
    if (this.status === 0 && !(reason === 'upstream_refused' && this.client.canRefuse)) {
      this.answer({ status }, reason);
      return;
    }
    this.reason = reason;
    this.#aborted = true;
    this.#dropOrigin();
    this.client.abort(reason);
    this.#complete();
  }

  onOriginReady(): void {
    this.resumeRequest();
  }

  onInformational(head: ResponseHead): boolean {
    return this.side.inform(head);
  }

  onResponse(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
    if (this.#attempts?.answered(head) === true) {
      this.#leave();
      return true;
    }
    this.responseBytes = end - start;
    this.#responded = true;
    return this.side.respond(head, start, end, complete);
  }

  onResponseBody(buffer: Buffer, start: number, end: number): boolean {
    this.responseBytes += end - start;
    return this.side.sendBody(buffer, start, end);
  }

  onResponseText(text: string): void {
    this.responseBytes += text.length;
    this.side.sendText(text);
  }

  flushResponse(): boolean {
    return this.side.flush();
  }

  onResponseEnd(trailers: FieldBlock): void {
    this.#release();
    this.side.sendEnd(trailers);
  }

  onTunnel(head: ResponseHead, wire: Wire, early: Buffer): void {
    this.status = 101;
    this.#release();
    this.client.tunnel(head, wire, early);
    this.#complete();
  }

  onOriginFailure(failure: OriginFailure, untouched: boolean, stale: boolean, error?: string): void {
    const { endpoint, origin } = this;
    const attempts = this.#attempts;
    this.#release();
    if (this.done) return;
    this.#error = error;
    attempts?.note(endpoint, failure, stale, error);
    const isFree = (stale && (untouched || this.isIdempotent)) || (untouched && attempts?.hasRetries !== true);
    if (endpoint === undefined || origin === undefined) this.#breakOff(FAILURE_STATUS[failure], failure);
    else if (this.isRepeatable && isFree) {
      // A stale connection says nothing against its endpoint, nor does one that goes away, unless that goes on; a refused one does.
      if (stale && this.#repeats < MOST_REPEATS) this.#avoid(endpoint);
      else (this.#tried ??= new Set()).add(endpoint);
      this.#repeats++;
      this.#failure = failure;
      const next = this.#open();
      next?.repeat(this, origin);
      if (next !== undefined) attempts?.began();
    } else if (attempts?.failed(failure, untouched, origin) === true) this.#avoid(endpoint);
    else this.#breakOff(FAILURE_STATUS[failure], failure);
  }

  /** The next try goes elsewhere, where there is an elsewhere. */
  #avoid(endpoint: ClusterEndpoint): void {
    const tried = (this.#tried ??= new Set());
    tried.add(endpoint);
    if (!this.#upstream!.balancer.endpoints.some((other) => other.usable && !tried.has(other))) tried.clear();
  }

  /** Whoever has answered is done with, for the request is sent again. */
  #leave(): void {
    const { endpoint, origin } = this;
    this.#release();
    origin?.cancel();
    if (endpoint !== undefined) this.#avoid(endpoint);
  }

  // The innermost client's side. An exchange that is over has no client any more, whatever filters still have for it.

  inform(head: ResponseHead): boolean {
    return this.done || this.client.inform(head);
  }

  respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
    if (this.done) return true;
    if (this.status !== 0) throw new Error('respond: expected one answer, a second one came');
    this.status = head.status;
    return this.client.respond(head, start, end, complete);
  }

  sendBody(buffer: Buffer, start: number, end: number): boolean {
    return this.done || this.client.sendBody(buffer, start, end);
  }

  sendText(text: string): void {
    if (!this.done) this.client.sendText(text);
  }

  flush(): boolean {
    return this.done || this.client.flush();
  }

  sendEnd(trailers: FieldBlock): void {
    if (this.done) return;
    this.client.sendEnd(this.trailers ? trailers : NO_FIELDS);
    this.#complete();
  }

  reply(reply: Reply): void {
    if (this.done) return;
    if (this.status !== 0) throw new Error('reply: expected one answer, a second one came');
    this.client.reply(reply);
    this.status = reply.status;
    this.#complete();
  }

  #dropOrigin(): void {
    const { origin } = this;
    this.#release();
    origin?.cancel();
    this.#tunnel?.abandon();
    this.#tunnel = undefined;
  }

  #release(): void {
    this.origin = undefined;
    if (this.endpoint !== undefined) this.endpoint.active--;
    this.endpoint = undefined;
  }

  #complete(): void {
    if (this.done) return;
    this.done = true;
    this.#dropOrigin();
    if (this.#filters !== undefined) {
      this.#filters.over();
      this.service.filters.leave();
    }
    this.#attempts?.over();
    this.#deadline?.release();
    if (this.reason !== undefined) this.service.because(this.reason, () => this.#describe());
    if (this.service.observer !== undefined) this.#record(this.service.observer);
    this.client.released();
  }

  #describe(): string {
    const { host, port } = this.#served ?? {};
    const towards = host === undefined ? '' : `, cluster ${this.#upstream?.name}, ${host}:${port}`;
    return `status ${this.status}, client ${this.client.address}${towards}${this.#error ? `: ${this.#error}` : ''}`;
  }

  #record(observer: NonNullable<Service['observer']>): void {
    observer.onRequestDone({
      method: this.#methodText,
      target: this.#target,
      authority: this.#authority,
      client: this.client.address,
      cluster: this.#upstream?.name,
      endpoint: this.#served,
      tries: this.#attempts?.tries ?? (this.#served ? 1 : 0),
      status: this.status,
      aborted: this.#aborted,
      reason: this.reason,
      requestBytes: this.requestBytes,
      responseBytes: this.responseBytes,
      duration: performance.now() - this.#started,
    });
  }
}
