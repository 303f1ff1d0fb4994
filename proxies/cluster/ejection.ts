/**
 * Passive ejection ("outlier detection"): an endpoint whose answers are failures is left out for a while, longer each time. A share of the
 * cluster is never ejected: what all endpoints fail at is no fault of one of them.
 */
import type { Ejection as EjectionPolicy } from '../config/intent.ts';
import { mostEjected, POLICIES } from '../config/policy-defaults.ts';
import type { ClusterEndpoint, FailureRecord } from './endpoint.ts';
import type { Cancel, Clock } from './time-and-chance.ts';

/** `out`: for how long and why; undefined: it is back. */
export type OnEjection = (
  endpoint: ClusterEndpoint,
  out: { readonly ms: number; readonly why: string } | undefined,
) => void;

export class Ejection {
  readonly #policy: typeof POLICIES.ejection & Pick<EjectionPolicy, 'errorRate'>;
  readonly #clock: Clock;
  readonly #onEjection: OnEjection;
  readonly #members = new Set<ClusterEndpoint>();
  readonly #out = new Map<ClusterEndpoint, Cancel>();

  constructor(policy: EjectionPolicy, clock: Clock, onEjection: OnEjection) {
    this.#policy = { ...POLICIES.ejection, ...policy };
    this.#clock = clock;
    this.#onEjection = onEjection;
  }

  /** It is one of the cluster now; one that comes from an older configuration stays out as long as it was told. */
  add(endpoint: ClusterEndpoint): void {
    this.#members.add(endpoint);
    if (endpoint.ejected) this.#returnIn(endpoint, endpoint.record.until - this.#clock.now());
  }

  forget(endpoint: ClusterEndpoint): void {
    this.#members.delete(endpoint);
    this.#out.get(endpoint)?.();
    this.#out.delete(endpoint);
  }

  /** What is ejected stays so, for whoever takes the endpoints over. */
  close(): void {
    for (const endpoint of this.#members) this.forget(endpoint);
  }

  succeeded(endpoint: ClusterEndpoint): void {
    const { record } = endpoint;
    record.inRow = 0;
    if (this.#policy.errorRate !== undefined) this.#countAnswer(record, 0);
  }

  failed(endpoint: ClusterEndpoint, why: string): void {
    const { record } = endpoint;
    const { consecutive, errorRate, minimum } = this.#policy;
    record.inRow++;
    if (errorRate !== undefined) this.#countAnswer(record, 1);
    // Answers to what was asked before it was ejected, or left the cluster, still come.
    if (endpoint.ejected || !this.#members.has(endpoint)) return;
    if (consecutive > 0 && record.inRow >= consecutive)
      return this.#eject(endpoint, `${record.inRow} in a row: ${why}`);
    if (errorRate === undefined) return;
    const answers = record.answers + record.answersBefore;
    const failures = record.failures + record.failuresBefore;
    if (answers >= minimum && failures >= errorRate * answers)
      this.#eject(endpoint, `${failures} of the last ${answers}: ${why}`);
  }

  /** Two halves of a window take turns, so that it looks back at least half of it and never more than all. */
  #countAnswer(record: FailureRecord, failures: 0 | 1): void {
    const half = this.#policy.window / 2;
    const age = this.#clock.now() - record.since;
    if (age >= half) {
      const isNext = age < 2 * half;
      record.since = isNext ? record.since + half : this.#clock.now();
      record.answersBefore = isNext ? record.answers : 0;
      record.failuresBefore = isNext ? record.failures : 0;
      record.answers = record.failures = 0;
    }
    record.answers++;
    record.failures += failures;
  }

  #eject(endpoint: ClusterEndpoint, why: string): void {
    const { baseTime, maxTime, maxShare } = this.#policy;
    if (this.#out.size >= mostEjected(maxShare, this.#members.size)) return;
    const { record } = endpoint;
    const now = this.#clock.now();
    // A stay as long as the first ejection makes up for one.
    const madeUp = record.ejections === 0 ? 0 : Math.floor((now - record.until) / baseTime);
    record.ejections = Math.max(0, record.ejections - madeUp) + 1;
    const ms = Math.min(maxTime, baseTime * record.ejections);
    record.until = now + ms;
    endpoint.ejected = true;
    this.#returnIn(endpoint, ms);
    this.#onEjection(endpoint, { ms, why });
  }

  #returnIn(endpoint: ClusterEndpoint, ms: number): void {
    const back = (): void => {
      this.#out.delete(endpoint);
      const { record } = endpoint;
      record.inRow = record.answers = record.failures = record.answersBefore = record.failuresBefore = 0;
      endpoint.ejected = false;
      this.#onEjection(endpoint, undefined);
    };
    this.#out.set(endpoint, this.#clock.after(Math.max(0, ms), back));
  }
}
