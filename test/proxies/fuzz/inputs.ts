/** Where fuzzed inputs come from: seeds that are changed at random, and those that once showed a fault. */
import { readFileSync } from 'node:fs';

/** For each parser; four of them and the sessions make a million. */
export const runs = Number(process.env['HOPCOST_FUZZ_RUNS'] ?? 250_000);

export interface Found {
  /** What went wrong, or could. */
  readonly note: string;
  readonly input: Buffer;
}

/** `corpus/NAME.json`: a list of `{ note, input }`, one character a byte. Add what fuzzing finds, before it is mended. */
export function corpus(name: string): Found[] {
  const file = new URL(`corpus/${name}.json`, import.meta.url);
  const entries = JSON.parse(readFileSync(file, 'utf8')) as { note: string; input: string }[];
  return entries.map(({ note, input }) => ({ note, input: Buffer.from(input, 'latin1') }));
}

/** Up to three edits: bytes changed, bits flipped, bytes removed or doubled, the rest cut off. Never empty. */
export function mutate(seed: Buffer, random: (below: number) => number): Buffer {
  let bytes = Buffer.from(seed);
  for (let edits = random(4); edits > 0; edits--) {
    const at = random(bytes.length);
    const kind = random(8);
    if (kind < 5) bytes[at] = kind < 3 ? random(256) : bytes[at]! ^ (1 << random(8));
    else if (kind === 5) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(3))]);
    else if (kind === 6) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(at + 1))]);
    else bytes = bytes.subarray(0, at + 1);
    if (bytes.length === 0) return Buffer.from([random(256)]);
  }
  return bytes;
}

/** Like `mutate`, and pieces of a dictionary put in: what is special to a text protocol is hit more often than by single bytes. */
export function splice(seed: Buffer, pieces: readonly Buffer[], random: (below: number) => number): Buffer {
  let bytes = random(2) === 0 ? Buffer.from(seed) : mutate(seed, random);
  for (let edits = random(3); edits > 0; edits--) {
    const at = random(bytes.length + 1);
    const cut = random(4) === 0 ? random(6) : 0;
    bytes = Buffer.concat([bytes.subarray(0, at), pieces[random(pieces.length)]!, bytes.subarray(at + cut)]);
  }
  return bytes;
}
