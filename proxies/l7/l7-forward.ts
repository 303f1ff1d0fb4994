/** `l7-forward`: the proxy on the client's side. Absolute-form requests and CONNECT, to where its rules allow. */
import { IntentError } from '../config/intent-error.ts';
import type { Capability, ProxyDefinition } from '../contract.ts';
import { startLoops } from '../workers/workers.ts';
import { ForwardRouter } from './forward-router.ts';
import { startServer } from './server.ts';

export const definition: ProxyDefinition = {
  name: 'l7-forward',
  layer: 'l7',
  summary: 'forward proxy: absolute-form requests and CONNECT, with allow and block lists',
  capabilities: new Set<Capability>(['connect', 'upgrade', 'workers', 'stats', 'access-log', 'drain']),
  availability: async () => ({ state: 'ready', version: process.version }),
  async start(intent, signal) {
    if (intent.listener.tls !== undefined) {
      throw new IntentError([{ path: 'listener.tls', message: 'l7-forward speaks plain HTTP to its clients' }]);
    }
    const router = (...of: ConstructorParameters<typeof ForwardRouter>) => new ForwardRouter(...of);
    return startLoops('l7-forward', intent, (own) => startServer(own, { router }, signal), signal);
  },
};
