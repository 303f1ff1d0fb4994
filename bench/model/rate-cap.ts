/**
 * So many a second and no more: in any second, wherever it begins. What is sent to a target that is not ours passes one of these.
 * Pure; milliseconds of any steady clock.
 */
const SECOND = 1_000;

export class RateCap {
  /** When each of the last so many was let through, as a ring. */
  readonly #last: Float64Array;
  #next = 0;

  /**
   * Nothing passes within the first second after `now`: a cap does not know what an earlier one let through just before.
   * `perSecond` is a whole number from 1.
   */
  constructor(perSecond: number, now: number) {
    if (!Number.isInteger(perSecond) || perSecond < 1)
      throw new RangeError(`expected a whole number of requests a second from 1, got ${perSecond}`);
    this.#last = new Float64Array(perSecond).fill(now);
  }

  /** Milliseconds until the next may pass; 0: now. */
  wait(now: number): number {
    return Math.max(0, this.#last[this.#next]! + SECOND - now);
  }

  /** As `wait`; where that is 0 one has passed, and is counted. */
  take(now: number): number {
    const wait = this.wait(now);
    if (wait > 0) return wait;
    this.#last[this.#next] = now;
    this.#next = (this.#next + 1) % this.#last.length;
    return 0;
  }
}
