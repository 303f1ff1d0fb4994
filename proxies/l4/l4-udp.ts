/** UDP by sessions: what a client sends goes to one endpoint, what that endpoint answers goes back to that client. */
import type { ProxyDefinition } from '../contract.ts';
import { startLoops } from '../workers/workers.ts';
import type { L4Mode } from './routing.ts';
import { startUdp } from './udp-proxy.ts';

const mode: L4Mode = { name: 'l4-udp', sni: false, transport: 'udp' };

export const definition: ProxyDefinition = {
  name: mode.name,
  family: 'hopcost',
  layer: 'l4',
  isHosted: true,
  summary: 'UDP relay: a session per client address and port, idle expiry, a cap on sessions',
  capabilities: new Set(['udp', 'balancing', 'workers', 'stats', 'access-log', 'drain']),
  availability: () => Promise.resolve({ state: 'ready', version: process.version }),
  start: (intent, signal) => startLoops(mode.name, intent, (own) => startUdp(mode, own, signal), signal),
};
