/**
 * Policies in HAProxy's own terms: `check` and `observe` of a server, `retry-on`, conditions over what is under way.
 * Source: HAProxy configuration manual §4.2 (option httpchk, http-check, retry-on, http-request), §5.2 (server), §7.3 (be_conn, queue).
 */
import { RESILIENCE_FEATURES } from '../config/features.ts';
import type { Cluster, ProxyIntent, Retry, RetryOn, Stickiness } from '../config/intent.ts';
import { timeoutsOf } from '../config/defaults.ts';
import { POLICIES } from '../config/policy-defaults.ts';
import { offeredOf } from '../config/offers.ts';
import { attemptsOf, checkOf, ejectionOf, IDEMPOTENT, refusePolicy, sooner } from './policy-facts.ts';
import { duration, type Lines } from './text.ts';

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
  'slow start',
] as const;

export const HAPROXY_TCP_POLICIES = offeredOf(RESILIENCE_FEATURES, ...AROUND_ENDPOINTS);

export const HAPROXY_HTTP_POLICIES = offeredOf(
  RESILIENCE_FEATURES,
  ...AROUND_ENDPOINTS,
  'circuit breakers',
  'bound on requests',
  'retries',
  'retry on connect',
  'retry on reset',
  'retry on timeout',
  'retry on gateway-error',
  'retry on server-error',
  'per-try timeout',
  'queue',
  'stickiness',
  'sticky cookie',
  'sticky header',
);

/** What it tries again it does not count as a failure (seen in 2.6): with both, nobody would ever be left out. */
export function checkPolicies({ clusters }: ProxyIntent): void {
  for (const { ejection, retry } of clusters)
    if (ejection && retry?.on.some((on) => on !== 'connect'))
      refusePolicy(
        'haproxy',
        'ejection with retry.on',
        'counts no failure that it tries again, but those of connections',
      );
}

/** Of the section `global`: one share for the checks of all clusters, in whole percents. */
export function checkSpread({ clusters }: ProxyIntent): string | undefined {
  const shares = [...new Set(clusters.flatMap((cluster) => checkOf(cluster)?.jitter ?? []))];
  const [share] = shares;
  if (share === undefined) return undefined;
  if (shares.length > 1 || share > 0.5)
    refusePolicy('haproxy', 'healthCheck.jitter', 'spreads the checks of all clusters alike, by 0.5 at the most');
  return `spread-checks ${Math.round(100 * share)}`;
}

/** Lines of a backend. */
export function backendPolicies(layer: 'l4' | 'l7', cluster: Cluster, intent: ProxyIntent): Lines {
  const check = checkOf(cluster);
  const statuses =
    check?.kind === 'http' && check.expected!.map(({ from, to }) => (from === to ? from : `${from}-${to}`));
  return [
    check && `timeout check ${duration(check.timeout)}`,
    check?.kind === 'http' && [
      'option httpchk',
      `http-check send meth GET uri ${check.path} ver HTTP/1.1 hdr Host ${check.host ?? hostOf(cluster)}`,
    ],
    statuses && `http-check expect status ${statuses.join(',')}`,
    layer === 'l7' && requestPolicies(cluster, intent),
  ];
}

const hostOf = ({ endpoints: [first], healthCheck }: Cluster): string =>
  `${first!.host.includes(':') ? `[${first!.host}]` : first!.host}:${healthCheck?.port ?? first!.port}`;

function requestPolicies({ circuitBreaker, queue, retry, stickiness }: Cluster, intent: ProxyIntent): Lines {
  const { upstreamResponse } = timeoutsOf(intent);
  return [
    // The request that asks is one of them.
    circuitBreaker?.requests !== undefined &&
      `http-request deny deny_status 503 if { be_conn gt ${circuitBreaker.requests} }`,
    queue && [
      `timeout queue ${duration(queue.timeout ?? POLICIES.queue.timeout)}`,
      `http-request deny deny_status 503 if { queue ge ${queue.size} }`,
    ],
    retry && [
      `retries ${attemptsOf(retry)}`,
      `retry-on ${retryOn(retry).join(' ')}`,
      // It would send again what may have been executed.
      `http-request disable-l7-retry unless { method ${IDEMPOTENT.join(' ')} }`,
      retry.perTryTimeout !== undefined && `timeout server ${duration(sooner(retry.perTryTimeout, upstreamResponse))}`,
    ],
    stickiness?.kind === 'cookie' && `cookie ${stickiness.name} insert indirect nocache httponly`,
  ];
}

const RETRY_ON: Readonly<Record<RetryOn, string>> = {
  connect: 'conn-failure',
  reset: 'empty-response',
  timeout: 'response-timeout',
  'gateway-error': '502 503 504',
  'server-error': '500 501 502 503 504',
};

const retryOn = ({ on }: Retry): string[] => [...new Set(on.flatMap((one) => RETRY_ON[one].split(' ')))];

/** In place of the balancing: who has no key goes round. */
export const stickyBalance = (stickiness: Stickiness | undefined): Lines | undefined =>
  stickiness?.kind === 'header' ? [`balance hdr(${stickiness.name})`, 'hash-type consistent'] : undefined;

/**
 * Words of a server. One that is ejected comes back by its checks alone; where the intent has none, by a connection that is taken after
 * the time of an ejection.
 */
export function serverPolicies(layer: 'l4' | 'l7', cluster: Cluster, index: number): string {
  const { slowStart, stickiness } = cluster;
  const check = checkOf(cluster);
  const ejection = ejectionOf(cluster);
  const words = [
    check &&
      `check inter ${duration(check.interval)} fall ${check.unhealthyThreshold} rise ${check.healthyThreshold}` +
        (check.port === undefined ? '' : ` port ${check.port}`),
    !check && ejection && `check inter ${duration(ejection.baseTime)} fall ${NEVER} rise 1`,
    ejection && `observe layer${layer === 'l7' ? 7 : 4} error-limit ${ejection.consecutive} on-error mark-down`,
    slowStart && `slowstart ${duration(slowStart.window)}`,
    stickiness?.kind === 'cookie' && `cookie endpoint_${index}`,
  ].filter((word) => typeof word === 'string');
  return words.map((word) => ` ${word}`).join('');
}

/** Failed checks that take a server out whose checks only bring it back. */
const NEVER = 1_000_000;
