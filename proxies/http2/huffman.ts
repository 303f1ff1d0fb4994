/**
 * The Huffman code of HPACK (RFC 7541 §5.2 and Appendix B). The code is canonical: codes of one length follow each other in the order
 * of their symbols, and lengths follow each other. So the lengths alone say all.
 */

/** Symbols by the length of their code in bits. The end-of-string symbol, of 30 bits, comes last. */
const SYMBOLS_BY_LENGTH: readonly (readonly [bits: number, symbols: string])[] = [
  [5, '012aceiost'],
  [6, ' %-./3456789=A_bdfghlmnpru'],
  [7, ':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz'],
  [8, '&*,;XZ'],
  [10, '!"()?'],
  [11, "'+|"],
  [12, '#>'],
  [13, '\x00$@[]~'],
  [14, '^}'],
  [15, '<`{'],
  [19, '\\\xc3\xd0'],
  [20, '\x80\x82\x83\xa2\xb8\xc2\xe0\xe2'],
  [21, '\x99\xa1\xa7\xac\xb0\xb1\xb3\xd1\xd8\xd9\xe3\xe5\xe6'],
  [22, '\x81\x84\x85\x86\x88\x92\x9a\x9c\xa0\xa3\xa4\xa9\xaa\xad\xb2\xb5\xb9\xba\xbb\xbd\xbe\xc4\xc6\xe4\xe8\xe9'],
  [
    23,
    '\x01\x87\x89\x8a\x8b\x8c\x8d\x8f\x93\x95\x96\x97\x98\x9b\x9d\x9e\xa5\xa6\xa8\xae\xaf\xb4\xb6\xb7\xbc\xbf\xc5\xe7\xef',
  ],
  [24, '\t\x8e\x90\x91\x94\x9f\xab\xce\xd7\xe1\xec\xed'],
  [25, '\xc7\xcf\xea\xeb'],
  [26, '\xc0\xc1\xc8\xc9\xca\xcd\xd2\xd5\xda\xdb\xee\xf0\xf2\xf3\xff'],
  [27, '\xcb\xcc\xd3\xd4\xd6\xdd\xde\xdf\xf1\xf4\xf5\xf6\xf7\xf8\xfa\xfb\xfc\xfd\xfe'],
  [
    28,
    '\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f\xdc\xf9',
  ],
  [30, '\n\r\x16'],
];

const END_OF_STRING = 256;

const CODES = new Uint32Array(257);
const LENGTHS = new Uint8Array(257);

let next = 0;
let previous = 5;
for (const [bits, symbols] of SYMBOLS_BY_LENGTH) {
  next *= 2 ** (bits - previous);
  previous = bits;
  for (const symbol of symbols) {
    CODES[symbol.charCodeAt(0)] = next++;
    LENGTHS[symbol.charCodeAt(0)] = bits;
  }
}
CODES[END_OF_STRING] = next;
LENGTHS[END_OF_STRING] = previous;

/**
 * The decoder as a machine that takes four bits a step. A state is an inner node of the code's tree, of which there are 256. No code is
 * shorter than five bits, so that a step gives one symbol at most. A transition: bits 0–7 the next state, 8–15 the symbol, then flags.
 */
const GIVES = 1 << 16;
const FAILS = 1 << 17;
const TRANSITIONS = new Uint32Array(256 * 16);
/** 1 where a string may end: after fewer than eight bits of padding, all of them ones (RFC 7541 §5.2). */
const MAY_END = new Uint8Array(256);

const BRANCHES: [number, number][] = [[-1, -1]];
const LEAF = 1_000;
for (let symbol = 0; symbol <= END_OF_STRING; symbol++) {
  let node = 0;
  for (let bit = LENGTHS[symbol]! - 1; bit >= 0; bit--) {
    const side = (CODES[symbol]! >>> bit) & 1;
    if (bit === 0) BRANCHES[node]![side] = LEAF + symbol;
    else {
      if (BRANCHES[node]![side] === -1) BRANCHES[node]![side] = BRANCHES.push([-1, -1]) - 1;
      node = BRANCHES[node]![side]!;
    }
  }
}
for (let depth = 0, node = 0; depth < 8; depth++, node = BRANCHES[node]![1]) MAY_END[node] = 1;
for (let state = 0; state < 256; state++) {
  for (let nibble = 0; nibble < 16; nibble++) {
    let node = state;
    let given = 0;
    for (let bit = 3; bit >= 0; bit--) {
      node = BRANCHES[node]![(nibble >>> bit) & 1]!;
      if (node < LEAF) continue;
      given |= node === LEAF + END_OF_STRING ? FAILS : GIVES | ((node - LEAF) << 8);
      node = 0;
    }
    TRANSITIONS[state * 16 + nibble] = given | node;
  }
}

/**
 * Decodes [start, end) of `buffer` into `target` from `at` on, which must have room for 8/5 of the bytes. Gives the offset after the
 * last decoded byte; -1 where the padding is longer than seven bits or not all ones, or where the end-of-string symbol is coded.
 */
export function decodeHuffman(buffer: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  let state = 0;
  let flags = 0;
  let to = at;
  for (let position = start; position < end; position++) {
    const byte = buffer[position]!;
    let transition = TRANSITIONS[(state << 4) | (byte >>> 4)]!;
    flags |= transition;
    if ((transition & GIVES) !== 0) target[to++] = transition >>> 8;
    transition = TRANSITIONS[((transition & 255) << 4) | (byte & 15)]!;
    flags |= transition;
    if ((transition & GIVES) !== 0) target[to++] = transition >>> 8;
    state = transition & 255;
  }
  return (flags & FAILS) !== 0 || MAY_END[state] === 0 ? -1 : to;
}

/** Bytes that `text` takes when it is coded. One character is one byte; of other characters the lower byte counts. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let index = 0; index < text.length; index++) bits += LENGTHS[text.charCodeAt(index) & 255]!;
  return (bits + 7) >>> 3;
}

/** Writes `text` from `at` on, where `huffmanLength(text)` bytes must be free. Gives the offset after it. */
export function encodeHuffman(text: string, target: Uint8Array, at: number): number {
  let to = at;
  /** The last bits, of which fewer than eight wait to be written. */
  let held = 0;
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    const symbol = text.charCodeAt(index) & 255;
    let code = CODES[symbol]!;
    let bits = LENGTHS[symbol]!;
    if (bits > 24) {
      // Seven held bits and thirty more do not fit an integer of 32.
      bits -= 8;
      held = (held << bits) | (code >>> 8);
      count += bits;
      while (count >= 8) target[to++] = held >>> (count -= 8);
      code &= 255;
      bits = 8;
    }
    held = (held << bits) | code;
    count += bits;
    while (count >= 8) target[to++] = held >>> (count -= 8);
  }
  if (count > 0) target[to++] = (held << (8 - count)) | (255 >>> count);
  return to;
}
