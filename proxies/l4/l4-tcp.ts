/** TCP, byte for byte: the least a hop can be. */
import type { ProxyDefinition } from '../contract.ts';
import { startLoops } from '../workers/workers.ts';
import { startL4 } from './l4-proxy.ts';
import type { L4Mode } from './routing.ts';

const mode: L4Mode = { name: 'l4-tcp', sni: false, transport: 'tcp' };

export const definition: ProxyDefinition = {
  name: mode.name,
  family: 'hopcost',
  layer: 'l4',
  isReference: true,
  isHosted: true,
  summary: 'TCP relay on raw sockets: one endpoint per connection, half-close and RST passed on, bounded buffering',
  capabilities: new Set([
    'balancing',
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
