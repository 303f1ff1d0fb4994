/** The limits and timeouts that hold where an intent says nothing. */
import type { Limits, ProxyIntent, Timeouts } from './intent.ts';
import { LIMITS, type Setting, TIMEOUTS } from './settings.ts';

const values = <K extends string>(settings: Readonly<Record<K, Setting>>) =>
  Object.fromEntries(Object.entries<Setting>(settings).map(([key, { byDefault }]) => [key, byDefault])) as Record<
    K,
    number
  >;

export const defaultLimits: Limits = values(LIMITS);

/** Milliseconds. 0 switches a timeout off. */
export const defaultTimeouts: Timeouts = values(TIMEOUTS);

export function limitsOf(intent: Pick<ProxyIntent, 'limits'>): Limits {
  return { ...defaultLimits, ...intent.limits };
}

/** A cluster's own `connectTimeout` beats `timeouts.connect`. */
export function timeoutsOf(intent: Pick<ProxyIntent, 'timeouts'>): Timeouts {
  return { ...defaultTimeouts, ...intent.timeouts };
}
