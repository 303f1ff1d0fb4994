/**
 * Sends a copy of a share of the requests elsewhere, as they go to the origin, and drops the answers. No request waits for its copy; copies
 * that would wait for too many others, or whose body is too long, are not sent, and counted.
 *
 * @example { "filters": { "mirror": { "url": "http://10.0.0.9:8080", "share": 0.1 } } }
 */
import { z } from 'zod';
import type { FieldBlock } from '../http/field-block.ts';
import { claimedFields, fieldNumber, forwardingFields, framingFields, hopFields, OTHER } from '../http/fields.ts';
import { NO_BODY, type RequestHead } from '../http/head.ts';
import { pathOf, queryOf } from '../http/target.ts';
import type { ConfiguredFilter, ContentSide, Filter, FilterExchange, FilterService } from './contract.ts';
import { Outgoing } from './outgoing.ts';
import { PassingContent } from './passing.ts';
import { millis, positive } from './settings.ts';

export interface Mirror {
  /** Where the copies go; a path in it is put before theirs. */
  readonly url: string;
  /** 1 is all of them, the default. */
  readonly share?: number;
  /** Bytes of a body that is copied; 65,536 by default. */
  readonly bodyBytes?: number;
  /** Copies under way at most; 64 by default. */
  readonly underWay?: number;
  /** Milliseconds for an answer; 5,000 by default. */
  readonly timeout?: number;
}

declare module '../config/intent.ts' {
  interface FilterSettings {
    readonly mirror?: Mirror;
  }
}

const OWN_FIELDS = framingFields | hopFields | forwardingFields | claimedFields;

/** Of an answer that nobody reads. */
const MOST_BYTES = 16 * 1024 * 1024;

type Send = (body: Buffer | undefined) => void;

/** Keeps what passes, and sends it once it is whole. */
class CopiedBody extends PassingContent {
  readonly #most: number;
  readonly #send: Send;
  readonly #onTooLong: () => void;
  #pieces: Buffer[] = [];
  #size = 0;

  constructor(next: ContentSide, most: number, send: Send, onTooLong: () => void) {
    super(next);
    this.#most = most;
    this.#send = send;
    this.#onTooLong = onTooLong;
  }

  override sendBody(buffer: Buffer, start: number, end: number): boolean {
    this.#keep(end - start, () => Buffer.from(buffer.subarray(start, end)));
    return super.sendBody(buffer, start, end);
  }

  override sendText(text: string): void {
    this.#keep(text.length, () => Buffer.from(text, 'latin1'));
    super.sendText(text);
  }

  override sendEnd(trailers: FieldBlock): void {
    if (this.#size <= this.#most) this.#send(Buffer.concat(this.#pieces));
    super.sendEnd(trailers);
  }

  #keep(length: number, copy: () => Buffer): void {
    if (this.#size > this.#most) return;
    this.#size += length;
    if (this.#size <= this.#most) {
      this.#pieces.push(copy());
      return;
    }
    this.#pieces = [];
    this.#onTooLong();
  }
}

class MirrorFilter implements Filter {
  readonly #service: FilterService;
  readonly #outgoing: Outgoing;
  readonly #share: number;
  readonly #bodyBytes: number;
  readonly #most: number;
  readonly #prefix: string;
  #underWay = 0;

  constructor({ url, share = 1, bodyBytes = 65_536, underWay = 64, timeout = 5000 }: Mirror, service: FilterService) {
    const { pathname } = new URL(url);
    this.#service = service;
    this.#outgoing = new Outgoing(new URL(url), underWay, timeout);
    this.#share = share;
    this.#bodyBytes = bodyBytes;
    this.#most = underWay;
    this.#prefix = pathname.replace(/\/$/, '');
  }

  /** Called once all filters let the request pass, with the head as they left it. */
  requestBody(side: ContentSide, head: RequestHead, exchange: FilterExchange): ContentSide {
    if (head.form === 'authority' || Math.random() >= this.#share) return side;
    const send = this.#copyOf(head, exchange);
    if (head.body === NO_BODY) {
      send(undefined);
      return side;
    }
    return new CopiedBody(side, this.#bodyBytes, send, () =>
      this.#lose(`its body has more than ${this.#bodyBytes} bytes`),
    );
  }

  close(): void {
    this.#outgoing.close();
  }

  #copyOf(head: RequestHead, { client }: FilterExchange): Send {
    const headers: Record<string, string> = {
      host: head.text(head.authorityStart, head.authorityEnd),
      'x-forwarded-for': client.address,
      'x-forwarded-proto': client.secure ? 'https' : 'http',
    };
    const names = new Set(head.edits?.added.fields.map(([name]) => name.toLowerCase()));
    for (let index = 0; index < head.count; index++) names.add(head.name(index));
    for (const name of names) {
      const id = fieldNumber(name);
      const value = id !== OTHER && (OWN_FIELDS & (1 << id)) !== 0 ? undefined : head.get(name);
      if (value !== undefined) headers[name] = value;
    }
    const method = head.methodText();
    const path = head.form === 'asterisk' ? '*' : this.#prefix + pathOf(head) + queryOf(head);
    return (body) => {
      if (this.#underWay >= this.#most) {
        this.#lose(`${this.#most} others are under way`);
        return;
      }
      this.#underWay++;
      this.#outgoing
        .send({ method, path, headers, ...(body !== undefined && { body }) }, MOST_BYTES)
        .catch((error: Error) => this.#lose(error.message))
        .finally(() => this.#underWay--);
    };
  }

  #lose(why: string): void {
    this.#service.because('mirror_failed', () => `filter mirror: a copy is lost: ${why}`);
  }
}

export const filter: ConfiguredFilter<Mirror> = {
  name: 'mirror',
  schema: z.strictObject({
    url: z.url({ protocol: /^https?$/, error: 'expected an http or https URL' }),
    share: z.number().positive().max(1).exactOptional(),
    bodyBytes: z.int().nonnegative().exactOptional(),
    underWay: positive.max(10_000).exactOptional(),
    timeout: millis.exactOptional(),
  }),
  create: (settings, service) => new MirrorFilter(settings, service),
};
