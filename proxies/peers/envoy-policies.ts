/** Policies in Envoy's own terms. Source: envoy.config.core.v3.HealthCheck, config.cluster.v3, config.route.v3.RetryPolicy. */
import { RESILIENCE_FEATURES } from '../config/features.ts';
import type { Cluster, Retry, RetryOn, SlowStart } from '../config/intent.ts';
import { offeredOf } from '../config/offers.ts';
import { POLICIES } from '../config/policy-defaults.ts';
import { allOrNone, attemptsOf, type Check, checkOf, ejectionOf, IDEMPOTENT, refusePolicy } from './policy-facts.ts';
import { seconds } from './text.ts';

type Json = Record<string, unknown>;

const AROUND_ENDPOINTS = [
  'health checks',
  'TCP health checks',
  'HTTP health checks',
  'health check host',
  'health check statuses',
  'health check port',
  'health check jitter',
  'health check thresholds',
  'ejection',
  'ejection time',
  'ejection growth',
  'ejection share',
  'panic threshold',
  'slow start',
  'slow start curve',
  'circuit breakers',
  'bound on connections',
] as const;

export const ENVOY_TCP_POLICIES = offeredOf(RESILIENCE_FEATURES, ...AROUND_ENDPOINTS);

export const ENVOY_HTTP_POLICIES = offeredOf(
  RESILIENCE_FEATURES,
  ...AROUND_ENDPOINTS,
  'bound on pending',
  'bound on requests',
  'bound on retries',
  'retries',
  'retry on connect',
  'retry on reset',
  'retry on timeout',
  'retry on gateway-error',
  'retry on server-error',
  'per-try timeout',
  'retry backoff',
  'retry budget',
  'stickiness',
  'sticky cookie',
  'sticky cookie attributes',
  'sticky header',
);

/** Of a cluster whose bounds are `most` where the intent names none. */
export function clusterPolicies(cluster: Cluster, most: number): Json {
  const { circuitBreaker = {}, retry, panicThreshold, slowStart, healthCheck, ejection } = cluster;
  const { connections = most, pending = most, requests = most, retries = most } = circuitBreaker;
  const { share, minimum } = retry?.budget ?? POLICIES.retry.budget;
  if (circuitBreaker.retries !== undefined && retry?.budget !== undefined)
    refusePolicy('envoy', 'circuitBreaker.retries', 'bounds retries by a number or by a budget, not by both');
  return {
    ...(healthCheck && { health_checks: [healthOf(checkOf(cluster)!, cluster)] }),
    ...outlierOf(cluster),
    ...((healthCheck ?? ejection) && {
      // By itself it panics below a half; 1 % is never reached but by none at all.
      common_lb_config: {
        healthy_panic_threshold: { value: panicThreshold === undefined ? 1 : 100 * panicThreshold },
      },
    }),
    ...(slowStart && slowStartOf(cluster, slowStart)),
    circuit_breakers: {
      thresholds: [
        {
          max_connections: connections,
          max_pending_requests: pending,
          max_requests: requests,
          max_retries: retries,
          ...(retry &&
            circuitBreaker.retries === undefined && {
              retry_budget: { budget_percent: { value: 100 * share }, min_retry_concurrency: minimum },
            }),
        },
      ],
    },
  };
}

function healthOf(check: Check, { endpoints }: Cluster): Json {
  const interval = seconds(check.interval);
  const { host, port } = endpoints[0]!;
  return {
    interval,
    interval_jitter: seconds(check.interval * check.jitter),
    initial_jitter: interval,
    no_traffic_interval: interval, // by itself a minute
    timeout: seconds(check.timeout),
    unhealthy_threshold: check.unhealthyThreshold,
    healthy_threshold: check.healthyThreshold,
    reuse_connection: false,
    ...(check.kind === 'tcp'
      ? { tcp_health_check: {} }
      : {
          http_health_check: {
            path: check.path,
            host: check.host ?? `${host.includes(':') ? `[${host}]` : host}:${check.port ?? port}`,
            expected_statuses: check.expected!.map(({ from, to }) => ({ start: from, end: to + 1 })),
            // By itself one that is not expected takes an endpoint out at once.
            retriable_statuses: [{ start: 100, end: 600 }].flatMap((all) => without(all, check.expected!)),
          },
        }),
  };
}

/** The statuses of a range that no other holds. */
function without(all: { start: number; end: number }, others: readonly { from: number; to: number }[]) {
  const rest: { start: number; end: number }[] = [];
  let { start } = all;
  for (const { from, to } of others.toSorted((a, b) => a.from - b.from)) {
    if (from > start) rest.push({ start, end: from });
    start = Math.max(start, to + 1);
  }
  return start < all.end ? [...rest, { start, end: all.end }] : rest;
}

/** In place of the endpoint's own port, for its checks. */
export const healthPort = ({ healthCheck }: Cluster): Json =>
  healthCheck?.port === undefined ? {} : { health_check_config: { port_value: healthCheck.port } };

function outlierOf(cluster: Cluster): Json {
  const ejection = ejectionOf(cluster);
  if (ejection === undefined) return {};
  return {
    outlier_detection: {
      consecutive_5xx: ejection.consecutive,
      base_ejection_time: seconds(ejection.baseTime),
      max_ejection_time: seconds(ejection.maxTime),
      max_ejection_percent: Math.floor(100 * ejection.maxShare),
      enforcing_consecutive_5xx: 100,
      enforcing_success_rate: 0,
      interval: '1s', // after which it looks who may come back
    },
  };
}

/** Only round-robin and least-request know it. */
function slowStartOf({ policy = 'round-robin' }: Cluster, { window, aggression, minimum }: SlowStart): Json {
  const config = {
    slow_start_config: {
      slow_start_window: seconds(window),
      aggression: { default_value: aggression ?? POLICIES.slowStart.aggression, runtime_key: 'slow_start.aggression' },
      min_weight_percent: { value: 100 * (minimum ?? POLICIES.slowStart.minimum) },
    },
  };
  if (policy === 'round-robin') return { round_robin_lb_config: config };
  if (policy === 'power-of-two') return { least_request_lb_config: { choice_count: 2, ...config } };
  return refusePolicy('envoy', 'slowStart', `knows none with policy ${policy}`);
}

/** What a route to these clusters says of them: one policy, for they may be several by weight. */
export function routePolicies(clusters: readonly Cluster[]): Json {
  const [first, ...others] = clusters;
  for (const what of ['retry', 'stickiness'] as const)
    if (others.some((other) => JSON.stringify(other[what]) !== JSON.stringify(first?.[what])))
      refusePolicy('envoy', what, 'has one policy for all clusters of a route');
  return { ...hashPolicy(clusters), ...(first?.retry && { retry_policy: retryPolicy(first.retry) }) };
}

function hashPolicy(clusters: readonly Cluster[]): Json {
  const { stickiness } = clusters[0] ?? {};
  if (stickiness?.kind === 'header') return { hash_policy: [{ header: { header_name: stickiness.name } }] };
  if (stickiness?.kind === 'cookie') {
    const { name, maxAge = 0, path = '/' } = stickiness;
    return { hash_policy: [{ cookie: { name, ttl: `${maxAge}s`, path } }] };
  }
  const isHashed = clusters.some(({ policy }) => policy === 'source-ip');
  return isHashed ? { hash_policy: [{ connection_properties: { source_ip: true } }] } : {};
}

/** A word of Envoy's covers several of ours, most of all `5xx`, for which a connection that breaks is one. */
function retryOn(retry: Retry): string[] {
  const on = new Set<RetryOn>(retry.on);
  const ofTries: readonly RetryOn[] = retry.perTryTimeout === undefined ? ['reset'] : ['reset', 'timeout'];
  if (on.has('server-error')) {
    allOrNone('envoy', retry, 'server-error', 'connect', ...ofTries);
    return ['5xx'];
  }
  return [
    ...(allOrNone('envoy', retry, ...ofTries) ? ['reset'] : []),
    ...(on.has('connect') ? ['connect-failure'] : []),
    ...(on.has('gateway-error') ? ['retriable-status-codes'] : []),
  ];
}

function retryPolicy(retry: Retry): Json {
  const { perTryTimeout, backoff } = retry;
  return {
    retry_on: retryOn(retry).join(','),
    num_retries: attemptsOf(retry),
    ...(retry.on.includes('gateway-error') && { retriable_status_codes: [502, 503, 504] }),
    ...(perTryTimeout !== undefined && { per_try_timeout: seconds(perTryTimeout) }),
    // By itself it waits 25 ms; it cannot be told not to wait at all.
    retry_back_off: backoff
      ? { base_interval: seconds(backoff.base), max_interval: seconds(backoff.max) }
      : { base_interval: '0.001s', max_interval: '0.001s' },
    retry_host_predicate: [
      {
        name: 'envoy.retry_host_predicates.previous_hosts',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
        },
      },
    ],
    host_selection_retry_max_attempts: 3,
    // It would send again what may have been executed.
    retriable_request_headers: IDEMPOTENT.map((method) => ({ name: ':method', string_match: { exact: method } })),
  };
}
