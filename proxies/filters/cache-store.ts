/** Stored answers, bounded in bytes: those that were used last stay. */
import { matches, type Stored } from './cache-policy.ts';

/** Of one key: a client that varies what an answer varies by gets no more than this. */
const MOST_VARIANTS = 16;
/** What an answer takes beside its content and fields. */
const OVERHEAD = 500;

interface Place {
  readonly variants: readonly Stored[];
  readonly bytes: number;
}

const sizeOf = ({ fields, body, varies }: Stored): number =>
  OVERHEAD +
  body.length +
  fields.reduce((sum, [name, value]) => sum + name.length + value.length, 0) +
  varies.reduce((sum, [name, value]) => sum + name.length + (value?.length ?? 0), 0);

export class CacheStore {
  bytes = 0;
  readonly #most: number;
  /** In the order of use, the one used last at the end. */
  readonly #places = new Map<string, Place>();

  constructor(mostBytes: number) {
    this.#most = mostBytes;
  }

  /** What fits a request whose fields `valueOf` gives. */
  find(key: string, valueOf: (name: string) => string | undefined): Stored | undefined {
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    this.#places.delete(key);
    this.#places.set(key, place);
    return place.variants.find((stored) => matches(stored, valueOf));
  }

  /** In place of `old`, and of all that answers the same requests. */
  put(key: string, stored: Stored, old?: Stored): void {
    const values = new Map(stored.varies);
    const others = (this.#places.get(key)?.variants ?? []).filter(
      (one) => one !== old && !(one.varies.length === values.size && matches(one, (name) => values.get(name))),
    );
    this.#set(key, [stored, ...others].slice(0, MOST_VARIANTS));
    for (const oldest of this.#places.keys()) {
      if (this.bytes <= this.#most) break;
      this.delete(oldest);
    }
  }

  /** Whether there was something. */
  delete(key: string): boolean {
    this.bytes -= this.#places.get(key)?.bytes ?? 0;
    return this.#places.delete(key);
  }

  #set(key: string, variants: readonly Stored[]): void {
    this.delete(key);
    const bytes = key.length + variants.reduce((sum, stored) => sum + sizeOf(stored), 0);
    this.#places.set(key, { variants, bytes });
    this.bytes += bytes;
  }
}
