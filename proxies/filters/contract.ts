/** What a filter is, and what it sees of an exchange. */
import type { X509Certificate } from 'node:crypto';
import type { Limits, ProxyIntent, Route, Timeouts } from '../config/intent.ts';
import type { FieldBlock } from '../http/field-block.ts';
import type { Metadata } from '../http/forwarding.ts';
import type { RequestHead, ResponseHead } from '../http/head.ts';
import type { Reply } from '../http/reply.ts';
import type { Reason } from '../stats/reasons.ts';

/** Where a body goes, on either side of an exchange. */
export interface ContentSide {
  /** Content, valid during the call. False: it has a backlog, and more is to wait until its end is told. */
  sendBody(buffer: Buffer, start: number, end: number): boolean;
  /** Content of several small pieces, one character a byte. Held until `flush` or the end. */
  sendText(text: string): void;
  /** Passes on what is held. False: as `sendBody`. */
  flush(): boolean;
  /** The message is complete. */
  sendEnd(trailers: FieldBlock): void;
}

/** Where the response goes. Heads are valid during the call, as their content is. */
export interface ClientSide extends ContentSide {
  /** A 1xx other than 101; any number of them, before `respond`. False: as `sendBody`. */
  inform(head: ResponseHead): boolean;
  /**
   * The final head, with the content that came with it, `start` to `end` of its buffer. `complete`: the end follows at once. False: as
   * `sendBody`.
   */
  respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean;
  /** An answer of our own, whole: in place of `respond` and all that would follow it. */
  reply(reply: Reply): void;
}

/** One exchange, as filters see it: the key to whatever a filter keeps of a request (`WeakMap`). */
export interface FilterExchange {
  /** Who asked. */
  readonly client: Pick<Metadata, 'address' | 'secure' | 'trusted'>;
  /** What the client has shown of itself, where the listener demands it. */
  readonly certificate: X509Certificate | undefined;
  /** Aborted when the exchange is over, however it ended. */
  readonly signal: AbortSignal;
  /** The word for the log and the statistics where a filter answers with an error; `filter_reply` unless it is set. */
  reason: Reason | undefined;
  /**
   * All of the request's content, while `request` is under way; what was read goes on to the origin all the same. Undefined: it is
   * longer than `most` bytes.
   */
  readBody(most: number): Promise<Buffer | undefined>;
  /** Other content for the request, after `readBody` gave all there was. */
  replaceBody(content: Buffer): void;
  /** A side of a filter's that gave false takes more of the response now. */
  resumeResponse(): void;
  /** The same of the request. */
  resumeRequest(): void;
  /** What a filter throws in a callback of its own belongs here: 500 for this request alone, a break where the answer has begun. */
  fail(error: unknown): void;
}

export interface Filter {
  /**
   * Before the request goes on. A reply is sent in its place, past the filters before this one. The body waits meanwhile, and the head
   * stays valid, while a promise is pending.
   */
  request?(head: RequestHead, exchange: FilterExchange): Reply | undefined | Promise<Reply | undefined>;
  /** The way of the request's content to the origin, decorated; `side` itself to stay out of it. */
  requestBody?(side: ContentSide, head: RequestHead, exchange: FilterExchange): ContentSide;
  /** The way of the response to the client, decorated; `side` itself to stay out of it. Called once `request` let the request pass. */
  response?(side: ClientSide, head: RequestHead, exchange: FilterExchange): ClientSide;
  /** Its configuration has been replaced, or the proxy stops, and all exchanges that met it are over. */
  close?(): void;
}

/** What a filter finds around it. */
export interface FilterService {
  readonly intent: ProxyIntent;
  readonly limits: Limits;
  readonly timeouts: Timeouts;
  /** Something went other than it should. `detail`: whom it concerned. */
  because(reason: Reason, detail: () => string): void;
}

/** What of zod is used. */
export interface Schema<Config> {
  safeParse(value: unknown):
    | { readonly success: true; readonly data: Config }
    | {
        readonly success: false;
        readonly error: {
          readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
        };
      };
}

interface Named<Config> {
  /** Its key in `filters` of the intent. */
  readonly name: string;
  /** Throws `TypeError` for what its configuration may not say. One serves every route that has the same configuration object. */
  create(config: Config, service: FilterService): Filter;
}

/** Configured under `filters`, of the intent or of a route, as `schema` reads it. */
export interface ConfiguredFilter<Config> extends Named<Config> {
  readonly schema: Schema<Config>;
}

/** Configured by other words of the intent, which its own schema has read; undefined: it is not asked for. */
export interface ImpliedFilter<Config> extends Named<Config> {
  configuredBy(intent: ProxyIntent, route: Route | undefined): Config | undefined;
}

export type FilterDefinition<Config> = ConfiguredFilter<Config> | ImpliedFilter<Config>;
