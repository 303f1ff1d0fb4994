/**
 * Routes in NGINX' own terms. `location` chooses by the longest prefix, the intent by the first match, so the choice is one `map`:
 * its regular expressions are tried in order of appearance. The key is `headers method host path`, the path last because only it
 * may hold spaces. Source: ngx_http_map_module, ngx_http_split_clients_module.
 */
import { isDeepStrictEqual } from 'node:util';
import type { HeaderMatch, ProxyIntent, Route, RouteAction } from '../config/intent.ts';
import { defaultCluster } from './intent-facts.ts';
import { decodedPath, hostsOf, indexOfCluster, refuseRoute, replyOf, type LocalReply } from './route-facts.ts';
import { block, escapeRegExp, type Lines } from './text.ts';

export const quote = (value: string): string => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** `x-a` and `x_a` would be one variable; fields of other names are none, and by default they are dropped. */
const variableOf = (header: string): string =>
  /^[A-Za-z0-9-]+$/.test(header)
    ? `$http_${header.toLowerCase().replaceAll('-', '_')}`
    : refuseRoute('nginx', `knows fields by letters, digits and dashes, not '${header}'`);

/** `~` first: a regular expression. Plain strings would be compared without regard to case. A field without a value counts as absent. */
const HEADER_TEST = {
  present: () => ['"" 0;', 'default 1;'],
  exact: (value: string) => ['default 0;', `${quote(`~^${escapeRegExp(value)}$`)} 1;`],
  prefix: (value: string) => ['default 0;', `${quote(`~^${escapeRegExp(value)}`)} 1;`],
} satisfies Record<HeaderMatch['match']['kind'], (value: string) => string[]>;

/** A map from what a field says to whether it is what was asked for. */
interface FieldTest {
  readonly variable: string;
  readonly rows: readonly string[];
}

function testOf({ name, match }: HeaderMatch): FieldTest {
  const value = match.kind === 'present' ? '' : match.value;
  if (match.kind === 'exact' && value === '') refuseRoute('nginx', `cannot tell a '${name}' without a value from none`);
  // Every value begins with nothing.
  return { variable: variableOf(name), rows: HEADER_TEST[value === '' ? 'present' : match.kind](value) };
}

const isSame = (a: FieldTest, b: FieldTest): boolean => isDeepStrictEqual(a, b);

function patternOf(route: Route, tests: readonly FieldTest[]): string {
  const { path, methods, headers = [] } = route.match;
  const digits = tests.map((test) => {
    const wanted = new Set(
      headers.filter((header) => isSame(testOf(header), test)).map(({ invert }) => (invert ? '0' : '1')),
    );
    // Both: nothing is.
    return wanted.size === 0 ? '.' : wanted.size === 1 ? [...wanted][0]! : 'x';
  });
  const oneOf = (values: readonly string[]) => (values.length === 0 ? '[^ ]*' : `(?:${values.join('|')})`);
  const hosts = hostsOf(route).map((host) =>
    host.startsWith('*.') ? `[^ ]+${escapeRegExp(host.slice(1).toLowerCase())}` : escapeRegExp(host.toLowerCase()),
  );
  const target =
    path === undefined ? '' : `${escapeRegExp(decodedPath('nginx', path.value))}${path.kind === 'exact' ? '\\z' : ''}`;
  return `~^${digits.join('')} ${oneOf((methods ?? []).map(escapeRegExp))} ${oneOf(hosts)} ${target}`;
}

function splitOf(action: Extract<RouteAction, { kind: 'forward' }>, intent: ProxyIntent): string[] {
  const clusters = action.clusters.filter(({ weight }) => weight !== 0);
  const total = clusters.reduce((sum, { weight = 1 }) => sum + weight, 0);
  return clusters.map(({ name, weight = 1 }, i) => {
    const share = i === clusters.length - 1 ? '*' : `${((100 * weight) / total).toFixed(2)}%`;
    return `${share} cluster_${indexOfCluster(intent, name)};`;
  });
}

/** With these `return` sends a Location, or nothing at all. */
const PECULIAR: ReadonlySet<number> = new Set([301, 302, 303, 307, 308, 444]);

/** Its texts interpolate `$`, for which there is no escape, and for an error without a text it has a page of its own. */
const TEXTS: Lines = ['geo $dollar { default "$"; }', 'geo $nothing { default ""; }'];

function returnOf({ status, body }: LocalReply): string {
  if (PECULIAR.has(status)) refuseRoute('nginx', `has no local replies with ${status}: it makes something else of it`);
  return `return ${status} ${body === '' ? '$nothing' : quote(body).replaceAll('$', '${dollar}')};`;
}

/** What stands in `http`, what in each `server`, and where `location /` forwards to (undefined: it answers 404). */
export function renderRoutes(intent: ProxyIntent): { http: Lines; server: Lines; upstream: string | undefined } {
  const routes = intent.routes ?? [];
  const fallback = defaultCluster(intent);
  const fallbackName = fallback && `cluster_${intent.clusters.indexOf(fallback)}`;
  if (routes.length === 0) return { http: [], server: [], upstream: fallbackName };

  const tests = routes
    .flatMap(({ match }) => (match.headers ?? []).map(testOf))
    .filter((test, i, all) => all.findIndex((other) => isSame(other, test)) === i);
  const replies = routes.flatMap(({ action }, i) => (action.kind === 'reply' ? [{ reply: replyOf(action), i }] : []));
  return {
    http: [
      replies.length > 0 && TEXTS,
      tests.map(({ variable, rows }, i) => block(`map ${variable} $header_${i}`, [...rows])),
      block(`map "${tests.map((_, i) => `\${header_${i}}`).join('')} $request_method $host $uri" $route`, [
        'default none;',
        routes.map((route, i) => `${quote(patternOf(route, tests))} ${i};`),
      ]),
      routes.map(({ action }, i) =>
        action.kind === 'forward' && action.clusters.length > 1
          ? block(`split_clients $request_id $split_${i}`, splitOf(action, intent))
          : [],
      ),
      block('map $route $cluster', [
        `default ${fallbackName ?? '""'};`,
        routes.map(({ action }, i) => {
          if (action.kind !== 'forward') return [];
          const [only, ...others] = action.clusters;
          return `${i} ${others.length > 0 ? `$split_${i}` : `cluster_${indexOfCluster(intent, only!.name)}`};`;
        }),
      ]),
    ],
    server: [
      fallback === undefined && 'if ($route = none) { return 404; }',
      replies.map(({ i }) => `if ($route = ${i}) { rewrite ^ /hopcost_reply_${i} last; }`),
      replies.map(({ reply, i }) =>
        block(`location = /hopcost_reply_${i}`, [
          'internal;',
          `default_type ${quote(reply.contentType)};`,
          returnOf(reply),
        ]),
      ),
    ],
    upstream: '$cluster',
  };
}
