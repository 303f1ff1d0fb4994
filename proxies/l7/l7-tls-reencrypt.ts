/** `l7-tls-reencrypt`: HTTPS in, HTTPS out. Origins are verified unless their cluster says otherwise. */
import type { Cluster, ProxyIntent } from '../config/intent.ts';
import type { Capability, ProxyDefinition } from '../contract.ts';
import { connectTls } from '../net/tls.ts';
import { startLoops } from '../workers/workers.ts';
import { commonCapabilities } from './l7-http.ts';
import { terminateTls } from './l7-tls.ts';
import { startServer } from './server.ts';
import type { Dial } from './service.ts';

const offered = { name: 'l7-tls-reencrypt', termination: true, origination: true, forward: false };

export const definition: ProxyDefinition = {
  name: offered.name,
  layer: 'l7',
  summary: 'as l7-tls, with TLS to the origin as well, verified by default',
  capabilities: new Set<Capability>([...commonCapabilities, 'tls-termination', 'tls-origination', 'mtls']),
  availability: async () => ({ state: 'ready', version: `${process.version}, OpenSSL ${process.versions.openssl}` }),
  start: async (intent, signal) => {
    const dialTls = ({ tls = {} }: Cluster): Dial => {
      return (endpoint, handler, timeout) => connectTls(endpoint, handler, tls, timeout);
    };
    const start = async (own: ProxyIntent) =>
      startServer(own, { offered, ...terminateTls(own, offered), dialTls }, signal);
    return startLoops(offered.name, intent, start, signal);
  },
};
