/**
 * Routes in Envoy's own terms. Virtual hosts would choose by host before anything else; the first match over all wins only within
 * one, so there is one, and hosts are header matches. Source: envoy.config.route.v3.
 */
import type { HeaderMatch, ProxyIntent, Route, RouteAction } from '../config/intent.ts';
import { timeoutsOf } from '../config/defaults.ts';
import { routePolicies } from './envoy-policies.ts';
import { defaultCluster } from './intent-facts.ts';
import {
  editsOf,
  hostPattern,
  indexOfCluster,
  prefixPatterns,
  refuseRoute,
  replyOf,
  requireUriPath,
  withoutRedirect,
  type FieldEdit,
  type LocalReply,
} from './route-facts.ts';
import { escapeRegExp, seconds } from './text.ts';

type Json = Record<string, unknown>;

const regex = (name: string, pattern: string): Json => ({ name, string_match: { safe_regex: { regex: pattern } } });

const HEADER_TEST = {
  present: () => ({ present_match: true }),
  exact: (value: string) => ({ string_match: { exact: value } }),
  prefix: (value: string) => ({ string_match: { prefix: value } }),
} satisfies Record<HeaderMatch['match']['kind'], (value: string) => Json>;

function headerTest({ name, match, invert }: HeaderMatch): Json {
  const value = match.kind === 'present' ? '' : match.value;
  if (!invert) return { name, ...HEADER_TEST[match.kind](value) };
  if (match.kind === 'exact' && value === '') refuseRoute('envoy', `cannot tell a '${name}' without a value from none`);
  // Every value begins with nothing. Otherwise a field that is absent would not be one without the value.
  return value === ''
    ? { name, present_match: true, invert_match: true }
    : { name, ...HEADER_TEST[match.kind](value), invert_match: true, treat_missing_header_as_empty: true };
}

function matchOf(route: Route): Json {
  const { path, methods = [], headers = [] } = route.match;
  const hosts = hostPattern(route);
  const tests = headers.map(headerTest);
  if (hosts !== undefined) tests.push(regex(':authority', `(?i)${hosts}`));
  if (methods.length > 0) tests.push(regex(':method', methods.map(escapeRegExp).join('|')));
  return {
    ...(path && { [path.kind === 'exact' ? 'path' : 'prefix']: requireUriPath('envoy', path.value) }),
    ...(!path && { prefix: '/' }),
    ...(tests.length > 0 && { headers: tests }),
  };
}

const APPEND = { add: 'APPEND_IF_EXISTS_OR_ADD', set: 'OVERWRITE_IF_EXISTS_OR_ADD' } as const;

/** Envoy reads `%…%` in values as commands. */
const literal = (value: string): string => value.replaceAll('%', '%%');

export const headerValue = (name: string, value: string, op: keyof typeof APPEND): Json => ({
  header: { key: name, value },
  append_action: APPEND[op],
  keep_empty_value: true,
});

/** Envoy removes before it adds. */
function edits(direction: 'request' | 'response', fields: readonly FieldEdit[]): Json {
  const added = fields.flatMap(({ name, added: values }) =>
    values.map((value) => headerValue(name, literal(value), 'add')),
  );
  const removed = fields.filter(({ drops }) => drops).map(({ name }) => name);
  return {
    ...(added.length > 0 && { [`${direction}_headers_to_add`]: added }),
    ...(removed.length > 0 && { [`${direction}_headers_to_remove`]: removed }),
  };
}

function forward(intent: ProxyIntent, names: readonly { name: string; weight?: number }[], more: Json = {}): Json {
  const clusters = names.map(({ name, weight = 1 }) => ({ name: `cluster_${indexOfCluster(intent, name)}`, weight }));
  return {
    ...(clusters.length === 1 ? { cluster: clusters[0]!.name } : { weighted_clusters: { clusters } }),
    // Silence is limited, not the whole answer: a long download is no fault.
    timeout: '0s',
    idle_timeout: seconds(timeoutsOf(intent).upstreamResponse),
    ...routePolicies(names.map(({ name }) => intent.clusters[indexOfCluster(intent, name)]!)),
    ...more,
  };
}

/** Envoy says where such an answer came from, in a Location that nobody asked for. */
const isLocated = (status: number): boolean => status === 201 || (status >= 300 && status < 400);

function replied({ responseHeaders }: Route, { status, body, contentType }: LocalReply): Json {
  const own: FieldEdit[] = [
    { name: 'content-type', drops: true, added: [contentType] },
    ...(isLocated(status) ? [{ name: 'location', drops: true, added: [] }] : []),
  ];
  return {
    ...edits('response', [...own, ...editsOf(responseHeaders)]),
    direct_response: { status, ...(body !== '' && { body: { inline_string: body } }) },
  };
}

/** A path that would climb out of the replacement is refused ahead of the route. */
function forwarded(intent: ProxyIntent, route: Route, action: Extract<RouteAction, { kind: 'forward' }>): Json[] {
  const match = matchOf(route);
  const { prefixRewrite, hostRewrite, clusters } = action;
  const patterns =
    prefixRewrite === undefined || !route.match.path
      ? undefined
      : prefixPatterns(route.match.path.value, prefixRewrite);
  const { prefix: _prefix, path: _path, ...others } = match;
  const target = forward(intent, clusters, {
    ...(patterns && {
      regex_rewrite: { pattern: { regex: patterns.replaced }, substitution: prefixRewrite!.replaceAll('\\', '\\\\') },
    }),
    ...(hostRewrite !== undefined && { host_rewrite_literal: hostRewrite }),
  });
  return [
    ...(patterns?.climbing === undefined
      ? []
      : [{ match: { ...others, safe_regex: { regex: `${patterns.climbing}.*` } }, direct_response: { status: 400 } }]),
    {
      match,
      ...edits('request', editsOf(route.requestHeaders)),
      ...edits('response', editsOf(route.responseHeaders)),
      route: target,
    },
  ];
}

export function renderRoutes(intent: ProxyIntent): Json[] {
  const routes = (intent.routes ?? []).flatMap((route): Json[] => {
    const action = withoutRedirect(route.action);
    return action.kind === 'forward'
      ? forwarded(intent, route, action)
      : [{ match: matchOf(route), ...replied(route, replyOf(action)) }];
  });
  const fallback = defaultCluster(intent);
  return fallback ? [...routes, { match: { prefix: '/' }, route: forward(intent, [fallback]) }] : routes;
}
