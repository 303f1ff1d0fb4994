/** Policies in Caddy's own terms: `health_checks` and `load_balancing` of its reverse_proxy. Source: its JSON structure. */
import { RESILIENCE_FEATURES } from '../config/features.ts';
import type { Cluster } from '../config/intent.ts';
import { offeredOf } from '../config/offers.ts';
import { allOrNone, attemptsOf, type Check, checkOf, ejectionOf, IDEMPOTENT, refusePolicy } from './policy-facts.ts';

type Json = Record<string, unknown>;

export const CADDY_POLICIES = offeredOf(
  RESILIENCE_FEATURES,
  'health checks',
  'HTTP health checks',
  'health check host',
  'health check port',
  'health check statuses',
  'health check thresholds',
  'ejection',
  'ejection time',
  'retries',
  'retry on connect',
  'retry on reset',
  'retry on timeout',
  'per-try timeout',
  'stickiness',
  'sticky cookie',
  'sticky cookie attributes',
  'sticky header',
);

const duration = (milliseconds: number): string => `${milliseconds}ms`;

export function healthChecks(cluster: Cluster): Json {
  const check = checkOf(cluster);
  const ejection = ejectionOf(cluster);
  if (check === undefined && ejection === undefined) return {};
  return {
    health_checks: {
      ...(check?.kind === 'http' && { active: activeCheck(check) }),
      ...(ejection && {
        // Failures within a time, and how long an endpoint is then left out, are one setting.
        passive: { max_fails: ejection.consecutive, fail_duration: duration(ejection.baseTime), unhealthy_status: [5] },
      }),
    },
  };
}

function activeCheck(check: Extract<Check, { kind: 'http' }>): Json {
  return {
    uri: check.path,
    ...(check.port !== undefined && { port: check.port }),
    ...(check.host !== undefined && { headers: { Host: [check.host] } }),
    interval: duration(check.interval),
    timeout: duration(check.timeout),
    passes: check.healthyThreshold,
    fails: check.unhealthyThreshold,
    expect_status: statusClass(check.expected!),
  };
}

/** It expects one status, or one class of them: 2 is any from 200 to 299. */
function statusClass(expected: readonly { readonly from: number; readonly to: number }[]): number {
  const [{ from, to }, ...others] = expected as readonly [{ from: number; to: number }];
  if (others.length === 0 && from === to) return from;
  if (others.length === 0 && from % 100 === 0 && to === from + 99) return from / 100;
  return refusePolicy('caddy', 'healthCheck.expected', 'expects one status, or one class of them');
}

/** Beside the policy that chooses. A connection that fails is tried again for every method, what was sent for idempotent ones. */
export function retries({ retry }: Cluster): Json {
  if (retry === undefined) return {};
  const isSentAgain = allOrNone(
    'caddy',
    retry,
    'reset',
    ...(retry.perTryTimeout === undefined ? [] : (['timeout'] as const)),
  );
  if (!retry.on.includes('connect')) refusePolicy('caddy', 'retry.on', 'always tries again after connect: name it');
  return {
    retries: attemptsOf(retry),
    // Without it, GET alone.
    retry_match: [{ method: isSentAgain ? IDEMPOTENT : ['-'] }],
  };
}

/** In place of the policy that chooses. */
export function stickyPolicy({ stickiness }: Cluster): Json | undefined {
  if (stickiness === undefined) return undefined;
  if (stickiness.kind === 'header')
    return { policy: 'header', field: stickiness.name, fallback: { policy: 'round_robin' } };
  const { name, maxAge, path = '/' } = stickiness;
  if (path !== '/') refusePolicy('caddy', 'stickiness.path', 'gives its cookie to all paths');
  return {
    policy: 'cookie',
    name,
    fallback: { policy: 'round_robin' },
    ...(maxAge !== undefined && { max_age: `${maxAge}s` }),
  };
}
