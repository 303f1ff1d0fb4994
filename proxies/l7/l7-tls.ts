/** `l7-tls`: HTTPS in, HTTP out. */
import { IntentError } from '../config/intent-error.ts';
import type { DownstreamTls, ProxyIntent } from '../config/intent.ts';
import type { Capability, ProxyDefinition } from '../contract.ts';
import { startLoops } from '../workers/workers.ts';
import { Certificates, listenTls } from '../net/tls.ts';
import { timeoutsOf } from '../config/defaults.ts';
import { commonCapabilities } from './l7-http.ts';
import { type ServerOptions, startServer } from './server.ts';

function tlsOf(intent: ProxyIntent): DownstreamTls {
  const { tls } = intent.listener;
  if (tls !== undefined) return tls;
  throw new IntentError([{ path: 'listener.tls', message: 'a certificate and its key are needed to terminate TLS' }]);
}

/** The listening half: certificates chosen by SNI, swapped by a reload. */
export function terminateTls(intent: ProxyIntent): Pick<ServerOptions, 'listen' | 'secure' | 'onReload'> {
  const certificates = new Certificates(tlsOf(intent));
  return {
    secure: true,
    listen: (address, onWire, options) =>
      listenTls(address, onWire, {
        ...options,
        certificates,
        handshakeTimeout: timeoutsOf(intent).tlsHandshake,
      }),
    onReload: (next) => certificates.replace(tlsOf(next)),
  };
}

export const definition: ProxyDefinition = {
  name: 'l7-tls',
  layer: 'l7',
  summary: 'TLS terminated (SNI, ALPN, resumption), then as l7-http',
  capabilities: new Set<Capability>([...commonCapabilities, 'tls-termination', 'mtls']),
  availability: async () => ({ state: 'ready', version: `${process.version}, OpenSSL ${process.versions.openssl}` }),
  start: async (intent, signal) =>
    startLoops('l7-tls', intent, (own) => startServer(own, terminateTls(own), signal), signal),
};
