/** `l7-tls-reencrypt`: HTTPS in, HTTPS out. Origins are verified unless their cluster says otherwise. */
import { offeredBy } from '../config/offers.ts';
import type { ProxyDefinition } from '../contract.ts';
import { startLoops } from '../workers/workers.ts';
import { terminateTls } from './l7-tls.ts';
import { checkOffered, L7_TLS } from './offered.ts';
import { startServer } from './server.ts';

const OFFERED = { name: 'l7-tls-reencrypt', offers: L7_TLS, termination: true, reencrypts: true };

export const definition: ProxyDefinition = {
  name: OFFERED.name,
  family: 'hopcost',
  layer: 'l7',
  reencrypts: true,
  isHosted: true,
  summary: 'as l7-tls, with TLS to the origin as well, verified by default',
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
