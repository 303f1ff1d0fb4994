/** `l7-tls`: HTTPS in, HTTP out. */
import { IntentError, type IntentProblem } from '../config/intent-error.ts';
import type { ProxyIntent } from '../config/intent.ts';
import { offeredBy } from '../config/offers.ts';
import type { ProxyDefinition } from '../contract.ts';
import { startLoops } from '../workers/workers.ts';
import { Certificates, listenTls } from '../net/tls.ts';
import { timeoutsOf } from '../config/defaults.ts';
import { checkOffered, L7_TLS } from './offered.ts';
import { type ServerOptions, startServer } from './server.ts';

/** The listening half of an intent that has TLS: certificates chosen by SNI, swapped by a reload. */
export function terminateTls(intent: ProxyIntent): Pick<ServerOptions, 'listen' | 'onReload'> {
  const certificates = new Certificates(intent.listener.tls!);
  const { tlsHandshake, requestHead } = timeoutsOf(intent);
  return {
    listen: (address, onWire, options) =>
      listenTls(address, onWire, {
        ...options,
        certificates,
        handshakeTimeout: tlsHandshake,
        http2: intent.listener.http2 === true,
        ...(intent.listener.proxyProtocol === true && { proxyHeaderTimeout: requestHead }),
      }),
    onReload(next) {
      checkFixed(next, intent);
      certificates.replace(next.listener.tls!);
    },
  };
}

/** What the listener took at its start, where a reload would have no effect. Certificates, authorities and versions do change. */
const fixed: Readonly<Record<string, (intent: ProxyIntent) => unknown>> = {
  'listener.tls.alpn': ({ listener }) => listener.tls?.alpn ?? ['http/1.1'],
  'listener.tls.clientCa': ({ listener }) => listener.tls?.clientCa !== undefined,
  'listener.http2': ({ listener }) => listener.http2 === true,
  'listener.proxyProtocol': ({ listener }) => listener.proxyProtocol === true,
  'timeouts.tlsHandshake': (intent) => timeoutsOf(intent).tlsHandshake,
};

function checkFixed(next: ProxyIntent, running: ProxyIntent): void {
  const changed = Object.keys(fixed).filter(
    (path) => JSON.stringify(fixed[path]?.(next)) !== JSON.stringify(fixed[path]?.(running)),
  );
  const problems = changed.map((path): IntentProblem => {
    const what = path.endsWith('clientCa') ? 'whether client certificates are required cannot' : 'cannot';
    return { path, message: `${what} change while the proxy runs; start another` };
  });
  if (problems.length > 0) throw new IntentError(problems);
}

const OFFERED = { name: 'l7-tls', offers: L7_TLS, termination: true, reencrypts: false };

export const definition: ProxyDefinition = {
  name: OFFERED.name,
  family: 'hopcost',
  layer: 'l7',
  isReference: true,
  isHosted: true,
  summary: 'TLS terminated (SNI, ALPN, resumption), then as l7-http',
  capabilities: offeredBy(L7_TLS),
  availability: async () => ({ state: 'ready', version: `${process.version}, OpenSSL ${process.versions.openssl}` }),
  async start(intent, signal) {
    checkOffered(intent, OFFERED);
    return startLoops(
      OFFERED.name,
      intent,
      async (own) => startServer(own, { offered: OFFERED, ...terminateTls(own) }, signal),
      signal,
    );
  },
};
