/** UDP by sessions: what a client sends goes to one endpoint, what that endpoint answers goes back to that client. */
import type { ProxyDefinition } from '../contract.ts';
import { startLoops } from '../workers/workers.ts';
import type { L4Mode } from './routing.ts';
import { startUdp } from './udp-proxy.ts';

const MODE: L4Mode = { name: 'l4-udp', sni: false, transport: 'udp' };

export const definition: ProxyDefinition = {
  name: MODE.name,
  layer: 'l4',
  summary: 'UDP relay: a session per client address and port, idle expiry, a cap on sessions',
  capabilities: new Set(['udp', 'balancing', 'workers', 'stats', 'access-log', 'drain']),
  availability: () => Promise.resolve({ state: 'ready', version: process.version }),
  start: (intent, signal) => startLoops(MODE.name, intent, (own) => startUdp(MODE, own, signal), signal),
};
