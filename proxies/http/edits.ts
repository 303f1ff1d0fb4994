/** Header edits of a route, compiled once: what to drop by name, and the lines to add. */
import type { HeaderEdit } from '../config/intent.ts';
import { framingFields, hopFields, lookupField, OTHER } from './fields.ts';
import { tokenClass, valueClass } from './octets.ts';

export interface CompiledEdits {
  /** Known fields to drop, as a bit set; others by lower-case name. */
  readonly drop: number;
  readonly dropNames: ReadonlySet<string>;
  /** Field lines with CRLF. */
  readonly lines: string;
}

/** Undefined for an empty list. Throws a `TypeError` that names the edit for what no field line may say. */
export function compileEdits(edits: readonly HeaderEdit[] | undefined): CompiledEdits | undefined {
  if (edits === undefined || edits.length === 0) return undefined;
  let drop = 0;
  let lines = '';
  const dropNames = new Set<string>();
  for (const { op, name, value } of edits) {
    const octets = Buffer.from(name, 'latin1');
    if (!isToken(name)) throw new TypeError(`header edit: "${name}" is not a field name`);
    const id = lookupField(octets, 0, octets.length);
    if (id !== OTHER && ((framingFields | hopFields) & (1 << id)) !== 0) {
      throw new TypeError(`header edit: ${name} is the proxy's own (use hostRewrite for Host)`);
    }
    if (op !== 'add') {
      if (id === OTHER) dropNames.add(name.toLowerCase());
      else drop |= 1 << id;
    }
    if (op === 'remove') continue;
    if (value === undefined || !isFieldValue(value)) throw new TypeError(`header edit: ${name} needs a valid value`);
    lines += `${name}: ${value}\r\n`;
  }
  return { drop, dropNames, lines };
}

function isToken(text: string): boolean {
  return text.length > 0 && Array.from(text).every((c) => c.charCodeAt(0) < 256 && tokenClass[c.charCodeAt(0)] !== 0);
}

export function isFieldValue(text: string): boolean {
  return Array.from(text).every((c) => valueClass[c.charCodeAt(0)] === 1) && text.trim() === text;
}
