/** Scanner of field lines, of heads and of trailer sections. */
import { lookupAlias, lookupField, OTHER } from './fields.ts';
import { type Head, INCOMPLETE } from './head.ts';
import { ALIAS, COLON, CR, HTAB, LF, SP, tokenClass, valueClass } from './octets.ts';

/**
 * Field lines up to and with the empty line (RFC 9112 §5), which also serves trailer sections. `lenient`: whitespace before
 * the colon is tolerated, as §5.1 asks for responses, and LF alone as the end of a line (§2.2), as origins may send it.
 */
export function scanFields(head: Head, buffer: Buffer, from: number, end: number, lenient: boolean): number {
  const { offsets, ids } = head;
  const most = ids.length;
  let position = from;
  let count = 0;
  let seen = 0;
  let repeated = 0;
  let aliases = 0;
  head.buffer = buffer;
  head.edits = undefined;
  head.fieldsStart = from;
  head.irregular = false;
  head.isHttp2 = false;
  head.neverIndexed = undefined;
  for (;;) {
    if (position >= end) return INCOMPLETE;
    const nameStart = position;
    let marks = 0;
    let mark = tokenClass[buffer[position] as number] as number;
    while (mark !== 0) {
      marks |= mark;
      position += 1;
      if (position >= end) return INCOMPLETE;
      mark = tokenClass[buffer[position] as number] as number;
    }
    const nameEnd = position;
    if (nameEnd === nameStart) {
      const ending = lineEnding(buffer, position, end, lenient);
      if (ending <= 0) return ending; // folded line, bare LF, empty name, control
      position += ending;
      if (ending === 1) head.irregular = true;
      break;
    }
    if (buffer[position] !== COLON) {
      if (!lenient) return -400;
      while (position < end && isBlank(buffer[position] as number)) position += 1;
      if (position >= end) return INCOMPLETE;
      if (buffer[position] !== COLON) return -400;
      head.irregular = true;
    }
    position += 1;
    while (position < end && isBlank(buffer[position] as number)) position += 1;
    const valueStart = position;
    while (position < end && valueClass[buffer[position] as number] !== 0) position += 1;
    const ending = lineEnding(buffer, position, end, lenient);
    if (ending <= 0) return ending;
    if (ending === 1) head.irregular = true;
    let valueEnd = position;
    while (valueEnd > valueStart && isBlank(buffer[valueEnd - 1] as number)) valueEnd -= 1;
    position += ending;
    if (count === most) return -431;
    const id = lookupField(buffer, nameStart, nameEnd);
    if (id !== OTHER) {
      repeated |= seen & (1 << id);
      seen |= 1 << id;
    } else if ((marks & ALIAS) !== 0) {
      const alias = lookupAlias(buffer, nameStart, nameEnd);
      if (alias !== OTHER) aliases |= 1 << alias;
    }
    const at = count * 4;
    offsets[at] = nameStart;
    offsets[at + 1] = nameEnd;
    offsets[at + 2] = valueStart;
    offsets[at + 3] = valueEnd;
    ids[count] = id;
    count += 1;
  }
  head.count = count;
  head.seen = seen;
  head.repeated = repeated;
  head.aliases = aliases;
  head.end = position;
  return head.end;
}

/** Octets of the line's end at `position`: 2, or 1 for a tolerated LF; `INCOMPLETE`, or -400 where the line goes on. */
export function lineEnding(buffer: Buffer, position: number, end: number, lenient: boolean): number {
  if (position >= end) return INCOMPLETE;
  const octet = buffer[position];
  if (octet !== CR) return octet === LF && lenient ? 1 : -400;
  if (position + 1 >= end) return INCOMPLETE;
  return buffer[position + 1] === LF ? 2 : -400;
}

function isBlank(octet: number): boolean {
  return octet === SP || octet === HTAB;
}
