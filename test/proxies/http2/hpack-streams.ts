/** Encodes and decodes whole series of sections with the codec under test, the way one connection would. */

import { type Field, SENSITIVE } from '#proxies/http2/field.ts';
import { FieldSection } from '#proxies/http2/field-section.ts';
import type { HpackDecoder } from '#proxies/http2/hpack-decoder.ts';
import type { HpackEncoder } from '#proxies/http2/hpack-encoder.ts';
import { Output } from '#proxies/http2/output.ts';
import type { TestField, TestSection } from './header-sets.ts';

export function sectionOf(fields: readonly TestField[]): FieldSection {
  const section = new FieldSection();
  section.begin();
  for (const [name, value, isSensitive] of fields) section.add(name, value, isSensitive);
  return section;
}

export const fieldsOf = (section: FieldSection): TestField[] =>
  section.fields
    .slice(0, section.count)
    .map((field: Field) => [field.name, field.value, (field.marks & SENSITIVE) !== 0]);

export function encodeBlock(encoder: HpackEncoder, { tableSize, fields }: TestSection): Buffer {
  const output = new Output();
  if (tableSize !== undefined) encoder.setLimit(tableSize);
  encoder.encode(sectionOf(fields), output);
  return Buffer.from(output.buffer.subarray(0, output.length));
}

const section = new FieldSection();

export function decodeBlock(decoder: HpackDecoder, block: Buffer, limit = Infinity): TestField[] {
  section.begin(limit);
  decoder.decode(block, 0, block.length, section);
  return fieldsOf(section);
}
