/** Envoy's routes (config.route.v3). */
import type { Clusters } from './envoy-cluster.ts';
import { readNamedFile } from './envoy-file.ts';
import { readHashPolicy, readRetry, type RouteRetry } from './envoy-policies.ts';
import type { Fields } from './fields.ts';
import type { HeaderEdit, HeaderMatch, Redirect, Route, RouteAction, RouteMatch } from './intent.ts';

/** Envoy's own, where a route names none: the whole answer must be there within this time. */
const DEFAULT_TIMEOUT = 15_000;

const NO_EFFECT: Readonly<Record<string, string>> = {
  metadata: 'nothing reads it',
  decorator: 'there is no tracing',
  stat_prefix: 'statistics are named by listener and cluster',
};

interface Edits {
  readonly request: readonly HeaderEdit[];
  readonly response: readonly HeaderEdit[];
}

/** What a virtual host says for all its routes. */
interface Outer {
  readonly edits: readonly Edits[];
  readonly retry: RouteRetry | undefined;
}

const REST: RouteMatch = { path: { kind: 'prefix', value: '/' } };

/**
 * Envoy first chooses a virtual host, by its most specific domain, and then looks at that one's routes alone. An intent takes the
 * first route that matches: so domains are sorted, and each ends with a reply of its own.
 */
export function readRoutes(config: Fields, clusters: Clusters, secure: boolean): Route[] {
  config.skip('name', 'validate_clusters');
  config.skip('ignore_port_in_host_matching'); // said where there are domains to compare
  const outer = readEdits(config);
  const hosts = config.list('virtual_hosts').flatMap((host) => readVirtualHost(host, outer, clusters, secure));
  const rank = (domain: string) => (domain === '*' ? 0 : domain.startsWith('*') ? domain.length : 1000 + domain.length);
  return hosts
    .sort((a, b) => rank(b.domain) - rank(a.domain))
    .flatMap(({ domain, routes }) => {
      const here = domain === '*' ? {} : { hosts: [domain] };
      const matchesAll = ({ match }: Route) =>
        match.path?.kind === 'prefix' && match.path.value === '/' && !match.headers && !match.methods;
      const rest: Route[] = routes.some(matchesAll) ? [] : [{ match: here, action: { kind: 'reply', status: 404 } }];
      return [...routes.map((route) => ({ ...route, match: { ...here, ...route.match } })), ...rest];
    });
}

function readVirtualHost(host: Fields, outer: Edits, clusters: Clusters, secure: boolean) {
  host.skip('name');
  const retry = readRetry(host);
  host.ignore('include_request_attempt_count', 'requests carry no such count');
  const edits = readEdits(host);
  const toHttps = host.choice('require_tls', { NONE: false, ALL: true }) === true && !secure;
  const read = host.list('routes').flatMap((route) => readRoute(route, { edits: [edits, outer], retry }, clusters));
  const routes: Route[] = toHttps ? [{ match: REST, action: { kind: 'redirect', scheme: 'https' } }] : read;
  const domains = host.required('domains', host.strings('domains')) ?? [];
  if (domains.some((domain) => domain !== '*'))
    host.note('domains', 'ports of Host are not compared, as with ignore_port_in_host_matching');
  return namesOf(host, domains).map((domain) => ({ domain, routes }));
}

/** Without their ports, which are not compared: each must stand without one as well. */
function namesOf(host: Fields, domains: readonly string[]): string[] {
  const bare = domains.map((domain) => domain.replace(/:(\d+|\*)$/, ''));
  const other = bare.find((domain) => !domains.includes(domain));
  if (other !== undefined) host.refuse('domains', `ports of Host are not compared: name ${other} as well, or alone`);
  return [...new Set(bare)];
}

function readRoute(route: Fields, outer: Outer, clusters: Clusters): Route[] {
  route.skip('name');
  for (const [key, why] of Object.entries(NO_EFFECT)) route.ignore(key, why);
  const match = route.required('match', route.object('match'));
  const action = readAction(route, clusters, outer.retry);

  const edits = [readEdits(route), ...outer.edits];
  const requestHeaders = edits.flatMap(({ request }) => request);
  const responseHeaders = edits.flatMap(({ response }) => response);
  const common = {
    ...(requestHeaders.length > 0 && { requestHeaders }),
    ...(responseHeaders.length > 0 && { responseHeaders }),
  };
  const separated = match?.string('path_separated_prefix');
  if (!match || separated === undefined) return [{ match: match ? readMatch(match) : {}, action, ...common }];
  // Itself, or a segment that follows it: two matches of an intent.
  const rest = readRest(match);
  const below = withRewrite(action, (rewrite) => (rewrite.endsWith('/') ? rewrite : `${rewrite}/`));
  return [
    { match: { path: { kind: 'exact', value: separated }, ...rest }, action, ...common },
    { match: { path: { kind: 'prefix', value: `${separated}/` }, ...rest }, action: below, ...common },
  ];
}

const withRewrite = (action: RouteAction, change: (rewrite: string) => string): RouteAction =>
  action.kind !== 'reply' && action.prefixRewrite !== undefined
    ? { ...action, prefixRewrite: change(action.prefixRewrite) }
    : action;

function readMatch(match: Fields): RouteMatch {
  const found = [
    { kind: 'prefix', value: match.string('prefix') } as const,
    { kind: 'exact', value: match.string('path') } as const,
    { kind: 'regex', value: readRegex(match.object('safe_regex')) } as const,
  ].filter(({ value }) => value !== undefined);
  const [path] = found;
  if (found.length !== 1) match.refuse('', 'expected one of prefix, path, path_separated_prefix and safe_regex');
  return { ...(path && { path: { kind: path.kind, value: path.value! } }), ...readRest(match) };
}

/** Envoy's RegexMatcher; its engine can only be RE2. */
function readRegex(matcher: Fields | undefined): string | undefined {
  matcher?.object('google_re2')?.ignore('max_program_size', 'expressions are matched in linear time');
  return matcher?.required('regex', matcher.string('regex'));
}

/** What a match asks for beside its path. */
function readRest(match: Fields): RouteMatch {
  if (match.boolean('case_sensitive') === false)
    match.refuse('case_sensitive', 'paths are compared with regard to case');
  const methods: string[] = [];
  const headers: HeaderMatch[] = [];
  for (const header of match.list('headers')) {
    const read = readHeaderMatch(header);
    if (read.name !== ':method') headers.push(read);
    else if (read.match.kind === 'exact' && !read.invert && methods.length === 0) methods.push(read.match.value);
    else header.refuse('', 'one :method, exact and not inverted, is supported');
  }
  return { ...(methods.length > 0 && { methods }), ...(headers.length > 0 && { headers }) };
}

function readHeaderMatch(header: Fields): HeaderMatch {
  const name = header.required('name', header.string('name')) ?? '';
  if (name.startsWith(':') && name !== ':method') header.refuse('name', 'of pseudo-headers :method is supported');
  const text = header.object('string_match');
  const exact = text?.string('exact') ?? header.string('exact_match');
  const prefix = text?.string('prefix') ?? header.string('prefix_match');
  const present = header.boolean('present_match');
  const invert = header.boolean('invert_match');
  const match: HeaderMatch['match'] =
    exact !== undefined
      ? { kind: 'exact', value: exact }
      : prefix !== undefined
        ? { kind: 'prefix', value: prefix }
        : { kind: 'present' };
  // `present_match: false` asks for absence.
  const isInverted = (invert ?? false) !== (present === false);
  return { name, match, ...(isInverted && { invert: true }) };
}

function readAction(route: Fields, clusters: Clusters, outerRetry: RouteRetry | undefined): RouteAction {
  const reply = route.object('direct_response');
  const forward = route.object('route');
  const redirect = route.object('redirect');
  if ([reply, forward, redirect].filter((action) => action !== undefined).length !== 1)
    route.refuse('', 'expected one of route, redirect and direct_response');
  if (reply) {
    const status = reply.required('status', reply.number('status')) ?? 200;
    const body = readBody(reply.object('body'));
    return { kind: 'reply', status, ...(body !== undefined && { body }) };
  }
  return redirect ? readRedirect(redirect) : readForward(forward, clusters, outerRetry);
}

function readBody(source: Fields | undefined): string | undefined {
  const inline = source?.string('inline_string');
  const filename = source?.string('filename');
  return filename === undefined ? inline : readNamedFile(source!, filename);
}

const STATUS = {
  MOVED_PERMANENTLY: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
} as const;

function readRedirect(redirect: Fields): Redirect {
  const isHttps = redirect.boolean('https_redirect') ?? false;
  const scheme = isHttps ? 'https' : redirect.choice('scheme_redirect', { http: 'http', https: 'https' } as const);
  const host = redirect.string('host_redirect');
  const port = redirect.number('port_redirect');
  const path = redirect.string('path_redirect');
  const prefixRewrite = redirect.string('prefix_rewrite');
  const status = redirect.choice('response_code', STATUS);
  const stripQuery = redirect.boolean('strip_query');
  return {
    kind: 'redirect',
    ...(scheme && { scheme }),
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port }),
    ...(path !== undefined && { path }),
    ...(prefixRewrite !== undefined && { prefixRewrite }),
    ...(status && { status }),
    ...(stripQuery && { stripQuery }),
  };
}

function readForward(forward: Fields | undefined, clusters: Clusters, outerRetry: RouteRetry | undefined): RouteAction {
  if (!forward) return { kind: 'forward', clusters: [] };
  forward.ignore('priority', 'there is one priority');
  forward.ignore('max_grpc_timeout', 'the deadline in a gRPC request is for its origin');
  const cluster = clusters.named(forward, 'cluster');
  const weighted = forward.object('weighted_clusters');
  if ((cluster === undefined) === (weighted === undefined))
    forward.refuse('', 'expected either cluster or weighted_clusters');
  weighted?.skip('total_weight', 'runtime_key_prefix'); // a sum that Envoy itself stopped to ask for
  const chosen =
    weighted?.list('clusters').map((part) => ({
      name: part.required('name', clusters.named(part, 'name')) ?? '',
      weight: part.required('weight', part.number('weight')) ?? 1,
    })) ?? (cluster === undefined ? [] : [{ name: cluster }]);
  const stickiness = readHashPolicy(forward);
  for (const upgrade of forward.list('upgrade_configs')) readUpgrade(upgrade);
  const retry = readRetry(forward) ?? outerRetry;
  const names = chosen.map(({ name }) => name);
  clusters.routed(names, { ...(retry && { retry }), ...(stickiness && { stickiness }) }, forward);
  if (forward.boolean('use_websocket') === false) forward.refuse('use_websocket', 'upgrades are passed on');
  const prefixRewrite = forward.string('prefix_rewrite');
  const regexRewrite = readRewrite(forward.object('regex_rewrite'));
  const hostRewrite = readHostRewrite(forward, chosen, clusters);
  const idleTimeout = forward.duration('idle_timeout');
  return {
    kind: 'forward',
    clusters: chosen,
    ...(prefixRewrite !== undefined && { prefixRewrite }),
    ...(regexRewrite && { regexRewrite }),
    ...(hostRewrite !== undefined && { hostRewrite }),
    timeout: forward.duration('timeout') ?? DEFAULT_TIMEOUT,
    ...(idleTimeout !== undefined && { idleTimeout }),
  };
}

/** RE2 writes the first group `\\1`, ECMAScript `$1`. */
function readRewrite(rewrite: Fields | undefined) {
  const pattern = readRegex(rewrite?.required('pattern', rewrite.object('pattern')));
  const substitution = rewrite?.required('substitution', rewrite.string('substitution'));
  if (pattern === undefined || substitution === undefined) return undefined;
  const ours = substitution
    .replaceAll('$', '$$$$')
    .replace(/\\(\d|\\)/g, (_, group: string) => (group === '\\' ? '\\' : group === '0' ? '$&' : `$${group}`));
  return { pattern, substitution: ours };
}

/** What every upgrade but CONNECT needs, is done for all. */
export function readUpgrade(upgrade: Fields): void {
  upgrade.required('upgrade_type', upgrade.choice('upgrade_type', { websocket: 0 }));
  if (upgrade.boolean('enabled') === false)
    upgrade.refuse('enabled', 'upgrades are passed on wherever clients ask for them');
}

/** `auto_host_rewrite` says the name of the endpoint that was chosen: one name where it can be told beforehand. */
function readHostRewrite(forward: Fields, chosen: readonly { name: string }[], clusters: Clusters): string | undefined {
  const literal = forward.string('host_rewrite_literal') ?? forward.string('host_rewrite');
  if (!forward.boolean('auto_host_rewrite')) return literal;
  const read = chosen.flatMap(({ name }) => clusters.get(name) ?? []);
  const names = new Set(read.flatMap(({ cluster }) => cluster.endpoints.map(({ host }) => host)));
  // Endpoints that are addresses have no name to say.
  if (read.every(({ isDns }) => !isDns)) return literal;
  if (names.size > 1 || read.some(({ isDns }) => !isDns))
    forward.refuse('auto_host_rewrite', 'all endpoints that a route leads to must have the same name');
  return [...names][0];
}

/** Of a route, a virtual host or the whole: Envoy applies them in this order, removals last. */
function readEdits(holder: Fields): Edits {
  const read = (side: 'request' | 'response'): HeaderEdit[] => [
    ...holder.list(`${side}_headers_to_add`).map(readAddition),
    ...(holder.strings(`${side}_headers_to_remove`) ?? []).map((name) => ({ op: 'remove' as const, name })),
  ];
  return { request: read('request'), response: read('response') };
}

function readAddition(addition: Fields): HeaderEdit {
  const header = addition.required('header', addition.object('header'));
  const name = header?.required('key', header.string('key')) ?? '';
  const value = header?.string('value') ?? '';
  if (value.replaceAll('%%', '').includes('%')) header!.refuse('value', 'substitutions (%…%) are not supported');
  const appends = addition.boolean('append');
  const op =
    addition.choice('append_action', { APPEND_IF_EXISTS_OR_ADD: 'add', OVERWRITE_IF_EXISTS_OR_ADD: 'set' } as const) ??
    (appends === false ? 'set' : 'add');
  return { op, name, value: value.replaceAll('%%', '%') };
}
