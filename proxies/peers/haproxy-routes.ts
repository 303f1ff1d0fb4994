/**
 * Routes in HAProxy's own terms: one variable holds the number of the first route that matches, all further rules ask for it.
 * Named ACLs of one name are alternatives. Source: HAProxy configuration manual §4.2 (http-request), §7 (ACLs).
 */
import type { HeaderMatch, ProxyIntent, Route } from '../config/intent.ts';
import { defaultCluster } from './intent-facts.ts';
import {
  decidesByPath,
  editsOf,
  hostsOf,
  indexOfCluster,
  prefixPatterns,
  replyOf,
  withoutRedirect,
  type FieldEdit,
  type LocalReply,
} from './route-facts.ts';
import { escapeRegExp, type Lines } from './text.ts';

/** Strong quotes: nothing inside is interpreted. */
export const quote = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`;
/** Where HAProxy reads a log format, `%` is special, and nothing at all is refused. */
export const format = (value: string): string => quote(value === '' ? '%[str()]' : value.replaceAll('%', '%%'));

/** Without port and the root's dot. */
const HOST = quote('req.hdr(host),field(1,:),lower,regsub(\\.$,)');
const HEADER_TEST: Readonly<Record<HeaderMatch['match']['kind'], string>> = {
  present: '-m found',
  exact: '-m str --',
  prefix: '-m beg --',
};
const edited = ({ name, drops, added }: FieldEdit): string[] => [
  ...(drops ? [`del-header ${quote(name)}`] : []),
  ...added.map((value) => `add-header ${quote(name)} ${format(value)}`),
];

function conditionsOf(route: Route, i: number): { acls: string[]; condition: string } {
  const { path, methods = [], headers = [] } = route.match;
  const hosts = hostsOf(route);
  const acls: string[] = hosts.map((host) =>
    host.startsWith('*.')
      ? `acl route_${i}_host ${HOST} -m reg -- ${quote(`^.+${escapeRegExp(host.slice(1).toLowerCase())}$`)}`
      : `acl route_${i}_host ${HOST} -m str -- ${quote(host.toLowerCase())}`,
  );
  const names = hosts.length > 0 ? [`route_${i}_host`] : [];
  if (path) {
    acls.push(`acl route_${i}_path path ${path.kind === 'exact' ? '-m str' : '-m beg'} -- ${quote(path.value)}`);
    names.push(`route_${i}_path`);
  }
  if (methods.length > 0) {
    acls.push(`acl route_${i}_method method -- ${methods.map(quote).join(' ')}`);
    names.push(`route_${i}_method`);
  }
  for (const [h, { name, match, invert }] of headers.entries()) {
    const value = match.kind === 'present' ? '' : ` ${quote(match.value)}`;
    // Arguments have quotes of their own.
    acls.push(`acl route_${i}_header_${h} ${quote(`req.fhdr("${name}")`)} ${HEADER_TEST[match.kind]}${value}`);
    names.push(`${invert ? '!' : ''}route_${i}_header_${h}`);
  }
  return { acls, condition: ['!{ var(txn.route) -m found }', ...names].join(' ') };
}

/**
 * While routes are chosen the path is in its canonical form; then it is again what the client sent, unless a rewrite begins with it.
 * Source: HAProxy configuration manual, `http-request normalize-uri` (RFC 3986 §6.2.2; experimental, and stable since 2.4).
 */
const CANONICAL: Lines = [
  'http-request set-var(txn.target) pathq',
  'http-request set-var(txn.query) query',
  'http-request normalize-uri percent-decode-unreserved',
  'http-request normalize-uri percent-to-uppercase',
  'http-request normalize-uri path-merge-slashes',
  'http-request normalize-uri path-strip-dot',
  'http-request normalize-uri path-strip-dotdot full',
];

function rewrite(prefix: string, replacement: string, chosen: string): Lines {
  const { replaced, climbing } = prefixPatterns(prefix, replacement);
  return [
    climbing !== undefined && `http-request return status 400 if ${chosen} { path -m reg -- ${quote(climbing)} }`,
    `http-request replace-path ${quote(`${replaced}(.*)`)} ${format(`${replacement}\\1`)} if ${chosen}`,
  ];
}

function restore(routes: readonly Route[]): string[] {
  const rewriting = routes.flatMap(({ action }, i) =>
    action.kind === 'forward' && action.prefixRewrite !== undefined ? [i] : [],
  );
  if (rewriting.length === 0) return ['http-request set-pathq %[var(txn.target)]'];
  const rewrites = `{ var(txn.route) -m int ${rewriting.join(' ')} }`;
  return [
    `http-request set-pathq %[var(txn.target)] unless ${rewrites}`,
    `http-request set-query %[var(txn.query)] if ${rewrites} { var(txn.query) -m found }`,
  ];
}

/** The replies of an intent's routes whose bodies are files: a line of the configuration cannot hold every text. */
export const replyFiles = ({ routes = [] }: ProxyIntent): Record<string, string> =>
  Object.fromEntries(
    routes.flatMap(({ action }, i) => {
      const body = action.kind === 'reply' ? replyOf(action).body : '';
      return body === '' ? [] : [[`reply_${i}.txt`, body]];
    }),
  );

function returned(i: number, { status, body, contentType }: LocalReply, edits: readonly FieldEdit[]): string {
  const added = edits.flatMap(({ name, added: values }) =>
    values.map((value) => `hdr ${quote(name)} ${format(value)}`),
  );
  const content = body === '' ? [] : [`content-type ${quote(contentType)} file reply_${i}.txt`];
  return ['http-request return status', status, ...content, ...added].join(' ');
}

/** Lines of the frontend, after the forwarding headers were written. */
export function renderRoutes(intent: ProxyIntent): Lines {
  const routes = intent.routes ?? [];
  const fallback = defaultCluster(intent);
  const chosen = (i: number): string => `{ var(txn.route) -m int ${i} }`;
  const rules = routes.map((route, i) => {
    const action = withoutRedirect(route.action);
    if (action.kind === 'reply')
      return `${returned(i, replyOf(action), editsOf(route.responseHeaders))} if ${chosen(i)}`;
    const total = action.clusters.reduce((sum, { weight = 1 }) => sum + weight, 0);
    return [
      editsOf(route.requestHeaders)
        .flatMap(edited)
        .map((edit) => `http-request ${edit} if ${chosen(i)}`),
      editsOf(route.responseHeaders)
        .flatMap(edited)
        .map((edit) => `http-response ${edit} if ${chosen(i)}`),
      action.hostRewrite !== undefined && `http-request set-header Host ${format(action.hostRewrite)} if ${chosen(i)}`,
      action.prefixRewrite !== undefined &&
        route.match.path &&
        rewrite(route.match.path.value, action.prefixRewrite, chosen(i)),
      action.clusters.length > 1 && `http-request set-var(txn.dice) rand(${total}) if ${chosen(i)}`,
    ];
  });
  const backends = routes.flatMap(({ action }, i) => {
    if (action.kind !== 'forward') return [];
    let below = 0;
    return action.clusters.map(({ name, weight = 1 }, position) => {
      below += weight;
      const isLast = position === action.clusters.length - 1;
      const dice = isLast ? '' : ` { var(txn.dice) -m int lt ${below} }`;
      return `use_backend cluster_${indexOfCluster(intent, name)} if ${chosen(i)}${dice}`;
    });
  });
  const isCanonical = decidesByPath(intent);
  return [
    isCanonical && CANONICAL,
    routes.map((route, i) => {
      const { acls, condition } = conditionsOf(route, i);
      return [acls, `http-request set-var(txn.route) int(${i}) if ${condition}`];
    }),
    isCanonical && restore(routes),
    rules,
    fallback === undefined && 'http-request return status 404 unless { var(txn.route) -m found }',
    backends,
    fallback && `default_backend cluster_${intent.clusters.indexOf(fallback)}`,
  ];
}
