/** Whether a request is tried again, and when. */
import type { Retry, RetryOn } from '../config/intent.ts';
import { POLICIES } from '../config/policy-defaults.ts';
import { backoff } from './backoff.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import { RetryBudget } from './retry-budget.ts';
import type { Random } from './time-and-chance.ts';

/** What a try came to: the kind of its failure, or the status of the answer. */
export type Outcome = 'connect' | 'reset' | 'timeout' | number;

/** What decides besides the policy. */
export interface Tried {
  readonly outcome: Outcome;
  /** Tries so far, at least 1. */
  readonly tries: number;
  /** Nothing of it reached an origin, or the origin has said that it acted upon none of it. */
  readonly untouched: boolean;
  /** Of the method (RFC 9110 §9.2.2). */
  readonly idempotent: boolean;
  /** All that was sent is still there to be sent again. */
  readonly replayable: boolean;
}

/** Why a request is not tried again. */
export type NoRetry = 'not-covered' | 'unsafe' | 'attempts' | 'budget' | 'breaker';

export class Retries {
  readonly #policy: Retry;
  readonly #budget: RetryBudget;
  readonly #breaker: CircuitBreaker | undefined;
  readonly #random: Random;

  constructor(policy: Retry, breaker: CircuitBreaker | undefined, random: Random) {
    this.#policy = policy;
    this.#budget = new RetryBudget(policy.budget ?? POLICIES.retry.budget);
    this.#breaker = breaker;
    this.#random = random;
  }

  /** Milliseconds that a try has until its answer begins; undefined: no bound. */
  get perTryTimeout(): number | undefined {
    return this.#policy.perTryTimeout;
  }

  get underWay(): number {
    return this.#budget.underWay;
  }

  /** Whether `status` could be tried again after, so that its answer must not go out before this is known. */
  coversStatus(status: number): boolean {
    return status >= 500 && this.#policy.on.some((on) => COVERS[on](status));
  }

  /**
   * Milliseconds to wait before the next try, which is taken from the budget: `give` once it is over. Or why there is none. `active`: requests under
   * way in the cluster.
   */
  next(tried: Tried, active: number): number | NoRetry {
    const { on, attempts = POLICIES.retry.attempts, backoff: range } = this.#policy;
    if (!on.some((each) => COVERS[each](tried.outcome))) return 'not-covered';
    if (!tried.replayable || !(tried.untouched || tried.idempotent)) return 'unsafe';
    if (tried.tries > attempts) return 'attempts';
    const refusal = this.take(active);
    if (refusal !== undefined) return refusal;
    return range === undefined ? 0 : backoff(range, tried.tries, this.#random);
  }

  /** Takes a try beside or after the first from the budget: `give` once it is over. Or says why there is none. */
  take(active: number): 'budget' | 'breaker' | undefined {
    if (!this.#budget.take(active)) return 'budget';
    if (this.#breaker?.retries.take() !== false) return undefined;
    this.#budget.give();
    return 'breaker';
  }

  /** For each that `next` gave a time for, or `take` let through. */
  give(): void {
    this.#budget.give();
    this.#breaker?.retries.give();
  }
}

const COVERS = {
  connect: (outcome) => outcome === 'connect',
  reset: (outcome) => outcome === 'reset',
  timeout: (outcome) => outcome === 'timeout',
  'gateway-error': (outcome) => outcome === 502 || outcome === 503 || outcome === 504,
  'server-error': (outcome) => typeof outcome === 'number' && outcome >= 500,
} as const satisfies Record<RetryOn, (outcome: Outcome) => boolean>;
