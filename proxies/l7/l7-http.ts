/** `l7-http`: HTTP/1.1 in, HTTP/1.1 out. */
import type { Capability, ProxyDefinition } from '../contract.ts';
import { startLoops } from '../workers/workers.ts';
import { startServer } from './server.ts';

/** What every L7 reference offers. */
export const commonCapabilities = [
  'routing',
  'weighted-clusters',
  'balancing',
  'tls-origination',
  'proxy-protocol-in',
  'upgrade',
  'workers',
  'stats',
  'access-log',
  'drain',
] as const satisfies readonly Capability[];

const offered = { name: 'l7-http', termination: false, reencrypts: false, forward: false };

export const definition: ProxyDefinition = {
  name: offered.name,
  family: 'hopcost',
  layer: 'l7',
  isReference: true,
  isHosted: true,
  summary: 'HTTP/1.1 parsed and reissued on raw sockets, with pooled keep-alive upstreams',
  capabilities: new Set<Capability>(commonCapabilities),
  availability: async () => ({ state: 'ready', version: process.version }),
  start: async (intent, signal) =>
    startLoops(offered.name, intent, (own) => startServer(own, { offered }, signal), signal),
};
