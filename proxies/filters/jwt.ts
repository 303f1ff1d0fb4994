/**
 * Bearer tokens that are JSON Web Tokens (RFC 6750, RFC 7519, RFC 8725). The algorithm is what is configured, whatever a token says.
 * What cannot be verified is answered 401 before a byte reaches the origin; 503 while the key set was never there. Tokens that were
 * verified are remembered until they expire, the keys change, or others take their place.
 *
 * @example { "filters": { "jwt": { "algorithm": "RS256", "keys": { "url": "https://id.example.org/jwks.json" },
 *   "issuer": ["https://id.example.org"], "audience": ["shop"], "identityHeader": "X-User" } } }
 */
import { createPublicKey, createSecretKey } from 'node:crypto';
import { z } from 'zod';
import type { RequestHead } from '../http/head.ts';
import type { Reply } from '../http/reply.ts';
import type { ConfiguredFilter, ContentSide, Filter, FilterExchange, FilterService } from './contract.ts';
import { Identity } from './identity.ts';
import { type KeySetOptions, keySetFile, keySetUrl, type KeySource, oneKey } from './jwt-keys.ts';
import { type Algorithm, ALGORITHMS, brokenClaim, type ClaimRules, endOf, isSigned, parseToken } from './jwt-token.ts';
import { Recent } from './recent.ts';
import { fieldName, millis, realmText } from './settings.ts';

export interface Jwt {
  readonly algorithm: Algorithm;
  /** A secret of 32 bytes at least (HS256), the PEM of a public key, or a JSON Web Key Set from a file or a URL. */
  readonly keys:
    { readonly secret: string } | { readonly pem: string } | { readonly file: string } | { readonly url: string };
  /** `iss` must be one of them; anything by default. */
  readonly issuer?: readonly string[];
  /** `aud` must name one of them; anything by default. */
  readonly audience?: readonly string[];
  /** Seconds by which clocks may differ; 30 by default. */
  readonly leeway?: number;
  /** Field that tells the origin who it is; none by default. */
  readonly identityHeader?: string;
  /** The claim that says so; `sub` by default. */
  readonly identityClaim?: string;
  /** The origin gets the token as well; true by default. */
  readonly forward?: boolean;
  /** Verified tokens that are remembered; 0: none. 10,000 by default. */
  readonly remembered?: number;
  /** Milliseconds after which a key set is read anew; 300,000 by default. A token of an unknown key has it read sooner. */
  readonly refresh?: number;
  /** Milliseconds between two such tokens that do; 10,000 by default. */
  readonly rest?: number;
  /** Milliseconds for the answer of a URL; 5,000 by default. */
  readonly timeout?: number;
  readonly realm?: string;
}

declare module '../config/intent.ts' {
  interface FilterSettings {
    readonly jwt?: Jwt;
  }
}

/** Longer tokens are verified each time, so that a count bounds the bytes. */
const LONGEST_REMEMBERED = 2048;
const UNAVAILABLE: Reply = { status: 503, fields: [['Retry-After', '1']] };

/** A token that was verified. */
interface Verified {
  readonly identity: string;
  /** Seconds since 1970. */
  readonly end: number;
}

/** `UNKNOWN_KEY`: no key of that name is there. Other texts: what is wrong. */
type Verdict = Verified | string;
const UNKNOWN_KEY = 'the key is not known';

class JwtFilter implements Filter {
  readonly #settings: Jwt;
  readonly #keys: KeySource;
  readonly #rules: ClaimRules;
  readonly #identity: Identity | undefined;
  readonly #claim: string;
  readonly #forward: boolean;
  readonly #verified: Recent<Verified> | undefined;
  /** Of the keys that verified those. */
  #version = 0;
  readonly #realm: string;

  constructor(settings: Jwt, keys: KeySource) {
    const { issuer, audience, leeway = 30, identityHeader, remembered = 10_000 } = settings;
    this.#settings = settings;
    this.#keys = keys;
    this.#rules = { issuer, audience, leeway };
    this.#identity = identityHeader === undefined ? undefined : new Identity(identityHeader);
    this.#claim = settings.identityClaim ?? 'sub';
    this.#forward = settings.forward ?? true;
    this.#verified = remembered === 0 ? undefined : new Recent(remembered);
    this.#realm = settings.realm ?? 'hopcost';
  }

  request(head: RequestHead, exchange: FilterExchange): Reply | undefined | Promise<Reply | undefined> {
    const token = /^bearer +(\S+)$/i.exec(head.get('authorization') ?? '')?.[1];
    if (token === undefined) return this.#refuse(exchange);
    const verdict = this.#judge(token);
    if (verdict !== UNKNOWN_KEY) return this.#conclude(verdict, head, exchange);
    const refreshed = this.#keys.refresh();
    if (refreshed === undefined) return this.#conclude(verdict, head, exchange);
    return refreshed.then(() => this.#conclude(this.#judge(token), head, exchange));
  }

  requestBody(side: ContentSide, head: RequestHead): ContentSide {
    return this.#identity?.guard(side, head) ?? side;
  }

  close(): void {
    this.#keys.close();
  }

  #judge(text: string): Verdict {
    const now = Date.now() / 1000;
    if (this.#version !== this.#keys.version) {
      this.#version = this.#keys.version;
      this.#verified?.clear();
    }
    const known = this.#verified?.get(text);
    if (known !== undefined) {
      if (now < known.end) return known;
      this.#verified?.delete(text);
    }
    return this.#verify(text, now);
  }

  #verify(text: string, now: number): Verdict {
    const { algorithm } = this.#settings;
    const token = parseToken(text);
    if (token === undefined) return 'this is no token';
    if (token.algorithm !== algorithm) return 'the algorithm is another';
    // What costs nothing comes first; a token that is over is over, whoever signed it.
    const broken = brokenClaim(token, this.#rules, now);
    if (broken !== undefined) return `${broken} does not hold`;
    const candidates = this.#keys.candidates(token.kid);
    if (candidates.length === 0) return UNKNOWN_KEY;
    if (!candidates.some((key) => isSigned(token, algorithm, key))) return 'the signature is wrong';
    const claim = token.claims[this.#claim];
    const verified = { identity: typeof claim === 'string' ? claim : '', end: endOf(token, this.#rules.leeway) };
    if (text.length <= LONGEST_REMEMBERED) this.#verified?.set(text, verified);
    return verified;
  }

  #conclude(verdict: Verdict, head: RequestHead, exchange: FilterExchange): Reply | undefined {
    if (typeof verdict === 'string') {
      if (verdict !== UNKNOWN_KEY || !this.#keys.isEmpty) return this.#refuse(exchange, verdict);
      exchange.reason = 'filter_failed';
      return UNAVAILABLE;
    }
    if (this.#identity?.tell(head, verdict.identity, exchange) === false)
      return this.#refuse(exchange, `${this.#claim} names nobody`);
    if (!this.#forward) head.remove('authorization');
    return undefined;
  }

  /** RFC 6750 §3: who showed nothing is told nothing of what is wrong. */
  #refuse(exchange: FilterExchange, why?: string): Reply {
    exchange.reason = 'unauthenticated';
    const error = why === undefined ? '' : `, error="invalid_token", error_description="${why}"`;
    return { status: 401, fields: [['WWW-Authenticate', `Bearer realm="${this.#realm}"${error}`]] };
  }
}

function keysOf(settings: Jwt, service: FilterService): KeySource {
  const { algorithm, keys } = settings;
  if ('secret' in keys) return oneKey(createSecretKey(keys.secret, 'utf8'), algorithm);
  if ('pem' in keys) return oneKey(createPublicKey(keys.pem), algorithm);
  const options: KeySetOptions = {
    algorithm,
    refresh: settings.refresh ?? 300_000,
    rest: settings.rest ?? 10_000,
    onFailure: (why) => service.because('filter_failed', () => `filter jwt: its key set: ${why}`),
  };
  return 'file' in keys ? keySetFile(keys.file, options) : keySetUrl(keys.url, settings.timeout ?? 5000, options);
}

const text = z.string().min(1);

export const filter: ConfiguredFilter<Jwt> = {
  name: 'jwt',
  schema: z.strictObject({
    algorithm: z.enum(ALGORITHMS),
    keys: z.union(
      [
        z.strictObject({ secret: text }),
        z.strictObject({ pem: z.string().includes('-----BEGIN ') }),
        z.strictObject({ file: text }),
        z.strictObject({ url: z.url({ protocol: /^https?$/ }) }),
      ],
      'expected one of { "secret": TEXT }, { "pem": PEM }, { "file": PATH }, { "url": URL }',
    ),
    issuer: z.array(text).min(1).exactOptional(),
    audience: z.array(text).min(1).exactOptional(),
    leeway: z.number().nonnegative().exactOptional(),
    identityHeader: fieldName.exactOptional(),
    identityClaim: text.exactOptional(),
    forward: z.boolean().exactOptional(),
    remembered: z.int().nonnegative().max(1_000_000).exactOptional(),
    refresh: millis.exactOptional(),
    rest: millis.exactOptional(),
    timeout: millis.exactOptional(),
    realm: realmText.exactOptional(),
  }),
  create: (settings, service) => new JwtFilter(settings, keysOf(settings, service)),
};
