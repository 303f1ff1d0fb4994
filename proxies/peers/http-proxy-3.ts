import type { Socket } from 'node:net';
import { answerFailure, defineLibrary, UPSTREAM_KEPT } from './node-library.ts';

/** The maintained rewrite of http-proxy. */
export const httpProxy3 = defineLibrary({
  name: 'http-proxy-3',
  package: 'http-proxy-3',
  summary: 'http-proxy-3 on node:http with a keep-alive agent',
  upgrade: true,
  async create({ agent, target, timeouts, forwardsFor }) {
    const { createProxyServer } = await import('http-proxy-3');
    const proxy = createProxyServer({ agent, xfwd: forwardsFor, proxyTimeout: timeouts.upstreamResponse });
    return {
      web: (request, response) =>
        proxy.web(request, response, { target: target(request, response), headers: UPSTREAM_KEPT }, (error) =>
          answerFailure(error, response),
        ),
      upgrade: (request, socket, head) =>
        proxy.ws(request, socket as Socket, head, { target: target(request, socket) }, (error) =>
          answerFailure(error, socket),
        ),
    };
  },
});
