/**
 * Filters in Caddy's own terms: handlers of a route before all others, in the order of the intent's filters. Source: Caddy's JSON structure,
 * http.matchers.remote_ip, http.handlers.encode, .headers and .reverse_proxy with `handle_response`, to which `forward_auth` expands.
 */
import type { ProxyIntent } from '../config/intent.ts';
import { offered, place, refused } from '../config/offers.ts';
import { literal } from './caddy-routes.ts';
import {
  refuseFilter,
  renderEach,
  requireCodings,
  requireFieldsOnly,
  requireOnly,
  serviceOf,
  type SettingsOf,
} from './filter-facts.ts';
import { hostPort, POOL } from './intent-facts.ts';

type Json = Record<string, unknown>;

export const CADDY_FILTERS = place(
  offered('filter ip-rules', 'filter ext-authz', 'filter compression', 'filter transform'),
  refused('hashes passwords by bcrypt or argon2 alone', 'filter basic-auth'),
  refused('limits rates by a module that is not part of it', 'filter rate-limit'),
  refused('verifies tokens by a module that is not part of it', 'filter jwt'),
  refused('stores answers by a module that is not part of it', 'filter cache'),
  refused('would have the keys in the configuration that reports show', 'filter api-key'),
  refused('answers no preflights by itself', 'filter cors'),
  refused('copies no requests', 'filter mirror'),
  refused('logs all fields that are no secrets, and none by name', 'filter header-log'),
  refused('takes the address of a collector from its environment', 'filter tracing'),
  refused('is given no rules for requests', 'filter request-rules', 'filter client-cert-identity'),
  refused('runs no modules of hopcost', 'filter user', 'unlisted filters'),
);

const FILTERS = ['ip-rules', 'ext-authz', 'compression', 'transform'] as const;
type Table = Pick<NonNullable<ProxyIntent['filters']>, (typeof FILTERS)[number]>;

function authorizer(settings: SettingsOf<'ext-authz'>): Json[] {
  requireOnly('caddy', 'ext-authz', settings, 'url', 'timeout', 'tell');
  const { url, timeout = 1000, tell = [] } = settings;
  const service = serviceOf('caddy', 'ext-authz.url', url);
  const told = tell.map((field) => [field, [`{http.reverse_proxy.header.${field}}`]] as const);
  return [
    {
      handle: [
        {
          handler: 'reverse_proxy',
          upstreams: [{ dial: hostPort(service) }],
          rewrite: { method: 'GET', uri: service.path },
          headers: {
            request: {
              set: {
                Host: [service.authority],
                'X-Forwarded-Method': ['{http.request.method}'],
                'X-Forwarded-Uri': ['{http.request.uri}'],
              },
            },
          },
          transport: {
            protocol: 'http',
            versions: ['1.1'],
            compression: false,
            dial_timeout: `${timeout}ms`,
            response_header_timeout: `${timeout}ms`,
            keep_alive: { enabled: true, max_idle_conns: 0, max_idle_conns_per_host: POOL },
          },
          handle_response: [
            {
              match: { status_code: [2] },
              // One handler sets before it deletes.
              routes: [
                {
                  handle: [
                    { handler: 'headers', request: { delete: tell } },
                    { handler: 'headers', request: { set: Object.fromEntries(told) } },
                  ],
                },
              ],
            },
          ],
        },
      ],
    },
  ];
}

const TYPES = ['text/*', ...['json', 'javascript', 'xml', 'wasm', 'x-ndjson'].map((type) => `application/${type}*`)];
const ENCODERS = { gzip: { level: 1 }, zstd: { level: 'fastest' } } as const;

const RENDERERS: { readonly [One in keyof Table]-?: (settings: SettingsOf<One>) => Json[] } = {
  'ip-rules': ({ allow, deny }) => {
    const handle = [{ handler: 'static_response', status_code: 403 }];
    return [
      ...(deny ? [{ match: [{ remote_ip: { ranges: deny } }], handle, terminal: true }] : []),
      ...(allow ? [{ match: [{ not: [{ remote_ip: { ranges: allow } }] }], handle, terminal: true }] : []),
    ];
  },
  'ext-authz': authorizer,
  compression: (settings) => {
    const { minBytes = 1024, types } = settings;
    const codings = requireCodings('caddy', settings, 'zstd', 'gzip') as readonly (keyof typeof ENCODERS)[];
    const patterns = types?.map((type) => (type.endsWith('*') ? type : `${type}*`)) ?? [...TYPES, 'image/svg+xml*'];
    return [
      {
        handle: [
          {
            handler: 'encode',
            encodings: Object.fromEntries(codings.map((coding) => [coding, ENCODERS[coding]])),
            prefer: codings,
            minimum_length: minBytes,
            match: { headers: { 'Content-Type': patterns } },
          },
        ],
      },
    ];
  },
  transform: (settings) => {
    requireFieldsOnly('caddy', settings);
    const edits = (direction: 'request' | 'response'): Json => {
      const { set = {}, add = {}, remove = [] } = settings[direction] ?? {};
      const pattern = [...remove, ...Object.keys({ ...set, ...add })].find((field) => /^[+?*-]|\*$/.test(field));
      if (pattern !== undefined)
        refuseFilter('caddy', `transform.${direction}`, `takes '${pattern}' for a pattern of names`);
      const values = (fields: Readonly<Record<string, string>>): Json =>
        Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, [literal(value)]]));
      return { set: values(set), add: values(add), delete: remove };
    };
    const response = { ...edits('response'), deferred: true };
    return [{ handle: [{ handler: 'headers', request: edits('request'), response }] }];
  },
};

/** Routes before those of the intent. */
export const renderFilters = ({ filters = {} }: ProxyIntent): Json[] =>
  renderEach(filters, FILTERS, RENDERERS).flatMap(({ part }) => part);
