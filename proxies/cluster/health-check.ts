/** Active checks: each endpoint is asked by itself, at a time of its own, and changes state after some answers in a row. */
import type { Endpoint, HealthCheck } from '../config/intent.ts';
import type { ClusterEndpoint } from './endpoint.ts';
import type { Cancel, Clock, Random } from './time-and-chance.ts';

/** Asks once. Resolves with undefined where the endpoint serves, else with why not. Rejecting says so, too. */
export type Probe = (endpoint: Endpoint, signal: AbortSignal) => Promise<string | undefined>;

/** `why`: what the check that took it out met; undefined: it is healthy. */
export type OnHealth = (endpoint: ClusterEndpoint, why: string | undefined) => void;

/** What decides when an endpoint is asked, and what its answers mean. */
export type CheckPace = Required<Omit<HealthCheck, 'kind' | 'port'>>;

interface TimeAndChance {
  readonly clock: Clock;
  readonly random: Random;
}

export class HealthChecks {
  readonly #pace: CheckPace;
  readonly #probe: Probe;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onHealth: OnHealth;
  readonly #watches = new Map<ClusterEndpoint, Watch>();

  constructor(pace: CheckPace, probe: Probe, onHealth: OnHealth, { clock, random }: TimeAndChance) {
    this.#pace = pace;
    this.#probe = probe;
    this.#onHealth = onHealth;
    this.#clock = clock;
    this.#random = random;
  }

  /** The first check comes at any time within an interval, so that those of many endpoints, clusters and proxies do not come at once. */
  watch(endpoint: ClusterEndpoint): void {
    if (this.#watches.has(endpoint)) return;
    const watch = new Watch();
    this.#watches.set(endpoint, watch);
    this.#schedule(endpoint, watch, this.#random() * this.#pace.interval);
  }

  forget(endpoint: ClusterEndpoint): void {
    this.#watches.get(endpoint)?.end();
    this.#watches.delete(endpoint);
  }

  close(): void {
    for (const endpoint of this.#watches.keys()) this.forget(endpoint);
  }

  #schedule(endpoint: ClusterEndpoint, watch: Watch, ms: number): void {
    watch.cancel = this.#clock.after(ms, () => this.#check(endpoint, watch));
  }

  #check(endpoint: ClusterEndpoint, watch: Watch): void {
    const { interval, jitter, timeout } = this.#pace;
    const aborter = new AbortController();
    watch.aborter = aborter;
    let isOver = false;
    const over = (why: string | undefined): void => {
      if (isOver || watch.ended) return;
      isOver = true;
      watch.cancel?.();
      this.#judge(endpoint, why);
      // Who heard of it may have let go of the endpoint.
      if (!watch.ended) this.#schedule(endpoint, watch, interval * (1 + jitter * (2 * this.#random() - 1)));
    };
    watch.cancel = this.#clock.after(timeout, () => {
      over(`no answer within ${timeout} ms`);
      aborter.abort();
    });
    this.#probe(endpoint, aborter.signal).then(over, (error: unknown) => over((error as Error).message));
  }

  #judge(endpoint: ClusterEndpoint, why: string | undefined): void {
    const { checks } = endpoint;
    const isFirst = !checks.judged;
    checks.judged = true;
    if ((why === undefined) === endpoint.healthy) {
      checks.against = 0;
      return;
    }
    const { unhealthyThreshold, healthyThreshold } = this.#pace;
    checks.against++;
    if (!isFirst && checks.against < (endpoint.healthy ? unhealthyThreshold : healthyThreshold)) return;
    checks.against = 0;
    endpoint.healthy = why === undefined;
    this.#onHealth(endpoint, why);
  }
}

/** How one endpoint is being checked. */
class Watch {
  ended = false;
  cancel: Cancel | undefined;
  aborter: AbortController | undefined;

  end(): void {
    this.ended = true;
    this.cancel?.();
    this.aborter?.abort();
  }
}
