/**
 * Decoder of header blocks (RFC 7541 §3, §6). What it throws, an `Http2Error` with COMPRESSION_ERROR, ends the connection: the tables
 * of both sides would differ from there on. Whether the fields make a message is not its business.
 */
import { latin1 } from '../http/octets.ts';
import { DynamicTable } from './dynamic-table.ts';
import { COMPRESSION_ERROR, Http2Error } from './errors.ts';
import { Field, FIELD_OVERHEAD, fieldOf, STATIC_TABLE } from './field.ts';
import type { FieldSection } from './field-section.ts';
import { IntegerReader } from './hpack-integer.ts';
import { decodeHuffman } from './huffman.ts';
import { FIRST_DYNAMIC } from './static-table.ts';

export const DEFAULT_TABLE_SIZE = 4_096;

/** Representations by their first byte (§6): flags, and the bits of the integer that follows. */
const INDEXED = 0x80;
const INDEXED_MASK = 0x7f;
const INCREMENTAL = 0x40;
const INCREMENTAL_MASK = 0x3f;
const SIZE_UPDATE = 0x20;
const SIZE_UPDATE_MASK = 0x1f;
const NEVER_INDEXED = 0x10;
const LITERAL_MASK = 0x0f;
const HUFFMAN = 0x80;
const LENGTH_MASK = 0x7f;

/** Literals that were Huffman coded. Shared: what is in it is read before the next literal is. */
let unpacked = Buffer.allocUnsafeSlow(4_096);

export class HpackDecoder {
  readonly #table: DynamicTable;
  /** SETTINGS_HEADER_TABLE_SIZE as the peer has acknowledged it. */
  #limit: number;
  /** The limit has fallen below what the peer used: its next block must say that it knows (RFC 9113 §4.3.1). */
  #needsUpdate = false;
  readonly #integer = new IntegerReader();
  /** Where the literal that was read last stands: in the block, or in `unpacked`. */
  #literal: Buffer = unpacked;
  #start = 0;
  #end = 0;

  constructor(tableLimit = DEFAULT_TABLE_SIZE) {
    this.#limit = tableLimit;
    this.#table = new DynamicTable(tableLimit);
  }

  /** Bytes in the dynamic table. */
  get tableSize(): number {
    return this.#table.size;
  }

  /** The peer has acknowledged this SETTINGS_HEADER_TABLE_SIZE. */
  setLimit(limit: number): void {
    this.#limit = limit;
    this.#needsUpdate = this.#table.capacity > limit;
  }

  /**
   * Adds the fields of a whole block to `section`. Strings are made only for what the section has room for, or what goes into the
   * table; all else is read past. `section.isOversized` tells.
   */
  decode(block: Buffer, start: number, end: number, section: FieldSection): void {
    let position = this.#updates(block, start, end);
    while (position < end) {
      const first = block[position]!;
      if (first >= INDEXED) {
        const field = this.#field(this.#integer.read(block, position, end, INDEXED_MASK));
        position = this.#integer.position;
        if (section.admits(field.name.length + field.value.length)) section.push(field);
      } else if (first >= INCREMENTAL) {
        position = this.#readLiteral(block, position, end, INCREMENTAL_MASK, section);
      } else if (first >= SIZE_UPDATE) {
        throw new Http2Error(COMPRESSION_ERROR, 'a table size update stands behind a field (RFC 7541 §4.2)');
      } else position = this.#readLiteral(block, position, end, LITERAL_MASK, section);
    }
  }

  /** Table size updates stand at the beginning of a block (§4.2). Gives the offset after them. */
  #updates(block: Buffer, start: number, end: number): number {
    let position = start;
    while (position < end && (block[position]! & 0xe0) === SIZE_UPDATE) {
      const capacity = this.#integer.read(block, position, end, SIZE_UPDATE_MASK);
      position = this.#integer.position;
      if (capacity > this.#limit)
        throw new Http2Error(COMPRESSION_ERROR, `a table size of ${capacity} is above the limit of ${this.#limit}`);
      this.#table.resize(capacity);
      this.#needsUpdate = false;
    }
    if (this.#needsUpdate)
      throw new Http2Error(COMPRESSION_ERROR, `expected a table size update to ${this.#limit} or less`);
    return position;
  }

  #field(index: number): Field {
    const field = index < FIRST_DYNAMIC ? STATIC_TABLE[index] : this.#table.at(index - FIRST_DYNAMIC);
    if (index === 0 || field === undefined)
      throw new Http2Error(COMPRESSION_ERROR, `no table has an entry of index ${index}`);
    return field;
  }

  #readLiteral(block: Buffer, at: number, end: number, mask: number, section: FieldSection): number {
    const first = block[at]!;
    const index = this.#integer.read(block, at, end, mask);
    let position = this.#integer.position;
    const isIndexed = mask === INCREMENTAL_MASK;
    const isSensitive = !isIndexed && (first & NEVER_INDEXED) !== 0;
    const named = index === 0 ? undefined : this.#field(index);
    let name = '';
    let nameLength = named?.name.length ?? 0;
    if (named === undefined) {
      position = this.#string(block, position, end);
      nameLength = this.#end - this.#start;
      // The next literal may overwrite this one; a name that no section and no table takes is not made.
      if (section.size + nameLength <= section.limit || (isIndexed && nameLength <= this.#table.capacity))
        name = latin1(this.#literal, this.#start, this.#end);
    }
    position = this.#string(block, position, end);
    const characters = nameLength + this.#end - this.#start;
    const isAdmitted = section.admits(characters);
    const isKept = isIndexed && characters + FIELD_OVERHEAD <= this.#table.capacity;
    if (isAdmitted || isKept) {
      const value = latin1(this.#literal, this.#start, this.#end);
      const field = named === undefined ? fieldOf(name, value, isSensitive) : new Field(named, value, isSensitive);
      if (isAdmitted) section.push(field);
      if (isKept) this.#table.insert(field);
    }
    if (isIndexed && !isKept) this.#table.clear(); // §4.4
    return position;
  }

  /** Sets `#literal`, `#start` and `#end` to the string literal (§5.2) at `at`. Gives the offset after it. */
  #string(block: Buffer, at: number, end: number): number {
    if (at >= end) throw new Http2Error(COMPRESSION_ERROR, 'a header block ends within a field');
    const isHuffman = (block[at]! & HUFFMAN) !== 0;
    const length = this.#integer.read(block, at, end, LENGTH_MASK);
    const start = this.#integer.position;
    const after = start + length;
    if (after > end) throw new Http2Error(COMPRESSION_ERROR, 'a header block ends within a string');
    if (!isHuffman) {
      this.#literal = block;
      this.#start = start;
      this.#end = after;
      return after;
    }
    if (unpacked.length < length * 2) unpacked = Buffer.allocUnsafeSlow(length * 2);
    this.#literal = unpacked;
    this.#start = 0;
    this.#end = decodeHuffman(block, start, after, unpacked, 0);
    if (this.#end < 0) throw new Http2Error(COMPRESSION_ERROR, 'a string is not Huffman coded as it says');
    return after;
  }
}
