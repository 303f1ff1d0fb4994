/**
 * Routes in NGINX' own terms. `location` chooses by the longest prefix, the intent by the first match, so the choice is one `map`:
 * its regular expressions are tried in order of appearance. The key is `headers method host path`, the path last because only it
 * may hold spaces. Source: ngx_http_map_module, ngx_http_split_clients_module.
 */
import { isDeepStrictEqual } from 'node:util';
import type { HeaderMatch, ProxyIntent, Route, RouteAction } from '../config/intent.ts';
import { IntentError } from '../config/intent-error.ts';
import { decodedPath, defaultCluster, hostsOf, indexOfCluster } from './intent-facts.ts';
import { block, escapeRegExp, type Lines } from './text.ts';

export const quote = (value: string): string => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

const variableOf = (header: string): string => `$http_${header.toLowerCase().replaceAll('-', '_')}`;

/** `~` first: a regular expression. Plain strings would be compared without regard to case. */
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

const testOf = ({ name, match }: HeaderMatch): FieldTest => ({
  variable: variableOf(name),
  rows: HEADER_TEST[match.kind](match.kind === 'present' ? '' : match.value),
});

const isSame = (a: FieldTest, b: FieldTest): boolean => isDeepStrictEqual(a, b);

function patternOf(route: Route, tests: readonly FieldTest[]): string {
  const { path, methods, headers = [] } = route.match;
  const digits = tests.map((test) => {
    const header = headers.find((candidate) => isSame(testOf(candidate), test));
    return header === undefined ? '.' : header.invert ? '0' : '1';
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
  const total = action.clusters.reduce((sum, { weight = 1 }) => sum + weight, 0);
  return action.clusters.map(({ name, weight = 1 }, i) => {
    const share = i === action.clusters.length - 1 ? '*' : `${((100 * weight) / total).toFixed(2)}%`;
    return `${share} cluster_${indexOfCluster(intent, name)};`;
  });
}

function requireLiteral(body: string): string {
  if (!body.includes('$')) return quote(body);
  throw new IntentError([
    { path: 'routes', message: "capability not offered: nginx has no '$' in local replies; its texts interpolate it" },
  ]);
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
  const replies = routes.flatMap(({ action }, i) => (action.kind === 'reply' ? [{ action, i }] : []));
  return {
    http: [
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
      replies.map(({ action, i }) =>
        block(`location = /hopcost_reply_${i}`, [
          'internal;',
          `default_type ${quote(action.contentType ?? 'text/plain')};`,
          `return ${action.status} ${requireLiteral(action.body ?? '')};`,
        ]),
      ),
    ],
    upstream: '$cluster',
  };
}
