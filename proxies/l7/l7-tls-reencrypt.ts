/** `l7-tls-reencrypt`: HTTPS in, HTTPS out. Origins are verified unless their cluster says otherwise. */
import type { Capability, ProxyDefinition } from '../contract.ts';
import { startLoops } from '../workers/workers.ts';
import { commonCapabilities } from './l7-http.ts';
import { terminateTls } from './l7-tls.ts';
import { startServer } from './server.ts';

const offered = { name: 'l7-tls-reencrypt', termination: true, reencrypts: true, forward: false };

export const definition: ProxyDefinition = {
  name: offered.name,
  family: 'hopcost',
  layer: 'l7',
  reencrypts: true,
  isHosted: true,
  summary: 'as l7-tls, with TLS to the origin as well, verified by default',
  capabilities: new Set<Capability>([...commonCapabilities, 'tls-termination', 'mtls']),
  availability: async () => ({ state: 'ready', version: `${process.version}, OpenSSL ${process.versions.openssl}` }),
  start: async (intent, signal) =>
    startLoops(
      offered.name,
      intent,
      async (own) => startServer(own, { offered, ...terminateTls(own, offered) }, signal),
      signal,
    ),
};
