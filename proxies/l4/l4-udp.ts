/** UDP by sessions: what a client sends goes to one endpoint, what that endpoint answers goes back to that client. */
import { offeredBy } from '../config/offers.ts';
import type { ProxyDefinition } from '../contract.ts';
import { startLoops } from '../workers/workers.ts';
import { L4_UDP } from './offers.ts';
import { compileRouting, type L4Mode } from './routing.ts';
import { startUdp } from './udp-proxy.ts';

const MODE: L4Mode = { name: 'l4-udp', offers: L4_UDP, sni: false };

export const definition: ProxyDefinition = {
  name: MODE.name,
  family: 'hopcost',
  layer: 'l4',
  isHosted: true,
  summary: 'UDP relay: a session per client address and port, idle expiry, a cap on sessions',
  capabilities: offeredBy(L4_UDP),
  availability: () => Promise.resolve({ state: 'ready', version: process.version }),
  async start(intent, signal) {
    compileRouting(intent, MODE);
    return startLoops(MODE.name, intent, (own) => startUdp(MODE, own, signal), signal);
  },
};
