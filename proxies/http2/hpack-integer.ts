/** Integers of HPACK (RFC 7541 §5.1). */
import { COMPRESSION_ERROR, Http2Error } from './errors.ts';

/** Larger than any length or index that a header block can mean. */
const LARGEST = 2 ** 31 - 1;
/** Bytes after the prefix. Further ones could only be zeros, which make an integer as long as one likes. */
const LONGEST = 6;

/** Reads one integer a call. Kept apart from its result, which would else be an object. */
export class IntegerReader {
  /** After the integer that was read last. */
  position = 0;

  /** The integer whose first byte stands at `at` and whose prefix has the bits of `mask`. */
  read(buffer: Uint8Array, at: number, end: number, mask: number): number {
    const prefix = buffer[at]! & mask;
    this.position = at + 1;
    if (prefix < mask) return prefix;
    let value = mask;
    let scale = 1;
    for (let count = 0; count < LONGEST; count++) {
      if (this.position >= end) throw new Http2Error(COMPRESSION_ERROR, 'a header block ends within an integer');
      const byte = buffer[this.position++]!;
      value += (byte & 127) * scale;
      if (value > LARGEST) break;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw new Http2Error(COMPRESSION_ERROR, `an integer of a header block is above ${LARGEST} or too long`);
  }
}

/** Writes `value` behind the bits `first` of its first byte. Gives the offset after it; six bytes at most. */
export function writeInteger(target: Uint8Array, at: number, first: number, mask: number, value: number): number {
  let to = at;
  if (value < mask) {
    target[to++] = first | value;
    return to;
  }
  target[to++] = first | mask;
  let rest = value - mask;
  while (rest >= 128) {
    target[to++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  target[to++] = rest;
  return to;
}
