/**
 * Filters in Envoy's own terms: HTTP filters before the router, in the order of the intent's. Source: envoy.extensions.filters.http (rbac,
 * local_ratelimit, cors, basic_auth, jwt_authn, ext_authz, compressor, header_mutation), config.route.v3 (mirror policies), access_loggers.file.
 */
import type { ProxyIntent } from '../config/intent.ts';
import { offered, place, refused } from '../config/offers.ts';
import {
  contentTypes,
  htpasswd,
  keySetOf,
  loggedFields,
  networkOf,
  originPattern,
  preflightFields,
  refuseFilter,
  renderEach,
  requireCodings,
  requireFieldsOnly,
  requireOnly,
  type Service,
  serviceOf,
  type SettingsOf,
} from './filter-facts.ts';
import { headerValue } from './envoy-routes.ts';
import { seconds } from './text.ts';

type Json = Record<string, unknown>;

export const ENVOY_FILTERS = place(
  offered('filter ip-rules', 'filter rate-limit', 'filter cors', 'filter basic-auth', 'filter jwt', 'filter ext-authz'),
  offered('filter compression', 'filter transform', 'filter mirror', 'filter header-log', 'filter tracing'),
  refused('would have the keys in the configuration that reports show', 'filter api-key'),
  refused('has a cache without bound, which its makers do not mean for use', 'filter cache'),
  refused('is given no rules for requests', 'filter request-rules', 'filter client-cert-identity'),
  refused('runs no modules of hopcost', 'filter user', 'unlisted filters'),
);

/** HTTP filters; what the virtual host and the connection manager hold besides; clusters for services; files that are not shown. */
interface Part {
  readonly http?: readonly Json[];
  readonly host?: Json;
  readonly manager?: Json;
  readonly clusters?: readonly Json[];
  readonly secrets?: Readonly<Record<string, string>>;
}

const FILTERS = [
  'tracing',
  'header-log',
  'cors',
  'ip-rules',
  'rate-limit',
  'basic-auth',
  'jwt',
  'ext-authz',
  'compression',
  'transform',
  'mirror',
] as const;
type Table = Pick<NonNullable<ProxyIntent['filters']>, (typeof FILTERS)[number]>;

const typed = (type: string, config: Json): Json => ({ '@type': `type.googleapis.com/${type}`, ...config });
const http = (name: string, message: string, config: Json): Json => ({
  name: `envoy.filters.http.${name}`,
  typed_config: typed(`envoy.extensions.filters.http.${name}.v3.${message}`, config),
});

function cluster(name: string, { host, port }: Service, timeout: number): Json {
  const address = { socket_address: { address: host, port_value: port } };
  return {
    name,
    type: 'STRICT_DNS',
    connect_timeout: seconds(timeout),
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  };
}

const uriOf = ({ authority, path }: Service, name: string, timeout: number): Json => ({
  uri: `http://${authority}${path}`,
  cluster: name,
  timeout: seconds(timeout),
});

const networks = (cidrs: readonly string[]): Json[] =>
  cidrs.map((text) => {
    const { address, prefix } = networkOf(text);
    return { remote_ip: { address_prefix: address, prefix_len: prefix } };
  });

const ALWAYS = { default_value: { numerator: 100, denominator: 'HUNDRED' } };

function rateLimit(settings: SettingsOf<'rate-limit'>): Part {
  const { requests, period = 1000, burst = requests, key = 'client', keys = 100_000 } = settings;
  if (typeof key === 'object') refuseFilter('envoy', 'rate-limit.key', 'would not limit who sends no such field');
  const bucket = { max_tokens: burst, tokens_per_fill: requests, fill_interval: seconds(period) };
  const perClient = {
    // A bucket for each value, of which so many are remembered.
    descriptors: [{ entries: [{ key: 'remote_address' }], token_bucket: bucket }],
    rate_limits: [{ actions: [{ remote_address: {} }] }],
    max_dynamic_descriptors: keys,
    // The one of all together, which must be there, never runs dry.
    token_bucket: { max_tokens: 4_294_967_295, tokens_per_fill: 4_294_967_295, fill_interval: '0.05s' },
    always_consume_default_token_bucket: false,
  };
  return {
    http: [
      http('local_ratelimit', 'LocalRateLimit', {
        stat_prefix: 'rate_limit',
        filter_enabled: ALWAYS,
        filter_enforced: ALWAYS,
        ...(key === 'none' ? { token_bucket: bucket } : perClient),
      }),
    ],
  };
}

function jwt(settings: SettingsOf<'jwt'>): Part {
  requireOnly(
    'envoy',
    'jwt',
    settings,
    ...(['algorithm', 'keys', 'issuer', 'audience', 'leeway', 'identityHeader', 'identityClaim', 'forward'] as const),
    'remembered',
  );
  const { issuer, audience, leeway = 30, identityHeader, identityClaim = 'sub', forward = true } = settings;
  const { remembered = 10_000 } = settings;
  if (issuer && issuer.length > 1) refuseFilter('envoy', 'jwt.issuer', 'knows one issuer for a set of keys');
  const keys = keySetOf(settings);
  if (keys === undefined) refuseFilter('envoy', 'jwt.keys', 'is given a secret or a PEM, and fetches no keys here');
  return {
    http: [
      http('jwt_authn', 'JwtAuthentication', {
        providers: {
          tokens: {
            ...(issuer && { issuer: issuer[0] }),
            ...(audience && { audiences: audience }),
            local_jwks: { filename: 'jwks.json' },
            forward,
            clock_skew_seconds: Math.ceil(leeway),
            // By itself it would take them from the query, too.
            from_headers: [{ name: 'Authorization', value_prefix: 'Bearer ' }],
            ...(identityHeader !== undefined && {
              claim_to_headers: [{ header_name: identityHeader, claim_name: identityClaim }],
            }),
            ...(remembered > 0 && { jwt_cache_config: { jwt_cache_size: remembered } }),
          },
        },
        rules: [{ match: { prefix: '/' }, requires: { provider_name: 'tokens' } }],
      }),
    ],
    secrets: { 'jwks.json': keys },
  };
}

function cors(settings: SettingsOf<'cors'>): Part {
  const { origins, methods = ['GET', 'HEAD', 'POST'], exposedHeaders = [], credentials = false, maxAge } = settings;
  const matches =
    origins === '*'
      ? [{ safe_regex: { regex: '.*' } }]
      : origins.map((origin) => ({ safe_regex: { regex: originPattern(origin) } }));
  return {
    http: [http('cors', 'Cors', {})],
    host: {
      typed_per_filter_config: {
        'envoy.filters.http.cors': typed('envoy.extensions.filters.http.cors.v3.CorsPolicy', {
          allow_origin_string_match: matches,
          allow_methods: methods.join(', '),
          allow_headers: preflightFields('envoy', settings).join(', '),
          expose_headers: exposedHeaders.join(', '),
          allow_credentials: credentials,
          ...(maxAge !== undefined && { max_age: String(maxAge) }),
          forward_not_matching_preflights: false,
        }),
      },
    },
  };
}

function extAuthz(settings: SettingsOf<'ext-authz'>): Part {
  requireOnly('envoy', 'ext-authz', settings, 'url', 'timeout', 'failOpen', 'show', 'tell', 'give');
  const { url, timeout = 1000, failOpen = false, show = ['Authorization', 'Cookie'], tell = [] } = settings;
  const { give = ['WWW-Authenticate', 'Location', 'Set-Cookie'] } = settings;
  const service = serviceOf('envoy', 'ext-authz.url', url);
  const names = (fields: readonly string[]): Json => ({
    patterns: fields.map((exact) => ({ exact, ignore_case: true })),
  });
  return {
    http: [
      http('ext_authz', 'ExtAuthz', {
        failure_mode_allow: failOpen,
        status_on_error: { code: 'ServiceUnavailable' },
        ...(show.length > 0 && { allowed_headers: names(show) }),
        http_service: {
          server_uri: uriOf({ ...service, path: '' }, 'authorizer', timeout),
          // It asks for the request's own path behind this one.
          ...(service.path !== '/' && { path_prefix: service.path }),
          authorization_response: {
            ...(tell.length > 0 && { allowed_upstream_headers: names(tell) }),
            allowed_client_headers: names([...give, 'Content-Type']),
          },
        },
      }),
    ],
    clusters: [cluster('authorizer', service, timeout)],
  };
}

const LIBRARIES = {
  gzip: ['gzip', 'Gzip', { compression_level: 'BEST_SPEED', memory_level: 9 }],
  br: ['brotli', 'Brotli', { quality: 3 }],
  zstd: ['zstd', 'Zstd', { compression_level: 1 }],
} as const;

function compression(settings: SettingsOf<'compression'>): Part {
  const codings = requireCodings('envoy', settings, 'zstd', 'br', 'gzip') as readonly (keyof typeof LIBRARIES)[];
  const { minBytes = 1024 } = settings;
  const types = contentTypes('envoy', settings);
  const [preferred] = codings;
  return {
    http: codings.map((coding) => {
      const [name, message, config] = LIBRARIES[coding];
      return {
        name: `envoy.filters.http.compressor.${name}`,
        typed_config: typed('envoy.extensions.filters.http.compressor.v3.Compressor', {
          response_direction_config: {
            // Below this it would refuse its own configuration.
            common_config: { min_content_length: Math.max(30, minBytes), content_type: types },
            remove_accept_encoding_header: false,
          },
          compressor_library: {
            name,
            typed_config: typed(`envoy.extensions.compression.${name}.compressor.v3.${message}`, config),
          },
          choose_first: coding === preferred,
        }),
      };
    }),
  };
}

/** Envoy reads `%…%` in values as commands. */
const literal = (value: string): string => value.replaceAll('%', '%%');

function transform(settings: SettingsOf<'transform'>): Part {
  requireFieldsOnly('envoy', settings);
  const mutations = ({ set = {}, add = {}, remove = [] }: SettingsOf<'transform'>['request'] & object): Json[] => [
    ...remove.map((field) => ({ remove: field })),
    ...Object.entries(set).map(([field, value]) => ({ append: headerValue(field, literal(value), 'set') })),
    ...Object.entries(add).map(([field, value]) => ({ append: headerValue(field, literal(value), 'add') })),
  ];
  const { request = {}, response = {} } = settings;
  return {
    http: [
      http('header_mutation', 'HeaderMutation', {
        mutations: { request_mutations: mutations(request), response_mutations: mutations(response) },
      }),
    ],
  };
}

function headerLog(settings: SettingsOf<'header-log'>): Part {
  const { request, response } = loggedFields('envoy', settings);
  const fields = (command: 'REQ' | 'RESP', names: readonly string[]): Json =>
    Object.fromEntries(names.map((name) => [name.toLowerCase(), `%${command}(${name})%`]));
  return {
    manager: {
      access_log: [
        {
          name: 'envoy.access_loggers.file',
          typed_config: typed('envoy.extensions.access_loggers.file.v3.FileAccessLog', {
            path: settings.file,
            log_format: {
              json_format: {
                time: '%START_TIME%',
                client: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%',
                method: '%REQ(:METHOD)%',
                path: '%PATH(NQ:PATH)%',
                request: fields('REQ', request),
                status: '%RESPONSE_CODE%',
                response: fields('RESP', response),
              },
            },
          }),
        },
      ],
    },
  };
}

function tracing(settings: SettingsOf<'tracing'>): Part {
  requireOnly('envoy', 'tracing', settings, 'url', 'share', 'service');
  const { url, share = 1, service: name = 'hopcost' } = settings;
  const service = serviceOf('envoy', 'tracing.url', url);
  return {
    manager: {
      // By itself the id of a request, which none is given here, decides.
      request_id_extension: {
        typed_config: typed('envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig', {
          pack_trace_reason: false,
          use_request_id_for_trace_sampling: false,
        }),
      },
      tracing: {
        random_sampling: { value: 100 * share },
        provider: {
          name: 'envoy.tracers.opentelemetry',
          typed_config: typed('envoy.config.trace.v3.OpenTelemetryConfig', {
            http_service: { http_uri: uriOf(service, 'collector', 1000) },
            service_name: name,
          }),
        },
      },
    },
    clusters: [cluster('collector', service, 1000)],
  };
}

function mirror(settings: SettingsOf<'mirror'>): Part {
  requireOnly('envoy', 'mirror', settings, 'url', 'share', 'timeout');
  const { url, share = 1, timeout = 5000 } = settings;
  const service = serviceOf('envoy', 'mirror.url', url);
  if (service.path !== '/') refuseFilter('envoy', 'mirror.url', 'puts no path before those of the copies');
  const numerator = Math.round(1e6 * share);
  return {
    host: {
      request_mirror_policies: [
        {
          cluster: 'mirror',
          runtime_fraction: { default_value: { numerator, denominator: 'MILLION' } },
          disable_shadow_host_suffix_append: true,
        },
      ],
    },
    clusters: [cluster('mirror', service, timeout)],
  };
}

const RENDERERS: { readonly [One in keyof Table]-?: (settings: SettingsOf<One>) => Part } = {
  tracing,
  'header-log': headerLog,
  cors,
  'ip-rules': ({ allow, deny = [] }) => {
    const allowed = { or_ids: { ids: allow ? networks(allow) : [{ any: true }] } };
    const denied = { not_id: { or_ids: { ids: networks(deny) } } };
    return {
      http: [
        http('rbac', 'RBAC', {
          rules: {
            action: 'ALLOW',
            policies: {
              clients: {
                permissions: [{ any: true }],
                principals: [{ and_ids: { ids: deny.length > 0 ? [allowed, denied] : [allowed] } }],
              },
            },
          },
        }),
      ],
    };
  },
  'rate-limit': rateLimit,
  'basic-auth': (settings) => {
    requireOnly('envoy', 'basic-auth', settings, 'users', 'identityHeader');
    const { users, identityHeader } = settings;
    return {
      http: [
        http('basic_auth', 'BasicAuth', {
          users: { filename: 'users.htpasswd' },
          ...(identityHeader !== undefined && { forward_username_header: identityHeader }),
        }),
      ],
      secrets: { 'users.htpasswd': `${htpasswd(users).join('\n')}\n` },
    };
  },
  jwt,
  'ext-authz': extAuthz,
  compression,
  transform,
  mirror,
};

/** Everything that the intent's filters ask for. */
export function renderFilters({ filters = {} }: ProxyIntent): Required<Part> {
  const parts = renderEach(filters, FILTERS, RENDERERS).map(({ part }) => part);
  const merged = (of: 'host' | 'manager' | 'secrets'): Json =>
    Object.assign({}, ...parts.map((part) => part[of])) as Json;
  return {
    http: parts.flatMap((part) => part.http ?? []),
    host: merged('host'),
    manager: merged('manager'),
    clusters: parts.flatMap((part) => part.clusters ?? []),
    secrets: merged('secrets') as Record<string, string>,
  };
}
