/** Heads as HTTP/2 writes them for the next hop, after `removeFields`, routes and filters have edited them. */
import type { FieldBlock } from '../http/field-block.ts';
import { HOST, TE } from '../http/fields.ts';
import {
  acceptsTrailers,
  addMetadata,
  expectsContinue,
  type FieldSink,
  type Metadata,
  nextMaxForwards,
  type Via,
  viaField,
} from '../http/forwarding.ts';
import { CHUNKED, type FieldTable, type RequestHead, type ResponseHead } from '../http/head.ts';
import { hasLength, isDropped, requestDrops, responseDrops } from '../http/reissue.ts';
import { FieldSection } from './field-section.ts';

/** What those below give that are asked for none: to be sent before the next. */
const section = new FieldSection();

class Fields implements FieldSink {
  section: FieldSection;

  constructor(section: FieldSection) {
    this.section = section;
  }

  add(name: string, value: string): void {
    this.section.add(name.toLowerCase(), value);
  }

  addBlock({ fields }: FieldBlock): void {
    for (const [name, value] of fields) this.section.add(name.toLowerCase(), value);
  }
}

const sink = new Fields(section);

/** Fills `section`. `scheme`: how the origin is spoken to. */
export function requestSection(
  section: FieldSection,
  head: RequestHead,
  metadata: Metadata,
  scheme: 'http' | 'https',
): void {
  const { edits, host, relative } = head;
  const sink = new Fields(section);
  section.begin();
  section.add(':method', head.methodText());
  section.add(':scheme', scheme);
  section.add(':path', relative ?? head.text(head.targetStart, head.targetEnd));
  section.add(':authority', host ?? head.text(head.authorityStart, head.authorityEnd));
  addKept(section, head, requestDrops(head) | (1 << HOST));
  if (head.lengthAnew && head.contentLength >= 0 && head.body !== CHUNKED)
    section.add('content-length', `${head.contentLength}`);
  if (expectsContinue(head)) section.add('expect', '100-continue');
  if ((head.seen & (1 << TE)) !== 0 && acceptsTrailers(head)) section.add('te', 'trailers');
  const hops = nextMaxForwards(head);
  if (hops !== undefined) section.add('max-forwards', `${hops}`);
  addMetadata(head, metadata, sink);
  if (edits !== undefined) sink.addBlock(edits.added);
  sink.addBlock(viaField(head, metadata.via));
}

/** An answer's head, interim ones too. */
export function responseSection(head: ResponseHead, via: Via): FieldSection {
  section.begin();
  section.add(':status', `${head.status}`);
  addKept(section, head, responseDrops(head));
  if (head.lengthAnew && hasLength(head) && head.contentLength >= 0)
    section.add('content-length', `${head.contentLength}`);
  if (head.edits !== undefined) sink.addBlock(head.edits.added);
  sink.addBlock(viaField(head, via));
  return section;
}

/** An answer of our own. */
export function replySection(status: number, fields: FieldBlock): FieldSection {
  section.begin();
  section.add(':status', `${status}`);
  sink.addBlock(fields);
  return section;
}

export function trailerSection({ fields, neverIndexed }: FieldBlock): FieldSection {
  section.begin();
  for (const [name, value] of fields) section.add(name.toLowerCase(), value, neverIndexed?.includes(name));
  return section;
}

function addKept(section: FieldSection, head: FieldTable, drop: number): void {
  const { neverIndexed } = head;
  for (let index = 0; index < head.count; index++) {
    if (isDropped(head, index, drop)) continue;
    const name = head.name(index);
    section.add(name, head.value(index), neverIndexed?.includes(name));
  }
}
