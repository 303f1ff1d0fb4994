/** `l7-http`: HTTP/1.1 in, HTTP/1.1 out. */
import { IntentError } from '../config/intent-error.ts';
import type { Capability, ProxyDefinition } from '../contract.ts';
import { startLoops } from '../workers/workers.ts';
import { startServer } from './server.ts';

/** What every L7 reference offers. */
export const commonCapabilities = [
  'routing',
  'weighted-clusters',
  'balancing',
  'upgrade',
  'workers',
  'stats',
  'access-log',
  'drain',
] as const satisfies readonly Capability[];

export const definition: ProxyDefinition = {
  name: 'l7-http',
  layer: 'l7',
  summary: 'HTTP/1.1 parsed and reissued on raw sockets, with pooled keep-alive upstreams',
  capabilities: new Set<Capability>(commonCapabilities),
  availability: async () => ({ state: 'ready', version: process.version }),
  async start(intent, signal) {
    if (intent.listener.tls !== undefined) {
      throw new IntentError([{ path: 'listener.tls', message: 'l7-http speaks plain HTTP; use l7-tls' }]);
    }
    return startLoops('l7-http', intent, (own) => startServer(own, {}, signal), signal);
  },
};
