/** Header edits, compiled: what to drop by name, and the fields to add. Immutable, so that one serves every request of a route. */
import type { HeaderEdit } from '../config/intent.ts';
import { FieldBlock, isFieldValue, isToken, NO_FIELDS } from './field-block.ts';
import { fieldNumber, framingFields, hopFields, OTHER } from './fields.ts';

export class Edits {
  /** Known fields to drop, as a bit set; others by lower-case name. */
  readonly drop: number;
  readonly dropNames: ReadonlySet<string>;
  readonly added: FieldBlock;

  constructor(drop: number, dropNames: ReadonlySet<string>, added: FieldBlock) {
    this.drop = drop;
    this.dropNames = dropNames;
    this.added = added;
  }

  /** `name` in lower case. */
  drops(name: string): boolean {
    const id = fieldNumber(name);
    return id === OTHER ? this.dropNames.has(name) : (this.drop & (1 << id)) !== 0;
  }

  /** These, then `later`: what `later` drops of what these add is not added. */
  followedBy(later: Edits): Edits {
    const kept = this.added.fields.filter(([name]) => !later.drops(name.toLowerCase()));
    const lines = kept.map(([name, value]) => `${name}: ${value}\r\n`).join('') + later.added.lines;
    const dropNames = new Set([...this.dropNames, ...later.dropNames]);
    return new Edits(this.drop | later.drop, dropNames, new FieldBlock(lines));
  }
}

/** Undefined for an empty list. Throws a `TypeError` that names the edit for what no field line may say. */
export function compileEdits(edits: readonly HeaderEdit[] | undefined): Edits | undefined {
  if (edits === undefined || edits.length === 0) return undefined;
  let drop = 0;
  let lines = '';
  const dropNames = new Set<string>();
  for (const { op, name, value } of edits) {
    if (!isToken(name)) throw new TypeError(`header edit: "${name}" is not a field name`);
    const id = fieldNumber(name.toLowerCase());
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
  return new Edits(drop, dropNames, lines === '' ? NO_FIELDS : new FieldBlock(lines));
}
