import type { IncomingMessage } from 'node:http';
import { defineLibrary, forwardedFields } from './node-library.ts';

/** Fastify's plugin, on undici as it comes. */
export const fastifyHttpProxy = defineLibrary({
  name: 'fastify-http-proxy',
  package: '@fastify/http-proxy',
  summary: '@fastify/http-proxy in Fastify, upstream by undici',
  upgrade: false,
  async create({ target, timeouts, limits, forwardsFor }) {
    const [{ default: fastify }, { default: plugin }] = await Promise.all([
      import('fastify'),
      import('@fastify/http-proxy'),
    ]);
    const chosen = new WeakMap<object, string>();
    const app = fastify({
      logger: false,
      bodyLimit: limits.bodyBytes,
      routerOptions: { maxParamLength: limits.targetBytes },
    });
    await app.register(plugin, {
      upstream: '',
      disableCache: true, // of targets by URL: it would grow with every new one
      undici: {
        connections: limits.upstreamPerEndpoint,
        pipelining: 1,
        keepAliveTimeout: timeouts.upstreamIdle,
        headersTimeout: timeouts.upstreamResponse,
        bodyTimeout: timeouts.upstreamResponse,
      },
      replyOptions: {
        getUpstream: (request) => chosen.get(request.raw)!,
        rewriteRequestHeaders: (request, { 'x-forwarded-host': _dropped, ...headers }) => ({
          ...headers,
          host: request.headers.host ?? '',
          ...(forwardsFor && forwardedFields(request.raw as IncomingMessage)),
        }),
      },
    });
    await app.ready();
    return {
      web(request, response) {
        chosen.set(request, target(request, response));
        app.routing(request, response);
      },
      close: () => app.close(),
    };
  },
});
