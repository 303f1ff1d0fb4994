/** A second side for a request that a first one has not answered yet. Until it has an answer nothing of it is seen; then it is the one. */
import type { ClusterEndpoint } from '../cluster/endpoint.ts';
import type { FieldBlock } from '../http/field-block.ts';
import type { Metadata } from '../http/forwarding.ts';
import type { ResponseHead } from '../http/head.ts';
import type { Wire } from '../net/wire.ts';
import type { OriginFailure } from './failure.ts';
import type { OriginExchange, OriginSide } from './sides.ts';

export interface HedgeOwner {
  /** The head of its answer. True: it serves the exchange from now on; false: it was cancelled. */
  onHedgeAnswer(one: HedgedTry, head: ResponseHead): boolean;
  onHedgeFailure(one: HedgedTry, failure: OriginFailure, stale: boolean, error: string | undefined): void;
}

export class HedgedTry implements OriginExchange {
  readonly origin: OriginSide;
  readonly endpoint: ClusterEndpoint;
  readonly #exchange: OriginExchange;
  readonly #owner: HedgeOwner;
  #hasWon = false;

  constructor(exchange: OriginExchange, owner: HedgeOwner, origin: OriginSide, endpoint: ClusterEndpoint) {
    this.#exchange = exchange;
    this.#owner = owner;
    this.origin = origin;
    this.endpoint = endpoint;
  }

  get method(): number {
    return this.#exchange.method;
  }

  get metadata(): Metadata {
    return this.#exchange.metadata;
  }

  get requestComplete(): boolean {
    return this.#exchange.requestComplete;
  }

  get idleTimeout(): number | undefined {
    return this.#exchange.idleTimeout;
  }

  /** Somebody else answered. */
  cancel(): void {
    this.endpoint.active--;
    this.origin.cancel();
  }

  onOriginReady(): void {}

  /** Before the final answer nobody has won: what is only informational is not passed on. */
  onInformational(): boolean {
    return true;
  }

  onResponse(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
    this.#hasWon = this.#owner.onHedgeAnswer(this, head);
    return this.#hasWon ? this.#exchange.onResponse(head, start, end, complete) : true;
  }

  onResponseBody(buffer: Buffer, start: number, end: number): boolean {
    return this.#exchange.onResponseBody(buffer, start, end);
  }

  onResponseText(text: string): void {
    this.#exchange.onResponseText(text);
  }

  flushResponse(): boolean {
    return this.#exchange.flushResponse();
  }

  mayTunnel(): boolean {
    return false;
  }

  onResponseEnd(trailers: FieldBlock): void {
    this.#exchange.onResponseEnd(trailers);
  }

  onTunnel(_head: ResponseHead, wire: Wire): void {
    wire.destroy(); // it was not asked for, see `mayTunnel`
  }

  onOriginFailure(failure: OriginFailure, untouched: boolean, stale: boolean, error?: string): void {
    if (this.#hasWon) {
      this.#exchange.onOriginFailure(failure, untouched, stale, error);
      return;
    }
    this.endpoint.active--;
    this.#owner.onHedgeFailure(this, failure, stale, error);
  }
}
