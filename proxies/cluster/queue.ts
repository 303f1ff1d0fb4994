/** Those who wait for room at an endpoint: first come, first served, so many and no longer than so. */
import type { Queue } from '../config/intent.ts';
import { POLICIES } from '../config/policy-defaults.ts';
import type { Clock } from './time-and-chance.ts';

export interface Waiter {
  /** Its turn has come: it tries again, and may wait again. */
  onTurn(): void;
  /** It has waited as long as it may. */
  onWaitedTooLong(): void;
}

export class WaitQueue {
  readonly #size: number;
  readonly #timeout: number;
  readonly #clock: Clock;
  /** Until when each waits, in the order in which they came. */
  readonly #until = new Map<Waiter, number>();
  #isTimed = false;

  constructor({ size, timeout = POLICIES.queue.timeout }: Queue, clock: Clock) {
    this.#size = size;
    this.#timeout = timeout;
    this.#clock = clock;
  }

  get length(): number {
    return this.#until.size;
  }

  /** False: it is full. */
  wait(waiter: Waiter): boolean {
    if (this.#until.size >= this.#size) return false;
    this.#until.set(waiter, this.#clock.now() + this.#timeout);
    this.#expireIn(this.#timeout);
    return true;
  }

  /** It waits no more. */
  leave(waiter: Waiter): void {
    this.#until.delete(waiter);
  }

  /** There is room for one. */
  next(): void {
    for (const waiter of this.#until.keys()) {
      this.#until.delete(waiter);
      waiter.onTurn();
      return;
    }
  }

  #expireIn(ms: number): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    this.#clock.after(ms, () => this.#expire());
  }

  /** All wait equally long, so those who came first are those whose time is over first. */
  #expire(): void {
    const now = this.#clock.now();
    this.#isTimed = false;
    for (const [waiter, until] of this.#until) {
      if (until > now) {
        this.#expireIn(until - now);
        return;
      }
      this.#until.delete(waiter);
      waiter.onWaitedTooLong();
    }
  }
}
