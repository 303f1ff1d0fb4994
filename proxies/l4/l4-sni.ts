/** TLS passed through untouched, routed by what the ClientHello asks for. */
import type { ProxyDefinition } from '../contract.ts';
import { startLoops } from '../workers/workers.ts';
import { startL4 } from './l4-proxy.ts';
import type { L4Mode } from './routing.ts';

const mode: L4Mode = { name: 'l4-sni', sni: true, transport: 'tcp' };

export const definition: ProxyDefinition = {
  name: mode.name,
  family: 'hopcost',
  layer: 'l4',
  isHosted: true,
  summary: 'TLS passthrough routed by SNI and ALPN from the ClientHello, without terminating TLS',
  capabilities: new Set([
    'balancing',
    'sni-routing',
    'proxy-protocol-in',
    'proxy-protocol-out',
    'workers',
    'stats',
    'access-log',
    'drain',
  ]),
  availability: () => Promise.resolve({ state: 'ready', version: process.version }),
  start: (intent, signal) => startLoops(mode.name, intent, (own) => startL4(mode, own, signal), signal),
};
