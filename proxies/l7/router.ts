/** The routing table, compiled from the intent: the first route that matches wins. Pure; an intent without routes is one test. */
import { IntentError } from '../config/intent-error.ts';
import type { Endpoint, HeaderMatch, Route, RouteMatch } from '../config/intent.ts';
import type { Chain } from '../filters/chains.ts';
import { compileEdits, type Edits } from '../http/edits.ts';
import { isFieldValue } from '../http/field-block.ts';
import { fieldNumber } from '../http/fields.ts';
import type { RequestHead } from '../http/head.ts';
import type { Reply } from '../http/reply.ts';
import type { Reason } from '../stats/reasons.ts';
import { compileReplacement, compileWhole } from '../http/pattern.ts';
import { canonicalPath, isAuthorityText, pathOf, queryOf } from '../http/target.ts';
import type { Dial } from './dial.ts';
import { compileRedirect } from './redirect.ts';

interface Filtered {
  /** Undefined: none. */
  readonly filters: Chain | undefined;
}

export interface Forward<C> extends Filtered {
  readonly kind: 'forward';
  /** Draws among the clusters by weight. */
  cluster(): C;
  /** Path and query to send instead; undefined: as they came; null: refuse. */
  rewrite(head: RequestHead): string | undefined | null;
  readonly host: string | undefined;
  /** Of the request, when filters have seen it. */
  readonly edits?: Edits;
  /** Milliseconds; undefined: what holds for all. */
  readonly timeout?: number | undefined;
  readonly idleTimeout?: number | undefined;
}

interface LocalReply extends Filtered {
  readonly kind: 'reply';
  readonly reply: Reply;
  /** Why, where no route says so. */
  readonly reason?: Reason;
}

/** CONNECT, where it is enabled. */
interface OpenTunnel extends Filtered {
  readonly kind: 'tunnel';
  readonly endpoint: Endpoint;
  readonly dial: Dial;
}

export type Decision<C> = Forward<C> | LocalReply | OpenTunnel;

export interface Router<C> {
  route(head: RequestHead): Decision<C>;
  /** Lets go of connections that are its own. */
  close?(): void;
}

interface RouterOptions {
  /** Gives [0, 1). */
  readonly random?: () => number;
  /** Clients come by https. */
  readonly secure?: boolean;
  /** The filters of a route, which stands at `path`; without one, of requests that no route is for. None by default. */
  readonly filtersOf?: (route?: Route, path?: string) => Chain | undefined;
}

/** `resolve` finds a cluster by name and throws for an unknown one. Throws `IntentError`. */
export function createRouter<C>(
  routes: readonly Route[] | undefined,
  defaultCluster: string | undefined,
  resolve: (name: string) => C,
  options: RouterOptions = {},
): Router<C> {
  const filters = options.filtersOf?.();
  const last: Decision<C> =
    defaultCluster === undefined
      ? { kind: 'reply', reply: { status: 404 }, reason: 'no_route', filters }
      : plainForward(resolve(defaultCluster), filters);
  if (routes === undefined || routes.length === 0) return { route: () => last };
  const table = routes.map((route, index) => {
    try {
      return compileRoute(route, resolve, options, options.filtersOf?.(route, `routes[${index}]`));
    } catch (error) {
      if (error instanceof IntentError) throw error;
      throw new IntentError([{ path: `routes[${index}]`, message: (error as Error).message }]);
    }
  });
  return {
    route(head) {
      const asked = new Asked(head);
      for (const { matches, decide } of table) if (matches(asked)) return decide(head);
      return last;
    },
  };
}

/** What a request asks for, in the terms of routes; read from the head once, and only as far as routes look. */
class Asked {
  readonly head: RequestHead;
  #host: string | undefined;
  #path: string | undefined;

  constructor(head: RequestHead) {
    this.head = head;
  }

  /** Lower case, without port and trailing dot. */
  get host(): string {
    return (this.#host ??= this.head
      .text(this.head.authorityStart, this.head.authorityEnd)
      .toLowerCase()
      .replace(/:\d*$/, '')
      .replace(/\.$/, ''));
  }

  get path(): string {
    return (this.#path ??= pathOf(this.head));
  }

  get method(): string {
    return this.head.methodText();
  }
}

/** What is configured goes out as it is, so it must be what a head may say. */
function requireToken(text: string | undefined, holds: (text: string) => boolean, message: string): void {
  if (text !== undefined && !holds(text)) throw new TypeError(`${message}: ${JSON.stringify(text)}`);
}

function isCanonical(path: string): boolean {
  const absolute = path.startsWith('/') ? path : `/${path}`;
  return /^[\x21-\x7e]+$/.test(absolute) && !/[?#]/.test(absolute) && canonicalPath(absolute) === absolute;
}

/** What follows decides what its last segment is. */
const isCanonicalPrefix = (path: string): boolean => isCanonical(`${path}x`);

const NEVER_MATCHES =
  'match.path: no request has this path, for paths are compared in their canonical form (RFC 3986 §6.2.2)';

type Test = (asked: Asked) => boolean;

interface CompiledRoute<C> {
  readonly matches: Test;
  readonly decide: (head: RequestHead) => Decision<C>;
}

function compileRoute<C>(
  route: Route,
  resolve: (name: string) => C,
  { random = Math.random, secure = false }: RouterOptions,
  filters: Chain | undefined,
): CompiledRoute<C> {
  const tests = compileMatch(route.match);
  const matches: Test = (asked) => tests.every((test) => test(asked));
  const { action } = route;
  /** Of answers of our own; the origin's are a filter's. */
  const own = compileEdits(route.responseHeaders)?.added.fields ?? [];
  if (action.kind === 'reply') {
    const { kind: _, ...reply } = action;
    requireToken(action.contentType, isFieldValue, 'contentType: no field value');
    const decision: LocalReply = { kind: 'reply', reply: { ...reply, fields: own }, filters };
    return { matches, decide: () => decision };
  }
  if (action.kind === 'redirect') {
    const redirect = compileRedirect(action, route.match, secure, own);
    return { matches, decide: (head) => ({ kind: 'reply', reply: redirect(head), filters }) };
  }
  requireToken(action.hostRewrite, isAuthorityText, 'hostRewrite: no host with optional port');
  const decision: Forward<C> = {
    kind: 'forward',
    cluster: drawByWeight(
      action.clusters.map(({ name, weight = 1 }) => ({ weight, item: resolve(name) })),
      random,
    ),
    rewrite: action.regexRewrite
      ? compileRegexRewrite(action.regexRewrite)
      : compileRewrite(route.match, action.prefixRewrite),
    host: action.hostRewrite,
    filters,
    timeout: action.timeout,
    idleTimeout: action.idleTimeout,
  };
  return { matches, decide: () => decision };
}

function plainForward<C>(cluster: C, filters: Chain | undefined): Forward<C> {
  return {
    kind: 'forward',
    cluster: () => cluster,
    rewrite: () => undefined,
    host: undefined,
    filters,
  };
}

function compileMatch(match: RouteMatch): Test[] {
  const tests: Test[] = [];
  const { hosts, path, methods: allowed, headers } = match;
  if (path?.kind !== 'regex')
    requireToken(path?.value, path?.kind === 'prefix' ? isCanonicalPrefix : isCanonical, NEVER_MATCHES);
  if (hosts !== undefined && !hosts.includes('*')) {
    const exact = new Set(hosts.filter((host) => !host.startsWith('*.')).map((host) => host.toLowerCase()));
    const suffixes = hosts.filter((host) => host.startsWith('*.')).map((host) => host.slice(1).toLowerCase());
    tests.push(({ host }) => {
      return exact.has(host) || suffixes.some((suffix) => host.length > suffix.length && host.endsWith(suffix));
    });
  }
  if (path?.kind === 'exact') tests.push((asked) => asked.path === path.value);
  if (path?.kind === 'prefix') tests.push((asked) => asked.path.startsWith(path.value));
  if (path?.kind === 'regex') {
    const isWhole = compileWhole(path.value);
    tests.push((asked) => isWhole(asked.path));
  }
  if (allowed !== undefined) {
    const set = new Set(allowed);
    tests.push(({ method }) => set.has(method));
  }
  for (const header of headers ?? []) tests.push(compileHeader(header));
  return tests;
}

function compileHeader({ name, match, invert = false }: HeaderMatch): Test {
  const lower = name.toLowerCase();
  const id = fieldNumber(lower);
  return ({ head }) => {
    const index = head.findKept(lower, id);
    const value = index === -1 ? undefined : head.value(index);
    const found =
      value !== undefined &&
      (match.kind === 'present' || (match.kind === 'exact' ? value === match.value : value.startsWith(match.value)));
    return found !== invert;
  };
}

/**
 * What the match's path covered is replaced, so `/api` → `/` turns `/api/users` into `/users`, not `//users`. Null where the
 * result would climb out of the replacement (`/api../secret` with `/api` → `/files/`).
 */
function compileRewrite(
  match: RouteMatch,
  replacement: string | undefined,
): (head: RequestHead) => string | undefined | null {
  if (replacement === undefined) return () => undefined;
  requireToken(replacement, isCanonical, 'prefixRewrite: no path in its canonical form (RFC 3986 §6.2.2)');
  const matched = match.path?.value ?? '/';
  return (head) => {
    const rest = pathOf(head).slice(matched.length);
    let path = replacement.endsWith('/') && rest.startsWith('/') ? replacement + rest.slice(1) : replacement + rest;
    if (!path.startsWith('/')) path = `/${path}`;
    return canonicalPath(path) === path ? path + queryOf(head) : null;
  };
}

/** Null where the result is no path in its canonical form, for another could lead to where routes do not let it. */
function compileRegexRewrite(rewrite: { readonly pattern: string; readonly substitution: string }) {
  const replace = compileReplacement(rewrite.pattern, rewrite.substitution);
  return (head: RequestHead): string | null => {
    const path = replace(pathOf(head));
    return isCanonical(path) && path.startsWith('/') ? path + queryOf(head) : null;
  };
}

function drawByWeight<T>(choices: readonly { weight: number; item: T }[], random: () => number): () => T {
  const total = choices.reduce((sum, { weight }) => sum + weight, 0);
  const last = (choices.at(-1) as { item: T }).item;
  if (choices.length === 1) return () => last;
  return () => {
    let left = random() * total;
    for (const { weight, item } of choices) if ((left -= weight) < 0) return item;
    return last;
  };
}
