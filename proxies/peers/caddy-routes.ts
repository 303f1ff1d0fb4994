/**
 * Routes in Caddy's own terms. Its own path and host matchers ignore case and end wildcards at a dot; regular expressions say exactly
 * what is meant. Source: Caddy's JSON structure, `http.matchers` and `http.handlers`.
 */
import type { Cluster, HeaderMatch, ProxyIntent, Route } from '../config/intent.ts';
import { defaultCluster } from './intent-facts.ts';
import {
  decodedPath,
  editsOf,
  hostPattern,
  indexOfCluster,
  prefixPatterns,
  refuseRoute,
  replyOf,
  requireUriPath,
  withoutRedirect,
  type FieldEdit,
} from './route-facts.ts';
import { escapeRegExp } from './text.ts';

type Json = Record<string, unknown>;

function fieldTest({ name, match }: HeaderMatch): Json {
  if (/[_.]/.test(name)) refuseRoute('caddy', `drops fields with such names as '${name}'`);
  if (match.kind === 'present') return { header: { [name]: ['*'] } };
  return {
    header_regexp: { [name]: { pattern: `^${escapeRegExp(match.value)}${match.kind === 'exact' ? '$' : ''}` } },
  };
}

/** A matcher holds one test of a kind, a list of what must not match any number: so each field is tested there, by itself. */
function matchOf(route: Route): Json {
  const { path, methods = [], headers = [] } = route.match;
  const hosts = hostPattern(route);
  const not = headers.map((header) => (header.invert ? fieldTest(header) : { not: [fieldTest(header)] }));
  return {
    ...(path && {
      path_regexp: { pattern: `^${escapeRegExp(decodedPath('caddy', path.value))}${path.kind === 'exact' ? '$' : ''}` },
    }),
    ...(methods.length > 0 && { method: methods }),
    ...(hosts !== undefined && { header_regexp: { Host: { pattern: `(?i)^${hosts}$` } } }),
    ...(not.length > 0 && { not }),
  };
}

/** What stands in braces is a placeholder otherwise. */
export const literal = (text: string): string => text.replaceAll('{', '\\{');

/**
 * One handler adds before it deletes, so it takes two. The answer passes them from the last to the first. Deletion by a name with an
 * asterisk would be by a pattern.
 */
function editHandlers({ requestHeaders, responseHeaders }: Route): Json[] {
  const [request, response] = [editsOf(requestHeaders), editsOf(responseHeaders)];
  if (request.length === 0 && response.length === 0) return [];
  const patterned = [...request, ...response].find(({ name }) => name.includes('*'));
  if (patterned) refuseRoute('caddy', `takes '${patterned.name}' for a pattern of names`);
  const dropped = (fields: readonly FieldEdit[]): Json => ({
    delete: fields.filter(({ drops }) => drops).map(({ name }) => name),
  });
  const added = (fields: readonly FieldEdit[]): Json => ({
    add: Object.fromEntries(
      fields.filter((field) => field.added.length > 0).map((field) => [field.name, field.added.map(literal)]),
    ),
  });
  return [
    { handler: 'headers', request: dropped(request), response: { ...added(response), deferred: true } },
    { handler: 'headers', request: added(request), response: { ...dropped(response), deferred: true } },
  ];
}

/**
 * It matches the canonical path, but rewrites the one that was sent: where that does not begin so, there is nothing to rewrite. Nor is
 * there where the rest would climb out of the replacement.
 */
function renderRefusals({ action, match }: Route, condition: Json): Json[] {
  if (action.kind !== 'forward' || action.prefixRewrite === undefined || !match.path) return [];
  const { climbing } = prefixPatterns(match.path.value, action.prefixRewrite);
  const uri = (pattern: string): Json => ({ vars_regexp: { '{http.request.uri}': { pattern } } });
  const not = [...((condition['not'] as Json[] | undefined) ?? []), uri(`^${escapeRegExp(match.path.value)}`)];
  const handle = [{ handler: 'static_response', status_code: 400 }];
  return [
    { match: [{ ...condition, not }], handle, terminal: true },
    ...(climbing === undefined ? [] : [{ match: [{ ...condition, ...uri(climbing) }], handle, terminal: true }]),
  ];
}

function handlersOf(intent: ProxyIntent, route: Route, forward: (cluster: Cluster) => Json): Json[] {
  const action = withoutRedirect(route.action);
  if (action.kind === 'reply') {
    const { status, body, contentType } = replyOf(action);
    const headers = { 'Content-Type': [literal(contentType)] };
    return [{ handler: 'static_response', status_code: status, headers, ...(body !== '' && { body: literal(body) }) }];
  }
  const { prefixRewrite, hostRewrite, clusters } = action;
  const handlers: Json[] = [];
  if (prefixRewrite !== undefined && route.match.path) {
    const find = prefixPatterns(route.match.path.value, prefixRewrite).replaced;
    const replace = requireUriPath('caddy', prefixRewrite).replaceAll('$', '$$$$');
    handlers.push({ handler: 'rewrite', path_regexp: [{ find, replace }] });
  }
  if (hostRewrite !== undefined) handlers.push({ handler: 'headers', request: { set: { Host: [hostRewrite] } } });
  return [...handlers, forward(intent.clusters[indexOfCluster(intent, clusters[0]?.name ?? '')]!)];
}

/** `forward`: the handler that leads to a cluster. */
export function renderRoutes(intent: ProxyIntent, forward: (cluster: Cluster) => Json): Json[] {
  const fallback = defaultCluster(intent);
  const routes = (intent.routes ?? []).flatMap((route) => {
    const condition = matchOf(route);
    const handle = [...editHandlers(route), ...handlersOf(intent, route, forward)];
    const match = Object.keys(condition).length > 0 && { match: [condition] };
    return [...renderRefusals(route, condition), { ...match, handle, terminal: true }];
  });
  return [...routes, { handle: [fallback ? forward(fallback) : { handler: 'static_response', status_code: 404 }] }];
}
