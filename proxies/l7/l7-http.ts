/** `l7-http`: HTTP/1.1 in, HTTP/1.1 out. */
import { offeredBy } from '../config/offers.ts';
import type { ProxyDefinition } from '../contract.ts';
import { startLoops } from '../workers/workers.ts';
import { checkOffered, L7_HTTP } from './offered.ts';
import { startServer } from './server.ts';

const OFFERED = { name: 'l7-http', offers: L7_HTTP, termination: false, reencrypts: false };

export const definition: ProxyDefinition = {
  name: OFFERED.name,
  family: 'hopcost',
  layer: 'l7',
  isReference: true,
  isHosted: true,
  summary: 'HTTP/1.1 parsed and reissued on raw sockets, with pooled keep-alive upstreams',
  capabilities: offeredBy(L7_HTTP),
  availability: async () => ({ state: 'ready', version: process.version }),
  async start(intent, signal) {
    checkOffered(intent, OFFERED);
    return startLoops(OFFERED.name, intent, (own) => startServer(own, { offered: OFFERED }, signal), signal);
  },
};
