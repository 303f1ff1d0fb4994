/** Policies in Traefik's own terms: `healthCheck`, `passiveHealthCheck`, `sticky` of a service, and its `retry` middleware. */
import { RESILIENCE_FEATURES } from '../config/features.ts';
import type { Cluster, Retry } from '../config/intent.ts';
import { offeredOf } from '../config/offers.ts';
import { allOrNone, attemptsOf, checkOf, ejectionOf, refusePolicy } from './policy-facts.ts';

type Json = Record<string, unknown>;

export const TRAEFIK_HTTP_POLICIES = offeredOf(
  RESILIENCE_FEATURES,
  'health checks',
  'HTTP health checks',
  'health check host',
  'health check port',
  'health check statuses',
  'ejection',
  'ejection time',
  'retries',
  'retry on connect',
  'retry on reset',
  'retry on timeout',
  'retry on gateway-error',
  'retry on server-error',
  'per-try timeout',
  'retry backoff',
  'stickiness',
  'sticky cookie',
  'sticky cookie attributes',
);

const duration = (milliseconds: number): string => `${milliseconds}ms`;

/** Of a service. */
export function servicePolicies(cluster: Cluster): Json {
  const { stickiness, healthCheck } = cluster;
  const check = checkOf(cluster);
  const ejection = ejectionOf(cluster);
  return {
    ...(check?.kind === 'http' && {
      healthCheck: {
        path: check.path,
        interval: duration(check.interval),
        unhealthyInterval: duration(check.interval),
        timeout: duration(check.timeout),
        followRedirects: false,
        ...(check.host !== undefined && { hostname: check.host }),
        ...(check.port !== undefined && { port: check.port }),
        ...(healthCheck?.kind === 'http' && healthCheck.expected && { status: onlyStatus(healthCheck.expected) }),
      },
    }),
    ...(ejection && {
      passiveHealthCheck: { maxFailedAttempts: ejection.consecutive, failureWindow: duration(ejection.baseTime) },
    }),
    ...(stickiness?.kind === 'cookie' && {
      sticky: {
        cookie: {
          name: stickiness.name,
          httpOnly: true,
          sameSite: 'lax',
          path: stickiness.path ?? '/',
          ...(stickiness.maxAge !== undefined && { maxAge: stickiness.maxAge }),
        },
      },
    }),
  };
}

/** It expects 2xx and 3xx, or one status. */
function onlyStatus(expected: readonly { readonly from: number; readonly to: number }[]): number {
  const [first, ...others] = expected;
  if (others.length > 0 || first!.from !== first!.to)
    refusePolicy('traefik', 'healthCheck.expected', 'expects one status, or any from 200 to 399');
  return first!.from;
}

/** The middleware of a cluster; its tries count the first one. What may have been executed is tried again where it is idempotent. */
export function retryMiddleware(retry: Retry): Json {
  const { backoff } = retry;
  const isOnNetwork = allOrNone(
    'traefik',
    retry,
    'connect',
    'reset',
    ...(retry.perTryTimeout === undefined ? [] : (['timeout'] as const)),
  );
  const status = retry.on.includes('server-error')
    ? ['500-599']
    : retry.on.includes('gateway-error')
      ? ['502-504']
      : [];
  return {
    attempts: attemptsOf(retry) + 1,
    ...(backoff && { initialInterval: duration(backoff.base) }),
    ...(status.length > 0 && { status }),
    ...(!isOnNetwork && { disableRetryOnNetworkError: true }),
  };
}
