/** An input whole, and cut in two: after every octet, or where that would be too many, at seeded points. */
import { mulberry32 } from '#proxies/platform/random.ts';
import type { Wire } from '#bench/lab/wire.ts';
import type { Bench } from '../bench.ts';

const EVERY = 200;
const SOME = 24;
const SECURE = 8;
const QUICK = 3;

/** Offsets to cut at, ascending; 0 is the input in one piece. */
export function cutsOf(length: number, { options, secure }: Pick<Bench, 'options' | 'secure'>): number[] {
  // Behind a handshake stands the same parser: there, some places tell as much as all.
  const all = options.quick ? QUICK : secure ? SECURE : length <= EVERY ? length - 1 : SOME;
  if (all >= length - 1) return Array.from({ length }, (_, at) => at);
  const random = mulberry32(options.seed + length);
  return [0, ...Array.from({ length: all }, () => 1 + Math.floor(random() * (length - 1)))].toSorted((a, b) => a - b);
}

export interface Variant {
  readonly wire: Wire;
  readonly cut: number;
}

/** Sends `text` (latin-1) once per cut, each on a connection of its own, the second part after the proxy has read the first. */
export async function sendVariants(bench: Bench, text: string, cuts = cutsOf(text.length, bench)): Promise<Variant[]> {
  const variants = await Promise.all(cuts.map(async (cut) => ({ wire: await bench.open(), cut })));
  const write = (wire: Wire, part: string): void => {
    if (part !== '' && wire.socket.writable && !wire.ended) wire.write(Buffer.from(part, 'latin1'));
  };
  if (cuts.some((cut) => cut > 0)) {
    for (const { wire, cut } of variants) write(wire, text.slice(0, cut));
    await bench.fence();
  }
  for (const { wire, cut } of variants) write(wire, text.slice(cut));
  return variants;
}
