/** A place among the event loops of a proxy: where one loop runs, and another after it when it died. */
import { tell } from '../platform/notices.ts';
import type { Loop } from './loop.ts';

/** How a loop that died is started again, and when that is given up. */
const REVIVAL = {
  /** Milliseconds before the first new start; doubled for each that follows at once. */
  delay: 100,
  longestDelay: 5_000,
  /** Milliseconds. A loop that lived this long begins anew at the first delay. */
  healthy: 30_000,
  /** Deaths in a row, none of them after a healthy life, after which the proxy as a whole has failed. */
  deaths: 6,
};

export type Start = (seat: Seat) => Promise<Loop>;

/** Deaths are told, counted and answered by a new start, ever later. */
export class Seat implements AsyncDisposable {
  /** Undefined while there is none. */
  loop: Loop | undefined;
  /** How often one was started after another had died. */
  restarts = 0;
  readonly #number: number;
  readonly #start: Start;
  readonly #onFailure: (error: Error) => void;
  #deaths = 0;
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(number: number, start: Start, onFailure: (error: Error) => void) {
    this.#number = number;
    this.#start = start;
    this.#onFailure = onFailure;
  }

  /** The first start, whose failure is the caller's to hear of. */
  async fill(): Promise<void> {
    this.#startedAt = performance.now();
    this.loop = await this.#start(this);
  }

  /** Deaths are no longer answered: the proxy is about to end. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** For the loop that sat here. */
  lost(loop: Loop, error: Error): void {
    if (this.#closed || loop !== this.loop) return; // one that dies as it starts has failed to start
    this.loop = undefined;
    if (performance.now() - this.#startedAt >= REVIVAL.healthy) this.#deaths = 0;
    this.#died(error);
  }

  #died(error: Error): void {
    const { delay, longestDelay, deaths } = REVIVAL;
    this.#deaths++;
    if (this.#deaths >= deaths) {
      this.#onFailure(new Error(`event loop ${this.#number} died ${this.#deaths} times in a row: ${error.message}`));
      return;
    }
    const wait = Math.min(longestDelay, delay * 2 ** (this.#deaths - 1));
    tell(
      'event_loop_died',
      () => `loop ${this.#number}: ${error.stack ?? error.message}\n  started again in ${wait} ms`,
    );
    this.#timer = setTimeout(() => void this.#revive(), wait);
  }

  async #revive(): Promise<void> {
    this.#startedAt = performance.now();
    try {
      this.restarts++;
      const loop = await this.#start(this);
      if (this.#closed) await loop[Symbol.asyncDispose]();
      else this.loop = loop;
    } catch (error) {
      if (!this.#closed) this.#died(error as Error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.loop?.[Symbol.asyncDispose]();
  }
}
