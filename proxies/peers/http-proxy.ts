import { answerFailure, defineLibrary, UPSTREAM_KEPT } from './node-library.ts';

/** The old standard, in thousands of development servers. */
export const httpProxy = defineLibrary({
  name: 'http-proxy',
  package: 'http-proxy',
  summary: 'http-proxy on node:http with a keep-alive agent',
  upgrade: true,
  async create({ agent, target, timeouts, forwardsFor }) {
    const { default: library } = await import('http-proxy');
    const proxy = library.createProxyServer({ agent, xfwd: forwardsFor, proxyTimeout: timeouts.upstreamResponse });
    return {
      web: (request, response) =>
        proxy.web(request, response, { target: target(request, response), headers: UPSTREAM_KEPT }, (error) =>
          answerFailure(error, response),
        ),
      upgrade: (request, socket, head) =>
        proxy.ws(request, socket, head, { target: target(request, socket) }, (error) => answerFailure(error, socket)),
    };
  },
});
