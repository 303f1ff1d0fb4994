/** Policies of a cluster that could never do anything, or never let anybody through, or contradict each other. */
import type { IntentProblem } from './intent-error.ts';
import type { Cluster, ProxyIntent, Route } from './intent.ts';
import { mostEjected, POLICIES } from './policy-defaults.ts';

type Refuse = (path: string, message: string) => void;
type Check = (cluster: Cluster, refuse: Refuse, routes: readonly Route[]) => void;

/** Every problem of every cluster. */
export function policyProblems({ clusters, routes = [] }: ProxyIntent): IntentProblem[] {
  return clusters.flatMap((cluster, index) => {
    const problems: IntentProblem[] = [];
    const refuse: Refuse = (path, message) => problems.push({ path: `clusters[${index}].${path}`, message });
    for (const check of CHECKS) check(cluster, refuse, routes);
    return problems;
  });
}

const checkDiscovery: Check = ({ endpoints, discovery }, refuse) => {
  if (discovery === undefined && endpoints.length === 0)
    refuse('endpoints', 'a cluster needs at least one endpoint, or discovery');
  if (discovery === undefined || discovery.kind === 'file') return;
  const { minTtl, maxTtl } = { ...POLICIES.discovery, ...discovery };
  if (minTtl > maxTtl) refuse('discovery.minTtl', `${minTtl} is above maxTtl, ${maxTtl}`);
};

const checkHealth: Check = ({ healthCheck }, refuse) => {
  if (healthCheck?.kind !== 'http') return;
  for (const [index, { from, to }] of (healthCheck.expected ?? []).entries())
    if (from > to) refuse(`healthCheck.expected[${index}]`, `from ${from} is above to, ${to}`);
};

const checkEjection: Check = ({ ejection, endpoints, discovery }, refuse) => {
  if (ejection === undefined) return;
  const { consecutive, baseTime, maxTime, maxShare } = { ...POLICIES.ejection, ...ejection };
  if (consecutive === 0 && ejection.errorRate === undefined)
    refuse('ejection', 'nothing would eject: say consecutive or errorRate');
  for (const field of ['window', 'minimum'] as const)
    if (ejection[field] !== undefined && ejection.errorRate === undefined)
      refuse(`ejection.${field}`, 'belongs to errorRate, which is not there');
  if (baseTime > maxTime) refuse('ejection.baseTime', `${baseTime} is above maxTime, ${maxTime}`);
  if (discovery === undefined && endpoints.length > 0 && mostEjected(maxShare, endpoints.length) === 0)
    refuse(
      'ejection.maxShare',
      `${maxShare} of ${endpoints.length} endpoint${endpoints.length > 1 ? 's' : ''} is less than one: none could ever be ejected`,
    );
};

const checkPanic: Check = ({ panicThreshold, healthCheck, ejection }, refuse) => {
  if (panicThreshold !== undefined && healthCheck === undefined && ejection === undefined)
    refuse('panicThreshold', 'nothing takes an endpoint out: say healthCheck or ejection');
};

const checkBreaker: Check = ({ circuitBreaker, retry }, refuse) => {
  if (circuitBreaker === undefined) return;
  if (Object.keys(circuitBreaker).length === 0) refuse('circuitBreaker', 'names no bound');
  if (circuitBreaker.retries === 0 && retry !== undefined)
    refuse('circuitBreaker.retries', '0 lets no retry through, and there is retry: leave one of them out');
};

const checkRetry: Check = ({ name, retry }, refuse, routes) => {
  if (retry === undefined) return;
  const { budget, backoff, perTryTimeout } = retry;
  if (budget?.share === 0 && budget.minimum === 0)
    refuse(
      'retry.budget',
      'a share of 0 and a minimum of 0 let no retry through: leave retry out, or raise one of them',
    );
  if (backoff && backoff.base > backoff.max)
    refuse('retry.backoff', `base, ${backoff.base}, is above max, ${backoff.max}`);
  if (retry.on.includes('timeout') && perTryTimeout === undefined)
    refuse('retry.on', 'timeout needs perTryTimeout, the time that it is about');
  if (perTryTimeout === undefined) return;
  for (const [index, { action }] of routes.entries()) {
    if (action.kind !== 'forward' || !action.timeout || action.timeout > perTryTimeout) continue;
    if (action.clusters.some((target) => target.name === name))
      refuse(
        'retry.perTryTimeout',
        `${perTryTimeout} is not below routes[${index}].action.timeout, ${action.timeout}: no try would end before all of them`,
      );
  }
};

const checkKeys: Check = ({ policy, stickiness, slowStart }, refuse) => {
  if (stickiness !== undefined && policy !== undefined && policy !== 'source-ip')
    refuse('stickiness', `chooses by a hash of its key, not by ${policy}: leave policy out`);
  if (slowStart !== undefined && (stickiness !== undefined || policy === 'source-ip'))
    refuse('slowStart', 'would move clients that stick to their endpoint: leave it out');
};

const checkHedge: Check = ({ hedge, retry, endpoints, discovery }, refuse) => {
  if (hedge === undefined) return;
  if (discovery === undefined && endpoints.length === 1)
    refuse('hedge', 'there is no other endpoint to send a request to');
  if (retry?.perTryTimeout !== undefined && retry.perTryTimeout <= hedge.delay)
    refuse(
      'hedge.delay',
      `${hedge.delay} is not below retry.perTryTimeout, ${retry.perTryTimeout}: none would ever be sent`,
    );
};

const CHECKS: readonly Check[] = [
  checkDiscovery,
  checkHealth,
  checkEjection,
  checkPanic,
  checkBreaker,
  checkRetry,
  checkKeys,
  checkHedge,
];
