/** xorshift32 (Marsaglia, 2003): uniform below `below`, the same for the same seed. Not zero. */
export function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
