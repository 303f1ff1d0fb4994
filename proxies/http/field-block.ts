/** Fields that we write: data for whoever looks at them, and the lines that HTTP/1.1 writes for them, made once. */
import { tokenClass, valueClass } from './octets.ts';

export type Field = readonly [name: string, value: string];

export class FieldBlock {
  /** One after the other, each with CRLF; '' if there are none. */
  readonly lines: string;
  /** Names of these that no hop may put into a table (RFC 7541 §6.2.3); undefined: none. */
  readonly neverIndexed: readonly string[] | undefined;
  #fields: readonly Field[] | undefined;

  /** `lines` are well-formed, as a scanner or `fieldLines` leaves them. */
  constructor(lines: string, neverIndexed?: readonly string[]) {
    this.lines = lines;
    this.neverIndexed = neverIndexed;
  }

  get fields(): readonly Field[] {
    return (this.#fields ??= this.lines.split('\r\n').slice(0, -1).map(fieldOf));
  }
}

export const NO_FIELDS: FieldBlock = new FieldBlock('');

/** Throws `TypeError` for what no field line may say (RFC 9110 §5). */
export function fieldLines(fields: readonly Field[]): string {
  let lines = '';
  for (const [name, value] of fields) {
    if (!isToken(name)) throw new TypeError(`${JSON.stringify(name)} is not a field name`);
    if (!isFieldValue(value)) throw new TypeError(`${name}: ${JSON.stringify(value)} is not a field value`);
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}

function fieldOf(line: string): Field {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

export function isToken(text: string): boolean {
  for (let at = 0; at < text.length; at++) if ((tokenClass[text.charCodeAt(at)] ?? 0) === 0) return false;
  return text.length > 0;
}

/** Without white space around it, which is no part of a value. */
export function isFieldValue(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (valueClass[text.charCodeAt(at)] !== 1) return false;
  return text.trim() === text;
}
