/**
 * A map of bounded size that keeps what was used last, at the price of one look-up for what is hot. Two generations: what is found in
 * the older one moves to the younger one; once that is full it becomes the older one, and all that nobody asked for meanwhile is gone.
 * So at least the `most / 2` keys that were used last are there.
 */
export class Recent<Value> {
  readonly #each: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  /** `most`: entries that are kept at most. */
  constructor(most: number) {
    this.#each = Math.max(1, Math.floor(most / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) {
      this.#old.delete(key);
      this.set(key, old);
    }
    return old;
  }

  set(key: string, value: Value): void {
    if (this.#young.size >= this.#each && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
  }
}
