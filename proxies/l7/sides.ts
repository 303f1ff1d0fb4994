/**
 * The two sides of an exchange, which knows neither's protocol. A connection of HTTP/1.1 is a client, or an origin's side; a stream of
 * another version is one likewise.
 */
import type { X509Certificate } from 'node:crypto';
import type { ClientSide, ContentSide } from '../filters/contract.ts';
import type { FieldBlock } from '../http/field-block.ts';
import type { Metadata } from '../http/forwarding.ts';
import type { RequestHead, ResponseHead } from '../http/head.ts';
import type { Wire } from '../net/wire.ts';
import type { Reason } from '../stats/reasons.ts';
import type { OriginFailure } from './failure.ts';

/** Who asked. Whenever it has taken its backlog it calls `resumeResponse` of its exchange. */
export interface Client extends ClientSide {
  readonly metadata: Metadata;
  readonly address: string;
  readonly certificate?: X509Certificate | undefined;
  /** It is this proxy itself. */
  readonly isLoop: boolean;
  /** It can be told that nothing was done (RFC 9113 §8.7), so that it may ask again whatever it asked. */
  readonly canRefuse: boolean;
  /** There will be no response, or no more of it: the client must see that. */
  abort(reason: Reason): void;
  /** 100 of our own: who waits for it may send the body. */
  sendContinue(): void;
  /** Whether more of the request body may be read. */
  accept(more: boolean): void;
  /** 101: from here on bytes, both ways. `early`: what the origin sent after its head. */
  tunnel(head: ResponseHead, origin: Wire, early: Buffer): void;
  /** CONNECT succeeded. */
  establish(origin: Wire): void;
  /** The exchange is over and both sides are free. */
  released(): void;
}

/**
 * Who answers: taken from a pool for one exchange, and given back by itself when the answer is complete. It serialises the head within
 * `begin` and keeps what it has to send until it is sent. Content follows once it called `onOriginReady`.
 */
export interface OriginSide extends ContentSide {
  /** The request, with the content that came with it, `start` to `end` of the head's buffer. It is whole if the exchange says so. */
  begin(exchange: OriginExchange, head: RequestHead, start: number, end: number): void;
  /** The same request again, after `failed`, another side of the same cluster, had no luck with it. */
  repeat(exchange: OriginExchange, failed: OriginSide): void;
  /** Nothing of the request has left yet, for there is no connection; absent: nobody knows. */
  readonly isUnsent?: boolean;
  /** The client takes more of the response. */
  resume(): void;
  /** The exchange gives up. */
  cancel(): void;
}

/** The connections to one endpoint. */
export interface OriginPool {
  /** A side for one exchange; undefined where the endpoint has as many connections as it may. `fresh`: none that served before. */
  origin(fresh: boolean): OriginSide | undefined;
  /** Idle connections are closed, the others after their exchange. */
  close(): void;
}

/** An exchange as its origin's side sees it. After one of the last three it has let go of the exchange. */
export interface OriginExchange {
  readonly method: number;
  readonly metadata: Metadata;
  readonly requestComplete: boolean;
  /** Milliseconds of silence from the origin; undefined: what holds for all. */
  readonly idleTimeout: number | undefined;
  /** It takes more of the request. */
  onOriginReady(): void;
  /** False, as of all that give a boolean: the client has a backlog, `resume` follows. */
  onInformational(head: ResponseHead): boolean;
  /** The final head, with content from `start` to `end` of its buffer. */
  onResponse(head: ResponseHead, start: number, end: number, complete: boolean): boolean;
  onResponseBody(buffer: Buffer, start: number, end: number): boolean;
  onResponseText(text: string): void;
  flushResponse(): boolean;
  /** Whether a 101 answers what was asked for. */
  mayTunnel(head: ResponseHead): boolean;
  onResponseEnd(trailers: FieldBlock): void;
  onTunnel(head: ResponseHead, wire: Wire, early: Buffer): void;
  /**
   * `untouched`: nothing of the request can have been acted upon. `stale`: the connection had served before and gave no byte, so that
   * what is safe to repeat may be (RFC 9110 §9.2.2). Both: the origin goes away, or has no stream to spare. `error`: what the system said.
   */
  onOriginFailure(failure: OriginFailure, untouched: boolean, stale: boolean, error?: string): void;
}
