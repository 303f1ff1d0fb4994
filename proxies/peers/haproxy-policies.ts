/** Policies in HAProxy's own terms: `check`, `observe`, `retry-on`, `slowstart`, `cookie`. Source: its configuration manual, 2.6. */
import { RESILIENCE_FEATURES } from '../config/features.ts';
import type { Cluster, ProxyIntent, Retry, Stickiness } from '../config/intent.ts';
import { offeredOf } from '../config/offers.ts';
import { hostPort, sameForAll } from './intent-facts.ts';
import { quote } from './haproxy-routes.ts';
import { attemptsOf, type Check, checkOf, ejectionOf, IDEMPOTENT, refusePolicy, statusList } from './policy-facts.ts';
import { duration, type Lines } from './text.ts';

const CHECKS = [
  'health checks',
  'TCP health checks',
  'HTTP health checks',
  'health check host',
  'health check statuses',
  'health check port',
  'health check jitter',
  'health check thresholds',
  'slow start',
  'ejection',
  'circuit breakers',
] as const;

export const HAPROXY_TCP_POLICIES = offeredOf(RESILIENCE_FEATURES, ...CHECKS, 'bound on connections');

export const HAPROXY_HTTP_POLICIES = offeredOf(
  RESILIENCE_FEATURES,
  ...CHECKS,
  'bound on requests',
  'retries',
  'retry on connect',
  'retry on reset',
  'retry on timeout',
  'retry on gateway-error',
  'retry on server-error',
  'per-try timeout',
  'stickiness',
  'sticky cookie',
  'sticky header',
);

/** By how much checks come earlier or later: one setting of the process. */
export function spreadChecks(intent: ProxyIntent): string | undefined {
  const checked = intent.clusters.filter(({ healthCheck }) => healthCheck !== undefined);
  if (checked.length === 0) return undefined;
  const jitter = sameForAll(
    { ...intent, clusters: checked },
    'haproxy',
    'healthCheck.jitter',
    (cluster) => checkOf(cluster)!.jitter,
  );
  if (jitter > 0.5)
    refusePolicy('haproxy', `healthCheck.jitter: ${jitter}`, 'spreads checks by half an interval at the most');
  return `spread-checks ${Math.round(100 * jitter)}`;
}

export function checkLines(cluster: Cluster): Lines {
  const check = checkOf(cluster);
  if (check === undefined) return [];
  return [`timeout check ${duration(check.timeout)}`, check.kind === 'http' && httpCheck(check, cluster)];
}

function httpCheck(check: Extract<Check, { kind: 'http' }>, { endpoints }: Cluster): string[] {
  const host = check.host ?? hostPort({ host: endpoints[0]!.host, port: check.port ?? endpoints[0]!.port });
  return [
    'option httpchk',
    `http-check send meth GET uri ${quote(check.path!)} ver HTTP/1.1 hdr Host ${quote(host.replaceAll('%', '%%'))} hdr Connection close`,
    `http-check expect status ${statusList(check.expected!)}`,
  ];
}

/** What stands behind each endpoint. Only its checks tell that one is back, and that it is cold. */
export function serverWords(layer: 'l4' | 'l7', cluster: Cluster, e: number): string {
  const { healthCheck, slowStart, stickiness } = cluster;
  const check = checkOf(cluster);
  const ejection = ejectionOf(cluster);
  if (check === undefined && ejection !== undefined)
    refusePolicy('haproxy', 'ejection', 'brings an endpoint back by its health checks alone: say healthCheck as well');
  if (check === undefined && slowStart !== undefined)
    refusePolicy('haproxy', 'slowStart', 'knows by its health checks alone who is back: say healthCheck as well');
  const words = [
    check && `check inter ${duration(check.interval)} rise ${check.healthyThreshold} fall ${check.unhealthyThreshold}`,
    healthCheck?.port !== undefined && `port ${healthCheck.port}`,
    ejection &&
      `observe ${layer === 'l7' ? 'layer7' : 'layer4'} error-limit ${ejection.consecutive} on-error mark-down`,
    slowStart && `slowstart ${duration(slowStart.window)}`,
    stickiness?.kind === 'cookie' && `cookie endpoint_${e}`,
  ];
  return words.flatMap((word) => (word ? [` ${word}`] : [])).join('');
}

/** The one that is judged counts itself. */
export function boundLines(layer: 'l4' | 'l7', { circuitBreaker }: Cluster): Lines {
  const { connections, requests } = circuitBreaker ?? {};
  return [
    layer === 'l4' && connections !== undefined && `tcp-request content reject if { be_conn gt ${connections} }`,
    layer === 'l7' && requests !== undefined && `http-request deny deny_status 503 if { be_conn gt ${requests} }`,
  ];
}

const RETRY_ON = {
  connect: 'conn-failure',
  reset: 'empty-response',
  timeout: 'response-timeout',
  'gateway-error': '502 503 504',
  'server-error': '500 502 503 504',
} as const;

/** What may have been executed is sent again only where it is idempotent. */
export function retryLines(retry: Retry): Lines {
  const words = new Set(retry.on.flatMap((on) => RETRY_ON[on].split(' ')));
  const methods = IDEMPOTENT.map((method) => quote(method)).join(' ');
  return [
    `retries ${attemptsOf(retry)}`,
    'option redispatch 1',
    `retry-on ${[...words].join(' ')}`,
    `http-request disable-l7-retry if !{ method ${methods} }`,
    retry.perTryTimeout !== undefined && `timeout server ${duration(retry.perTryTimeout)}`,
  ];
}

/** Who has no key goes by turns. */
export const stickyBalance = (stickiness: Stickiness): Lines =>
  stickiness.kind === 'header'
    ? [`balance hdr(${stickiness.name})`, 'hash-type consistent']
    : ['balance roundrobin', `cookie ${stickiness.name} insert indirect nocache httponly`];
