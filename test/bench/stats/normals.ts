import { mulberry32 } from '#proxies/platform/random.ts';

/** Seeded standard normal numbers (Box–Muller). */
export function normals(seed: number): () => number {
  const random = mulberry32(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
