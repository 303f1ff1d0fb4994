/** Connection options, RFC 9110 §7.6.1: what the peer wants of this connection and which fields go no further. */
import { CONNECTION, lookupField, OTHER, UPGRADE, KEEP_ALIVE } from './fields.ts';
import type { Head } from './head.ts';
import { COMMA, HTAB, SP, tokenClass } from './octets.ts';

const close = Buffer.from('close', 'latin1');

/** Fills `close`, `keepAlive`, `upgrade` and the nominated fields. 0, or -400 for an option that is no token. */
export function scanConnection(head: Head): number {
  head.close = head.keepAlive = head.upgrade = false;
  head.nominated = 0;
  head.nominatedNames = undefined;
  if ((head.seen & (1 << CONNECTION)) === 0) return 0;
  const { buffer } = head;
  for (let index = head.find(CONNECTION); index !== -1; index = head.find(CONNECTION, index + 1)) {
    let position = head.offsets[index * 4 + 2]!;
    const end = head.offsets[index * 4 + 3]!;
    while (position < end) {
      const start = position;
      while (position < end && tokenClass[buffer[position]!] !== 0) position++;
      if (position > start) option(head, start, position);
      while (position < end && (buffer[position] === SP || buffer[position] === HTAB)) position++;
      if (position === end) break;
      if (buffer[position] !== COMMA) return -400;
      position++;
      while (position < end && (buffer[position] === SP || buffer[position] === HTAB)) position++;
    }
  }
  return 0;
}

function option(head: Head, start: number, end: number): void {
  const id = lookupField(head.buffer, start, end);
  if (id === KEEP_ALIVE) head.keepAlive = true;
  else if (id === UPGRADE) head.upgrade = true;
  else if (id !== OTHER) head.nominated |= 1 << id;
  else if (equalsFolded(head.buffer, start, end, close)) head.close = true;
  else (head.nominatedNames ??= []).push(head.text(start, end).toLowerCase());
}

/** Whether the octets are those of a lower-case word, case aside. */
export function equalsFolded(buffer: Buffer, start: number, end: number, word: Buffer): boolean {
  if (end - start !== word.length) return false;
  for (let at = 0; at < word.length; at++) if ((buffer[start + at]! | 32) !== word[at]) return false;
  return true;
}
