/** Bounds on what a cluster is asked at once. A request too many is refused here and now, which costs nobody anything. */
import type { CircuitBreaker as Bounds } from '../config/intent.ts';

export type Bounded = keyof Bounds;

/** `isOpen`: one was refused, the first since there was room; else there is room again. */
export type OnBreaker = (what: Bounded, isOpen: boolean) => void;

export class CircuitBreaker {
  readonly connections: Bound;
  readonly requests: Bound;
  readonly pending: Bound;
  readonly retries: Bound;

  /** `previous`: of the cluster's older configuration, under which requests go on; they count here too. */
  constructor(bounds: Bounds, onBreaker: OnBreaker, previous?: CircuitBreaker) {
    const bound = (what: Bounded): Bound => {
      const one = previous?.[what] ?? new Bound();
      one.set(bounds[what], (isOpen) => onBreaker(what, isOpen));
      return one;
    };
    this.connections = bound('connections');
    this.requests = bound('requests');
    this.pending = bound('pending');
    this.retries = bound('retries');
  }

  /** Those that refuse at the moment. */
  get open(): readonly Bounded[] {
    return BOUNDED.filter((what) => this[what].isOpen);
  }
}

const BOUNDED = ['connections', 'requests', 'pending', 'retries'] as const satisfies readonly Bounded[];

class Bound {
  active = 0;
  /** How many were refused. */
  refused = 0;
  isOpen = false;
  #most = Infinity;
  #onChange: (isOpen: boolean) => void = () => {};

  set(most = Infinity, onChange: (isOpen: boolean) => void): void {
    this.#most = most;
    this.#onChange = onChange;
  }

  /** Takes one; false: there is no room. */
  take(): boolean {
    if (this.active < this.#most) {
      this.active++;
      return true;
    }
    this.refused++;
    if (!this.isOpen) {
      this.isOpen = true;
      this.#onChange(true);
    }
    return false;
  }

  /** One that was taken is over. */
  give(): void {
    this.active--;
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#onChange(false);
  }
}
