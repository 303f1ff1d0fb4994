/** Scanner of response heads, RFC 9112 §4–§6. What it refuses came from upstream: the answer downstream is 502. */
import { scanConnection } from './connection.ts';
import { responseFraming } from './framing.ts';
import { type Head, INCOMPLETE } from './head.ts';
import { CR, LF, SP, valueClass } from './octets.ts';
import { lineEnding, scanFields } from './scan-fields.ts';

const version = Buffer.from('HTTP/1.', 'latin1');

/** Gives the offset after the head, `INCOMPLETE`, or -502. `method` is the number of the method that is answered. */
export function scanResponseHead(
  head: Head,
  buffer: Buffer,
  from: number,
  end: number,
  limits: { readonly headBytes: number },
  method: number,
): number {
  const result = scanResponseSyntax(head, buffer, from, end);
  if (result === INCOMPLETE) return end - from >= limits.headBytes ? -502 : INCOMPLETE;
  if (result < 0 || result - from > limits.headBytes) return -502;
  return scanConnection(head) === 0 && responseFraming(head, method) === 0 ? result : -502;
}

function scanResponseSyntax(head: Head, buffer: Buffer, from: number, end: number): number {
  for (let at = 0; at < 7; at++) {
    if (from + at >= end) return INCOMPLETE;
    if (buffer[from + at] !== version[at]) return -502;
  }
  if (from + 13 > end) return INCOMPLETE;
  const minor = buffer[from + 7]! - 48;
  const hundreds = buffer[from + 9]! - 48;
  const tens = buffer[from + 10]! - 48;
  const ones = buffer[from + 11]! - 48;
  if ((minor !== 0 && minor !== 1) || buffer[from + 8] !== SP) return -502;
  // Any three digits but those that begin with 0: many an origin has codes of its own (RFC 9110 §15 reads them as 5xx).
  if (hundreds < 1 || hundreds > 9 || tens < 0 || tens > 9 || ones < 0 || ones > 9) return -502;
  head.start = from;
  head.minor = minor;
  head.status = hundreds * 100 + tens * 10 + ones;
  let position = from + 12;
  // A missing space before an empty reason phrase is a common lapse; it is made good when the line is written anew.
  const spaced = buffer[position] === SP;
  if (spaced) position++;
  else if (buffer[position] !== CR && buffer[position] !== LF) return -502;
  while (position < end && valueClass[buffer[position]!] !== 0) position++;
  const ending = lineEnding(buffer, position, end, true);
  if (ending <= 0) return ending;
  head.lineIntact = spaced && minor === 1 && ending === 2;
  return scanFields(head, buffer, position + ending, end, true);
}
