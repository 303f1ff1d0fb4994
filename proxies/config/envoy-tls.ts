/** Envoy's transport sockets: TLS on either side, and PROXY protocol towards the origin. */
import { readNamedFile } from './envoy-file.ts';
import type { Fields } from './fields.ts';
import type { Certificate, Cluster, DownstreamTls, UpstreamTls } from './intent.ts';

/** `TLS_AUTO` names none. */
const versions = { TLS_AUTO: undefined, TLSv1_2: 'TLSv1.2', TLSv1_3: 'TLSv1.3' } as const;
const PREFIX = 'type.googleapis.com/envoy';

const DOWNSTREAM_TYPES = {
  [`${PREFIX}.extensions.transport_sockets.tls.v3.DownstreamTlsContext`]: 'downstream',
  [`${PREFIX}.api.v2.auth.DownstreamTlsContext`]: 'downstream',
} as const;

const UPSTREAM_TYPES = {
  [`${PREFIX}.extensions.transport_sockets.tls.v3.UpstreamTlsContext`]: 'tls',
  [`${PREFIX}.api.v2.auth.UpstreamTlsContext`]: 'tls',
  [`${PREFIX}.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport`]: 'proxy-protocol',
} as const;

export function readDownstreamTls(socket: Fields): DownstreamTls | undefined {
  socket.skip('name');
  const config = socket.required('typed_config', socket.object('typed_config'));
  if (!config) return undefined;
  config.required('@type', config.choice('@type', DOWNSTREAM_TYPES));
  const isRequired = config.boolean('require_client_certificate') ?? false;
  const noTickets = config.boolean('disable_stateless_session_resumption') ?? false;
  const common = config.required('common_tls_context', config.object('common_tls_context'));
  if (!common) return undefined;
  const validation = common.object('validation_context');
  const clientCa = validation && readSource(validation, 'trusted_ca');
  if (isRequired !== (clientCa !== undefined))
    config.refuse('require_client_certificate', 'goes together with common_tls_context.validation_context.trusted_ca');
  const params = common.object('tls_params');
  const minVersion = params?.choice('tls_minimum_protocol_version', versions);
  const maxVersion = params?.choice('tls_maximum_protocol_version', versions);
  const alpn = readAlpn(common);
  config.ignore('disable_stateful_session_resumption', 'sessions are kept in tickets alone');
  return {
    certificates: readCertificates(common),
    ...(alpn && { alpn }),
    ...(minVersion && { minVersion }),
    ...(maxVersion && { maxVersion }),
    ...(noTickets && { resumption: false }),
    ...(clientCa !== undefined && { clientCa }),
  };
}

/**
 * Where Envoy verifies nothing unless `validation_context` says so, we always verify: by the system's authorities where it names
 * none, and not only where it says `trust_chain_verification: ACCEPT_UNTRUSTED`.
 */
export function readUpstreamTransport(socket: Fields): Pick<Cluster, 'tls' | 'proxyProtocol'> {
  socket.skip('name');
  const config = socket.required('typed_config', socket.object('typed_config'));
  if (!config) return {};
  const kind = config.required('@type', config.choice('@type', UPSTREAM_TYPES));
  if (kind === 'tls') return { tls: readUpstreamTls(config) };
  if (kind === 'proxy-protocol') return readProxyProtocol(config);
  return {};
}

const SPOKEN = ['http/1.1', 'http/1.0'];

/** What of ALPN can be agreed upon. */
function readAlpn(common: Fields): string[] | undefined {
  const offered = common.strings('alpn_protocols');
  const spoken = offered?.filter((protocol) => SPOKEN.includes(protocol));
  if (offered && spoken!.length === 0) common.refuse('alpn_protocols', 'http/1.1 must be among them');
  else if (offered && spoken!.length < offered.length)
    common.ignore('alpn_protocols', 'http/1.1 is all that is spoken; clients that offer it get it');
  return spoken;
}

const NOT_VERIFIED =
  "without validation_context origins are verified by the system's authorities; trust_chain_verification: ACCEPT_UNTRUSTED there turns it off";

/** Names that a certificate must be for, each exact. */
function readNames(validation: Fields): (string | undefined)[] {
  const typed = validation.list('match_typed_subject_alt_names').map((entry) => {
    entry.choice('san_type', { DNS: 0 });
    return entry.required('matcher', entry.object('matcher'));
  });
  return [...typed, ...validation.list('match_subject_alt_names')].map((matcher) => matcher?.string('exact'));
}

function readUpstreamTls(config: Fields): UpstreamTls {
  const serverName = config.string('sni');
  config.ignore('allow_renegotiation', 'nothing is renegotiated');
  config.ignore('max_session_keys', 'sessions are not resumed');
  const common = config.object('common_tls_context');
  if (common) readAlpn(common);
  const validation = common?.object('validation_context');
  const ca = validation && readSource(validation, 'trusted_ca');
  for (const matcher of validation ? readNames(validation) : [])
    if (matcher !== serverName)
      validation!.refuse(
        'match_typed_subject_alt_names',
        `the name that is verified is sni, ${serverName ?? 'which is missing'}`,
      );
  if (!validation) config.note('', NOT_VERIFIED);
  const verify = validation?.choice('trust_chain_verification', { VERIFY_TRUST_CHAIN: true, ACCEPT_UNTRUSTED: false });
  const [certificate, ...more] = common ? readCertificates(common, false) : [];
  if (more.length > 0) common!.refuse('tls_certificates', 'one client certificate is supported');
  return {
    ...(serverName !== undefined && { serverName }),
    ...(ca !== undefined && { ca }),
    ...(verify !== undefined && { verify }),
    ...(certificate && { certificate }),
  };
}

function readProxyProtocol(config: Fields): Pick<Cluster, 'proxyProtocol'> {
  const inner = config.object('transport_socket');
  inner?.choice('name', { 'envoy.transport_sockets.raw_buffer': 'raw' });
  inner?.object('typed_config')?.skip('@type');
  return { proxyProtocol: config.object('config')?.choice('version', { V1: 'v1', V2: 'v2' } as const) ?? 'v1' };
}

function readCertificates(common: Fields, required = true): Certificate[] {
  const pairs = common.list('tls_certificates');
  if (pairs.length === 0 && required) common.refuse('tls_certificates', 'at least one is required');
  return pairs.map((pair) => ({
    cert: readSource(pair, 'certificate_chain') ?? '',
    key: readSource(pair, 'private_key') ?? '',
  }));
}

/** Envoy's DataSource: a file, by a path from the working directory, or the text itself. */
function readSource(holder: Fields, key: string): string | undefined {
  const source = holder.required(key, holder.object(key));
  if (!source) return undefined;
  const inline = source.string('inline_string');
  const filename = source.string('filename');
  if (inline !== undefined && filename === undefined) return inline;
  if (filename === undefined || inline !== undefined) {
    source.refuse('', 'expected either filename or inline_string');
    return undefined;
  }
  return readNamedFile(source, filename);
}
