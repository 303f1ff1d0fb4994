/** `l7-forward`: the proxy on the client's side. Absolute-form requests and CONNECT, to where its rules allow. */
import { offeredBy } from '../config/offers.ts';
import type { ProxyDefinition } from '../contract.ts';
import { startLoops } from '../workers/workers.ts';
import { ForwardRouter } from './forward-router.ts';
import { checkOffered, L7_FORWARD } from './offered.ts';
import { startServer } from './server.ts';
import type { Service } from './service.ts';

const OFFERED = { name: 'l7-forward', offers: L7_FORWARD, termination: false, reencrypts: false };

export const definition: ProxyDefinition = {
  name: OFFERED.name,
  family: 'hopcost',
  layer: 'l7',
  isHosted: true,
  summary: 'forward proxy: absolute-form requests and CONNECT, with allow and block lists',
  capabilities: offeredBy(L7_FORWARD),
  availability: async () => ({ state: 'ready', version: process.version }),
  async start(intent, signal) {
    checkOffered(intent, OFFERED);
    const router = (service: Service) => new ForwardRouter(service);
    return startLoops(OFFERED.name, intent, (own) => startServer(own, { offered: OFFERED, router }, signal), signal);
  },
};
