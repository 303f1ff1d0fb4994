/** TLS passed through untouched, routed by what the ClientHello asks for. */
import { offeredBy } from '../config/offers.ts';
import type { ProxyDefinition } from '../contract.ts';
import { startLoops } from '../workers/workers.ts';
import { startL4 } from './l4-proxy.ts';
import { L4_SNI } from './offers.ts';
import { compileRouting, type L4Mode } from './routing.ts';

const MODE: L4Mode = { name: 'l4-sni', offers: L4_SNI, sni: true };

export const definition: ProxyDefinition = {
  name: MODE.name,
  family: 'hopcost',
  layer: 'l4',
  isHosted: true,
  summary: 'TLS passthrough routed by SNI and ALPN from the ClientHello, without terminating TLS',
  capabilities: offeredBy(L4_SNI),
  availability: () => Promise.resolve({ state: 'ready', version: process.version }),
  async start(intent, signal) {
    compileRouting(intent, MODE);
    return startLoops(MODE.name, intent, (own) => startL4(MODE, own, signal), signal);
  },
};
