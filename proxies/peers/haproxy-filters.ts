/**
 * Filters in HAProxy's own terms: rules of the frontend, in the order of the intent's filters. Source: HAProxy configuration manual §4.2
 * (http-request, compression), §6 (cache), §7.3 (stick tables, http_auth, jwt_verify, jwt_payload_query), §12.1 (userlists).
 */
import type { ProxyIntent } from '../config/intent.ts';
import { offered, place, refused } from '../config/offers.ts';
import {
  contentTypes,
  refuseFilter,
  renderEach,
  requireCodings,
  requireFieldsOnly,
  requireOnly,
  type SettingsOf,
} from './filter-facts.ts';
import { format, quote } from './haproxy-routes.ts';
import { escapeRegExp, indent, text, type Lines } from './text.ts';

export const HAPROXY_FILTERS = place(
  offered('filter ip-rules', 'filter rate-limit', 'filter basic-auth', 'filter api-key', 'filter jwt'),
  offered('filter compression', 'filter cache', 'filter transform'),
  refused('answers no preflights by itself', 'filter cors'),
  refused('asks no HTTP service without a script', 'filter ext-authz'),
  refused('copies requests to agents of its own protocol alone', 'filter mirror'),
  refused('logs to a log server, not to files', 'filter header-log'),
  refused('exports no traces', 'filter tracing'),
  refused('is given no rules for requests', 'filter request-rules', 'filter client-cert-identity'),
  refused('runs no modules of hopcost', 'filter user', 'unlisted filters'),
);

/** Rules of the frontend, sections of their own, files that are not shown. */
interface Part {
  readonly rules?: Lines;
  readonly sections?: Lines;
  readonly secrets?: Readonly<Record<string, string>>;
}

const FILTERS = [
  'ip-rules',
  'rate-limit',
  'basic-auth',
  'api-key',
  'jwt',
  'cache',
  'compression',
  'transform',
] as const;
type Table = Pick<NonNullable<ProxyIntent['filters']>, (typeof FILTERS)[number]>;

const refusal = (status: number, challenge: string): string =>
  `http-request return status ${status} hdr WWW-Authenticate ${format(challenge)}`;

/** Names that origins may read as this one are dropped with it: `x_user` for `X-User`. */
const identity = (field: string, value: string): string[] => [
  `http-request del-header ${quote(`(?i)^${escapeRegExp(field).replaceAll(String.raw`\-`, '[-_.]')}$`)} -m reg`,
  `http-request set-header ${field} ${value}`,
];

/** A table of one row is all together. IPv6: each /64 network. */
function rateTable({ key = 'client', keys = 100_000, period = 1000 }: SettingsOf<'rate-limit'>): [string, string] {
  const store = `expire ${Math.max(1000, 2 * period)}ms store gpc0,gpc0_rate(${period}ms)`;
  if (key === 'client') return [`type ipv6 size ${keys} ${store}`, 'src,ipmask(32,64)'];
  if (key === 'none') return [`type integer size 1 ${store}`, 'int(1)'];
  return refuseFilter('haproxy', 'rate-limit.key', 'would not limit who sends no such field');
}

const claim = (name: string, type = ''): string => `http_auth_bearer,jwt_payload_query(${quote(`$.${name}`)}${type})`;

function jwtRules(settings: SettingsOf<'jwt'>): Part {
  requireOnly(
    'haproxy',
    'jwt',
    settings,
    'algorithm',
    'keys',
    'issuer',
    'leeway',
    'identityHeader',
    'identityClaim',
    'forward',
    'remembered',
    'realm',
  );
  const { algorithm, keys, issuer, leeway = 30, identityHeader, identityClaim = 'sub', realm = 'hopcost' } = settings;
  if (!('secret' in keys || 'pem' in keys))
    refuseFilter('haproxy', 'jwt.keys', 'reads no key sets: give it a secret or a PEM');
  if ((settings.remembered ?? 0) !== 0) refuseFilter('haproxy', 'jwt.remembered', 'verifies each token anew: say 0');
  if (!/^\w+$/.test(identityClaim)) refuseFilter('haproxy', 'jwt.identityClaim', `cannot ask for ${identityClaim}`);
  if ('secret' in keys && !/^[\w.~+/=-]+$/.test(keys.secret))
    refuseFilter('haproxy', 'jwt.keys', 'takes secrets of letters, digits and . ~ + / = - alone');
  const refuse = `${refusal(401, `Bearer realm="${realm}"`)} if`;
  const now = Math.ceil(leeway);
  return {
    rules: [
      `${refuse} !{ http_auth_bearer,jwt_header_query('$.alg') -m str ${algorithm} }`,
      `${refuse} !{ http_auth_bearer,jwt_verify(${algorithm},${'secret' in keys ? '"${JWT_SECRET}"' : 'jwt.pem'}) -m int 1 }`,
      'http-request set-var(txn.now) date()',
      `http-request set-var(txn.exp) ${claim('exp', ",'int'")}`,
      `http-request set-var(txn.nbf) ${claim('nbf', ",'int'")}`,
      `${refuse} { var(txn.exp) -m found } { var(txn.exp),add(${now}),sub(txn.now) -m int le 0 }`,
      `${refuse} { var(txn.nbf) -m found } { var(txn.nbf),sub(${now}),sub(txn.now) -m int gt 0 }`,
      issuer && `${refuse} !{ ${claim('iss')} -m str -- ${issuer.map(quote).join(' ')} }`,
      identityHeader !== undefined && [
        `http-request set-var(txn.identity) ${claim(identityClaim)}`,
        `${refuse} !{ var(txn.identity) -m found }`,
        identity(identityHeader, '%[var(txn.identity)]'),
      ],
      settings.forward === false && 'http-request del-header Authorization',
    ],
    ...('pem' in keys && { secrets: { 'jwt.pem': keys.pem } }),
  };
}

const RENDERERS: { readonly [One in keyof Table]-?: (settings: SettingsOf<One>) => Part } = {
  'ip-rules': ({ allow, deny }) => ({
    rules: [
      deny && `http-request deny deny_status 403 if { src ${deny.join(' ')} }`,
      allow && `http-request deny deny_status 403 if !{ src ${allow.join(' ')} }`,
    ],
  }),
  'rate-limit': (settings) => {
    const { requests, burst = requests } = settings;
    if (burst !== requests) refuseFilter('haproxy', 'rate-limit.burst', 'counts within a period, and knows no burst');
    const [table, key] = rateTable(settings);
    return {
      rules: [
        `http-request track-sc0 ${key} table rate_limit`,
        `http-request deny deny_status 429 if { sc0_gpc0_rate(rate_limit) ge ${requests} }`,
        'http-request sc-inc-gpc0(0)',
      ],
      sections: ['backend rate_limit', indent([`stick-table ${table}`])],
    };
  },
  'basic-auth': ({ users, realm = 'hopcost', identityHeader, forward = true }) => {
    if (Object.values(users).some((password) => password.startsWith('{SHA}')))
      refuseFilter('haproxy', 'basic-auth.users', 'knows crypt(3) and passwords as they are, not {SHA}');
    return {
      rules: [
        `${refusal(401, `Basic realm="${realm}"`)} unless { http_auth(users) }`,
        identityHeader !== undefined && identity(identityHeader, '%[http_auth_user]'),
        !forward && 'http-request del-header Authorization',
      ],
    };
  },
  'api-key': (settings) => {
    requireOnly('haproxy', 'api-key', settings, 'keys', 'header', 'identityHeader', 'forward');
    const { keys, header = 'X-API-Key', identityHeader, forward = false } = settings;
    if (Object.values(keys).some((key) => /\s/.test(key)))
      refuseFilter('haproxy', 'api-key.keys', 'ends a key at white space');
    return {
      rules: [
        `http-request set-var(txn.owner) ${quote(`req.fhdr(${header}),map_str(api-keys.map)`)}`,
        `${refusal(401, 'ApiKey')} unless { var(txn.owner) -m found }`,
        identityHeader !== undefined && identity(identityHeader, '%[var(txn.owner)]'),
        !forward && `http-request del-header ${header}`,
      ],
      secrets: {
        'api-keys.map': Object.entries(keys)
          .map(([owner, key]) => `${key} ${owner}\n`)
          .join(''),
      },
    };
  },
  jwt: jwtRules,
  cache: (settings) => {
    requireOnly('haproxy', 'cache', settings, 'bytes', 'entryBytes');
    const { bytes = 64 * 1024 * 1024, entryBytes = 1024 * 1024 } = settings;
    const megabytes = Math.ceil(bytes / (1024 * 1024));
    if (entryBytes > (megabytes * 1024 * 1024) / 2)
      refuseFilter('haproxy', 'cache.entryBytes', 'stores answers of half its size at the most');
    return {
      rules: ['http-request cache-use answers', 'http-response cache-store answers'],
      sections: [
        'cache answers',
        indent([
          `total-max-size ${megabytes}`,
          `max-object-size ${entryBytes}`,
          'max-age 31536000', // by itself a minute
          'process-vary on',
        ]),
      ],
    };
  },
  compression: (settings) => {
    requireCodings('haproxy', settings, 'gzip');
    if (settings.minBytes !== 0) refuseFilter('haproxy', 'compression.minBytes', 'compresses short answers too: say 0');
    return { rules: ['compression algo gzip', `compression type ${contentTypes('haproxy', settings).join(' ')}`] };
  },
  transform: (settings) => {
    requireFieldsOnly('haproxy', settings);
    const rules = ({ set = {}, add = {}, remove = [] }: SettingsOf<'transform'>['request'] & object): string[] => [
      ...remove.map((field) => `del-header ${field}`),
      ...Object.entries(set).map(([field, value]) => `set-header ${field} ${format(value)}`),
      ...Object.entries(add).map(([field, value]) => `add-header ${field} ${format(value)}`),
    ];
    return {
      rules: [
        rules(settings.request ?? {}).map((rule) => `http-request ${rule}`),
        rules(settings.response ?? {}).map((rule) => `http-response ${rule}`),
      ],
    };
  },
};

/** Passwords as they are, and the secret of tokens, in a file of its own, which reports do not show. */
function secretsOf({ 'basic-auth': basic, jwt }: NonNullable<ProxyIntent['filters']>): string[] {
  const users = Object.entries(basic?.users ?? {});
  return [
    ...(jwt && 'secret' in jwt.keys ? ['global', ...indent([`setenv JWT_SECRET ${quote(jwt.keys.secret)}`])] : []),
    ...(basic
      ? [
          'userlist users',
          ...indent(users.map(([name, password]) => `user ${quote(name)} insecure-password ${quote(password)}`)),
        ]
      : []),
  ];
}

/** Everything that the intent's filters ask for. `config`: a file of configuration to be read first, and not shown. */
export function renderFilters({ filters = {} }: ProxyIntent): Required<Part> & { readonly config: string | undefined } {
  const parts = renderEach(filters, FILTERS, RENDERERS).map(({ part }) => part);
  const hidden = secretsOf(filters);
  const config = hidden.length > 0 ? 'secrets.cfg' : undefined;
  return {
    rules: parts.map(({ rules }) => rules),
    sections: parts.map(({ sections }) => sections),
    secrets: Object.assign({}, config && { [config]: text(hidden) }, ...parts.map(({ secrets }) => secrets)) as Record<
      string,
      string
    >,
    config,
  };
}
