/**
 * Filters in Traefik's own terms: middlewares of every router, in the order of the intent's filters; mirroring is a service, what it logs
 * and traces a part of its static configuration. Source: Traefik's reference of HTTP middlewares, services, access logs and tracing.
 */
import type { ProxyIntent } from '../config/intent.ts';
import { offered, place, refused } from '../config/offers.ts';
import {
  contentTypes,
  htpasswd,
  loggedFields,
  originPattern,
  preflightFields,
  refuseFilter,
  renderEach,
  requireCodings,
  requireFieldsOnly,
  requireOnly,
  serviceOf,
  type SettingsOf,
} from './filter-facts.ts';

type Json = Record<string, unknown>;

export const TRAEFIK_FILTERS = place(
  offered('filter ip-rules', 'filter rate-limit', 'filter cors', 'filter basic-auth', 'filter ext-authz'),
  offered('filter compression', 'filter transform', 'filter mirror', 'filter header-log', 'filter tracing'),
  refused('verifies tokens and keys in its commercial edition alone', 'filter jwt', 'filter api-key'),
  refused('has no cache', 'filter cache'),
  refused('is given no rules for requests', 'filter request-rules', 'filter client-cert-identity'),
  refused('runs no modules of hopcost', 'filter user', 'unlisted filters'),
);

/** A middleware; or what the static configuration holds, or services by name; files that are not shown. */
interface Part {
  readonly middleware?: Json;
  readonly settings?: Json;
  readonly services?: Json;
  /** The service in place of one that leads to the origin. */
  readonly around?: (service: string) => Json;
  readonly secrets?: Readonly<Record<string, string>>;
}

const FILTERS = [
  'tracing',
  'header-log',
  'cors',
  'ip-rules',
  'rate-limit',
  'basic-auth',
  'ext-authz',
  'compression',
  'transform',
  'mirror',
] as const;
type Table = Pick<NonNullable<ProxyIntent['filters']>, (typeof FILTERS)[number]>;

const percentOf = (share: number): number => {
  const percent = 100 * share;
  return Number.isInteger(percent) ? percent : refuseFilter('traefik', 'mirror.share', 'copies whole percents');
};

const RENDERERS: { readonly [One in keyof Table]-?: (settings: SettingsOf<One>) => Part } = {
  tracing: (settings) => {
    requireOnly('traefik', 'tracing', settings, 'url', 'share', 'service');
    const { url, share = 1, service = 'hopcost' } = settings;
    return { settings: { tracing: { serviceName: service, sampleRate: share, otlp: { http: { endpoint: url } } } } };
  },
  'header-log': (settings) => {
    const { request, response } = loggedFields('traefik', settings);
    const names = Object.fromEntries([...request, ...response].map((name) => [name, 'keep']));
    const kept = ['StartUTC', 'ClientHost', 'RequestMethod', 'RequestPath', 'DownstreamStatus'];
    return {
      settings: {
        accessLog: {
          filePath: settings.file,
          format: 'json',
          bufferingSize: 256,
          fields: {
            defaultMode: 'drop',
            names: Object.fromEntries(kept.map((name) => [name, 'keep'])),
            headers: { defaultMode: 'drop', names },
          },
        },
      },
    };
  },
  cors: (settings) => {
    const { origins, methods = ['GET', 'HEAD', 'POST'], exposedHeaders = [], credentials = false, maxAge } = settings;
    return {
      middleware: {
        headers: {
          ...(origins === '*'
            ? { accessControlAllowOriginList: ['*'] }
            : { accessControlAllowOriginListRegex: origins.map((origin) => `^${originPattern(origin)}$`) }),
          accessControlAllowMethods: methods,
          accessControlAllowHeaders: preflightFields('traefik', settings),
          accessControlExposeHeaders: exposedHeaders,
          accessControlAllowCredentials: credentials,
          ...(maxAge !== undefined && { accessControlMaxAge: maxAge }),
          addVaryHeader: true,
        },
      },
    };
  },
  'ip-rules': (settings) => {
    requireOnly('traefik', 'ip-rules', settings, 'allow');
    return { middleware: { ipAllowList: { sourceRange: settings.allow } } };
  },
  'rate-limit': (settings) => {
    requireOnly('traefik', 'rate-limit', settings, 'requests', 'period', 'burst', 'key');
    const { requests, period = 1000, burst = requests, key = 'client' } = settings;
    if (key !== 'client') refuseFilter('traefik', 'rate-limit.key', 'is given buckets of clients alone');
    return {
      middleware: {
        rateLimit: {
          average: requests,
          period: `${period}ms`,
          burst,
          sourceCriterion: { ipStrategy: { ipv6Subnet: 64 } },
        },
      },
    };
  },
  'basic-auth': ({ users, realm = 'hopcost', identityHeader, forward = true }) => ({
    middleware: {
      basicAuth: {
        usersFile: 'users.htpasswd',
        realm,
        ...(identityHeader !== undefined && { headerField: identityHeader }),
        removeHeader: !forward,
      },
    },
    secrets: { 'users.htpasswd': `${htpasswd(users).join('\n')}\n` },
  }),
  'ext-authz': (settings) => {
    requireOnly('traefik', 'ext-authz', settings, 'url', 'show', 'tell');
    const { url, show = ['Authorization', 'Cookie'], tell = [] } = settings;
    serviceOf('traefik', 'ext-authz.url', url);
    return {
      middleware: { forwardAuth: { address: url, authRequestHeaders: show, authResponseHeaders: tell } },
    };
  },
  compression: (settings) => ({
    middleware: {
      compress: {
        encodings: requireCodings('traefik', settings, 'zstd', 'br', 'gzip'),
        minResponseBodyBytes: settings.minBytes ?? 1024,
        includedContentTypes: contentTypes('traefik', settings),
      },
    },
  }),
  transform: (settings) => {
    requireFieldsOnly('traefik', settings);
    const fields = (direction: 'request' | 'response'): Json => {
      const { set = {}, add = {}, remove = [] } = settings[direction] ?? {};
      if (Object.keys(add).length > 0)
        refuseFilter('traefik', `transform.${direction}.add`, 'sets fields and adds no second one');
      if (Object.values(set).includes(''))
        refuseFilter('traefik', `transform.${direction}.set`, 'removes a field that is set to nothing');
      return { ...Object.fromEntries(remove.map((field) => [field, ''])), ...set };
    };
    return {
      middleware: {
        headers: { customRequestHeaders: fields('request'), customResponseHeaders: fields('response') },
      },
    };
  },
  mirror: (settings) => {
    requireOnly('traefik', 'mirror', settings, 'url', 'share', 'bodyBytes');
    const { url, share = 1, bodyBytes = 65_536 } = settings;
    const { path } = serviceOf('traefik', 'mirror.url', url);
    if (path !== '/') refuseFilter('traefik', 'mirror.url', 'puts no path before those of the copies');
    return {
      services: { mirror: { loadBalancer: { servers: [{ url }], passHostHeader: true } } },
      around: (service) => ({
        mirroring: { service, maxBodySize: bodyBytes, mirrors: [{ name: 'mirror', percent: percentOf(share) }] },
      }),
    };
  },
};

export interface TraefikFilters {
  /** By name, in order. */
  readonly middlewares: Readonly<Record<string, Json>>;
  /** Of the static configuration. */
  readonly settings: Json;
  readonly services: Json;
  readonly around: ((service: string) => Json) | undefined;
  readonly secrets: Readonly<Record<string, string>>;
}

/** Everything that the intent's filters ask for. */
export function renderFilters({ filters = {} }: ProxyIntent): TraefikFilters {
  const parts = renderEach(filters, FILTERS, RENDERERS).map(({ name, part }) => ({ name, ...part }));
  const merged = (of: 'settings' | 'services' | 'secrets'): Json =>
    Object.assign({}, ...parts.map((part) => part[of])) as Json;
  return {
    middlewares: Object.fromEntries(
      parts.flatMap(({ name, middleware }) => (middleware ? [[`filter-${name}`, middleware]] : [])),
    ),
    settings: merged('settings'),
    services: merged('services'),
    around: parts.find(({ around }) => around)?.around,
    secrets: merged('secrets') as Record<string, string>,
  };
}
