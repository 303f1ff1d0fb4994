/** Scanner of request heads, RFC 9112 §3–§6: what it lets through can be reissued and read in one way only. */
import type { EscapedSlashes, Limits } from '../config/intent.ts';
import { scanConnection } from './connection.ts';
import { requestFraming } from './framing.ts';
import { type Head, INCOMPLETE, METHODS, OTHER_METHOD } from './head.ts';
import { CR, LF, SP, targetClass, tokenClass } from './octets.ts';
import { scanFields } from './scan-fields.ts';
import { scanTarget } from './target.ts';

export interface HeadRules extends Pick<Limits, 'headBytes' | 'targetBytes' | 'bodyBytes'> {
  /** Kept by default. */
  readonly escapedSlashes?: EscapedSlashes;
}

const LONGEST_METHOD = 32;
const methodOctets = METHODS.map((name) => Buffer.from(name, 'latin1'));
const version = Buffer.from('HTTP/1.', 'latin1');

/**
 * Gives the offset after the head, `INCOMPLETE` if more octets are needed, or minus the status code to refuse with: 400, 413
 * (announced body over the limit), 414, 431, 501 (transfer coding), 505. After a refusal the connection cannot go on.
 */
export function scanRequestHead(head: Head, buffer: Buffer, from: number, end: number, rules: HeadRules): number {
  const result = scanRequestSyntax(head, buffer, from, end, rules);
  if (result === INCOMPLETE) return end - from >= rules.headBytes ? -431 : INCOMPLETE;
  if (result < 0) return result;
  if (result - from > rules.headBytes) return -431;
  const refusal =
    scanTarget(head, rules.escapedSlashes ?? 'keep') || scanConnection(head) || requestFraming(head, rules);
  return refusal === 0 ? result : refusal;
}

function scanRequestSyntax(head: Head, buffer: Buffer, from: number, end: number, rules: HeadRules): number {
  let position = from;
  head.method = OTHER_METHOD; // until it is known: a refusal asks for it
  // RFC 9112 §2.2: one empty line before the request line is ignored.
  if (buffer[position] === CR) {
    if (position + 1 >= end) return INCOMPLETE;
    if (buffer[position + 1] !== LF) return -400;
    position += 2;
  }
  const start = position;
  while (position < end && tokenClass[buffer[position]!] !== 0) position++;
  if (position - start > LONGEST_METHOD) return -400;
  if (position >= end) return INCOMPLETE;
  if (buffer[position] !== SP || position === start) return -400;
  head.start = start;
  head.method = methodNumber(buffer, start, position);
  head.methodEnd = position;
  position++;
  const targetStart = position;
  let marks = 0;
  for (; position < end; position++) {
    const mark = targetClass[buffer[position]!]!;
    if (mark === 0) break;
    marks |= mark;
  }
  if (position - targetStart > rules.targetBytes) return -414;
  if (position >= end) return INCOMPLETE;
  if (buffer[position] !== SP || position === targetStart) return -400;
  head.targetStart = targetStart;
  head.targetEnd = position;
  head.targetMarks = marks;
  const minor = scanVersion(buffer, position + 1, end);
  if (minor < 0) return minor;
  if (minor === WAIT) return INCOMPLETE;
  head.minor = minor;
  position += 9;
  if (position >= end) return INCOMPLETE;
  if (buffer[position] !== CR) return -400;
  if (position + 1 >= end) return INCOMPLETE;
  if (buffer[position + 1] !== LF) return -400;
  return scanFields(head, buffer, position + 2, end, false);
}

const WAIT = 2;

/** 0 or 1, the minor version; `WAIT` if octets are missing; -505 for another version well written, else -400. */
function scanVersion(buffer: Buffer, from: number, end: number): number {
  for (let at = 0; at < 8; at++) {
    if (from + at >= end) return WAIT;
    const octet = buffer[from + at]!;
    if (at < 7 ? octet === version[at] : octet === 48 || octet === 49) continue;
    if ((at !== 5 && at !== 7) || octet < 48 || octet > 57) return -400;
    if (at === 7) return -505;
    if (end - from < 8) return WAIT;
    const digit = buffer[from + 7]!;
    return buffer[from + 6] === 46 && digit >= 48 && digit <= 57 ? -505 : -400;
  }
  return buffer[from + 7]! - 48;
}

function methodNumber(buffer: Buffer, start: number, end: number): number {
  for (let number = 0; number < methodOctets.length; number++) {
    const octets = methodOctets[number] as Buffer;
    if (octets.length !== end - start || octets[0] !== buffer[start]) continue;
    let at = 1;
    while (at < octets.length && octets[at] === buffer[start + at]) at++;
    if (at === octets.length) return number;
  }
  return OTHER_METHOD;
}
