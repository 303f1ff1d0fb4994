/** What a shared cache may store, and when it may answer with it: RFC 9111 §3 and §4 as functions, and RFC 5861. */
import type { Field } from '../http/field-block.ts';
import { dateOf, type Directives, directivesOf, secondsOf } from './cache-control.ts';

/** An answer as it is stored. */
export interface Stored {
  readonly status: number;
  /** From end to end, with a Date. */
  readonly fields: readonly Field[];
  readonly body: Buffer;
  readonly directives: Directives;
  /** Seconds since 1970: when it was asked for, and when it came. */
  readonly asked: number;
  readonly came: number;
  /** Fields of the request that it varies by, with their values in that request. */
  readonly varies: readonly (readonly [name: string, value: string | undefined])[];
}

type Fields = readonly Field[];

export function fieldIn(fields: Fields, name: string): string | undefined {
  let value: string | undefined;
  for (const [other, more] of fields)
    if (other.toLowerCase() === name) value = value === undefined ? more : `${value}, ${more}`;
  return value;
}

/** RFC 9110 §15.1. */
const HEURISTIC = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]);
/** Final statuses whose meaning for caches is known here. 206 and 304 are never stored as they are. */
const UNDERSTOOD = new Set([...HEURISTIC, 302, 303, 307, 400, 401, 403, 406, 409, 421, 451, 500, 502, 503, 504]);
/** §4.2.2: of the time since it was last changed, at most a day. */
const HEURISTIC_SHARE = 0.1;
const HEURISTIC_MOST = 86_400;

/** What a request says of the answer to it. */
export interface Asked {
  readonly directives: Directives;
  /** It shows who asks. */
  readonly isAuthorized: boolean;
}

/** §3. */
export function mayStore(
  asked: Asked,
  { status, fields, directives: own }: Pick<Stored, 'status' | 'fields' | 'directives'>,
): boolean {
  if (!UNDERSTOOD.has(status) || asked.directives.has('no-store') || own.has('private')) return false;
  if (own.has('no-store') && !own.has('must-understand')) return false;
  const isPublic = own.has('public');
  const isShared = isPublic || own.has('s-maxage') || own.has('must-revalidate');
  if (asked.isAuthorized && !isShared) return false; // §3.5
  // Nobody else's business, though no rule says so, unless it is declared to be.
  if (fieldIn(fields, 'set-cookie') !== undefined && !isPublic && !own.has('s-maxage')) return false;
  const isExplicit = isPublic || own.has('s-maxage') || own.has('max-age') || fieldIn(fields, 'expires') !== undefined;
  if (!isExplicit && !HEURISTIC.has(status)) return false;
  return fieldIn(fields, 'vary')?.includes('*') !== true;
}

/** §4.2.1, §4.2.2: seconds for which it is fresh. */
export function lifetimeOf({ status, fields, directives, came }: Stored): number {
  const shared = secondsOf(directives, 's-maxage') ?? secondsOf(directives, 'max-age');
  if (shared !== undefined) return shared;
  const date = dateOf(fieldIn(fields, 'date')) ?? came;
  const expires = fieldIn(fields, 'expires');
  if (expires !== undefined) return Math.max(0, (dateOf(expires) ?? 0) - date);
  const changed = dateOf(fieldIn(fields, 'last-modified'));
  if (changed === undefined || !(HEURISTIC.has(status) || directives.has('public'))) return 0;
  return Math.min(HEURISTIC_MOST, Math.max(0, (date - changed) * HEURISTIC_SHARE));
}

/** §4.2.3, in seconds. */
export function ageOf({ fields, asked, came }: Stored, now: number): number {
  const date = dateOf(fieldIn(fields, 'date')) ?? came;
  const told = /^\s*(\d+)/.exec(fieldIn(fields, 'age') ?? '')?.[1];
  const corrected = Math.min(Number(told ?? 0), 2 ** 31) + (came - asked);
  return Math.max(0, came - date, corrected) + (now - came);
}

export type Use = 'fresh' | 'stale' | 'validate';

/** §4.2.4, §5.2: whether it may answer a request at once. 'stale': it may, for so long that somebody should ask anew. */
export function useOf(stored: Stored, { directives: asked }: Asked, now: number): Use {
  const own = stored.directives;
  if (asked.has('no-cache') || own.has('no-cache')) return 'validate';
  const age = ageOf(stored, now);
  const lifetime = lifetimeOf(stored);
  if (age > (secondsOf(asked, 'max-age') ?? Infinity)) return 'validate';
  if (lifetime - age < (secondsOf(asked, 'min-fresh') ?? -Infinity)) return 'validate';
  if (age < lifetime) return 'fresh';
  if (mustRevalidate(own)) return 'validate';
  const staleness = age - lifetime;
  if (
    asked.has('max-stale') &&
    staleness <= (asked.get('max-stale') === '' ? Infinity : secondsOf(asked, 'max-stale')!)
  )
    return 'fresh';
  return staleness <= (secondsOf(own, 'stale-while-revalidate') ?? -1) ? 'stale' : 'validate';
}

/** §5.2.2.2, §5.2.2.8, §5.2.2.10. */
const mustRevalidate = (own: Directives): boolean =>
  own.has('must-revalidate') || own.has('proxy-revalidate') || own.has('s-maxage');

/** RFC 5861 §4: whether it may stand in for an error. `fallback`: seconds where the answer says nothing of it. */
export function maySubstitute(stored: Stored, { directives: asked }: Asked, now: number, fallback: number): boolean {
  const own = stored.directives;
  if (mustRevalidate(own) || own.has('no-cache') || asked.has('no-cache')) return false;
  const limit = secondsOf(asked, 'stale-if-error') ?? secondsOf(own, 'stale-if-error') ?? fallback;
  return ageOf(stored, now) - lifetimeOf(stored) <= limit;
}

/** §4.1: whether it answers a request whose fields `valueOf` gives. */
export const matches = ({ varies }: Stored, valueOf: (name: string) => string | undefined): boolean =>
  varies.every(([name, value]) => normal(valueOf(name)) === normal(value));

/** White space around commas means nothing (§4.1). */
const normal = (value: string | undefined): string | undefined => value?.replaceAll(/\s*,\s*/g, ',').trim();

/** §4.3.2: whether the client has it already. */
export function isKnownTo(
  stored: Stored,
  ifNoneMatch: string | undefined,
  ifModifiedSince: string | undefined,
): boolean {
  const opaque = (tag: string): string => tag.trim().replace(/^W\//, '');
  if (ifNoneMatch !== undefined) {
    const tag = fieldIn(stored.fields, 'etag');
    if (ifNoneMatch.trim() === '*') return true;
    const given: readonly string[] = ifNoneMatch.match(/(?:W\/)?"[^"]*"/g) ?? [];
    return tag !== undefined && given.some((one) => opaque(one) === opaque(tag));
  }
  const since = dateOf(ifModifiedSince);
  const changed = dateOf(fieldIn(stored.fields, 'last-modified')) ?? dateOf(fieldIn(stored.fields, 'date'));
  return since !== undefined && changed !== undefined && changed <= since;
}

/** §3.2: fields of a 304 that do not take the place of those stored: they tell of the message, or of content that it has not. */
const KEPT = new Set(['content-length', 'content-encoding', 'content-type', 'content-range', 'content-md5']);

/** §4.3.4: as a 304 brings it up to date. */
export function freshened(stored: Stored, update: Pick<Stored, 'fields' | 'asked' | 'came'>): Stored {
  const newer = update.fields.filter(([name]) => !KEPT.has(name.toLowerCase()));
  const names = new Set(newer.map(([name]) => name.toLowerCase()));
  // An Age that is not told again was that of the old answer.
  const fields = [
    ...stored.fields.filter(([name]) => !names.has(name.toLowerCase()) && name.toLowerCase() !== 'age'),
    ...newer,
  ];
  return { ...stored, ...update, fields, directives: directivesOf(fieldIn(fields, 'cache-control')) };
}
