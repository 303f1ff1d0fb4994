/**
 * The way of one exchange through its route's filters. Exists only where there are any: all that filters cost those who have none is
 * the look whether a route has a chain.
 */
import type { X509Certificate } from 'node:crypto';
import type { Chain } from '../filters/chains.ts';
import type { ClientSide, ContentSide, Filter, FilterExchange } from '../filters/contract.ts';
import type { FieldBlock } from '../http/field-block.ts';
import { expectsContinue } from '../http/forwarding.ts';
import { CHUNKED, NO_BODY, type RequestHead } from '../http/head.ts';
import type { Reply } from '../http/reply.ts';
import type { Reason } from '../stats/reasons.ts';
import { BodyCollector } from './body-collector.ts';
import { GuardedClient, GuardedContent } from './guard.ts';
import type { Client } from './sides.ts';

/** The exchange, as its filters' way knows it. Itself it is the innermost client's side. */
export interface FilterOwner extends ClientSide {
  readonly client: Pick<Client, 'metadata' | 'certificate' | 'accept' | 'sendContinue'>;
  readonly done: boolean;
  requestComplete: boolean;
  /** Where responses go. */
  side: ClientSide;
  /** Where the request's content goes in place of the origin. */
  requestSide: ContentSide | undefined;
  /** Gives the head that is being read bytes of its own; gives what `Head.detach` does. */
  detach(head: RequestHead, end: number): number;
  /** A filter has everybody wait for its verdict. */
  onFilterWait(): void;
  /** All filters let it pass. */
  proceed(head: RequestHead, start: number, end: number): void;
  answer(reply: Reply, reason: Reason | undefined): void;
  /** `detail`: which filter, and what it threw. */
  onFilterFailure(detail: string): void;
  resumeResponse(): void;
  resumeRequest(): void;
  /** The way to the origin. */
  passBody(buffer: Buffer, start: number, end: number): boolean;
  passText(text: string): void;
  passFlush(): boolean;
  passEnd(trailers: FieldBlock): void;
}

/** The origin's end of a decorated request body. */
class ToOrigin implements ContentSide {
  readonly #owner: FilterOwner;

  constructor(owner: FilterOwner) {
    this.#owner = owner;
  }

  sendBody(buffer: Buffer, start: number, end: number): boolean {
    return this.#owner.passBody(buffer, start, end);
  }

  sendText(text: string): void {
    this.#owner.passText(text);
  }

  flush(): boolean {
    return this.#owner.passFlush();
  }

  sendEnd(trailers: FieldBlock): void {
    this.#owner.passEnd(trailers);
  }
}

export class FilterRun implements FilterExchange {
  reason: Reason | undefined;
  readonly #owner: FilterOwner;
  readonly #chain: Chain;
  readonly #head: RequestHead;
  /** Of the head's buffer: content that came with it. */
  #start = 0;
  #end = 0;
  /** Of the chain. */
  #at = 0;
  /** The head has bytes of its own. */
  #isDetached = false;
  #isWaiting = false;
  #hasProceeded = false;
  #client: GuardedClient | undefined;
  #body: GuardedContent | undefined;
  /** Content that somebody looked at, or that goes by way of `requestBody`. */
  #held: BodyCollector | undefined;
  #controller: AbortController | undefined;

  /** Nothing happens before `begin`. */
  constructor(owner: FilterOwner, chain: Chain, head: RequestHead) {
    this.#owner = owner;
    this.#chain = chain;
    this.#head = head;
  }

  /** `start` and `end` of the content that came with the head, in its buffer. */
  begin(start: number, end: number): void {
    this.#start = start;
    this.#end = end;
    this.run();
  }

  get client(): FilterExchange['client'] {
    return this.#owner.client.metadata;
  }

  get certificate(): X509Certificate | undefined {
    return this.#owner.client.certificate;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#owner.done) this.#controller.abort();
    return this.#controller.signal;
  }

  /** It is a filter that has everybody wait, and not the client with its body. */
  get isWaiting(): boolean {
    return this.#isWaiting && this.#held?.awaited !== true;
  }

  /** From the filter whose turn it is to the last one, or to one that has an answer or a promise. */
  run(): void {
    let isThrough = false;
    try {
      isThrough = this.#pass();
      if (isThrough) this.#decorateBody();
    } catch (error) {
      this.fail(error);
    }
    if (isThrough && !this.#owner.done) this.#proceed();
  }

  #pass(): boolean {
    for (; this.#at < this.#chain.length; this.#at++) {
      const { filter } = this.#chain[this.#at]!;
      const verdict = filter.request?.(this.#head, this);
      if (verdict !== undefined && 'then' in verdict) {
        this.#wait(filter, verdict);
        return false;
      }
      if (!this.#passes(filter, verdict)) return false;
    }
    return true;
  }

  /** What a filter said, or came to say. */
  #passes(filter: Filter, reply: Reply | undefined): boolean {
    const owner = this.#owner;
    if (owner.done) return false; // it failed meanwhile
    if (reply !== undefined) {
      owner.answer(reply, reply.status < 400 ? undefined : (this.reason ?? 'filter_reply'));
      return false;
    }
    if (filter.response !== undefined) {
      const side = filter.response(this.#client?.side ?? owner, this.#head, this);
      if (this.#client === undefined) owner.side = this.#client = new GuardedClient(side, this);
      else this.#client.side = side;
    }
    return true;
  }

  #wait(filter: Filter, verdict: Promise<Reply | undefined>): void {
    if (!this.#isDetached) {
      const shift = this.#owner.detach(this.#head, this.#end);
      this.#start -= shift;
      this.#end -= shift;
      this.#isDetached = true;
    }
    this.#isWaiting = true;
    this.#owner.onFilterWait();
    if (this.isWaiting) this.#owner.client.accept(false);
    verdict
      .then((reply) => {
        this.#isWaiting = false;
        if (!this.#passes(filter, reply)) return;
        this.#at++;
        this.run();
      })
      .catch((error: unknown) => this.fail(error));
  }

  /** Requests pass the filters in order: the last one's side is next to the origin. */
  #decorateBody(): void {
    let side: ContentSide | undefined;
    for (const { filter } of this.#chain.toReversed())
      side = filter.requestBody?.(side ?? new ToOrigin(this.#owner), this.#head, this) ?? side;
    if (side !== undefined) this.#body = new GuardedContent(side, this);
  }

  /** Content that was held goes with the head, unless it has to pass filters or to end in trailers: then once the origin is ready. */
  #proceed(): void {
    const owner = this.#owner;
    const head = this.#head;
    this.#hasProceeded = true;
    if (this.#body !== undefined) this.#hold();
    const held = this.#held;
    if (held !== undefined) {
      owner.client.accept(false);
      owner.requestSide = this.#body;
      if (this.#body !== undefined || (held.complete && head.body === CHUNKED)) {
        owner.requestComplete = false;
        this.#end = this.#start;
      } else {
        owner.requestComplete = held.complete;
        this.#start = head.attach(held.content());
        this.#end = head.buffer.length;
        this.#held = undefined;
      }
    }
    owner.proceed(head, this.#start, this.#end);
  }

  /** The origin takes more. Whether the client may go on. */
  onOriginReady(): boolean {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) return this.#body?.flush() ?? true;
    const side = this.#body ?? new ToOrigin(this.#owner);
    const content = held.content();
    if (content.length > 0) side.sendBody(content, 0, content.length);
    if (held.complete) side.sendEnd(held.trailers);
    return held.complete || side.flush();
  }

  #hold(): BodyCollector {
    const { buffer } = this.#head;
    this.#held ??= new BodyCollector(Buffer.from(buffer.subarray(this.#start, this.#end)), this.#owner.requestComplete);
    return this.#held;
  }

  async readBody(most: number): Promise<Buffer | undefined> {
    if (this.#hasProceeded)
      throw new Error('readBody: expected a call within `request`, the request has gone on already');
    const owner = this.#owner;
    const held = this.#hold();
    const content = held.upTo(most);
    if (held.awaited) {
      owner.requestSide = held;
      if (expectsContinue(this.#head)) owner.client.sendContinue();
      owner.client.accept(true);
    }
    return content;
  }

  replaceBody(content: Buffer): void {
    if (this.#held?.complete !== true) throw new Error('replaceBody: expected a body that `readBody` gave whole');
    if (this.#head.body === NO_BODY) throw new Error('replaceBody: expected a request that has a body');
    this.#held.replace(content);
    this.#head.reframe(content.length);
  }

  resumeResponse(): void {
    this.#owner.resumeResponse();
  }

  resumeRequest(): void {
    this.#owner.resumeRequest();
  }

  fail(error: unknown): void {
    const name = this.#chain[this.#at]?.name ?? this.#chain.map((link) => link.name).join(', ');
    this.#owner.onFilterFailure(`filter ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }

  /** The exchange is over. */
  over(): void {
    this.#controller?.abort();
  }
}
