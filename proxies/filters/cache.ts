/**
 * A shared cache (RFC 9111): answers to GET, by what they and the requests say. Who asks for what is on its way already waits for it;
 * one request validates what is stale, and with `stale-while-revalidate` (RFC 5861) the others are answered with it meanwhile. Requests
 * for ranges pass. What is a client's own business (Authorization, an identity that a filter told, cookies that are set) is not stored
 * unless the answer says that it may be. Bounded in bytes; who may PURGE is configured.
 *
 * @example { "filters": { "cache": { "bytes": 268435456, "entryBytes": 1048576, "purge": ["127.0.0.1"] } } }
 */
import { z } from 'zod';
import { addressSet } from '../config/network.ts';
import type { Field, FieldBlock } from '../http/field-block.ts';
import { fieldNumber, framingFields, hopFields, OTHER } from '../http/fields.ts';
import { GET, HEAD, NO_BODY, OPTIONS, type RequestHead, type ResponseHead, TRACE } from '../http/head.ts';
import type { Reply } from '../http/reply.ts';
import { directivesOf, httpDate } from './cache-control.ts';
import {
  ageOf,
  type Asked,
  fieldIn,
  freshened,
  isKnownTo,
  lifetimeOf,
  maySubstitute,
  mayStore,
  type Stored,
  useOf,
} from './cache-policy.ts';
import { CacheStore } from './cache-store.ts';
import type { ClientSide, ConfiguredFilter, Filter, FilterExchange } from './contract.ts';
import { isIdentified } from './identity.ts';
import { BytesClient } from './passing.ts';
import { Recent } from './recent.ts';
import { networks, positive } from './settings.ts';

export interface Cache {
  /** Of all that is stored; 64 MiB by default. */
  readonly bytes?: number;
  /** Of one answer; 1 MiB by default. */
  readonly entryBytes?: number;
  /** Seconds for which what is stale may stand in for an error where the answer says nothing of it; 0 by default. */
  readonly staleIfError?: number;
  /** Who may send PURGE; for all others it is a method as any. */
  readonly purge?: readonly string[];
}

declare module '../config/intent.ts' {
  interface FilterSettings {
    readonly cache?: Cache;
  }
}

const now = (): number => Date.now() / 1000;
const ONLY_IF_CACHED: Reply = { status: 504 };

/** A request that goes on to the origin, and what becomes of its answer. */
interface Forwarded {
  readonly key: string;
  readonly asked: Asked;
  /** Seconds since 1970. */
  readonly since: number;
  readonly isHead: boolean;
  /** What was stored, and is to be validated. */
  readonly stored: Stored | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
  readonly valueOf: (name: string) => string | undefined;
  /** Others wait for this one. */
  readonly isLeader: boolean;
}

function* endToEnd(head: ResponseHead): Iterable<Field> {
  for (let index = 0; index < head.count; index++) {
    const name = head.name(index);
    const id = fieldNumber(name);
    const isHop =
      id === OTHER
        ? head.nominatedNames?.includes(name) === true
        : ((hopFields | framingFields | head.nominated) & (1 << id)) !== 0;
    if (!isHop && name !== 'proxy-authenticate' && head.edits?.drops(name) !== true) yield [name, head.value(index)];
  }
  yield* head.edits?.added.fields ?? [];
}

/** What a stored answer is to a client at `at`; 304 where it `isKnown`. */
function replyOf(stored: Stored, at: number, isKnown: boolean): Reply {
  const fields = stored.fields.filter(([name]) => !['age', 'content-type'].includes(name.toLowerCase()));
  const age: Field = ['Age', `${Math.floor(ageOf(stored, at))}`];
  if (isKnown) return { status: 304, fields: [...fields, age] };
  const contentType = fieldIn(stored.fields, 'content-type') ?? null;
  return { status: stored.status, body: stored.body, contentType, fields: [...fields, age] };
}

/** Takes what passes for the store, or answers with what is stored. */
class CachedResponse extends BytesClient {
  readonly #filter: CacheFilter;
  readonly #forwarded: Forwarded;
  #storing: Omit<Stored, 'body'> | undefined;
  #pieces: Buffer[] = [];
  #size = 0;
  /** Goes out once the origin's message is over, so that its connection can be kept. */
  #reply: Reply | undefined;

  constructor(next: ClientSide, filter: CacheFilter, forwarded: Forwarded) {
    super(next);
    this.#filter = filter;
    this.#forwarded = forwarded;
  }

  override respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
    const { stored, asked, since: before, isHead, valueOf } = this.#forwarded;
    const came = now();
    if (stored !== undefined && head.status === 304) {
      const fresh = freshened(stored, { fields: dated(endToEnd(head), came), asked: before, came });
      this.#filter.put(this.#forwarded.key, fresh, stored);
      this.#settle();
      this.#reply = this.#replyOf(fresh, came);
      return true;
    }
    const substitute = head.status >= 500 ? this.#substitute(came) : undefined;
    if (substitute !== undefined) {
      this.#settle();
      this.#reply = substitute;
      return true;
    }
    const fields = dated(endToEnd(head), came);
    const directives = directivesOf(fieldIn(fields, 'cache-control'));
    const answer = { status: head.status, fields, directives };
    if (!isHead && head.status !== 304 && mayStore(asked, answer) && head.contentLength <= this.#filter.entryBytes) {
      const names = (fieldIn(fields, 'vary') ?? '')
        .toLowerCase()
        .split(',')
        .map((name) => name.trim());
      const varies = names.flatMap((name) => (name === '' ? [] : [[name, valueOf(name)] as const]));
      const storing = { ...answer, asked: before, came, varies };
      // Without a life and without a validator nobody could ever be answered with it.
      const hasValidator = fieldIn(fields, 'etag') !== undefined || fieldIn(fields, 'last-modified') !== undefined;
      if (hasValidator || lifetimeOf({ ...storing, body: EMPTY }) > 0) this.#storing = storing;
    }
    if (this.#storing === undefined) this.#settle(head.status !== 304 && !isHead);
    this.#keep(head.buffer, start, end);
    return this.next.respond(head, start, end, complete);
  }

  override sendBody(buffer: Buffer, start: number, end: number): boolean {
    if (this.#reply !== undefined) return true;
    this.#keep(buffer, start, end);
    return this.next.sendBody(buffer, start, end);
  }

  override flush(): boolean {
    return this.#reply !== undefined || this.next.flush();
  }

  override sendEnd(trailers: FieldBlock): void {
    if (this.#reply !== undefined) {
      this.next.reply(this.#reply);
      return;
    }
    if (this.#storing !== undefined && trailers.lines === '')
      this.#filter.put(this.#forwarded.key, { ...this.#storing, body: Buffer.concat(this.#pieces) });
    this.#settle();
    this.next.sendEnd(trailers);
  }

  /** The origin failed, or a filter behind this one has an answer. */
  override reply(reply: Reply): void {
    const substitute = reply.status >= 500 ? this.#substitute(now()) : undefined;
    this.#settle();
    this.next.reply(substitute ?? reply);
  }

  #keep(buffer: Buffer, start: number, end: number): void {
    if (this.#storing === undefined) return;
    this.#size += end - start;
    if (this.#size <= this.#filter.entryBytes) {
      this.#pieces.push(Buffer.from(buffer.subarray(start, end)));
      return;
    }
    this.#storing = undefined;
    this.#pieces = [];
    this.#settle(true);
  }

  #substitute(at: number): Reply | undefined {
    const { stored, asked } = this.#forwarded;
    if (stored === undefined || !maySubstitute(stored, asked, at, this.#filter.staleIfError)) return undefined;
    return this.#replyOf(stored, at);
  }

  #replyOf(stored: Stored, at: number): Reply {
    const { ifNoneMatch, ifModifiedSince } = this.#forwarded;
    return replyOf(stored, at, isKnownTo(stored, ifNoneMatch, ifModifiedSince));
  }

  #settle(isUncacheable = false): void {
    this.#filter.settle(this.#forwarded, isUncacheable);
  }
}

const EMPTY = Buffer.alloc(0);

/** RFC 9110 §6.6.1: who receives an answer without Date adds one. */
function dated(fields: Iterable<Field>, came: number): readonly Field[] {
  const all = [...fields];
  return fieldIn(all, 'date') === undefined ? [...all, ['Date', httpDate(came)]] : all;
}

/** §4.4: an unsafe request that was not refused makes void what is stored for its target. */
class Invalidating extends BytesClient {
  readonly #invalidate: (location: string | undefined) => void;

  constructor(next: ClientSide, invalidate: (location: string | undefined) => void) {
    super(next);
    this.#invalidate = invalidate;
  }

  override respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
    if (head.status < 400) {
      this.#invalidate(undefined);
      for (const name of ['location', 'content-location']) this.#invalidate(head.get(name));
    }
    return this.next.respond(head, start, end, complete);
  }
}

class CacheFilter implements Filter {
  readonly entryBytes: number;
  readonly staleIfError: number;
  readonly #store: CacheStore;
  readonly #mayPurge: ((address: string) => boolean) | undefined;
  readonly #forwarded = new WeakMap<FilterExchange, Forwarded>();
  /** By key: settled once the answer that others wait for is stored, or is known not to be. */
  readonly #pending = new Map<string, PromiseWithResolvers<void>>();
  /** Keys whose answers could not be stored lately: nobody waits for them. */
  readonly #uncacheable = new Recent<true>(10_000);

  constructor({ bytes = 64 * 1024 * 1024, entryBytes = 1024 * 1024, staleIfError = 0, purge }: Cache) {
    this.entryBytes = Math.min(entryBytes, bytes);
    this.staleIfError = staleIfError;
    this.#store = new CacheStore(bytes);
    this.#mayPurge = purge && addressSet(purge);
  }

  request(head: RequestHead, exchange: FilterExchange): Reply | undefined | Promise<Reply | undefined> {
    if (head.form === 'authority' || head.form === 'asterisk') return undefined;
    const method = head.methodText();
    if (method === 'PURGE' && this.#mayPurge?.(exchange.client.address) === true)
      return { status: this.#store.delete(keyOf(head, exchange)) ? 200 : 404 };
    const isPlain =
      (head.method === GET || head.method === HEAD) &&
      head.body === NO_BODY &&
      ['range', 'if-match', 'if-unmodified-since', 'if-range', 'upgrade'].every((name) => head.findName(name) === -1);
    return isPlain ? this.#answer(head, exchange) : undefined;
  }

  response(side: ClientSide, head: RequestHead, exchange: FilterExchange): ClientSide {
    const forwarded = this.#forwarded.get(exchange);
    if (forwarded !== undefined) return new CachedResponse(side, this, forwarded);
    const isSafe = [GET, HEAD, OPTIONS, TRACE].includes(head.method) || head.form === 'authority';
    if (isSafe) return side;
    const key = keyOf(head, exchange);
    return new Invalidating(side, (location) => {
      const target = location === undefined ? key : sameOrigin(key, location);
      if (target !== undefined) this.#store.delete(target);
    });
  }

  put(key: string, stored: Stored, old?: Stored): void {
    this.#store.put(key, stored, old);
  }

  settle({ key, isLeader }: Forwarded, isUncacheable: boolean): void {
    if (isUncacheable) this.#uncacheable.set(key, true);
    if (!isLeader) return;
    this.#pending.get(key)?.resolve();
    this.#pending.delete(key);
  }

  /** A stored answer, a wait for one that is on its way, or nothing: then the request goes on. */
  #answer(head: RequestHead, exchange: FilterExchange): Reply | undefined | Promise<Reply | undefined> {
    const key = keyOf(head, exchange);
    const at = now();
    const valueOf = (name: string): string | undefined => head.get(name);
    const control = valueOf('cache-control') ?? (/no-cache/i.test(valueOf('pragma') ?? '') ? 'no-cache' : undefined);
    const asked: Asked = {
      directives: directivesOf(control),
      isAuthorized: head.findName('authorization') !== -1 || isIdentified(exchange),
    };
    const stored = this.#store.find(key, valueOf);
    const [ifNoneMatch, ifModifiedSince] = [valueOf('if-none-match'), valueOf('if-modified-since')];
    const use = stored === undefined ? 'validate' : useOf(stored, asked, at);
    const pending = this.#pending.get(key);
    if (stored !== undefined && (use === 'fresh' || (use === 'stale' && pending !== undefined)))
      return replyOf(stored, at, isKnownTo(stored, ifNoneMatch, ifModifiedSince));
    if (asked.directives.has('only-if-cached')) return ONLY_IF_CACHED;
    const mayWait = head.method === GET && !asked.isAuthorized && !asked.directives.has('no-store');
    if (pending !== undefined && mayWait && !this.#uncacheable.get(key) && !asked.directives.has('no-cache'))
      return pending.promise.then(() => this.#answer(head, exchange));
    const isLeader = mayWait && pending === undefined;
    const values = varyingValues(head);
    const forwarded: Forwarded = {
      key,
      asked,
      since: at,
      isHead: head.method === HEAD,
      stored: stored !== undefined && head.method === GET && validate(head, stored) ? stored : undefined,
      ifNoneMatch,
      ifModifiedSince,
      valueOf: (name) => values.get(name),
      isLeader,
    };
    if (isLeader) {
      this.#pending.set(key, Promise.withResolvers());
      // However it ends: somebody else may try.
      exchange.signal.addEventListener('abort', () => this.settle(forwarded, false));
    }
    this.#forwarded.set(exchange, forwarded);
    return undefined;
  }
}

/** All fields of a request by name: answers may vary by any of them, and the head is not there any more when they come. */
function varyingValues(head: RequestHead): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (let index = 0; index < head.count; index++) {
    const name = head.name(index);
    if (!values.has(name)) values.set(name, head.get(name) ?? '');
  }
  for (const [name] of head.edits?.added.fields ?? [])
    values.set(name.toLowerCase(), head.get(name.toLowerCase()) ?? '');
  return values;
}

/** §4.3.1: asks the origin whether `stored` still holds; false where there is nothing to ask with. */
function validate(head: RequestHead, stored: Stored): boolean {
  const tag = fieldIn(stored.fields, 'etag');
  const changed = fieldIn(stored.fields, 'last-modified');
  if (tag === undefined && changed === undefined) return false;
  head.remove('if-none-match');
  head.remove('if-modified-since');
  if (tag !== undefined) head.set('If-None-Match', tag);
  if (changed !== undefined) head.set('If-Modified-Since', changed);
  return true;
}

/** As the origin sees it, letter by letter: two targets that another reader takes for one may have two answers. */
function keyOf(head: RequestHead, { client }: FilterExchange): string {
  const authority = head.text(head.authorityStart, head.authorityEnd).toLowerCase();
  const target = head.relative ?? head.text(head.targetStart, head.targetEnd);
  return `${client.secure ? 'https' : 'http'}://${authority}${target}`;
}

/** The key of a location, where it is of the same origin as `key` (§4.4). */
function sameOrigin(key: string, location: string): string | undefined {
  if (!URL.canParse(location, key)) return undefined;
  const there = new URL(location, key);
  const { origin, protocol, host } = new URL(key);
  return there.origin === origin ? `${protocol}//${host}${there.pathname}${there.search}` : undefined;
}

export const filter: ConfiguredFilter<Cache> = {
  name: 'cache',
  schema: z.strictObject({
    bytes: positive.exactOptional(),
    entryBytes: positive.exactOptional(),
    staleIfError: z.number().nonnegative().exactOptional(),
    purge: networks.exactOptional(),
  }),
  create: (settings) => new CacheFilter(settings),
};
