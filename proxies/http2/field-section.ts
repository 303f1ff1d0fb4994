/** A header or trailer section: the fields in their order. Reused from section to section; the fields themselves are immutable. */
import { ENHANCE_YOUR_CALM, Http2Error } from './errors.ts';
import { type Field, FIELD_OVERHEAD, fieldOf, SENSITIVE } from './field.ts';

/** A section that is so many times the limit is an attack by references to large table entries. */
const HOPELESS = 16;

export class FieldSection {
  /** The first `count` are the section's. */
  readonly fields: Field[] = [];
  count = 0;
  /** As SETTINGS_MAX_HEADER_LIST_SIZE counts (RFC 9113 §6.5.2), those left out included. */
  size = 0;
  /** It will not change any more: encoders may remember its block. */
  isFixed = false;
  /** Of `size`: what goes beyond is counted and left out. */
  limit = Infinity;

  /** Empties it. */
  begin(limit = Infinity): void {
    this.count = 0;
    this.size = 0;
    this.limit = limit;
  }

  /** Some field was left out. */
  get isOversized(): boolean {
    return this.size > this.limit;
  }

  /** Counts a field of so many characters in name and value. True: there is room for it. Throws where it is no use to read on. */
  admits(characters: number): boolean {
    this.size += characters + FIELD_OVERHEAD;
    if (this.size <= this.limit) return true;
    if (this.size > this.limit * HOPELESS)
      throw new Http2Error(ENHANCE_YOUR_CALM, `a header section of far more than ${this.limit} bytes`);
    return false;
  }

  /** Of an admitted field. */
  push(field: Field): void {
    this.fields[this.count++] = field;
  }

  /** Adds a field of ours. Name in lower case; one character a byte. */
  add(name: string, value: string, isSensitive = false): void {
    if (this.admits(name.length + value.length)) this.push(fieldOf(name, value, isSensitive));
  }

  /** A section of ours that stays as it is. Names in lower case; one character a byte. */
  static of(fields: Iterable<readonly [name: string, value: string]>): FieldSection {
    const section = new FieldSection();
    for (const [name, value] of fields) section.add(name, value);
    section.isFixed = true;
    return section;
  }

  /** The value of the first field of this name, undefined where there is none. */
  get(name: string): string | undefined {
    for (let index = 0; index < this.count; index++) {
      const field = this.fields[index]!;
      if (field.name === name) return field.value;
    }
    return undefined;
  }

  /** Names of the fields, from the one at `from` on, that no hop may put into a table (RFC 7541 §6.2.3); undefined: none. */
  sensitiveNames(from = 0): string[] | undefined {
    let names: string[] | undefined;
    for (let index = from; index < this.count; index++) {
      const { marks, name } = this.fields[index]!;
      if ((marks & SENSITIVE) !== 0) (names ??= []).push(name);
    }
    return names;
  }

  /** For tests and logs. */
  entries(): [name: string, value: string][] {
    return this.fields.slice(0, this.count).map(({ name, value }) => [name, value]);
  }
}
