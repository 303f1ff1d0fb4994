/** What tests draw by seed: the same numbers, and so the same inputs, whenever a seed is given again. */
import { mulberry32 } from '#proxies/platform/random.ts';

/** A whole number from 0 on, below what is asked. */
export type Below = (below: number) => number;

export function generator(seed: number): Below {
  const random = mulberry32(seed);
  return (below) => Math.floor(random() * below);
}

export const oneOf = <T>(random: () => number, choices: readonly T[]): T =>
  choices[Math.floor(random() * choices.length)]!;
