/** Encoder of header blocks (RFC 7541 §6, §7.1). */
import { DynamicTable } from './dynamic-table.ts';
import { type Field, SENSITIVE } from './field.ts';
import type { FieldSection } from './field-section.ts';
import { DEFAULT_TABLE_SIZE } from './hpack-decoder.ts';
import { writeInteger } from './hpack-integer.ts';
import { encodeHuffman, huffmanLength } from './huffman.ts';
import { type Output, writeLatin1 } from './output.ts';
import { FIRST_DYNAMIC, STATIC_FIELDS } from './static-table.ts';

/**
 * Fields whose values seldom come twice: in the table they would push out what does. One that comes twice in a row is put in all the
 * same.
 */
const CHANGING: ReadonlySet<string> = new Set([
  ':path',
  'age',
  'content-length',
  'content-range',
  'etag',
  'expires',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'last-modified',
  'location',
  'range',
  'set-cookie',
]);

/** Secrets that a shared table would let others guess (RFC 7541 §7.1.3). */
const SECRET: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization']);

/** Integers of a field: its index or its name's, and the lengths of two strings. */
const INTEGER_BYTES = 18;

/** What is known of one name. */
interface NameSlot {
  /** Of the static table: the first entry of this name; 0: none. */
  readonly fixed: number;
  /** Of the static table, by value. */
  readonly fixedValues: ReadonlyMap<string, number>;
  /** Ordinals of the dynamic table, by value; absent in what all encoders share. */
  readonly values: Map<string, number> | undefined;
  /** The ordinal of the newest dynamic entry; 0 where there may be none. */
  newest: number;
  /** The value that came last, of a `CHANGING` name. */
  last: string | undefined;
}

interface OwnSlot extends NameSlot {
  readonly values: Map<string, number>;
}

interface Block {
  /** Of the table as it was. */
  readonly version: number;
  readonly bytes: Buffer;
}

const MOST_BLOCKS = 64;

const UNKNOWN: NameSlot = { fixed: 0, fixedValues: new Map(), values: undefined, newest: 0, last: undefined };

/** Names of the static table. Shared: an encoder has slots of its own only for what is in its dynamic table. */
const STATIC_SLOTS = new Map<string, NameSlot>();
for (const [index, [name, value]] of STATIC_FIELDS.entries()) {
  const { fixed, fixedValues } = STATIC_SLOTS.get(name) ?? { fixed: index + 1, fixedValues: UNKNOWN.fixedValues };
  STATIC_SLOTS.set(name, { ...UNKNOWN, fixed, fixedValues: new Map([...fixedValues, [value, index + 1]]) });
}

export class HpackEncoder {
  readonly #slots = new Map<string, OwnSlot>();
  readonly #table: DynamicTable;
  readonly #most: number;
  /** Table sizes to be announced with the next block: the smallest since the last one, and the one that holds. */
  #smallest = -1;
  /** Grows whenever the table changes: an encoded block is good for as long as it does not. */
  #version = 0;
  /** Blocks of sections that do not change. */
  readonly #blocks = new Map<FieldSection, Block>();

  /** `most`: bytes of table that we care to keep, whatever the peer allows. */
  constructor(most = DEFAULT_TABLE_SIZE) {
    this.#most = most;
    this.#table = new DynamicTable(DEFAULT_TABLE_SIZE, (field, ordinal) => this.#forget(field, ordinal));
    this.setLimit(DEFAULT_TABLE_SIZE);
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  setLimit(limit: number): void {
    const capacity = Math.min(limit, this.#most);
    if (capacity === this.#table.capacity) return;
    this.#smallest = this.#smallest === -1 ? capacity : Math.min(this.#smallest, capacity);
    this.#table.resize(capacity);
    this.#version++;
  }

  /** Appends the block of a section to `output`. */
  encode(section: FieldSection, output: Output): void {
    if (!section.isFixed) return this.#encodeAll(section, output);
    const known = this.#blocks.get(section);
    if (known !== undefined && known.version === this.#version && this.#smallest === -1) {
      const { bytes } = known;
      output.reserve(bytes.length);
      output.buffer.set(bytes, output.length);
      output.length += bytes.length;
      return;
    }
    const start = output.length;
    const version = this.#smallest === -1 ? this.#version : -1;
    this.#encodeAll(section, output);
    if (version === this.#version) this.#remember(section, output.buffer.subarray(start, output.length));
  }

  #encodeAll(section: FieldSection, output: Output): void {
    if (this.#smallest !== -1) this.#announce(output);
    for (let index = 0; index < section.count; index++) this.#encodeField(section.fields[index]!, output);
  }

  /** The block has changed nothing in the table, and would come out the same again. */
  #remember(section: FieldSection, bytes: Buffer): void {
    if (this.#blocks.size >= MOST_BLOCKS) this.#blocks.clear();
    this.#blocks.set(section, { version: this.#version, bytes: Buffer.from(bytes) });
  }

  /** §4.2: where the size went down and up again, both must be told, lest the peer keeps what we have dropped. */
  #announce(output: Output): void {
    output.reserve(INTEGER_BYTES);
    const { capacity } = this.#table;
    if (this.#smallest < capacity) this.#integer(output, 0x20, 0x1f, this.#smallest);
    this.#integer(output, 0x20, 0x1f, capacity);
    this.#smallest = -1;
  }

  #encodeField(field: Field, output: Output): void {
    const { name, value } = field;
    output.reserve(INTEGER_BYTES + name.length + value.length);
    const slot = this.#slots.get(name) ?? STATIC_SLOTS.get(name) ?? UNKNOWN;
    if ((field.marks & SENSITIVE) !== 0 || SECRET.has(name)) return this.#literal(field, slot, 0x10, 0x0f, output);
    const fixed = slot.fixedValues.get(value);
    if (fixed !== undefined) return this.#integer(output, 0x80, 0x7f, fixed);
    const ordinal = slot.values?.get(value);
    if (ordinal !== undefined) return this.#integer(output, 0x80, 0x7f, this.#indexOf(ordinal));
    if (!this.#isWorthATable(field, slot)) return this.#literal(field, slot, 0x00, 0x0f, output);
    this.#literal(field, slot, 0x40, 0x3f, output);
    this.#insert(field);
  }

  /** Whether it should be found in the table next time. A field that fills most of the table is not worth what it pushes out. */
  #isWorthATable(field: Field, slot: NameSlot): boolean {
    if (field.size * 2 > this.#table.capacity) return false;
    if (!CHANGING.has(field.name) || slot.last === field.value) return true;
    this.#own(field.name).last = field.value;
    return false;
  }

  /** The slot of this name that may be changed. */
  #own(name: string): OwnSlot {
    const known = this.#slots.get(name);
    if (known !== undefined) return known;
    const slot: OwnSlot = { ...(STATIC_SLOTS.get(name) ?? UNKNOWN), values: new Map<string, number>() };
    this.#slots.set(name, slot);
    return slot;
  }

  #insert(field: Field): void {
    this.#table.insert(field);
    const slot = this.#own(field.name);
    slot.newest = this.#table.inserted;
    slot.values.set(field.value, slot.newest);
    this.#version++;
  }

  #forget(field: Field, ordinal: number): void {
    const slot = this.#slots.get(field.name);
    if (slot === undefined) return;
    if (slot.values.get(field.value) === ordinal) slot.values.delete(field.value);
    if (slot.newest === ordinal) slot.newest = 0;
    if (slot.values.size === 0) this.#slots.delete(field.name);
  }

  #indexOf(ordinal: number): number {
    return FIRST_DYNAMIC + this.#table.inserted - ordinal;
  }

  #literal(field: Field, slot: NameSlot, first: number, mask: number, output: Output): void {
    const known = slot.fixed !== 0 ? slot.fixed : slot.newest !== 0 ? this.#indexOf(slot.newest) : 0;
    this.#integer(output, first, mask, known);
    if (known === 0) writeString(output, field.name);
    writeString(output, field.value);
  }

  #integer(output: Output, first: number, mask: number, value: number): void {
    output.length = writeInteger(output.buffer, output.length, first, mask, value);
  }
}

/** §5.2, Huffman coded where that is shorter. Room is reserved. */
function writeString(output: Output, text: string): void {
  const { buffer } = output;
  const packed = huffmanLength(text);
  if (packed < text.length) {
    output.length = encodeHuffman(text, buffer, writeInteger(buffer, output.length, 0x80, 0x7f, packed));
    return;
  }
  const at = writeInteger(buffer, output.length, 0x00, 0x7f, text.length);
  output.length = writeLatin1(buffer, text, at);
}
