/**
 * Envoy's policies around the endpoints of a cluster (config.core.v3.HealthCheck, config.cluster.v3.OutlierDetection and CircuitBreakers,
 * the lb configs), and those of routes that are ours of a cluster (config.route.v3.RetryPolicy and HashPolicy). Where a file says
 * nothing, Envoy's own defaults hold.
 */
import type { Fields } from './fields.ts';
import type {
  CircuitBreaker,
  Cluster,
  Ejection,
  HealthCheck,
  Queue,
  Retry,
  RetryOn,
  SlowStart,
  Stickiness,
} from './intent.ts';

const HEALTH_NO_EFFECT: Readonly<Record<string, string>> = {
  no_traffic_interval: 'checks are as frequent without traffic',
  no_traffic_healthy_interval: 'checks are as frequent without traffic',
  unhealthy_interval: 'checks of an endpoint that is out are as frequent',
  unhealthy_edge_interval: 'checks of an endpoint that is out are as frequent',
  healthy_edge_interval: 'checks of an endpoint that is back are as frequent',
  initial_jitter: 'the first check comes at any time within an interval',
  reuse_connection: 'each check has a connection of its own',
  always_log_health_check_failures: 'changes are told on stderr and in the access log',
  always_log_health_check_success: 'changes are told on stderr and in the access log',
  event_log_path: 'changes are told on stderr and in the access log',
  event_logger: 'changes are told on stderr and in the access log',
};

export function readHealthCheck(fields: Fields): HealthCheck | undefined {
  const [check, ...others] = fields.list('health_checks');
  for (const other of others) {
    other.refuse('', 'one health check of a cluster is supported');
    other.leave();
  }
  if (!check) return undefined;
  for (const [key, why] of Object.entries(HEALTH_NO_EFFECT)) check.ignore(key, why);
  const interval = check.required('interval', check.duration('interval')) ?? 1;
  const jitter = check.duration('interval_jitter') ?? ((check.number('interval_jitter_percent') ?? 0) / 100) * interval;
  const port = check.object('alt_port')?.number('value') ?? check.number('alt_port');
  const pace = {
    interval,
    jitter: Math.min(1, jitter / interval),
    timeout: check.required('timeout', check.duration('timeout')) ?? 1,
    unhealthyThreshold: check.required('unhealthy_threshold', check.number('unhealthy_threshold')) ?? 1,
    healthyThreshold: check.required('healthy_threshold', check.number('healthy_threshold')) ?? 1,
    ...(port !== undefined && { port }),
  };
  const http = check.object('http_health_check');
  const tcp = check.object('tcp_health_check');
  if ((http === undefined) === (tcp === undefined)) {
    check.refuse('', 'expected one of http_health_check and tcp_health_check');
    check.leave();
    return undefined;
  }
  for (const key of ['send', 'receive'])
    if (tcp?.has(key)) {
      tcp.refuse(key, 'a TCP check asks for a connection alone; check by HTTP');
      tcp.skip(key);
    }
  return http === undefined ? { kind: 'tcp', ...pace } : { kind: 'http', ...readHttpCheck(http, fields), ...pace };
}

function readHttpCheck(http: Fields, cluster: Fields) {
  http.choice('codec_client_type', { HTTP1: 0 });
  http.choice('method', { GET: 0, METHOD_UNSPECIFIED: 0 });
  http.ignore('retriable_statuses', 'the threshold holds for every status that is not expected');
  const expected = http.list('expected_statuses').map((range) => ({
    from: range.required('start', range.number('start')) ?? 200,
    to: (range.required('end', range.number('end')) ?? 201) - 1, // the end is the first that is not
  }));
  return {
    path: http.required('path', http.string('path')) ?? '/',
    // Envoy says the name of the cluster where a check names no host.
    host: http.string('host') ?? cluster.string('name') ?? '',
    expected: expected.length > 0 ? expected : [{ from: 200, to: 200 }],
  };
}

const OUTLIER_NO_EFFECT: Readonly<Record<string, string>> = {
  enforcing_success_rate: 'endpoints are not compared by their success rate',
  success_rate_minimum_hosts: 'endpoints are not compared by their success rate',
  success_rate_request_volume: 'endpoints are not compared by their success rate',
  success_rate_stdev_factor: 'endpoints are not compared by their success rate',
  consecutive_gateway_failure: 'every 5xx counts alike',
  enforcing_consecutive_gateway_failure: 'every 5xx counts alike',
  split_external_local_origin_errors: 'failures of connections count as 5xx do',
  consecutive_local_origin_failure: 'failures of connections count as 5xx do',
  enforcing_consecutive_local_origin_failure: 'failures of connections count as 5xx do',
  enforcing_local_origin_success_rate: 'failures of connections count as 5xx do',
  max_ejection_time_jitter: 'an ejection lasts as long as it says',
  failure_percentage_minimum_hosts: 'each endpoint is judged by itself',
  enforcing_failure_percentage_local_origin: 'failures of connections count as 5xx do',
  successful_active_health_check_uneject_host: 'an ejection lasts as long as it says',
  always_eject_one_host: 'one may always be ejected',
};

export function readOutliers(fields: Fields, endpoints: number): Ejection | undefined {
  const outliers = fields.object('outlier_detection');
  if (!outliers) return undefined;
  for (const [key, why] of Object.entries(OUTLIER_NO_EFFECT)) outliers.ignore(key, why);
  const enforced = outliers.number('enforcing_consecutive_5xx') ?? 100;
  const consecutive = outliers.number('consecutive_5xx') ?? 5;
  const window = outliers.duration('interval') ?? 10_000;
  const baseTime = outliers.duration('base_ejection_time') ?? 30_000;
  const maxTime = Math.max(baseTime, outliers.duration('max_ejection_time') ?? 300_000);
  const share = (outliers.number('max_ejection_percent') ?? 10) / 100;
  const ratePercent = outliers.number('failure_percentage_threshold') ?? 85;
  const minimum = outliers.number('failure_percentage_request_volume') ?? 50;
  const isRateEnforced = (outliers.number('enforcing_failure_percentage') ?? 0) > 0;
  if (enforced > 0 && enforced < 100)
    outliers.refuse('enforcing_consecutive_5xx', 'expected 0 or 100: by chance nobody is ejected');
  if (endpoints < 2) {
    fields.note('outlier_detection', 'does nothing here: a single endpoint is never left out');
    return undefined;
  }
  if (enforced === 0 && !isRateEnforced) {
    fields.note('outlier_detection', 'does nothing here: nothing of it is enforced');
    return undefined;
  }
  return {
    consecutive: enforced === 0 ? 0 : consecutive,
    ...(isRateEnforced && { errorRate: ratePercent / 100, window, minimum }),
    baseTime,
    maxTime,
    // Envoy ejects one even where that is more than the share.
    maxShare: Math.min(1, Math.max(share, 1 / endpoints)),
  };
}

/** Share of endpoints in order below which all are used: of `common_lb_config`. */
export const readPanic = (config: Fields | undefined): number =>
  (config?.object('healthy_panic_threshold')?.number('value') ?? 50) / 100;

/** Of `round_robin_lb_config` and `least_request_lb_config`. */
export function readSlowStart(config: Fields | undefined): SlowStart | undefined {
  const slow = config?.object('slow_start_config');
  if (!slow) return undefined;
  const aggression = slow.object('aggression');
  aggression?.skip('runtime_key');
  const window = slow.required('slow_start_window', slow.duration('slow_start_window'));
  const percent = slow.object('min_weight_percent')?.number('value') ?? 10;
  const value = aggression?.number('default_value');
  if (window === undefined) return undefined;
  return { window, minimum: percent / 100, ...(value !== undefined && { aggression: value }) };
}

/** Envoy's own thresholds, where a file names none. */
const THRESHOLDS = {
  max_connections: 1_024,
  max_pending_requests: 1_024,
  max_requests: 1_024,
  max_retries: 3,
} as const;
/** What bounds nothing, for no cluster gets there. */
const LIFTED = 16_384;

export interface Breakers {
  readonly circuitBreaker?: CircuitBreaker;
  /** Envoy has requests wait for a connection where there may be no more of them. */
  readonly queue?: Queue;
  readonly budget: NonNullable<Retry['budget']>;
}

/** Bounds that a file names; where it says what Envoy does by itself, or lifts it, it is told that ours hold. */
export function readBreakers(fields: Fields): Breakers {
  const breakers = fields.object('circuit_breakers');
  let threshold: Fields | undefined;
  for (const one of breakers?.list('thresholds') ?? [])
    if (one.choice('priority', { DEFAULT: true, HIGH: false }) ?? true) threshold = one;
    else {
      one.note('', 'does nothing here: there is one priority');
      one.leave();
    }
  threshold?.skip('track_remaining');
  const retryBudget = threshold?.object('retry_budget');
  const bound = (key: keyof typeof THRESHOLDS): number | undefined => {
    const value = threshold?.number(key);
    return value === undefined || value === THRESHOLDS[key] || value >= LIFTED ? undefined : value;
  };
  const [connections, pending, requests] = (['max_connections', 'max_pending_requests', 'max_requests'] as const).map(
    bound,
  );
  const budget = retryBudget
    ? {
        share: (retryBudget.object('budget_percent')?.number('value') ?? 20) / 100,
        minimum: retryBudget.number('min_retry_concurrency') ?? 3,
      }
    : { share: 0, minimum: threshold?.number('max_retries') ?? THRESHOLDS.max_retries };
  const circuitBreaker = {
    ...(connections !== undefined && { connections }),
    ...(pending !== undefined && { pending }),
    ...(requests !== undefined && { requests }),
  };
  if (breakers && Object.keys(circuitBreaker).length === 0 && retryBudget === undefined)
    fields.note(
      'circuit_breakers',
      `bounds no requests here: --limit upstream-per-endpoint holds, ${LIFTED} by default`,
    );
  if (Object.keys(circuitBreaker).length === 0) return { budget };
  const size = pending ?? THRESHOLDS.max_pending_requests;
  return { circuitBreaker, budget, ...(connections !== undefined && { queue: { size, timeout: QUEUE_TIMEOUT } }) };
}

/** As long as a route waits for its answer by default. */
const QUEUE_TIMEOUT = 15_000;

/** What each word of `retry_on` means here; a connection that breaks counts as a 5xx. `null`: it does nothing. */
const RETRY_ON: Readonly<Record<string, readonly RetryOn[] | null>> = {
  '5xx': ['connect', 'reset', 'timeout', 'server-error'],
  'gateway-error': ['connect', 'reset', 'timeout', 'gateway-error'],
  reset: ['connect', 'reset', 'timeout'],
  'reset-before-request': ['connect'],
  'connect-failure': ['connect'],
  'refused-stream': null,
  'http3-post-connect-failure': null,
};

/** Of a route or a virtual host; the budget is the cluster's. */
export type RouteRetry = Omit<Retry, 'budget'>;

export function readRetry(holder: Fields): RouteRetry | undefined {
  const policy = holder.object('retry_policy');
  if (!policy) return undefined;
  const words = (policy.string('retry_on') ?? '').split(',').map((word) => word.trim());
  const unknown = words.filter((word) => word !== '' && !(word in RETRY_ON));
  if (unknown.length > 0) {
    holder.unsupported('retry_policy', `retry_on: ${unknown.join(',')}`);
    policy.leave();
    return undefined;
  }
  for (const host of policy.list('retry_host_predicate')) host.leave();
  policy.ignore('host_selection_retry_max_attempts', 'a try goes elsewhere wherever there is an elsewhere');
  const attempts = policy.number('num_retries') ?? 1;
  const perTryTimeout = policy.duration('per_try_timeout') || undefined;
  const range = policy.object('retry_back_off');
  const base = range?.required('base_interval', range.duration('base_interval')) ?? 25;
  const max = range?.duration('max_interval') ?? 10 * base;
  const on = [...new Set(words.flatMap((word) => RETRY_ON[word] ?? []))].filter(
    (each) => each !== 'timeout' || perTryTimeout !== undefined,
  );
  if (on.length === 0 || attempts === 0) {
    holder.note('retry_policy', 'does nothing here: it names nothing to try again after, or no try');
    return undefined;
  }
  if (on.some((each) => each !== 'connect'))
    holder.note('retry_policy', 'tries again what is idempotent, never what may have been executed');
  return { on, attempts, backoff: { base, max }, ...(perTryTimeout !== undefined && { perTryTimeout }) };
}

/** What requests stick by, beside the client's address. */
export function readHashPolicy(forward: Fields): Stickiness | undefined {
  const policies = forward.list('hash_policy');
  let found: Stickiness | undefined;
  for (const policy of policies) {
    const one = readOneHash(policy);
    if (found !== undefined || policies.length > 1)
      policy.refuse('', 'one hash policy is supported: source_ip, a header or a cookie');
    found ??= one;
  }
  return found;
}

function readOneHash(policy: Fields): Stickiness | undefined {
  policy.boolean('terminal');
  const header = policy.object('header');
  const cookie = policy.object('cookie');
  if (header) return { kind: 'header', name: header.required('header_name', header.string('header_name')) ?? '' };
  if (!cookie) {
    policy.required('connection_properties', policy.object('connection_properties'))?.boolean('source_ip');
    return undefined;
  }
  const ttl = cookie.duration('ttl');
  const path = cookie.string('path');
  if (ttl === undefined) cookie.note('', 'is given to clients that bring none, for their session');
  return {
    kind: 'cookie',
    name: cookie.required('name', cookie.string('name')) ?? '',
    ...(ttl !== undefined && ttl >= 1_000 && { maxAge: Math.round(ttl / 1_000) }),
    ...(path !== undefined && path !== '' && { path }),
  };
}

/** What all routes to a cluster say of it. */
export interface RoutePolicies {
  readonly retry?: RouteRetry | undefined;
  readonly stickiness?: Stickiness | undefined;
}

/** A cluster with what its own breakers and the routes that lead to it say. */
export function withRoutePolicies(cluster: Cluster, breakers: Breakers, { retry, stickiness }: RoutePolicies): Cluster {
  const { circuitBreaker, queue, budget } = breakers;
  return {
    ...cluster,
    ...(circuitBreaker && { circuitBreaker }),
    ...(queue && { queue }),
    ...(retry && (budget.share > 0 || budget.minimum > 0) && { retry: { ...retry, budget } }),
    ...(stickiness && cluster.policy === 'source-ip' && { stickiness }),
  };
}

/** Below HTTP there are connections alone. */
export function withConnectionPolicies(cluster: Cluster, { circuitBreaker }: Breakers): Cluster {
  const { connections } = circuitBreaker ?? {};
  return { ...cluster, ...(connections !== undefined && { circuitBreaker: { connections } }) };
}
