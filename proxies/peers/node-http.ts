/**
 * The textbook Node proxy: `node:http` on both sides with a keep-alive agent, `node:http2` where the intent says HTTP/2. The yardstick of
 * what one gets without thinking about cost; deliberately not optimised, but right about the fields a proxy must not pass on.
 */
import { once } from 'node:events';
import http from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { pipeline, type Writable } from 'node:stream';
import { createBalancer } from '../cluster/balancer.ts';
import { describeIntent } from '../config/describe.ts';
import { limitsOf, timeoutsOf } from '../config/defaults.ts';
import {
  FILTER_FEATURES,
  POLICY_FEATURES,
  RESILIENCE_FEATURES,
  ROUTE_FEATURES,
  TLS_FEATURES,
} from '../config/features.ts';
import { IntentError } from '../config/intent-error.ts';
import type { Limits, ProxyIntent } from '../config/intent.ts';
import { keptOwn, notOffered, offered, offeredBy, place, refusals, refused, type Offers } from '../config/offers.ts';
import type { ProxyDefinition, RunningProxy } from '../contract.ts';
import { type Fields, http2Upstream, serveBoth, serveOne, type Upstream } from './node-http2.ts';

const name = 'node-http';

const OFFERS: Offers = place(
  offered('plain forwarding', 'HTTP forwarding', 'balancing', 'endpoint weights', ...POLICY_FEATURES),
  offered('HTTP/2 downstream', 'HTTP/2 upstream', 'shared port', 'drain'),
  offered('limits.headBytes', 'limits.connections', 'limits.upstreamIdlePerEndpoint', 'limits.upstreamPerEndpoint'),
  offered('timeouts.requestHead', 'timeouts.requestBody', 'timeouts.downstreamIdle'),
  offered('timeouts.upstreamResponse', 'timeouts.drain'),
  refused('has no such thing; l7-http does', ...ROUTE_FEATURES, ...FILTER_FEATURES, 'upgrade'),
  refused('has no such thing; l7-http does', 'stats', 'access-log', 'faults'),
  refused('has no such thing; l7-http does', 'connect timeout per cluster'),
  refused('has no such thing; l4-tcp does', 'source rules', 'port rules'),
  refused('has no such thing; l4-sni does', 'sni-routing'),
  refused('has no such thing; l7-forward does', 'connect'),
  refused('neither writes nor removes such fields', 'X-Forwarded-*', 'no X-Forwarded-*', 'Forwarded', 'Via'),
  refused('believes nobody', 'trusted peers'),
  refused('has no such thing; l7-http does', ...RESILIENCE_FEATURES),
  refused('does not look into paths', 'escaped slashes refused'),
  refused('is one event loop', 'workers'),
  refused('does not terminate TLS', ...TLS_FEATURES, 'timeouts.tlsHandshake'),
  refused('does not speak TLS to origins', 'tls-origination', 'client certificate upstream', 'HTTP/2 upstream by ALPN'),
  refused('does not read it', 'proxy-protocol-in'),
  refused('does not send it', 'proxy-protocol-out', 'PROXY protocol v2 upstream'),
  refused('speaks TCP', 'udp', 'limits.udpSessions', 'timeouts.udpSession'),
  notOffered('limits.targetBytes', 'limits.headerCount', 'limits.bodyBytes', 'limits.chunkExtensionBytes'),
  notOffered('limits.trailerBytes', 'limits.pipelined', 'limits.requestsPerConnection'),
  notOffered('timeouts.connect', 'timeouts.request', 'timeouts.upstreamIdle', 'timeouts.tunnelIdle'),
  notOffered('timeouts.halfClosed', 'timeouts.clientHello', 'timeouts.linger', 'timeouts.connectionAge'),
);

/** RFC 9110 §7.6.1; `Connection` names more. `Transfer-Encoding` is node:http's own to set again. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** Neither of one connection alone nor a pseudo-header field. */
function endToEnd(fields: Fields): Record<string, string | string[]> {
  const nominated = String(fields['connection'] ?? '')
    .split(',')
    .map((token) => token.trim().toLowerCase());
  const dropped = new Set([...hopByHop, ...nominated]);
  const kept = Object.entries(fields).filter(
    (field): field is [string, string | string[]] =>
      field[1] !== undefined && !field[0].startsWith(':') && !dropped.has(field[0]),
  );
  return Object.fromEntries(kept);
}

function http1Upstream({ upstreamPerEndpoint, upstreamIdlePerEndpoint }: Limits): Upstream {
  const agent = new http.Agent({
    keepAlive: true,
    maxSockets: upstreamPerEndpoint,
    maxFreeSockets: upstreamIdlePerEndpoint,
  });
  return {
    open({ host, port }, { method, path, authority, fields }, answered) {
      const request = http.request({ agent, host, port, method, path, headers: { ...fields, host: authority } });
      request.once('response', (answer) =>
        answered({ status: answer.statusCode!, fields: answer.headers, body: answer, trailers: () => ({}) }),
      );
      return request;
    },
    close: () => agent.destroy(),
  };
}

function clusterOf(intent: ProxyIntent) {
  const problems = refusals(name, OFFERS, intent);
  const cluster = intent.clusters.find((candidate) => candidate.name === intent.defaultCluster);
  if (!cluster) problems.push({ path: 'defaultCluster', message: `${name} needs a cluster to forward to` });
  if (!cluster || problems.length > 0) throw new IntentError(problems);
  return cluster;
}

/** By the compatibility API a request of HTTP/2 looks as one of `node:http` does. */
type Serve = (
  request: http.IncomingMessage | Http2ServerRequest,
  response: Writable & {
    readonly headersSent: boolean;
    writeHead(status: number, fields: http.OutgoingHttpHeaders): { end(): unknown };
    addTrailers(fields: http.OutgoingHttpHeaders): void;
  },
) => void;

function forwarder(intent: ProxyIntent, upstream: Upstream): Serve {
  const balancer = createBalancer(clusterOf(intent));
  const { upstreamResponse } = timeoutsOf(intent);
  return (request, response) => {
    const endpoint = balancer.pick(request.socket.remoteAddress)!;
    endpoint.active++;
    response.once('close', () => endpoint.active--);
    const { host: _, ...fields } = endToEnd(request.headers);
    const asked = {
      method: request.method!,
      path: request.url!,
      authority: String(request.headers[':authority'] ?? request.headers.host ?? ''),
      fields,
      takesTrailers: request.headers['te'] === 'trailers',
    };
    const forwarded = upstream.open(endpoint, asked, (answer) => {
      response.writeHead(answer.status, endToEnd(answer.fields));
      answer.body.once('end', () => response.addTrailers(endToEnd(answer.trailers())));
      pipeline(answer.body, response, () => {});
    });
    forwarded.setTimeout(upstreamResponse, () =>
      forwarded.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })),
    );
    forwarded.once('error', (error: NodeJS.ErrnoException) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(error.code === 'ETIMEDOUT' ? 504 : 502, { 'content-length': 0 }).end();
    });
    response.once('close', () => forwarded.destroy());
    pipeline(request, forwarded, () => {});
  };
}

async function start(intent: ProxyIntent, signal: AbortSignal): Promise<RunningProxy> {
  signal.throwIfAborted();
  const limits = limitsOf(intent);
  const timeouts = timeoutsOf(intent);
  const upstream = clusterOf(intent).protocol === 'http2' ? http2Upstream() : http1Upstream(limits);
  const serve = forwarder(intent, upstream);
  const http1 = http.createServer(
    {
      keepAliveTimeout: timeouts.downstreamIdle,
      headersTimeout: timeouts.requestHead,
      requestTimeout: timeouts.requestHead + timeouts.requestBody,
      maxHeaderSize: limits.headBytes,
      noDelay: true,
    },
    serve,
  );
  const listening = intent.listener.http2 === true ? serveBoth(http1, serve) : serveOne(http1);
  const { server } = listening;
  server.maxConnections = limits.connections;
  const { host, port } = intent.listener.address;
  server.listen({ host, port, backlog: 4096, reusePort: intent.listener.reusePort === true });
  await once(server, 'listening', { signal });
  const { address, port: bound } = server.address() as AddressInfo;
  const closed = once(server, 'close');
  return {
    address: { host: address, port: bound },
    pids: [process.pid],
    nativeConfig: describeIntent(intent),
    async drain() {
      server.close();
      listening.closeIdle();
      const deadline = setTimeout(() => listening.closeAll(), timeouts.drain);
      await closed;
      clearTimeout(deadline);
      upstream.close();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      listening.closeAll();
      upstream.close();
      await closed;
    },
  };
}

export const definition: ProxyDefinition = {
  name,
  family: name,
  layer: 'l7',
  isHosted: true,
  summary: 'the textbook node:http proxy with a keep-alive agent, node:http2 for HTTP/2: the naive yardstick',
  capabilities: offeredBy(OFFERS),
  keepsOwn: keptOwn('l7', OFFERS),
  availability: () => Promise.resolve({ state: 'ready', version: process.version }),
  start,
};
