/** One field of a field section, as HPACK carries it: immutable, so that tables, sections and owners may share it. */
import { lookupAlias, lookupField, OTHER } from '../http/fields.ts';
import { ALIAS, HTAB, SP, tokenClass, valueClass } from '../http/octets.ts';
import { writeLatin1 } from './output.ts';
import { STATIC_FIELDS } from './static-table.ts';

/** In `Field.marks`: never to be put into a table, by this hop or any further one (RFC 7541 §6.2.3). */
export const SENSITIVE = 1;
/** The name is no token in lower case, nor a pseudo-field's (RFC 9113 §8.2.1). */
export const INVALID_NAME = 2;
/** The value holds a control character, or begins or ends with white space (RFC 9113 §8.2.1, RFC 9110 §5.5). */
export const INVALID_VALUE = 4;
/** Meaningful for one HTTP/1.1 connection alone (RFC 9113 §8.2.2). */
export const CONNECTION_SPECIFIC = 8;
/** The name begins with a colon (RFC 9113 §8.3). */
export const PSEUDO = 16;

/** Numbers of pseudo-fields, above those of `proxies/http/fields.ts`. */
export const AUTHORITY = 32;
export const METHOD = 33;
export const PATH = 34;
export const SCHEME = 35;
export const STATUS = 36;
export const UNKNOWN_PSEUDO = 37;

const PSEUDO_FIELDS: Readonly<Record<string, number>> = {
  ':authority': AUTHORITY,
  ':method': METHOD,
  ':path': PATH,
  ':scheme': SCHEME,
  ':status': STATUS,
};

const CONNECTION_SPECIFIC_NAMES: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** What every entry of a table costs besides its characters, and every field of a header list (RFC 7541 §4.1, RFC 9113 §6.5.2). */
export const FIELD_OVERHEAD = 32;

/** What the name alone says, whatever the value. */
interface FieldName {
  readonly name: string;
  /** The number of a known field (`proxies/http/fields.ts`) or of a pseudo-field; else `OTHER`. */
  readonly id: number;
  /** The known field that a careless reader would take it for (`lookupAlias`); else `OTHER`. */
  readonly alias: number;
  readonly marks: number;
}

const NAME_MARKS = INVALID_NAME | CONNECTION_SPECIFIC | PSEUDO;

export class Field implements FieldName {
  readonly name: string;
  /** One character a byte. */
  readonly value: string;
  readonly id: number;
  readonly alias: number;
  readonly marks: number;

  /** `like` is any field of the same name. */
  constructor(like: FieldName, value: string, isSensitive: boolean) {
    this.name = like.name;
    this.value = value;
    this.id = like.id;
    this.alias = like.alias;
    this.marks = (like.marks & NAME_MARKS) | (isValidValue(value) ? 0 : INVALID_VALUE) | (isSensitive ? SENSITIVE : 0);
  }

  /** Bytes that it counts for in a table and in a header list. */
  get size(): number {
    return this.name.length + this.value.length + FIELD_OVERHEAD;
  }
}

/** Names that were met before. Bounded: a peer may make up as many as it likes, and those beyond are looked at each time. */
const NAMES = new Map<string, FieldName>();
const MOST_NAMES = 512;
const LONGEST_NAME = 64;
const scratch = Buffer.alloc(LONGEST_NAME);

function fieldName(text: string): FieldName {
  const known = NAMES.get(text);
  if (known !== undefined) return known;
  const name = text.charCodeAt(0) === 58 ? pseudoName(text) : regularName(text);
  if (NAMES.size < MOST_NAMES && text.length <= LONGEST_NAME) NAMES.set(text, name);
  return name;
}

function pseudoName(text: string): FieldName {
  return { name: text, id: PSEUDO_FIELDS[text] ?? UNKNOWN_PSEUDO, alias: OTHER, marks: PSEUDO };
}

function regularName(text: string): FieldName {
  let marks = text === '' ? INVALID_NAME : 0;
  let isAlias = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const mark = code < 256 ? tokenClass[code]! : 0;
    if (mark === 0 || (code >= 65 && code <= 90)) marks |= INVALID_NAME;
    isAlias ||= (mark & ALIAS) !== 0;
  }
  if (CONNECTION_SPECIFIC_NAMES.has(text)) marks |= CONNECTION_SPECIFIC;
  if (text.length > LONGEST_NAME) return { name: text, id: OTHER, alias: OTHER, marks };
  writeLatin1(scratch, text, 0);
  const id = lookupField(scratch, 0, text.length);
  return { name: text, id, alias: isAlias ? lookupAlias(scratch, 0, text.length) : OTHER, marks };
}

function isValidValue(value: string): boolean {
  const { length } = value;
  if (length === 0) return true;
  for (let index = 0; index < length; index++) {
    const code = value.charCodeAt(index);
    if (code > 255 || valueClass[code] === 0) return false;
  }
  return !isBlank(value.charCodeAt(0)) && !isBlank(value.charCodeAt(length - 1));
}

const isBlank = (code: number): boolean => code === SP || code === HTAB;

/** A field of this name and value, one character a byte. */
export const fieldOf = (name: string, value: string, isSensitive = false): Field =>
  new Field(fieldName(name), value, isSensitive);

/** By index, from 1 on. */
export const STATIC_TABLE: readonly Field[] = [
  fieldOf('', ''),
  ...STATIC_FIELDS.map(([name, value]) => fieldOf(name, value)),
];
