/** Envoy's HTTP connection manager and its routes (config.route.v3). */
import { readAccessLog } from './envoy-access-log.ts';
import type { Fields } from './fields.ts';
import type {
  HeaderEdit,
  HeaderMatch,
  Limits,
  ProxyIntent,
  Route,
  RouteAction,
  RouteMatch,
  Timeouts,
} from './intent.ts';

type HttpIntent = Pick<ProxyIntent, 'routes' | 'limits' | 'timeouts' | 'forwarding' | 'escapedSlashes' | 'accessLog'>;

/** By default Envoy keeps them, too. */
const ESCAPED_SLASHES = {
  IMPLEMENTATION_SPECIFIC_DEFAULT: 'keep',
  KEEP_UNCHANGED: 'keep',
  REJECT_REQUEST: 'refuse',
} as const;

const routerNames = { 'envoy.filters.http.router': 'router', 'envoy.router': 'router' } as const;

export function readHttp(manager: Fields): HttpIntent {
  manager.skip('stat_prefix');
  manager.choice('codec_type', { AUTO: 0, HTTP1: 0 });
  for (const filter of manager.list('http_filters')) {
    filter.required('name', filter.choice('name', routerNames));
    filter.object('typed_config')?.skip('@type');
  }
  const limits: { -readonly [K in keyof Limits]?: Limits[K] } = {};
  const timeouts: { -readonly [K in keyof Timeouts]?: Timeouts[K] } = {};
  const headKiB = manager.number('max_request_headers_kb');
  if (headKiB !== undefined) limits.headBytes = headKiB * 1024;
  const common = manager.object('common_http_protocol_options');
  const durations: [keyof Timeouts, number | undefined][] = [
    ['requestHead', manager.duration('request_headers_timeout')],
    ['drain', manager.duration('drain_timeout')],
    ['downstreamIdle', common?.duration('idle_timeout')],
    ['connectionAge', common?.duration('max_connection_duration')],
  ];
  for (const [key, value] of durations) if (value !== undefined) timeouts[key] = value;
  const requests = common?.number('max_requests_per_connection');
  if (requests !== undefined) limits.requestsPerConnection = requests;
  const headers = common?.number('max_headers_count');
  if (headers !== undefined) limits.headerCount = headers;
  const via = manager.string('via');
  // The peer's own address counts, and is appended to X-Forwarded-For; Envoy's `false` would believe whoever connects.
  if (manager.boolean('use_remote_address') === false) manager.refuse('use_remote_address', 'only true is supported');
  const escapedSlashes = manager.choice('path_with_escaped_slashes_action', ESCAPED_SLASHES);
  const accessLog = readAccessLog(manager);
  const config = manager.required('route_config', manager.object('route_config'));
  return {
    routes: config ? readRoutes(config) : [],
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(Object.keys(timeouts).length > 0 && { timeouts }),
    ...(via !== undefined && { forwarding: { via } }),
    ...(escapedSlashes !== undefined && { escapedSlashes }),
    ...(accessLog !== undefined && { accessLog }),
  };
}

interface Edits {
  readonly request: readonly HeaderEdit[];
  readonly response: readonly HeaderEdit[];
}

/**
 * Envoy first chooses a virtual host, by its most specific domain, and then looks at that one's routes alone. An intent takes the
 * first route that matches: so domains are sorted, and each ends with a reply of its own.
 */
function readRoutes(config: Fields): Route[] {
  config.skip('name');
  const outer = readEdits(config);
  const hosts = config.list('virtual_hosts').flatMap((host) => {
    host.skip('name');
    const edits = readEdits(host);
    const routes = host.list('routes').map((route) => readRoute(route, [edits, outer]));
    const domains = host.required('domains', host.strings('domains')) ?? [];
    return domains.map((domain) => ({ domain, routes }));
  });
  const rank = (domain: string) => (domain === '*' ? 0 : domain.startsWith('*') ? domain.length : 1000 + domain.length);
  return hosts
    .sort((a, b) => rank(b.domain) - rank(a.domain))
    .flatMap(({ domain, routes }) => {
      const here = domain === '*' ? {} : { hosts: [domain] };
      const matchesAll = ({ match }: Route) => match.path?.value === '/' && !match.headers && !match.methods;
      const rest: Route[] = routes.some((route) => route.match.path?.kind === 'prefix' && matchesAll(route))
        ? []
        : [{ match: here, action: { kind: 'reply', status: 404 } }];
      return [...routes.map((route) => ({ ...route, match: { ...here, ...route.match } })), ...rest];
    });
}

function readRoute(route: Fields, outer: readonly Edits[]): Route {
  route.skip('name');
  const match = route.required('match', route.object('match'));
  const edits = [readEdits(route), ...outer];
  const requestHeaders = edits.flatMap(({ request }) => request);
  const responseHeaders = edits.flatMap(({ response }) => response);
  return {
    match: match ? readMatch(match) : {},
    action: readAction(route),
    ...(requestHeaders.length > 0 && { requestHeaders }),
    ...(responseHeaders.length > 0 && { responseHeaders }),
  };
}

function readMatch(match: Fields): RouteMatch {
  const prefix = match.string('prefix');
  const exact = match.string('path');
  if ((prefix === undefined) === (exact === undefined)) match.refuse('', 'expected either prefix or path');
  const methods: string[] = [];
  const headers: HeaderMatch[] = [];
  for (const header of match.list('headers')) {
    const read = readHeaderMatch(header);
    if (read.name !== ':method') headers.push(read);
    else if (read.match.kind === 'exact' && !read.invert && methods.length === 0) methods.push(read.match.value);
    else header.refuse('', 'one :method, exact and not inverted, is supported');
  }
  return {
    path: exact === undefined ? { kind: 'prefix', value: prefix ?? '/' } : { kind: 'exact', value: exact },
    ...(methods.length > 0 && { methods }),
    ...(headers.length > 0 && { headers }),
  };
}

function readHeaderMatch(header: Fields): HeaderMatch {
  const name = header.required('name', header.string('name')) ?? '';
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

function readAction(route: Fields): RouteAction {
  const reply = route.object('direct_response');
  const forward = route.object('route');
  if ((reply === undefined) === (forward === undefined)) route.refuse('', 'expected either route or direct_response');
  if (reply) {
    const status = reply.required('status', reply.number('status')) ?? 200;
    const body = reply.object('body')?.string('inline_string');
    return { kind: 'reply', status, ...(body !== undefined && { body }) };
  }
  const cluster = forward?.string('cluster');
  const weighted = forward?.object('weighted_clusters');
  if (forward && (cluster === undefined) === (weighted === undefined))
    forward.refuse('', 'expected either cluster or weighted_clusters');
  weighted?.skip('total_weight'); // a sum that Envoy itself stopped to ask for
  const clusters =
    weighted?.list('clusters').map((part) => ({
      name: part.required('name', part.string('name')) ?? '',
      weight: part.required('weight', part.number('weight')) ?? 1,
    })) ?? (cluster === undefined ? [] : [{ name: cluster }]);
  for (const policy of forward?.list('hash_policy') ?? [])
    policy.required('connection_properties', policy.object('connection_properties'))?.boolean('source_ip');
  const prefixRewrite = forward?.string('prefix_rewrite');
  const hostRewrite = forward?.string('host_rewrite_literal') ?? forward?.string('host_rewrite');
  return {
    kind: 'forward',
    clusters,
    ...(prefixRewrite !== undefined && { prefixRewrite }),
    ...(hostRewrite !== undefined && { hostRewrite }),
  };
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
  if (value.includes('%')) header!.refuse('value', 'substitutions (%…%) are not supported');
  const appends = addition.boolean('append');
  const op =
    addition.choice('append_action', { APPEND_IF_EXISTS_OR_ADD: 'add', OVERWRITE_IF_EXISTS_OR_ADD: 'set' } as const) ??
    (appends === false ? 'set' : 'add');
  return { op, name, value };
}
