/**
 * Filters in NGINX' own terms. They take effect in the order of its phases: what `return` refuses, then limit_req, then addresses, passwords
 * and the authoriser. Sources: ngx_http_limit_req_module, _access_, _auth_basic_, _auth_request_, _gzip_, _mirror_, _proxy_ and _log_module.
 */
import { IntentError } from '../config/intent-error.ts';
import type { ProxyIntent } from '../config/intent.ts';
import { offered, place, refused } from '../config/offers.ts';
import {
  contentTypes,
  htpasswd,
  loggedFields,
  refuseFilter,
  renderEach,
  requireCodings,
  requireFieldsOnly,
  requireOnly,
  type Service,
  serviceOf,
  type SettingsOf,
} from './filter-facts.ts';
import { hostPort } from './intent-facts.ts';
import { quote } from './nginx-routes.ts';
import { block, duration, escapeRegExp, type Lines } from './text.ts';

export const NGINX_FILTERS = place(
  offered('filter ip-rules', 'filter rate-limit', 'filter basic-auth', 'filter api-key', 'filter ext-authz'),
  offered('filter compression', 'filter cache', 'filter transform', 'filter mirror', 'filter header-log'),
  refused('verifies tokens in its commercial edition alone', 'filter jwt'),
  refused('answers no preflights by itself', 'filter cors'),
  refused('exports traces by a module that most packages lack', 'filter tracing'),
  refused('is given no rules for requests', 'filter request-rules', 'filter client-cert-identity'),
  refused('runs no modules of hopcost', 'filter user', 'unlisted filters'),
);

/** What stands in `http`, in `location /`, and beside it; files that are not shown. */
interface Part {
  readonly http?: Lines;
  readonly location?: Lines;
  readonly server?: Lines;
  readonly secrets?: Readonly<Record<string, string>>;
}

type Renderer<One extends keyof Table> = (settings: SettingsOf<One>) => Part;
type Table = Pick<NonNullable<ProxyIntent['filters']>, (typeof FILTERS)[number]>;
const FILTERS = [
  'ip-rules',
  'rate-limit',
  'basic-auth',
  'api-key',
  'ext-authz',
  'compression',
  'cache',
  'transform',
  'mirror',
  'header-log',
] as const;

/** `x-a` and `x_a` are one variable, and fields of other names none. */
const variableOf = (prefix: 'http' | 'sent_http' | 'upstream_http', field: string): string => {
  if (/^[A-Za-z0-9-]+$/.test(field)) return `$${prefix}_${field.toLowerCase().replaceAll('-', '_')}`;
  throw new IntentError([
    {
      path: 'filters',
      message: `capability not offered: nginx knows fields by letters, digits and dashes, not '${field}'`,
    },
  ]);
};

/** Where variables are interpolated, `$` has no escape. */
const literal = (setting: Parameters<typeof refuseFilter>[1], value: string): string =>
  value.includes('$') ? refuseFilter('nginx', setting, "has no escape for '$'") : quote(value);

/** Requests in a whole number of a second, or of a minute. */
function rateOf({ requests, period = 1000 }: SettingsOf<'rate-limit'>): string {
  const [perSecond, perMinute] = [(1000 * requests) / period, (60_000 * requests) / period];
  if (Number.isInteger(perSecond)) return `${perSecond}r/s`;
  if (Number.isInteger(perMinute)) return `${perMinute}r/m`;
  return refuseFilter('nginx', 'rate-limit.requests', 'counts whole requests a second or a minute');
}

function rateKey({ key = 'client' }: SettingsOf<'rate-limit'>): string {
  if (key === 'client') return '$binary_remote_addr';
  // An empty key is not limited.
  return key === 'none' ? '"all"' : `"=${variableOf('http', key.header)}"`;
}

/** Bytes of a state: it is 128 on 64-bit systems. */
const STATE = 128;

function upstream(name: string, { host, port }: Service): string[] {
  return block(`upstream ${name}`, [`server ${hostPort({ host, port })} max_fails=0;`, 'keepalive 64;']);
}

const RENDERERS: { readonly [One in keyof Table]-?: Renderer<One> } = {
  'ip-rules': ({ deny = [], allow }) => ({
    location: [
      deny.map((network) => `deny ${network};`),
      allow?.map((network) => `allow ${network};`),
      allow && 'deny all;',
    ],
  }),
  'rate-limit': (settings) => {
    const { requests, burst = requests, keys = 100_000 } = settings;
    const size = Math.max(64 * 1024, STATE * keys);
    return {
      http: [
        `limit_req_zone ${rateKey(settings)} zone=rate_limit:${size} rate=${rateOf(settings)};`,
        'limit_req_status 429;',
        'limit_req_log_level info;',
      ],
      // The first needs no room in the bucket.
      location: [`limit_req zone=rate_limit${burst > 1 ? ` burst=${burst - 1} nodelay` : ''};`],
    };
  },
  'basic-auth': ({ users, realm = 'hopcost', identityHeader, forward = true }) => ({
    location: [
      `auth_basic ${literal('basic-auth.realm', realm)};`,
      'auth_basic_user_file users.htpasswd;',
      identityHeader !== undefined && `proxy_set_header ${identityHeader} $remote_user;`,
      !forward && 'proxy_set_header Authorization "";',
    ],
    secrets: { 'users.htpasswd': `${htpasswd(users).join('\n')}\n` },
  }),
  'api-key': (settings) => {
    const { keys, header = 'X-API-Key', prefix = '', identityHeader, forward = false } = settings;
    return {
      http: [
        block(`map ${variableOf('http', header)} $api_key_owner`, ['default "";', 'include api-keys.map;']),
        block('map $api_key_owner $api_key_challenge', ['"" ApiKey;', 'default "";']),
      ],
      location: [
        'if ($api_key_owner = "") { return 401; }',
        'add_header WWW-Authenticate $api_key_challenge always;',
        identityHeader !== undefined && `proxy_set_header ${identityHeader} $api_key_owner;`,
        !forward && `proxy_set_header ${header} "";`,
      ],
      secrets: {
        // A plain string would be compared without regard to case.
        'api-keys.map': Object.entries(keys)
          .map(([owner, key]) => `${quote(`~^${escapeRegExp(prefix + key)}\\z`)} ${literal('api-key.keys', owner)};\n`)
          .join(''),
      },
    };
  },
  'ext-authz': (settings) => {
    requireOnly('nginx', 'ext-authz', settings, 'url', 'timeout', 'show', 'tell');
    const { url, timeout = 1000, show = ['Authorization', 'Cookie'], tell = [] } = settings;
    const service = serviceOf('nginx', 'ext-authz.url', url);
    return {
      http: upstream('authorizer', service),
      location: [
        'auth_request /hopcost_authorizer;',
        tell.map((field) => [
          `auth_request_set $told_${variableOf('http', field).slice(1)} ${variableOf('upstream_http', field)};`,
          `proxy_set_header ${field} $told_${variableOf('http', field).slice(1)};`,
        ]),
      ],
      server: block('location = /hopcost_authorizer', [
        'internal;',
        `proxy_pass http://authorizer${service.path};`,
        'proxy_method GET;',
        'proxy_http_version 1.1;',
        'proxy_pass_request_headers off;',
        'proxy_pass_request_body off;',
        'proxy_set_header Content-Length "";',
        'proxy_set_header Connection "";',
        `proxy_set_header Host ${quote(service.authority)};`,
        'proxy_set_header X-Forwarded-Method $request_method;',
        'proxy_set_header X-Forwarded-Proto $scheme;',
        'proxy_set_header X-Forwarded-Host $http_host;',
        'proxy_set_header X-Forwarded-Uri $request_uri;',
        'proxy_set_header X-Forwarded-For $remote_addr;',
        show.map((field) => `proxy_set_header ${field} ${variableOf('http', field)};`),
        `proxy_connect_timeout ${duration(timeout)};`,
        `proxy_read_timeout ${duration(timeout)};`,
      ]),
    };
  },
  compression: (settings) => {
    requireCodings('nginx', settings, 'gzip');
    return {
      location: [
        'gzip on;',
        'gzip_comp_level 1;',
        'gzip_proxied any;',
        'gzip_vary on;',
        `gzip_min_length ${settings.minBytes ?? 1024};`,
        // HTML is among them by itself, and named twice only warned of.
        `gzip_types ${contentTypes('nginx', settings)
          .filter((type) => type !== 'text/html')
          .join(' ')};`,
      ],
    };
  },
  cache: (settings) => {
    requireOnly('nginx', 'cache', settings, 'bytes');
    return {
      http: [
        `proxy_cache_path cache levels=1:2 keys_zone=cache:8m max_size=${settings.bytes ?? 64 * 1024 * 1024} inactive=1d use_temp_path=off;`,
      ],
      location: [
        'proxy_cache cache;',
        'proxy_cache_key $scheme$http_host$request_uri;',
        'proxy_cache_lock on;',
        'proxy_cache_revalidate on;',
        // By itself it does not look at them (RFC 9111 §3.5).
        'proxy_cache_bypass $http_authorization $http_range;',
        'proxy_no_cache $http_authorization $http_range;',
      ],
    };
  },
  transform: (settings) => {
    requireFieldsOnly('nginx', settings);
    const { request = {}, response = {} } = settings;
    if (Object.keys(request.add ?? {}).length > 0)
      refuseFilter('nginx', 'transform.request.add', 'sets fields of requests and adds no second one');
    return {
      location: [
        (request.remove ?? []).map((field) => `proxy_set_header ${field} "";`),
        Object.entries(request.set ?? {}).map(
          ([field, value]) => `proxy_set_header ${field} ${literal('transform.request', value)};`,
        ),
        [...(response.remove ?? []), ...Object.keys(response.set ?? {})].map((field) => `proxy_hide_header ${field};`),
        Object.entries({ ...response.set, ...response.add }).map(
          ([field, value]) => `add_header ${field} ${literal('transform.response', value)} always;`,
        ),
      ],
    };
  },
  mirror: (settings) => {
    requireOnly('nginx', 'mirror', settings, 'url', 'share', 'timeout');
    const { url, share = 1, timeout = 5000 } = settings;
    const service = serviceOf('nginx', 'mirror.url', url);
    return {
      http: [
        upstream('mirror', service),
        share < 1 && block('split_clients $request_id $is_mirrored', [`${(100 * share).toFixed(2)}% 1;`, '* "";']),
      ],
      location: ['mirror /hopcost_mirror;'],
      server: block('location = /hopcost_mirror', [
        'internal;',
        share < 1 && 'if ($is_mirrored = "") { return 204; }',
        `proxy_pass http://mirror${service.path === '/' ? '' : service.path}$request_uri;`,
        'proxy_http_version 1.1;',
        'proxy_set_header Host $http_host;',
        'proxy_set_header Connection "";',
        `proxy_connect_timeout ${duration(timeout)};`,
        `proxy_read_timeout ${duration(timeout)};`,
      ]),
    };
  },
  'header-log': (settings) => {
    const { request, response } = loggedFields('nginx', settings);
    const listed = (prefix: 'http' | 'sent_http', names: readonly string[]): string =>
      names.map((name) => `"${name.toLowerCase()}":"${variableOf(prefix, name)}"`).join(',');
    return {
      http: [
        'log_format headers escape=json',
        `  '{"time":"$time_iso8601","client":"$remote_addr","method":"$request_method","path":"$uri","request":{${listed('http', request)}},"status":$status,"response":{${listed('sent_http', response)}}}';`,
      ],
      location: [`access_log ${literal('header-log.file', settings.file)} headers buffer=64k flush=1s;`],
    };
  },
};

/** Everything that the intent's filters ask for, in the order of the settings above. */
export function renderFilters({ filters = {}, routes = [] }: ProxyIntent): Required<Part> {
  if (FILTERS.some((name) => filters[name] !== undefined) && routes.some(({ action }) => action.kind === 'reply'))
    throw new IntentError([
      { path: 'filters', message: 'capability not offered: nginx answers local replies before any filter' },
    ]);
  const parts = renderEach(filters, FILTERS, RENDERERS).map(({ part }) => part);
  return {
    http: parts.map(({ http }) => http),
    location: parts.map(({ location }) => location),
    server: parts.map(({ server }) => server),
    secrets: Object.assign({}, ...parts.map(({ secrets }) => secrets)) as Record<string, string>,
  };
}
