/** Envoy's clusters (config.cluster.v3). */
import { readAddress } from './envoy-address.ts';
import {
  type Breakers,
  readBreakers,
  readHealthCheck,
  readOutliers,
  readPanic,
  readSlowStart,
  type RoutePolicies,
} from './envoy-policies.ts';
import { readUpstreamTransport } from './envoy-tls.ts';
import type { Fields } from './fields.ts';
import type { Cluster, LoadBalancing, WeightedEndpoint } from './intent.ts';

/** Envoy's LEAST_REQUEST takes the better of two random endpoints; its hashing is by source address wherever we accept a hash policy. */
const POLICIES: Readonly<Record<string, LoadBalancing>> = {
  ROUND_ROBIN: 'round-robin',
  LEAST_REQUEST: 'power-of-two',
  RANDOM: 'random',
  RING_HASH: 'source-ip',
  MAGLEV: 'source-ip',
};

const TYPES = { STATIC: 'static', STRICT_DNS: 'dns', LOGICAL_DNS: 'dns' } as const;
const EACH_CONNECTION = 'a name is resolved for each new connection';
const OWN_BUFFERS = 'a connection holds at most two buffers of 64 KiB';

const NO_EFFECT: Readonly<Record<string, string>> = {
  alt_stat_name: 'statistics are named by cluster and endpoint',
  dns_refresh_rate: EACH_CONNECTION,
  dns_failure_refresh_rate: EACH_CONNECTION,
  respect_dns_ttl: EACH_CONNECTION,
  use_tcp_for_dns_lookups: EACH_CONNECTION,
  wait_for_warm_on_init: EACH_CONNECTION,
  per_connection_buffer_limit_bytes: OWN_BUFFERS,
  upstream_connection_options: "the system's settings of keep-alive probes hold",
  ignore_health_on_host_removal: 'endpoints that are removed get no more requests',
  close_connections_on_host_health_failure: 'connections to an endpoint that is out end by themselves',
  metadata: 'nothing reads it',
};

/** A cluster, and what of it concerns those who lead to it. */
export interface ReadCluster {
  readonly cluster: Cluster;
  readonly breakers: Breakers;
  /** Its endpoints are names. */
  readonly isDns: boolean;
  /** Of idle connections to it, in milliseconds. */
  readonly idle: number | undefined;
  readonly fields: Fields;
}

/** All clusters of a file, by name. */
export class Clusters {
  readonly #byName = new Map<string, ReadCluster>();
  readonly #routed = new Map<string, RoutePolicies>();

  constructor(fields: readonly Fields[]) {
    for (const one of fields) {
      const read = readCluster(one);
      if (this.#byName.has(read.cluster.name)) one.refuse('name', `a second cluster called ${read.cluster.name}`);
      this.#byName.set(read.cluster.name, read);
    }
  }

  get(name: string): ReadCluster | undefined {
    return this.#byName.get(name);
  }

  get all(): Iterable<ReadCluster> {
    return this.#byName.values();
  }

  /** What a route says of the clusters that it leads to, where each other that leads there has to say the same. */
  routed(names: readonly string[], policies: RoutePolicies, route: Fields): void {
    for (const name of names) {
      const before = this.#routed.get(name);
      if (before !== undefined && JSON.stringify(before) !== JSON.stringify(policies))
        route.refuse(
          '',
          `all routes to cluster ${name} have the same retry_policy and hash_policy: give this one a cluster of its own`,
        );
      this.#routed.set(name, policies);
    }
  }

  policiesOf(name: string): RoutePolicies {
    return this.#routed.get(name) ?? {};
  }

  /** The name that `key` holds, which must be a cluster's. */
  named(holder: Fields, key: string): string | undefined {
    const name = holder.string(key);
    if (name === undefined || this.#byName.has(name)) return name;
    const names = [...this.#byName.keys()];
    holder.refuse(
      key,
      `no cluster is called ${name}; there ${names.length > 0 ? `are ${names.join(', ')}` : 'is none'}`,
    );
    return name;
  }
}

function readCluster(fields: Fields): ReadCluster {
  for (const [key, why] of Object.entries(NO_EFFECT)) fields.ignore(key, why);
  const name = fields.required('name', fields.string('name')) ?? '';
  const type = fields.choice('type', TYPES) ?? 'static';
  fields.choice('dns_lookup_family', { AUTO: 0, V4_ONLY: 0, V4_PREFERRED: 0, ALL: 0 });
  const connectTimeout = fields.duration('connect_timeout');
  const policy = fields.choice('lb_policy', POLICIES);
  const slowStarts = [
    'round_robin_lb_config',
    'least_request_lb_config',
    'ring_hash_lb_config',
    'maglev_lb_config',
  ].map((key) => {
    const config = fields.object(key);
    readBalancing(config);
    return readSlowStart(config);
  });
  const slowStart = slowStarts.find((each) => each !== undefined);
  const panicThreshold = readPanic(fields.object('common_lb_config'));
  const healthCheck = readHealthCheck(fields);
  const endpoints = readEndpoints(fields);
  const ejection = readOutliers(fields, endpoints.length);
  const breakers = readBreakers(fields);
  const transport = fields.object('transport_socket');
  const { protocol, idle } = readProtocol(fields);
  const cluster: Cluster = {
    name,
    endpoints,
    ...(protocol && { protocol }),
    ...(policy && { policy }),
    ...(healthCheck && { healthCheck }),
    ...(ejection && { ejection }),
    ...((healthCheck ?? ejection) && { panicThreshold }),
    ...(slowStart && { slowStart }),
    ...(connectTimeout !== undefined && { connectTimeout }),
    ...(transport && readUpstreamTransport(transport)),
  };
  return { cluster, breakers, isDns: type === 'dns', idle, fields };
}

/** What our balancers do by themselves. */
function readBalancing(config: Fields | undefined): void {
  if ((config?.number('choice_count') ?? 2) !== 2)
    config?.refuse('choice_count', 'two are drawn, of which the better is taken');
  for (const key of ['minimum_ring_size', 'maximum_ring_size', 'hash_function', 'table_size'])
    config?.ignore(key, 'hashing is by Maglev, with 65,537 places');
}

function readEndpoints(fields: Fields): WeightedEndpoint[] {
  // Envoy's first API version had `hosts`; files with it are still about.
  if (fields.has('hosts') && !fields.has('load_assignment'))
    return fields.list('hosts').map((host) => {
      const socket = host.required('socket_address', host.object('socket_address'));
      socket?.skip('protocol');
      return {
        host: socket?.required('address', socket.string('address')) ?? '',
        port: socket?.required('port_value', socket.number('port_value')) ?? 0,
      };
    });
  const assignment = fields.required('load_assignment', fields.object('load_assignment'));
  assignment?.skip('cluster_name');
  const localities = assignment?.list('endpoints') ?? [];
  return localities.flatMap((locality) => {
    locality.ignore('locality', 'endpoints are chosen without regard to where they are');
    if ((locality.number('priority') ?? 0) !== 0) locality.refuse('priority', 'all endpoints have the same priority');
    if (localities.length === 1) locality.ignore('load_balancing_weight', 'there is one locality');
    return locality.list('lb_endpoints').map((host) => {
      host.choice('health_status', { UNKNOWN: 0, HEALTHY: 0 });
      host.ignore('metadata', 'nothing reads it');
      const endpoint = host.required('endpoint', host.object('endpoint'));
      endpoint?.skip('hostname');
      const weight = host.number('load_balancing_weight');
      const address = endpoint ? readAddress(endpoint) : { host: '', port: 0 };
      return { host: address.host, port: address.port, ...(weight !== undefined && { weight }) };
    });
  });
}

const OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** What Envoy may tune of HTTP/2, and the codec here does by itself. */
const TUNING = ['max_concurrent_streams', 'initial_stream_window_size', 'initial_connection_window_size'];

/** HTTP/1.1 unless the file asks for HTTP/2 alone, or for what ALPN agrees on. `idle`: how long an idle connection is kept, in milliseconds. */
function readProtocol(fields: Fields): { readonly protocol?: 'http2' | 'auto'; readonly idle: number | undefined } {
  fields.object('http_protocol_options');
  const options = fields.object('typed_extension_protocol_options')?.object(OPTIONS);
  options?.skip('@type');
  const downstream = options?.object('use_downstream_protocol_config');
  const explicit = options?.object('explicit_http_config');
  const auto = options?.object('auto_config');
  for (const holder of [explicit, downstream, auto]) holder?.object('http_protocol_options');
  const http2 = [fields, explicit].map((holder) => holder?.object('http2_protocol_options')).find(Boolean);
  const tuned = [http2, auto?.object('http2_protocol_options')];
  for (const key of TUNING)
    for (const holder of tuned) holder?.ignore(key, 'windows and numbers of streams are our own');
  downstream?.ignore(
    'http2_protocol_options',
    'what origins speak does not depend on what clients do; explicit_http_config says it',
  );
  const common = [fields.object('common_http_protocol_options'), options?.object('common_http_protocol_options')];
  const idle = common.map((of) => of?.duration('idle_timeout')).find((found) => found !== undefined);
  return { ...(auto ? { protocol: 'auto' } : http2 && { protocol: 'http2' }), idle };
}
