/**
 * When requests are meant to be sent. The schedule alone decides it: nothing that happens to earlier requests, no budget per
 * second, no catching up in bursts. All times are milliseconds since the job's start, with a fraction.
 */
import type { LoadJob } from '#bench/model/load.ts';
import type { Loop } from '#bench/model/scenario.ts';
import { mulberry32 } from '#proxies/platform/random.ts';

export type OpenLoopSpec = Extract<Loop, { kind: 'open' }>;

/** A shard's arrivals in order, without end. */
export interface Arrivals {
  /** Of the next request to be sent. */
  readonly due: number;
  /** Takes that one off: returns its `due`, and moves on. */
  take(): number;
}

export const NO_ARRIVALS: Arrivals = { due: Infinity, take: () => Infinity };

/** How long to wait before the next request: 0 if it is due. */
export const pace = (arrivals: Arrivals, elapsed: number): number => Math.max(0, arrivals.due - elapsed);

/**
 * Uniform: every 1/offered, the shards taking turns. Poisson: exponential gaps at each shard's share of the rate, from a seed of
 * its own (independent Poisson processes add up to one).
 */
export function arrivalsOf(
  { offered, arrivals }: Pick<OpenLoopSpec, 'offered' | 'arrivals'>,
  { index, count }: LoadJob['shard'],
  seed: number,
): Arrivals {
  if (!(offered > 0)) return NO_ARRIVALS;
  return arrivals === 'uniform'
    ? new UniformArrivals(1000 / offered, index, count)
    : new PoissonArrivals((1000 * count) / offered, mulberry32(Math.imul(seed ^ 0x5bf03635, 2 * index + 1)));
}

class UniformArrivals implements Arrivals {
  due: number;
  readonly #interval: number;
  readonly #stride: number;
  #turn: number;

  constructor(interval: number, first: number, stride: number) {
    this.#interval = interval;
    this.#stride = stride;
    this.#turn = first;
    this.due = first * interval;
  }

  take(): number {
    const { due } = this;
    this.#turn += this.#stride;
    this.due = this.#turn * this.#interval; // no sum: its rounding errors would add up
    return due;
  }
}

class PoissonArrivals implements Arrivals {
  due: number;
  readonly #mean: number;
  readonly #random: () => number;

  constructor(mean: number, random: () => number) {
    this.#mean = mean;
    this.#random = random;
    this.due = this.#gap();
  }

  take(): number {
    const { due } = this;
    this.due += this.#gap();
    return due;
  }

  #gap(): number {
    return -Math.log(1 - this.#random()) * this.#mean;
  }
}
