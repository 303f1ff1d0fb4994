/** `l7-forward`: the proxy on the client's side. Absolute-form requests and CONNECT, to where its rules allow. */
import type { Capability, ProxyDefinition } from '../contract.ts';
import { startLoops } from '../workers/workers.ts';
import { ForwardRouter } from './forward-router.ts';
import { startServer } from './server.ts';

const offered = { name: 'l7-forward', termination: false, reencrypts: false, forward: true };

export const definition: ProxyDefinition = {
  name: offered.name,
  family: 'hopcost',
  layer: 'l7',
  isHosted: true,
  summary: 'forward proxy: absolute-form requests and CONNECT, with allow and block lists',
  capabilities: new Set<Capability>([
    'connect',
    'upgrade',
    'proxy-protocol-in',
    'workers',
    'stats',
    'access-log',
    'drain',
  ]),
  availability: async () => ({ state: 'ready', version: process.version }),
  async start(intent, signal) {
    const router = (...of: ConstructorParameters<typeof ForwardRouter>) => new ForwardRouter(...of);
    return startLoops(offered.name, intent, (own) => startServer(own, { offered, router }, signal), signal);
  },
};
