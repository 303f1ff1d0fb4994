/** How soon a lost connection is opened again: at once, but ever later while none carries an answer, so that a dead target is not hammered. */
import type { Instant } from './clock.ts';

const FIRST = 5;
const LAST = 250;

export class Backoff {
  #wait = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Calls `again` when the time has come. */
  retry(again: (at: Instant) => void, at: Instant): void {
    const wait = this.#wait;
    this.#wait = Math.min(LAST, Math.max(FIRST, wait * 2));
    if (wait === 0) again(at);
    else this.#timer = setTimeout(() => again(performance.now()), wait);
  }

  /** An answer came. */
  reset(): void {
    this.#wait = 0;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
