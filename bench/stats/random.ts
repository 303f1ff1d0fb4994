/** Seeded random numbers for resampling. */

/** SplitMix with a 32-bit state (G. Steele et al., Fast Splittable Pseudorandom Number Generators, 2014): uniform in [0, 1). */
export function splitMix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 0x1_0000_0000;
  };
}
