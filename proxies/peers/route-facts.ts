/** What every renderer reads out of routes in the same way, so that all of them answer as the references do. */
import { IntentError } from '../config/intent-error.ts';
import type { HeaderEdit, ProxyIntent, Redirect, Route, RouteAction } from '../config/intent.ts';
import { escapeRegExp } from './text.ts';

/** @throws IntentError, always: for a value of a route that this peer cannot express. */
export function refuseRoute(name: string, what: string): never {
  throw new IntentError([{ path: 'routes', message: `capability not offered: ${name} ${what}` }]);
}

/** What a renderer without redirects is left with: an intent that asks for one was refused before. */
export function withoutRedirect(action: RouteAction): Exclude<RouteAction, Redirect> {
  return action.kind === 'redirect' ? refuseRoute('a peer', "has no 'redirects'") : action;
}

export const indexOfCluster = (intent: ProxyIntent, name: string): number => {
  const index = intent.clusters.findIndex((cluster) => cluster.name === name);
  if (index === -1) throw new IntentError([{ path: 'routes', message: `there is no cluster called '${name}'` }]);
  return index;
};

/** Hosts of a route; `*` and none are the same. */
export const hostsOf = ({ match }: Route): readonly string[] =>
  match.hosts === undefined || match.hosts.includes('*') ? [] : match.hosts;

/** An expression for the whole of Host, in any case: a name, perhaps the root's dot, perhaps a port. Undefined: any Host. */
export function hostPattern(route: Route): string | undefined {
  const names = hostsOf(route).map((host) =>
    host.startsWith('*.') ? `[^:]+${escapeRegExp(host.slice(1))}` : escapeRegExp(host),
  );
  return names.length === 0 ? undefined : `(${names.join('|')})\\.?(:[0-9]*)?`;
}

/** Whether a peer has to bring paths into their canonical form: some route is chosen by one. */
export const decidesByPath = ({ routes = [] }: ProxyIntent): boolean =>
  routes.some(({ match: { path } }) => path !== undefined && (path.kind === 'exact' || path.value !== '/'));

/**
 * For peers that escape what no path may hold (RFC 3986 §3.3) before they compare.
 * @throws IntentError for a path that no request would have there.
 */
export function requireUriPath(name: string, path: string): string {
  return /["<>\\^`{|}]/.test(path) ? refuseRoute(name, `escapes what '${path}' holds before it compares`) : path;
}

/** Escapes of what may as well stand in a path as it is, and means another path then (RFC 3986 §2.2); and of the escape itself. */
const RESERVED_ESCAPE = /%(2[1345-9a-cf]|3[abdf]|40|5[bd])/i;

/**
 * The path of a route for peers that look at it without escapes: there `/a%2Cb` and `/a,b` are one.
 * @throws IntentError for a path that is another one then.
 */
export function decodedPath(name: string, path: string): string {
  requireUriPath(name, path);
  try {
    if (!RESERVED_ESCAPE.test(path)) return decodeURIComponent(path);
  } catch {} // no UTF-8: as little a text that could be compared
  return refuseRoute(name, `compares paths without escapes, which '${path}' needs`);
}

/** By RFC 9110 §15.3.5, §15.3.6 and §15.4.5. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

export interface LocalReply {
  readonly status: number;
  /** Empty where the status has none, and where the intent leaves it to the proxy. */
  readonly body: string;
  readonly contentType: string;
}

export function replyOf(action: Extract<RouteAction, { kind: 'reply' }>): LocalReply {
  const { status, body = '', contentType = 'text/plain; charset=utf-8' } = action;
  return { status, body: BODILESS.has(status) ? '' : body, contentType };
}

/** All that a route does to one field: what came of it goes or stays, then lines are added, in order. */
export interface FieldEdit {
  readonly name: string;
  readonly drops: boolean;
  readonly added: readonly string[];
}

export const editsOf = (edits: readonly HeaderEdit[] = []): FieldEdit[] =>
  [...Map.groupBy(edits, ({ name }) => name.toLowerCase()).values()].map((same) => ({
    name: same[0]!.name,
    drops: same.some(({ op }) => op !== 'add'),
    added: same.flatMap(({ op, value = '' }) => (op === 'remove' ? [] : [value])),
  }));

/**
 * How the path that a route matched is replaced: `replaced` matches the beginning that goes, a slash that would be doubled with it;
 * `climbing` the paths that must be refused, for their rest would be no canonical path behind the replacement (`/api../x` for `/api`
 * → `/files/`). Both begin at the path's beginning and hold no group that captures.
 */
export function prefixPatterns(
  prefix: string,
  replacement: string,
): { replaced: string; climbing: string | undefined } {
  const begins = `^${escapeRegExp(prefix)}`;
  if (!replacement.endsWith('/')) return { replaced: begins, climbing: undefined };
  return { replaced: `${begins}/?`, climbing: `${begins}(?:\\.\\.?(?:[/;?]|$)|;[^/]*/)` };
}
