/** What every renderer reads out of the policies of a cluster in the same way. */
import { IntentError } from '../config/intent-error.ts';
import type { Cluster, Ejection, HealthCheck, Retry, RetryOn } from '../config/intent.ts';
import { POLICIES } from '../config/policy-defaults.ts';

/** @throws IntentError, always: for a policy, or a value of one, that this peer cannot be given. */
export function refusePolicy(name: string, policy: string, what: string): never {
  throw new IntentError([{ path: `clusters`, message: `capability not offered: ${name} ${what} (${policy})` }]);
}

export type Check = HealthCheck & Required<Omit<HealthCheck, 'kind' | 'port'>>;

/** With what the intent leaves open. */
export const checkOf = ({ healthCheck }: Cluster): Check | undefined =>
  healthCheck && { ...POLICIES.healthCheck, ...healthCheck };

export const ejectionOf = ({ ejection }: Cluster): (typeof POLICIES.ejection & Ejection) | undefined =>
  ejection && { ...POLICIES.ejection, ...ejection };

/** The earlier of two time-outs, of which one may be absent, and 0 is none. */
export const sooner = (perTry: number | undefined, timeout: number): number =>
  perTry === undefined ? timeout : Math.min(perTry, timeout || perTry);

/** Tries after the first. */
export const attemptsOf = ({ attempts = POLICIES.retry.attempts }: Retry): number => attempts;

/**
 * Peers tell failures less finely than the intent: what of `kinds` is tried again after, all of it must be.
 * @throws IntentError where only a part of it is named.
 */
export function allOrNone(name: string, { on }: Retry, ...kinds: readonly RetryOn[]): boolean {
  const named = kinds.filter((kind) => on.includes(kind));
  if (named.length > 0 && named.length < kinds.length)
    refusePolicy(
      name,
      `retry.on: ${on.join(', ')}`,
      `tries again after ${kinds.join(' and ')} alike: name all of them`,
    );
  return named.length > 0;
}

/** Of methods that are idempotent (RFC 9110 §9.2.2); others may have been executed. */
export const IDEMPOTENT = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'] as const;
