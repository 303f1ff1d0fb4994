import type { IncomingHttpHeaders } from 'node:http';
import { defineLibrary, forwardedFields, UPSTREAM_KEPT } from './node-library.ts';

/** The proxy of fast-gateway, on `node:http` agents of its own. */
export const fastProxy = defineLibrary({
  name: 'fast-proxy',
  package: 'fast-proxy',
  summary: 'fast-proxy with its own keep-alive agents',
  upgrade: false,
  async create({ target, targets, timeouts, limits, forwardsFor }) {
    const { default: library } = await import('fast-proxy');
    const proxy = library({ base: targets[0]!, maxSockets: limits.upstreamPerEndpoint });
    return {
      close: () => proxy.close(),
      web: (request, response) =>
        proxy.proxy(request, response, request.url ?? '/', {
          base: target(request, response),
          request: { timeout: timeouts.upstreamResponse },
          // It writes the origin's host and the client's as X-Forwarded-Host.
          rewriteRequestHeaders: (_request, { 'x-forwarded-host': _dropped, ...headers }): IncomingHttpHeaders => ({
            ...headers,
            ...UPSTREAM_KEPT,
            host: request.headers.host ?? '',
            ...(forwardsFor && forwardedFields(request)),
          }),
        }),
    };
  },
});
