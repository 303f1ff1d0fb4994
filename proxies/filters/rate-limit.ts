/**
 * At most so many requests in a period from each client, or of each value of a field: a token bucket a key, refilled all the time. Who
 * has none left is answered 429 with Retry-After and the RateLimit fields (RFC 6585 §4, draft-ietf-httpapi-ratelimit-headers-10). Routes
 * that share the settings share the buckets; each worker of a proxy has its own, and its part of the limit.
 *
 * @example { "filters": { "rate-limit": { "requests": 100, "period": 60000, "key": "client" } } }
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { canonicalAddress, formatIpv6, packAddress } from '../config/ip-address.ts';
import type { RequestHead } from '../http/head.ts';
import type { Reply } from '../http/reply.ts';
import type { ConfiguredFilter, Filter, FilterExchange } from './contract.ts';
import { Recent } from './recent.ts';
import { fieldName, millis, positive } from './settings.ts';

export interface RateLimit {
  /** In each `period`. */
  readonly requests: number;
  /** Milliseconds; 1,000 by default. */
  readonly period?: number;
  /** As many may come at once; `requests` by default. */
  readonly burst?: number;
  /** Whom a bucket is for: each client address (IPv6: each /64 network), which is the default, each value of a field, or all together. */
  readonly key?: 'client' | 'none' | { readonly header: string };
  /** Keys that are remembered at most; whoever is forgotten starts anew. 100,000 by default. */
  readonly keys?: number;
}

declare module '../config/intent.ts' {
  interface FilterSettings {
    readonly 'rate-limit'?: RateLimit;
  }
}

/** Longer keys are kept by their digest, so that the number of keys bounds the bytes. */
const LONGEST_KEY = 64;

type KeyOf = (head: RequestHead, exchange: FilterExchange) => string;

/** Who has one IPv6 address has a network of them (RFC 6177). */
export function clientKey(address: string): string {
  const canonical = canonicalAddress(address);
  if (!canonical.includes(':')) return canonical;
  return formatIpv6(Buffer.concat([packAddress(canonical).subarray(0, 8), Buffer.alloc(8)]));
}

function keyOf(key: RateLimit['key'] = 'client'): KeyOf {
  if (key === 'none') return () => '';
  if (key === 'client') return (_head, { client }) => clientKey(client.address);
  const name = key.header.toLowerCase();
  return (head) => {
    const value = head.get(name) ?? '';
    return value.length > LONGEST_KEY ? hash('sha256', value, 'base64') : value;
  };
}

export class TokenBuckets {
  /** Milliseconds a token. */
  readonly #interval: number;
  readonly #depth: number;
  /** When each key's bucket will be full again: the one number that a bucket needs (GCRA, ITU-T I.371). */
  readonly #full: Recent<number>;

  constructor(interval: number, burst: number, keys: number) {
    this.#interval = interval;
    this.#depth = interval * burst;
    this.#full = new Recent(keys);
  }

  get size(): number {
    return this.#full.size;
  }

  /** Takes a token: 0. Milliseconds until there is one where there is none. `now`: milliseconds of a clock that never goes back. */
  take(key: string, now: number): number {
    const full = Math.max(this.#full.get(key) ?? 0, now) + this.#interval;
    const early = full - this.#depth - now;
    // Sums of a rounded interval may miss by less than this.
    if (early > 1e-6 * this.#interval) return early;
    this.#full.set(key, full);
    return 0;
  }
}

/** `clock`: milliseconds. */
export function rateLimit(settings: RateLimit, clock: () => number): Filter {
  const { requests, period = 1000, burst = requests, keys = 100_000 } = settings;
  const buckets = new TokenBuckets(period / requests, burst, keys);
  const key = keyOf(settings.key);
  const policy = `"default";q=${requests};w=${Math.max(1, Math.ceil(period / 1000))}`;
  const refuse = (wait: number): Reply => {
    const seconds = Math.max(1, Math.ceil(wait / 1000));
    return {
      status: 429,
      fields: [
        ['Retry-After', `${seconds}`],
        ['RateLimit-Policy', policy],
        ['RateLimit', `"default";r=0;t=${seconds}`],
      ],
    };
  };
  return {
    request(head, exchange) {
      const wait = buckets.take(key(head, exchange), clock());
      if (wait === 0) return undefined;
      exchange.reason = 'rate_limited';
      return refuse(wait);
    },
  };
}

export const filter: ConfiguredFilter<RateLimit> = {
  name: 'rate-limit',
  schema: z.strictObject({
    requests: positive.max(1e9),
    period: millis.exactOptional(),
    burst: positive.max(1e9).exactOptional(),
    key: z
      .union(
        [z.literal(['client', 'none']), z.strictObject({ header: fieldName })],
        'expected client, none or { "header": NAME }',
      )
      .exactOptional(),
    keys: positive.max(10_000_000).exactOptional(),
  }),
  create: (settings) => rateLimit(settings, () => performance.now()),
};
