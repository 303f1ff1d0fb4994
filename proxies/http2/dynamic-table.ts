/** The dynamic table (RFC 7541 §2.3.2, §4): a ring of fields, the newest first, of a bounded size. */
import type { Field } from './field.ts';

export class DynamicTable {
  /** Bytes as §4.1 counts them. */
  size = 0;
  capacity: number;
  /** Fields inserted so far: the newest has this ordinal, counted from 1 on. */
  inserted = 0;
  length = 0;
  #ring: (Field | undefined)[] = Array.from({ length: 32 });
  #evicted: ((field: Field, ordinal: number) => void) | undefined;

  constructor(capacity: number, evicted?: (field: Field, ordinal: number) => void) {
    this.capacity = capacity;
    this.#evicted = evicted;
  }

  /** 0 is the newest; undefined beyond the oldest. */
  at(index: number): Field | undefined {
    return index < this.length ? this.#ring[(this.inserted - index) & (this.#ring.length - 1)] : undefined;
  }

  /** Makes room and inserts a field that is not larger than the whole table. */
  insert(field: Field): void {
    const { size } = field;
    this.#evictTo(this.capacity - size);
    if (this.length === this.#ring.length) this.#grow();
    this.inserted++;
    this.length++;
    this.size += size;
    this.#ring[this.inserted & (this.#ring.length - 1)] = field;
  }

  /** A field larger than the whole table leaves it empty (§4.4). */
  clear(): void {
    this.#evictTo(0);
  }

  /** §4.3. */
  resize(capacity: number): void {
    this.capacity = capacity;
    this.#evictTo(capacity);
  }

  #evictTo(size: number): void {
    while (this.length > 0 && this.size > size) {
      const ordinal = this.inserted - this.length + 1;
      const at = ordinal & (this.#ring.length - 1);
      const field = this.#ring[at]!;
      this.#ring[at] = undefined;
      this.length--;
      this.size -= field.size;
      this.#evicted?.(field, ordinal);
    }
  }

  #grow(): void {
    const larger: (Field | undefined)[] = Array.from({ length: this.#ring.length * 2 });
    for (let index = 0; index < this.length; index++)
      larger[(this.inserted - index) & (larger.length - 1)] = this.at(index);
    this.#ring = larger;
  }
}
