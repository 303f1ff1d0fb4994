/**
 * Delays that end within microseconds of when they are due, however many are under way: a timer sleeps through all but the last
 * milliseconds, which are spun away, one turn of the event loop after the other, so that requests are still heard at once. For a while
 * after the last one it goes on spinning, so that every request of a stream, whatever its delay, finds it awake. It burns the core; made
 * for calibration, where the origin has one to itself.
 */

/** A timer is at most this late: one step of its clock, and the wake-up. */
const SPUN_MILLIS = 2.5;
const AWAKE_MILLIS = 20;
/**
 * Of one turn: a request waits as long to be heard at most. Each turn leaves garbage, and turns without a pause in them had it collected a
 * hundred times a second, for a quarter of a millisecond each.
 */
const TURN_MILLIS = 0.02;

interface Delay {
  readonly due: number;
  readonly end: () => void;
}

export class ExactDelays {
  /** By due time. */
  readonly #waiting: Delay[] = [];
  #timer: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;
  #awakeUntil = 0;

  /** Calls `end` at `due`, an instant of `performance.now()`, never before it; what is returned takes it back. */
  add(due: number, end: () => void): () => void {
    const delay: Delay = { due, end };
    const later = this.#waiting.findIndex((other) => other.due > due);
    this.#waiting.splice(later === -1 ? this.#waiting.length : later, 0, delay);
    this.#arm();
    return () => {
      const index = this.#waiting.indexOf(delay);
      if (index !== -1) this.#waiting.splice(index, 1);
      this.#arm();
    };
  }

  #arm(): void {
    clearTimeout(this.#timer);
    if (this.#turn !== undefined) return;
    const now = performance.now();
    const asleep = (this.#waiting[0]?.due ?? Infinity) - now - SPUN_MILLIS;
    if (asleep <= 0 || now < this.#awakeUntil) this.#turn = setImmediate(() => this.#spin());
    else if (asleep < Infinity) this.#timer = setTimeout(() => this.#arm(), asleep);
  }

  #spin(): void {
    this.#turn = undefined;
    const turnEnd = performance.now() + TURN_MILLIS;
    for (let now = performance.now(); now < turnEnd; now = performance.now()) {
      if (this.#waiting[0] === undefined || this.#waiting[0].due > now) continue;
      this.#awakeUntil = now + AWAKE_MILLIS;
      this.#waiting.shift()!.end();
    }
    this.#arm();
  }
}
