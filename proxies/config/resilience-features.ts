/** What the policies around a cluster's endpoints ask of a proxy: the rows of `features.ts` for them. */
import type { Rows } from './intent-path.ts';

export const HEALTH_CHECKS = {
  'clusters[].healthCheck': 'health checks',
  'clusters[].healthCheck(tcp)': 'TCP health checks',
  'clusters[].healthCheck(tcp).port': 'health check port',
  'clusters[].healthCheck(tcp).interval': 'TCP health checks',
  'clusters[].healthCheck(tcp).jitter': 'health check jitter',
  'clusters[].healthCheck(tcp).timeout': 'TCP health checks',
  'clusters[].healthCheck(tcp).unhealthyThreshold': 'health check thresholds',
  'clusters[].healthCheck(tcp).healthyThreshold': 'health check thresholds',
  'clusters[].healthCheck(http)': 'HTTP health checks',
  'clusters[].healthCheck(http).path': 'HTTP health checks',
  'clusters[].healthCheck(http).host': 'health check host',
  'clusters[].healthCheck(http).expected': 'health check statuses',
  'clusters[].healthCheck(http).expected[].from': 'health check statuses',
  'clusters[].healthCheck(http).expected[].to': 'health check statuses',
  'clusters[].healthCheck(http).port': 'health check port',
  'clusters[].healthCheck(http).interval': 'HTTP health checks',
  'clusters[].healthCheck(http).jitter': 'health check jitter',
  'clusters[].healthCheck(http).timeout': 'HTTP health checks',
  'clusters[].healthCheck(http).unhealthyThreshold': 'health check thresholds',
  'clusters[].healthCheck(http).healthyThreshold': 'health check thresholds',
} as const satisfies Rows<`clusters[].healthCheck${string}`>;

export const EJECTION = {
  'clusters[].ejection': 'ejection',
  'clusters[].ejection.consecutive': 'ejection',
  'clusters[].ejection.errorRate': 'ejection by error rate',
  'clusters[].ejection.window': 'ejection by error rate',
  'clusters[].ejection.minimum': 'ejection by error rate',
  'clusters[].ejection.baseTime': 'ejection',
  'clusters[].ejection.maxTime': 'ejection bounds',
  'clusters[].ejection.maxShare': 'ejection bounds',
} as const satisfies Rows<`clusters[].ejection${string}`>;

export const PANIC = {
  'clusters[].panicThreshold': 'panic threshold',
} as const satisfies Rows<`clusters[].panicThreshold${string}`>;

export const BREAKERS = {
  'clusters[].circuitBreaker': 'circuit breakers',
  'clusters[].circuitBreaker.connections': 'bound on connections',
  'clusters[].circuitBreaker.requests': 'bound on requests',
  'clusters[].circuitBreaker.pending': 'bound on pending',
  'clusters[].circuitBreaker.retries': 'bound on retries',
} as const satisfies Rows<`clusters[].circuitBreaker${string}`>;

export const REQUEST_POLICIES = {
  'clusters[].retry': 'retries',
  'clusters[].retry.attempts': 'retries',
  'clusters[].retry.on[]=connect': 'retry on connect',
  'clusters[].retry.on[]=reset': 'retry on reset',
  'clusters[].retry.on[]=timeout': 'retry on timeout',
  'clusters[].retry.on[]=gateway-error': 'retry on gateway-error',
  'clusters[].retry.on[]=server-error': 'retry on server-error',
  'clusters[].retry.perTryTimeout': 'per-try timeout',
  'clusters[].retry.backoff': 'retry backoff',
  'clusters[].retry.backoff.base': 'retry backoff',
  'clusters[].retry.backoff.max': 'retry backoff',
  'clusters[].retry.budget': 'retry budget',
  'clusters[].retry.budget.share': 'retry budget',
  'clusters[].retry.budget.minimum': 'retry budget',
  'clusters[].stickiness': 'stickiness',
  'clusters[].stickiness(cookie)': 'sticky cookie',
  'clusters[].stickiness(cookie).name': 'sticky cookie',
  'clusters[].stickiness(cookie).maxAge': 'sticky cookie attributes',
  'clusters[].stickiness(cookie).path': 'sticky cookie attributes',
  'clusters[].stickiness(header)': 'sticky header',
  'clusters[].stickiness(header).name': 'sticky header',
  'clusters[].queue': 'queue',
  'clusters[].queue.size': 'queue',
  'clusters[].queue.timeout': 'queue',
  'clusters[].hedge': 'hedging',
  'clusters[].hedge.delay': 'hedging',
  'clusters[].hedge.most': 'hedging',
} as const satisfies Rows<`clusters[].${'retry' | 'stickiness' | 'queue' | 'hedge'}${string}`>;

export const SLOW_START = {
  'clusters[].slowStart': 'slow start',
  'clusters[].slowStart.window': 'slow start',
  'clusters[].slowStart.aggression': 'slow start curve',
  'clusters[].slowStart.minimum': 'slow start curve',
} as const satisfies Rows<`clusters[].slowStart${string}`>;

export const DISCOVERY = {
  'clusters[].discovery': 'discovery',
  'clusters[].discovery(dns)': 'discovery by DNS',
  'clusters[].discovery(dns).name': 'discovery by DNS',
  'clusters[].discovery(dns).port': 'discovery by DNS',
  'clusters[].discovery(dns).servers': 'discovery settings',
  'clusters[].discovery(dns).servers[]': 'discovery settings',
  'clusters[].discovery(dns).minTtl': 'discovery settings',
  'clusters[].discovery(dns).maxTtl': 'discovery settings',
  'clusters[].discovery(srv)': 'discovery by SRV',
  'clusters[].discovery(srv).name': 'discovery by SRV',
  'clusters[].discovery(srv).servers': 'discovery settings',
  'clusters[].discovery(srv).servers[]': 'discovery settings',
  'clusters[].discovery(srv).minTtl': 'discovery settings',
  'clusters[].discovery(srv).maxTtl': 'discovery settings',
  'clusters[].discovery(file)': 'discovery by file',
  'clusters[].discovery(file).path': 'discovery by file',
} as const satisfies Rows<`clusters[].discovery${string}`>;

export const RESILIENCE = {
  ...HEALTH_CHECKS,
  ...EJECTION,
  ...PANIC,
  ...BREAKERS,
  ...REQUEST_POLICIES,
  ...SLOW_START,
  ...DISCOVERY,
};
