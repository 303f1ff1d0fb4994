/**
 * Policies in NGINX' own terms: `max_fails` and `proxy_next_upstream`. Only what `proxy_next_upstream` names counts as a failure, beside
 * connections that fail. Source: ngx_http_upstream_module, ngx_http_proxy_module.
 */
import { RESILIENCE_FEATURES } from '../config/features.ts';
import type { Cluster, Retry } from '../config/intent.ts';
import { offeredOf } from '../config/offers.ts';
import { quote } from './nginx-routes.ts';
import { allOrNone, attemptsOf, ejectionOf, refusePolicy } from './policy-facts.ts';
import { block } from './text.ts';

export const NGINX_POLICIES = offeredOf(
  RESILIENCE_FEATURES,
  'ejection',
  'ejection time',
  'retries',
  'retry on connect',
  'retry on reset',
  'retry on timeout',
  'retry on gateway-error',
  'retry on server-error',
  'per-try timeout',
  'stickiness',
  'sticky header',
);

/** Failures within a time, and how long an endpoint is then left out, are one parameter, of whole seconds. 0: it is never. */
export function failures(cluster: Cluster): string {
  const ejection = ejectionOf(cluster);
  if (ejection === undefined) return 'max_fails=0';
  return `max_fails=${ejection.consecutive} fail_timeout=${Math.max(1, Math.round(ejection.baseTime / 1000))}s`;
}

/** A request that was sent is passed on only where its method is idempotent: `non_idempotent` is not named. */
export function nextUpstream(retry: Retry): string[] {
  const on = new Set(retry.on);
  const conditions = [
    allOrNone('nginx', retry, 'connect', 'reset') && 'error',
    on.has('timeout') && 'timeout',
    on.has('server-error') && 'http_500',
    (on.has('gateway-error') || on.has('server-error')) && 'http_502 http_503 http_504',
  ].filter((condition) => condition !== false);
  return [`proxy_next_upstream ${conditions.join(' ')};`, `proxy_next_upstream_tries ${attemptsOf(retry) + 1};`];
}

/** Who has no key goes anywhere, and not all of them to one endpoint. */
export function stickyMap({ stickiness }: Cluster, i: number): string[] {
  if (stickiness === undefined) return [];
  if (!/^[A-Za-z0-9-]+$/.test(stickiness.name))
    refusePolicy('nginx', `stickiness.name: ${stickiness.name}`, 'knows fields by letters, digits and dashes');
  const variable = `$http_${stickiness.name.toLowerCase().replaceAll('-', '_')}`;
  return block(`map ${variable} $sticky_${i}`, [`${quote('')} $request_id;`, `default ${variable};`]);
}
