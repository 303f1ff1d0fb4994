/** TCP, byte for byte: the least a hop can be. */
import { offeredBy } from '../config/offers.ts';
import type { ProxyDefinition } from '../contract.ts';
import { startLoops } from '../workers/workers.ts';
import { startL4 } from './l4-proxy.ts';
import { L4_TCP } from './offers.ts';
import { compileRouting, type L4Mode } from './routing.ts';

const MODE: L4Mode = { name: 'l4-tcp', offers: L4_TCP, sni: false };

export const definition: ProxyDefinition = {
  name: MODE.name,
  family: 'hopcost',
  layer: 'l4',
  isReference: true,
  isHosted: true,
  summary: 'TCP relay on raw sockets: one endpoint per connection, half-close and RST passed on, bounded buffering',
  capabilities: offeredBy(L4_TCP),
  availability: () => Promise.resolve({ state: 'ready', version: process.version }),
  async start(intent, signal) {
    compileRouting(intent, MODE);
    return startLoops(MODE.name, intent, (own) => startL4(MODE, own, signal), signal);
  },
};
