import type { Socket } from 'node:net';
import { answerFailure, defineLibrary, UPSTREAM_KEPT } from './node-library.ts';

/** The unjs rewrite of http-proxy: its passes are plain functions. */
export const httpxy = defineLibrary({
  name: 'httpxy',
  package: 'httpxy',
  summary: 'httpxy on node:http with a keep-alive agent',
  upgrade: true,
  async create({ agent, target, timeouts, forwardsFor }) {
    const { createProxyServer } = await import('httpxy');
    const proxy = createProxyServer({ agent, xfwd: forwardsFor, proxyTimeout: timeouts.upstreamResponse });
    // Its promises settle as the event says; one report is enough.
    proxy.on('error', (error, _request, response) => response && answerFailure(error, response));
    return {
      web: (request, response) =>
        void proxy
          .web(request, response, { target: target(request, response), headers: UPSTREAM_KEPT })
          .catch(() => {}),
      upgrade: (request, socket, head) =>
        void proxy.ws(request, socket as Socket, { target: target(request, socket) }, head).catch(() => {}),
    };
  },
});
