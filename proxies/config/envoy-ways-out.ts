/** What to do about parts of an Envoy configuration that nothing here does. */

const NO_HTTP3 =
  'origins and clients are spoken to by HTTP/1.1 or HTTP/2: leave it out where they speak it, or run this file with Envoy itself';

const WAYS_OUT: Readonly<Record<string, string>> = {
  retry_policy: 'leave out what it does not know: connect-failure, reset, gateway-error and 5xx are known',
  grpc_health_check: 'check by HTTP',
  custom_health_check: 'check by HTTP',
  cors: 'leave it out and let the origin answer preflight requests',
  allow_origin_string_match: 'leave it out and let the origin answer preflight requests',
  typed_per_filter_config: 'leave it out: no filter has settings of a route',
  HTTP3: NO_HTTP3,
  http3_protocol_options: NO_HTTP3,
  quic_options: NO_HTTP3,
  tracing: 'leave it out: there is no tracing',
  local_reply_config: 'leave it out: what the proxy itself answers is a status and its phrase in plain text',
  request_mirror_policies: 'leave it out: nothing is mirrored',
  rate_limits: 'leave it out: nothing is limited by rate',
  rds: 'write the routes into route_config',
  dynamic_resources: 'write listeners and clusters into static_resources',
  secrets: 'name certificate files in tls_certificates',
  tls_certificate_sds_secret_configs: 'name certificate files in tls_certificates',
  validation_context_sds_secret_config: 'name the file of authorities in validation_context',
  combined_validation_context: 'name the file of authorities in validation_context',
  tls_context: 'write transport_socket with a typed_config',
  pipe: 'name an address and a port: nothing listens or connects on Unix sockets',
  hosts: 'write load_assignment',
  layered_runtime: 'leave it out: nothing is decided by runtime keys',
  overload_manager: 'leave it out and say --limit connections=N',
  cipher_suites: 'leave it out: forward secret suites of TLS 1.2 and 1.3 are offered in a fixed order',
  ecdh_curves: 'leave it out: X25519 and P-256 are offered',
  strip_any_host_port: 'leave it out: ports of Host are not compared, and the origin gets Host as it came',
  strip_matching_host_port: 'leave it out: ports of Host are not compared, and the origin gets Host as it came',
  query_parameters: 'leave it out: routes look at host, path, method and fields',
  grpc: 'leave it out: routes look at host, path, method and fields',
  original_dst: 'name the endpoints: nothing is redirected to us by the kernel',
  ORIGINAL_DST: 'name the endpoints: nothing is redirected to us by the kernel',
  'envoy.filters.http.lua': 'leave it out, or run this file with Envoy itself: no code runs within a request',
  weighted_clusters: 'name one cluster with weighted endpoints',
  CONNECT: 'use l7-forward',
};

/** For a field, an extension or a value by its name. */
export const wayOut = (name: string): string => WAYS_OUT[name] ?? 'leave it out, or run this file with Envoy itself';
