/** An endpoint that comes, or comes back, is given its share of the work little by little: its caches are cold. */
import type { SlowStart as SlowStartPolicy } from '../config/intent.ts';
import { POLICIES } from '../config/policy-defaults.ts';
import type { ClusterEndpoint } from './endpoint.ts';
import type { Cancel, Clock } from './time-and-chance.ts';

/** Weights move this often within a window. */
const STEPS = 20;

/** Milliseconds: no faster than this, however short the window. */
const SHORTEST_STEP = 50;

/**
 * The share of its weight that an endpoint has `elapsed` ms after it came: (elapsed / window)^(1/aggression), as Envoy has it, and never
 * less than `minimum`. 1: it is warm.
 */
export function warmth(policy: SlowStartPolicy, elapsed: number): number {
  const { window, aggression, minimum } = { ...POLICIES.slowStart, ...policy };
  if (elapsed >= window) return 1;
  return Math.max(minimum, (elapsed / window) ** (1 / aggression));
}

export class SlowStart {
  readonly #policy: SlowStartPolicy;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #warming = new Set<ClusterEndpoint>();
  #cancel: Cancel | undefined;

  /** `onChange`: weights have moved. */
  constructor(policy: SlowStartPolicy, clock: Clock, onChange: () => void) {
    this.#policy = policy;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** It begins at the least weight; the caller tells balancers so. */
  begin(endpoint: ClusterEndpoint): void {
    endpoint.warmingSince = this.#clock.now();
    this.resume(endpoint);
  }

  /** One that was warming up under an older configuration goes on where it is. */
  resume(endpoint: ClusterEndpoint): void {
    if (endpoint.warmingSince === undefined) return;
    this.#warming.add(endpoint);
    this.#warm(endpoint);
    this.#cancel ??= this.#next();
  }

  /** It is gone. */
  forget(endpoint: ClusterEndpoint): void {
    this.#warming.delete(endpoint);
  }

  /** Weights stay as they are, for whoever takes the endpoints over. */
  close(): void {
    this.#warming.clear();
    this.#cancel?.();
  }

  #warm(endpoint: ClusterEndpoint): void {
    const share = warmth(this.#policy, this.#clock.now() - endpoint.warmingSince!);
    endpoint.weight = endpoint.fullWeight * share;
    if (share < 1) return;
    endpoint.warmingSince = undefined;
    this.#warming.delete(endpoint);
  }

  #next(): Cancel {
    return this.#clock.after(Math.max(SHORTEST_STEP, this.#policy.window / STEPS), () => this.#step());
  }

  #step(): void {
    for (const endpoint of this.#warming) this.#warm(endpoint);
    this.#cancel = this.#warming.size > 0 ? this.#next() : undefined;
    this.#onChange();
  }
}
