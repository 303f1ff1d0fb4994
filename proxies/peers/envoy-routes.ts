/**
 * Routes in Envoy's own terms. Virtual hosts would choose by host before anything else; the first match over all wins only within
 * one, so there is one, and hosts are header matches. Source: envoy.config.route.v3.
 */
import type { HeaderEdit, HeaderMatch, ProxyIntent, Route } from '../config/intent.ts';
import { timeoutsOf } from '../config/defaults.ts';
import { defaultCluster, hostsOf, indexOfCluster, withoutRedirect } from './intent-facts.ts';
import { escapeRegExp } from './text.ts';

type Json = Record<string, unknown>;

const seconds = (milliseconds: number): string => `${milliseconds / 1000}s`;
const regex = (name: string, pattern: string): Json => ({ name, string_match: { safe_regex: { regex: pattern } } });

const HEADER_TEST = {
  present: () => ({ present_match: true }),
  exact: (value: string) => ({ string_match: { exact: value } }),
  prefix: (value: string) => ({ string_match: { prefix: value } }),
} satisfies Record<HeaderMatch['match']['kind'], (value: string) => Json>;

function matchOf(route: Route): Json {
  const { path, methods = [], headers = [] } = route.match;
  const hosts = hostsOf(route).map((host) =>
    host.startsWith('*.') ? `[^:]+${escapeRegExp(host.slice(1))}` : escapeRegExp(host),
  );
  const tests: Json[] = headers.map(({ name, match, invert }) => ({
    name,
    ...HEADER_TEST[match.kind](match.kind === 'present' ? '' : match.value),
    ...(invert && { invert_match: true }),
  }));
  if (hosts.length > 0) tests.push(regex(':authority', `(?i)(${hosts.join('|')})(:[0-9]+)?`));
  if (methods.length > 0) tests.push(regex(':method', methods.map(escapeRegExp).join('|')));
  return {
    ...(path?.kind === 'exact' ? { path: path.value } : { prefix: path?.value ?? '/' }),
    ...(tests.length > 0 && { headers: tests }),
  };
}

const APPEND = { add: 'APPEND_IF_EXISTS_OR_ADD', set: 'OVERWRITE_IF_EXISTS_OR_ADD' } as const;

/** Envoy reads `%…%` in values as commands. */
export const headerValue = (name: string, value: string, op: keyof typeof APPEND): Json => ({
  header: { key: name, value },
  append_action: APPEND[op],
  keep_empty_value: true,
});

function edits(direction: 'request' | 'response', list: readonly HeaderEdit[] = []): Json {
  const added = list.flatMap(({ op, name, value = '' }) =>
    op === 'remove' ? [] : [headerValue(name, value.replaceAll('%', '%%'), op)],
  );
  const removed = list.filter(({ op }) => op === 'remove').map(({ name }) => name);
  return {
    ...(added.length > 0 && { [`${direction}_headers_to_add`]: added }),
    ...(removed.length > 0 && { [`${direction}_headers_to_remove`]: removed }),
  };
}

function forward(intent: ProxyIntent, names: readonly { name: string; weight?: number }[], more: Json = {}): Json {
  const clusters = names.map(({ name, weight = 1 }) => ({ name: `cluster_${indexOfCluster(intent, name)}`, weight }));
  const hashed = intent.clusters.some(({ policy }) => policy === 'source-ip');
  return {
    ...(clusters.length === 1 ? { cluster: clusters[0]!.name } : { weighted_clusters: { clusters } }),
    // Silence is limited, not the whole answer: a long download is no fault.
    timeout: '0s',
    idle_timeout: seconds(timeoutsOf(intent).upstreamResponse),
    ...(hashed && { hash_policy: [{ connection_properties: { source_ip: true } }] }),
    ...more,
  };
}

export function renderRoutes(intent: ProxyIntent): Json[] {
  const routes = (intent.routes ?? []).map((route): Json => {
    const action = withoutRedirect(route.action);
    const common = {
      match: matchOf(route),
      ...edits('request', route.requestHeaders),
      ...edits('response', route.responseHeaders),
    };
    if (action.kind === 'forward')
      return {
        ...common,
        route: forward(intent, action.clusters, {
          ...(action.prefixRewrite !== undefined && { prefix_rewrite: action.prefixRewrite }),
          ...(action.hostRewrite !== undefined && { host_rewrite_literal: action.hostRewrite }),
        }),
      };
    const contentType = headerValue('content-type', action.contentType ?? 'text/plain', 'set');
    return {
      ...common,
      response_headers_to_add: [
        contentType,
        ...(((common as Json)['response_headers_to_add'] as Json[] | undefined) ?? []),
      ],
      direct_response: {
        status: action.status,
        ...(action.body !== undefined && { body: { inline_string: action.body } }),
      },
    };
  });
  const fallback = defaultCluster(intent);
  return fallback ? [...routes, { match: { prefix: '/' }, route: forward(intent, [fallback]) }] : routes;
}
