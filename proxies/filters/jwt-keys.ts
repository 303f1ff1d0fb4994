/** Keys that tokens are verified with: one for good, or a set (RFC 7517) that its owner changes now and then. */
import { createPublicKey, createSecretKey, type JsonWebKeyInput, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type Algorithm, unfit } from './jwt-token.ts';

export interface KeySource {
  /** Changes with the keys. */
  readonly version: number;
  /** None are known yet. */
  readonly isEmpty: boolean;
  /** Those that may have signed a token that names `kid`, or none. */
  candidates(kid: string | undefined): readonly KeyObject[];
  /** Looks whether there are others by now; undefined: that was done a moment ago. Never rejects. */
  refresh(): Promise<void> | undefined;
  close(): void;
}

/** Throws `TypeError` where the key does not suit the algorithm. */
export function oneKey(key: KeyObject, algorithm: Algorithm): KeySource {
  const problem = unfit(key, algorithm);
  if (problem !== undefined) throw new TypeError(`jwt: ${problem}`);
  const keys = [key];
  return { version: 0, isEmpty: false, candidates: () => keys, refresh: () => undefined, close() {} };
}

type JsonWebKey = JsonWebKeyInput['key'];

interface NamedKey {
  readonly kid: string | undefined;
  readonly key: KeyObject;
}

/** Tokens that name no key are tried with so many: each costs a verification. */
const MOST_TRIED = 8;

/** The keys of a set that suit the algorithm; others are passed over (RFC 7517 §5). Throws `TypeError` for what is no key set. */
export function readKeySet(text: string, algorithm: Algorithm): readonly NamedKey[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new TypeError(`expected a JSON Web Key Set, got what is no JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const keys = (value as { readonly keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) throw new TypeError('expected a JSON Web Key Set, an object with a list of "keys"');
  return (keys as readonly JsonWebKey[]).flatMap((jwk) => {
    const { kid, use, alg } = jwk as Readonly<Record<string, unknown>>;
    if ((use !== undefined && use !== 'sig') || (alg !== undefined && alg !== algorithm)) return [];
    try {
      const key = keyOf(jwk);
      return unfit(key, algorithm) === undefined ? [{ kid: typeof kid === 'string' ? kid : undefined, key }] : [];
    } catch {
      return [];
    }
  });
}

const keyOf = (jwk: JsonWebKey): KeyObject =>
  jwk.kty === 'oct' ? createSecretKey(String(jwk.k), 'base64url') : createPublicKey({ key: jwk, format: 'jwk' });

export interface KeySetOptions {
  readonly algorithm: Algorithm;
  /** Milliseconds after which it is read anew. */
  readonly refresh: number;
  /** Milliseconds for which nobody reads it anew, whatever tokens ask for. */
  readonly rest: number;
  /** It could not be read: the keys that are known stay. */
  readonly onFailure: (why: string) => void;
}

export class KeySet implements KeySource {
  version = 0;
  #keys: readonly NamedKey[] = [];
  #reading: Promise<void> | undefined;
  #read = -Infinity;
  readonly #source: () => Promise<string>;
  readonly #options: KeySetOptions;
  readonly #timer: NodeJS.Timeout;

  constructor(source: () => Promise<string>, options: KeySetOptions, first?: string) {
    this.#source = source;
    this.#options = options;
    if (first === undefined) void this.refresh();
    else this.#keys = readKeySet(first, options.algorithm);
    this.#timer = setInterval(() => void this.#begin(), options.refresh);
    this.#timer.unref();
  }

  get isEmpty(): boolean {
    return this.#keys.length === 0;
  }

  candidates(kid: string | undefined): readonly KeyObject[] {
    const fitting = kid === undefined ? this.#keys.slice(0, MOST_TRIED) : this.#keys.filter((one) => one.kid === kid);
    return fitting.map(({ key }) => key);
  }

  refresh(): Promise<void> | undefined {
    if (this.#reading === undefined && performance.now() - this.#read < this.#options.rest) return undefined;
    return this.#begin();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #begin(): Promise<void> {
    return (this.#reading ??= this.#readAnew());
  }

  async #readAnew(): Promise<void> {
    try {
      const keys = readKeySet(await this.#source(), this.#options.algorithm);
      if (keys.length === 0)
        throw new TypeError(`expected a key for ${this.#options.algorithm}, there is none in the set`);
      this.#keys = keys;
      this.version++;
    } catch (error) {
      const { message, cause } = error as Error;
      this.#options.onFailure(cause instanceof Error ? `${message}: ${cause.message}` : message);
    } finally {
      this.#read = performance.now();
      this.#reading = undefined;
    }
  }
}

/** Throws the system's error, or `TypeError` for what is no key set: at the start that is a mistake, later it is an event. */
export const keySetFile = (path: string, options: KeySetOptions): KeySet =>
  new KeySet(() => readFile(path, 'utf8'), options, readFileSync(path, 'utf8'));

/** Of an answer; a key set has some hundreds of bytes a key. */
const MOST_BYTES = 1024 * 1024;

/** `timeout`: milliseconds for the whole answer. */
export const keySetUrl = (url: string, timeout: number, options: KeySetOptions): KeySet =>
  new KeySet(() => download(url, timeout), options);

async function download(url: string, timeout: number): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeout), headers: { accept: 'application/json' } });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new TypeError(`expected a key set, got status ${response.status}`);
  }
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += piece.length;
    if (size > MOST_BYTES) throw new TypeError(`expected a key set of ${MOST_BYTES} bytes at most`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
