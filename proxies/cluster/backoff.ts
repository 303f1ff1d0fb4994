/** How long to wait before the next try. */
import type { Random } from './time-and-chance.ts';

/** Milliseconds. */
export interface BackoffRange {
  /** The longest wait before the first further try; doubled for each that follows. */
  readonly base: number;
  readonly max: number;
}

/**
 * Milliseconds before try `further` (1: the first after the one that failed): anywhere between none and twice as much each time, up to `max`
 * ("full jitter"), so that what failed together does not come again together.
 */
export function backoff({ base, max }: BackoffRange, further: number, random: Random): number {
  // Beyond 2^30 every base is above every max that a timer takes.
  return random() * Math.min(max, base * 2 ** Math.min(30, further - 1));
}
