/** Envoy's HTTP connection manager (extensions.filters.network.http_connection_manager.v3). */
import { readAccessLog } from './envoy-access-log.ts';
import type { Clusters } from './envoy-cluster.ts';
import { readRoutes, readUpgrade } from './envoy-routes.ts';
import type { Fields } from './fields.ts';
import type { Limits, ProxyIntent, Timeouts } from './intent.ts';

type HttpIntent = Pick<ProxyIntent, 'routes' | 'limits' | 'timeouts' | 'forwarding' | 'escapedSlashes' | 'accessLog'> &
  Pick<ProxyIntent['listener'], 'http2'>;

/** By default Envoy keeps them, too. */
const ESCAPED_SLASHES = {
  IMPLEMENTATION_SPECIFIC_DEFAULT: 'keep',
  KEEP_UNCHANGED: 'keep',
  REJECT_REQUEST: 'refuse',
} as const;

/** Envoy's own, where a manager names none. */
const STREAM_IDLE = 300_000;

const FILTERS = {
  'envoy.filters.http.router': 'router',
  'envoy.router': 'router',
  'envoy.filters.http.cors': 'cors',
  'envoy.cors': 'cors',
} as const;

const OWN_PATH = 'one canonical path decides on routes, the origin gets what the client sent';
const OWN_FORWARDED = "X-Forwarded-For says the connection's own address; what clients say of themselves is dropped";

const NO_EFFECT: Readonly<Record<string, string>> = {
  stat_prefix: 'statistics are named by listener and cluster',
  generate_request_id: 'no X-Request-Id is added, for there is no tracing',
  preserve_external_request_id: 'an X-Request-Id is passed on as it comes',
  http2_protocol_options: 'windows and numbers of streams are our own; codec_type: HTTP2 has it spoken to clients',
  http3_protocol_options: 'clients are served by HTTP/1.1',
  server_name: "the origin's Server field is passed on",
  server_header_transformation: "the origin's Server field is passed on",
  scheme_header_transformation: 'HTTP/1.1 has no :scheme',
  normalize_path: OWN_PATH,
  merge_slashes: OWN_PATH,
  internal_address_config: 'no client counts as internal',
  stream_error_on_invalid_http_message: 'a connection with a malformed request is closed',
};

export function readHttp(manager: Fields, clusters: Clusters, secure: boolean): HttpIntent {
  for (const [key, why] of Object.entries(NO_EFFECT)) manager.ignore(key, why);
  const isHttp2 = manager.choice('codec_type', { AUTO: false, HTTP1: false, HTTP2: true }) === true;
  if (isHttp2) manager.note('codec_type', 'HTTP/2 is spoken, and HTTP/1.1 beside it');
  for (const filter of manager.list('http_filters')) readFilter(filter);
  for (const upgrade of manager.list('upgrade_configs')) readUpgrade(upgrade);
  const via = manager.string('via');
  // The peer's own address counts, and is appended to X-Forwarded-For; Envoy's `false` would believe whoever connects.
  if (manager.boolean('use_remote_address') === false) manager.ignore('use_remote_address', OWN_FORWARDED);
  if (manager.number('xff_num_trusted_hops'))
    manager.refuse('xff_num_trusted_hops', 'peers are trusted by their addresses alone');
  const escapedSlashes = manager.choice('path_with_escaped_slashes_action', ESCAPED_SLASHES);
  const accessLog = readAccessLog(manager);
  const { limits, timeouts } = readBounds(manager);
  const config = manager.required('route_config', manager.object('route_config'));
  return {
    routes: config ? readRoutes(config, clusters, secure) : [],
    ...(Object.keys(limits).length > 0 && { limits }),
    timeouts,
    ...(via !== undefined && { forwarding: { via } }),
    ...(isHttp2 && { http2: true }),
    ...(escapedSlashes !== undefined && { escapedSlashes }),
    ...(accessLog !== undefined && { accessLog }),
  };
}

function readFilter(filter: Fields): void {
  const kind = filter.required('name', filter.choice('name', FILTERS));
  if (!kind) return filter.leave();
  const config = filter.object('typed_config');
  config?.skip('@type');
  config?.ignore('suppress_envoy_headers', 'no x-envoy-* field is added');
  config?.ignore('dynamic_stats', 'statistics are named by listener and cluster');
  filter.object('config');
  return kind === 'cors' ? filter.ignore('name', 'no route has a policy for it') : undefined;
}

/** Limits and time-outs, ours by the names that Envoy has for them. */
function readBounds(manager: Fields): { limits: Partial<Limits>; timeouts: Partial<Timeouts> } {
  const common = manager.object('common_http_protocol_options');
  common?.choice('headers_with_underscores_action', { ALLOW: 0 });
  const options = manager.object('http_protocol_options');
  options?.ignore('accept_http_10', 'HTTP/1.0 is always accepted');
  options?.ignore('default_host_for_http_10', "HTTP/1.0 without Host is sent on with the listener's address");
  const headKiB = manager.number('max_request_headers_kb');
  // A stream's silence is the client's in the request, the origin's in the answer, either's in a tunnel.
  const silence = manager.duration('stream_idle_timeout') ?? STREAM_IDLE;
  return {
    limits: present({
      headBytes: headKiB === undefined ? undefined : headKiB * 1024,
      requestsPerConnection: common?.number('max_requests_per_connection'),
      headerCount: common?.number('max_headers_count'),
    }),
    timeouts: present({
      requestHead: manager.duration('request_headers_timeout'),
      request: manager.duration('request_timeout'),
      requestBody: silence,
      upstreamResponse: silence,
      tunnelIdle: silence,
      drain: manager.duration('drain_timeout'),
      linger: manager.duration('delayed_close_timeout') || undefined, // 0 would be for ever
      downstreamIdle: common?.duration('idle_timeout'),
      connectionAge: common?.duration('max_connection_duration'),
    }),
  };
}

const present = <K extends string>(values: Readonly<Record<K, number | undefined>>): Partial<Record<K, number>> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<Record<K, number>>;
