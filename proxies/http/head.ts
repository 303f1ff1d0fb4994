/**
 * A message head as a table of offsets over the bytes it came in: no object and no string per field. Whoever fills one
 * (the HTTP/1.1 scanners here; a decoder of another version may write its fields into a buffer likewise) decides nothing;
 * routes and filters read and edit it, a codec writes it. It is valid as long as the bytes are: within one delivery, unless `detach`
 * gives it bytes of its own.
 */
import { compileEdits, type Edits } from './edits.ts';
import { fieldNumber, OTHER } from './fields.ts';
import { latin1 } from './octets.ts';

/** Scanners give the offset after the head, `INCOMPLETE`, or a negative status code with which to refuse. */
export const INCOMPLETE = 0;

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'PATCH'] as const;
export const GET = 0;
export const HEAD = 1;
export const OPTIONS = 5;
export const TRACE = 6;
export const CONNECT = 7;
export const OTHER_METHOD: number = METHODS.length;
/** RFC 9110 §9.2.2, by method number. */
export const idempotent: readonly boolean[] = METHODS.map(
  (name) => !['POST', 'CONNECT', 'PATCH'].includes(name),
).concat(false);

export type TargetForm = 'origin' | 'absolute' | 'authority' | 'asterisk';

/** Where a body ends. */
export const NO_BODY = 0;
export const LENGTH = 1;
export const CHUNKED = 2;
export const UNTIL_CLOSE = 3;

export class Head {
  buffer: Buffer = Buffer.alloc(0);
  /** First octet of the start line; after the blank line. */
  start = 0;
  end = 0;
  /** After the start line. */
  fieldsStart = 0;
  /** Fields; of each four offsets: name start and end, value start and end (without surrounding whitespace). */
  count = 0;
  readonly offsets: Int32Array;
  readonly ids: Uint8Array;
  /** Bit sets of known field numbers: present, present more than once. */
  seen = 0;
  repeated = 0;
  /** Some name only differs by `_` or `.` from one of these. */
  aliases = 0;
  /** Whitespace after a name, or LF alone as the end of a line (responses only): the field lines cannot be passed on as they stand. */
  irregular = false;
  /** 0 or 1. */
  minor = 1;
  /** It came by HTTP/2. */
  isHttp2 = false;
  /** Lower-case names of fields that no hop may put into a table (RFC 7541 §6.2.3); undefined: none. */
  neverIndexed: readonly string[] | undefined;
  /** What is dropped and added when it is written; undefined: nothing. */
  edits: Edits | undefined;

  // Requests.
  method = 0;
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  targetMarks = 0;
  form: TargetForm = 'origin';
  /** Scheme https, in absolute form. */
  secure = false;
  authorityStart = 0;
  authorityEnd = 0;
  /** Canonical path, which decides; undefined: the target's own, but for repeated slashes (see `pathOf`). */
  canonical: string | undefined;
  /** Path and query to send; undefined: the target as it stands. */
  relative: string | undefined;
  /** Host to send; undefined: the authority that was asked for. */
  host: string | undefined;
  /** Protocols to ask an upgrade to, as a list; undefined: none. */
  upgradeTo: string | undefined;
  /** Known fields that go no further than this hop, as a bit set: nothing is decided by what the origin does not see. */
  removed = 0;

  // Responses.
  status = 0;
  /** The status line can be passed on as it stands. */
  lineIntact = false;

  // Framing and connection options, both kinds.
  body = NO_BODY;
  contentLength = 0;
  /** Content-Length does not go on as it came: it is written anew, or left out where `contentLength` is negative. */
  lengthAnew = false;
  close = false;
  keepAlive = false;
  upgrade = false;
  /** Fields that Connection names: known ones as a bit set, others by lower-case name. */
  nominated = 0;
  nominatedNames: string[] | undefined;

  constructor(headerCount: number) {
    this.offsets = new Int32Array(headerCount * 4);
    this.ids = new Uint8Array(headerCount);
  }

  text(start: number, end: number): string {
    return latin1(this.buffer, start, end);
  }

  /** Whether that is what stands there, without a string being made of it. */
  isText(start: number, end: number, text: string): boolean {
    if (end - start !== text.length) return false;
    for (let at = 0; at < text.length; at++) if (this.buffer[start + at] !== text.charCodeAt(at)) return false;
    return true;
  }

  /** Index of the first field with this number from `from` on, -1 if there is none. */
  find(id: number, from = 0): number {
    for (let index = from; index < this.count; index++) if (this.ids[index] === id) return index;
    return -1;
  }

  /** Index of the first field with this lower-case name from `from` on, -1 if there is none. */
  findName(name: string, from = 0): number {
    for (let index = from; index < this.count; index++) {
      const length = this.offsets[index * 4 + 1]! - this.offsets[index * 4]!;
      if (length === name.length && this.name(index) === name) return index;
    }
    return -1;
  }

  /** Index of the first field with this lower-case name that goes on to the origin as it came, -1 if there is none. */
  findKept(name: string, id: number): number {
    const isRemoved = id === OTHER ? this.nominatedNames?.includes(name) === true : (this.removed & (1 << id)) !== 0;
    return isRemoved ? -1 : this.findName(name);
  }

  /** In lower case. */
  name(index: number): string {
    return this.text(this.offsets[index * 4]!, this.offsets[index * 4 + 1]!).toLowerCase();
  }

  value(index: number): string {
    return this.text(this.offsets[index * 4 + 2]!, this.offsets[index * 4 + 3]!);
  }

  /** All values of a field as one list (RFC 9110 §5.3); undefined if it is absent. */
  list(id: number): string | undefined {
    let value: string | undefined;
    for (let index = this.find(id); index !== -1; index = this.find(id, index + 1)) {
      value = value === undefined ? this.value(index) : `${value}, ${this.value(index)}`;
    }
    return value;
  }

  /** The method as it was written. */
  methodText(): string {
    return METHODS[this.method] ?? this.text(this.start, this.methodEnd);
  }

  /** As it goes on, edits included: all values of a field as one list, undefined if there is none. `name` in lower case. */
  get(name: string): string | undefined {
    const { edits } = this;
    let value: string | undefined;
    const add = (more: string): void => void (value = value === undefined ? more : `${value}, ${more}`);
    if (edits?.drops(name) !== true) {
      let index = this.findKept(name, fieldNumber(name));
      for (; index !== -1; index = this.findName(name, index + 1)) add(this.value(index));
    }
    if (edits !== undefined)
      for (const [other, more] of edits.added.fields) if (other.toLowerCase() === name) add(more);
    return value;
  }

  /** In place of what there is. Throws `TypeError` for what no field line may say, and for fields that say where the message ends. */
  set(name: string, value: string): void {
    this.edit(compileEdits([{ op: 'set', name, value }])!);
  }

  /** Beside what there is. Throws as `set` does. */
  append(name: string, value: string): void {
    this.edit(compileEdits([{ op: 'add', name, value }])!);
  }

  remove(name: string): void {
    this.edit(compileEdits([{ op: 'remove', name }])!);
  }

  edit(edits: Edits): void {
    this.edits = this.edits === undefined ? edits : this.edits.followedBy(edits);
  }

  /**
   * The body that follows has another length than was announced: `length` bytes, undefined where that is not known yet. A head without
   * a body keeps to that, and only what it says of the length changes (an answer to HEAD).
   */
  reframe(length: number | undefined): void {
    this.lengthAnew = true;
    this.contentLength = length ?? -1;
    if (this.body !== NO_BODY) this.body = length === undefined ? CHUNKED : LENGTH;
  }

  /**
   * Gives it bytes of its own, those of the message up to `end`, so that it outlives the delivery. Offsets count from another zero from
   * then on: gives by how much they have become smaller.
   */
  detach(end: number): number {
    const shift = this.start;
    this.buffer = Buffer.from(this.buffer.subarray(shift, end));
    this.start = 0;
    this.end -= shift;
    this.fieldsStart -= shift;
    this.methodEnd -= shift;
    this.targetStart -= shift;
    this.targetEnd -= shift;
    if (this.authorityEnd > 0) {
      this.authorityStart -= shift;
      this.authorityEnd -= shift;
    }
    for (let at = 0; at < this.count * 4; at++) this.offsets[at]! -= shift;
    return shift;
  }

  /** The same, with `content` behind it. Gives where that begins. */
  attach(content: Buffer): number {
    this.detach(this.end);
    this.buffer = Buffer.concat([this.buffer, content]);
    return this.end;
  }

  /** Offset after the line of a field. */
  lineEnd(index: number): number {
    return index + 1 < this.count ? this.offsets[(index + 1) * 4]! : this.end - 2;
  }
}

type OfRequests =
  | 'method'
  | 'methodEnd'
  | 'methodText'
  | 'targetStart'
  | 'targetEnd'
  | 'targetMarks'
  | 'form'
  | 'secure'
  | 'authorityStart'
  | 'authorityEnd'
  | 'canonical'
  | 'relative'
  | 'host'
  | 'upgradeTo'
  | 'removed';
type OfResponses = 'status' | 'lineIntact';

/** One class for both, so that what is asked of heads has one shape to deal with; two types, so that nobody asks for what is not there. */
export type RequestHead = Omit<Head, OfResponses>;
export type ResponseHead = Omit<Head, OfRequests>;
/** What both have. */
export type FieldTable = Omit<Head, OfRequests | OfResponses>;
