/**
 * What all proxy libraries for Node need around them: a server, an agent that keeps connections, a choice of endpoint, an end.
 * They run in the calling process, as in an application that uses them.
 */
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createBalancer } from '../cluster/balancer.ts';
import { limitsOf, timeoutsOf } from '../config/defaults.ts';
import { describeIntent } from '../config/describe.ts';
import { FILTER_FEATURES, POLICY_FEATURES, RESILIENCE_FEATURES } from '../config/features.ts';
import type { Endpoint, Limits, ProxyIntent, Timeouts } from '../config/intent.ts';
import { TLS_SUITES } from '../platform/tls-suites.ts';
import {
  keptOwn,
  notOffered,
  offered,
  offeredBy,
  place,
  refused,
  requireOffered,
  type Offers,
} from '../config/offers.ts';
import type { ProxyDefinition, RunningProxy } from '../contract.ts';
import { INSTALL } from './binary.ts';
import { libraryVersion, withLibraries } from './fetched.ts';
import { BACKLOG, POOL, hostPort, requireDefaultCluster } from './intent-facts.ts';
import { L7_PEER, PLAIN_LISTENER, TLS_LISTENER } from './peer-offers.ts';

/** What a library makes of its settings. */
export interface Forwarder {
  readonly web: (request: http.IncomingMessage, response: http.ServerResponse) => void;
  readonly upgrade?: (request: http.IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly close?: () => void | Promise<void>;
}

export interface LibraryContext {
  /** Keeps connections to the origin; for libraries on `node:http`. */
  readonly agent: http.Agent;
  /** The endpoint for this request, `http://host:port`, counted as busy until its response is closed. */
  readonly target: (request: http.IncomingMessage, busy: Duplex | http.ServerResponse) => string;
  readonly targets: readonly string[];
  readonly limits: Limits;
  readonly timeouts: Timeouts;
  /** Whether X-Forwarded-* is written; what the client sent of it is gone already. */
  readonly forwardsFor: boolean;
}

export interface LibrarySpec {
  readonly name: string;
  readonly package: string;
  readonly summary: string;
  readonly upgrade: boolean;
  create(context: LibraryContext): Promise<Forwarder>;
}

const FORWARDING = [
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'forwarded',
] as const;

/** Fields that a library does not write by itself, for its hook. */
export const forwardedFields = ({ socket, headers }: http.IncomingMessage): Record<string, string> => ({
  'x-forwarded-for': socket.remoteAddress ?? '',
  'x-forwarded-proto': 'encrypted' in socket ? 'https' : 'http',
  'x-forwarded-host': headers.host ?? '',
});

/**
 * `Connection` is the client's word about its own connection. These libraries pass it on: an origin that is asked to close does, and an
 * agent that was not told so by the answer sends its next request into the closed connection (ECONNRESET). Set by whoever keeps connections.
 */
export const UPSTREAM_KEPT = { connection: 'keep-alive' } as const;

/** The plain answer to an origin that fails; no internals in it. */
export function answerFailure(error: NodeJS.ErrnoException, response: http.ServerResponse | Duplex): void {
  if (!(response instanceof http.ServerResponse) || response.headersSent) return void response.destroy();
  const status = error.code === 'ETIMEDOUT' || error.code === 'ECONNRESET' ? 504 : 502;
  response.writeHead(status, { 'content-length': 0 }).end();
}

function createServer(intent: ProxyIntent): http.Server {
  const timeouts = timeoutsOf(intent);
  const options: http.ServerOptions = {
    keepAliveTimeout: timeouts.downstreamIdle,
    headersTimeout: timeouts.requestHead,
    requestTimeout: timeouts.requestHead + timeouts.requestBody,
    maxHeaderSize: limitsOf(intent).headBytes,
    noDelay: true,
  };
  const { tls } = intent.listener;
  const certificate = tls?.certificates[0];
  if (!tls || !certificate) return http.createServer(options);
  return https.createServer({
    ...options,
    cert: certificate.cert,
    key: certificate.key,
    ...TLS_SUITES,
    honorCipherOrder: true,
    minVersion: tls.minVersion ?? 'TLSv1.2',
    maxVersion: tls.maxVersion ?? 'TLSv1.3',
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: timeouts.tlsHandshake,
  });
}

async function startLibrary(spec: LibrarySpec, intent: ProxyIntent, signal: AbortSignal): Promise<RunningProxy> {
  signal.throwIfAborted();
  const cluster = requireDefaultCluster(intent);
  const balancer = createBalancer(cluster);
  const limits = limitsOf(intent);
  const timeouts = timeoutsOf(intent);
  const url = (endpoint: Endpoint): string => `http://${hostPort(endpoint)}`;
  const agent = new http.Agent({
    keepAlive: true,
    maxSockets: limits.upstreamPerEndpoint,
    maxFreeSockets: intent.limits?.upstreamIdlePerEndpoint ?? POOL,
  });
  const forwarder = await withLibraries(() =>
    spec.create({
      agent,
      limits,
      timeouts,
      forwardsFor: intent.forwarding?.xForwardedFor !== false,
      targets: cluster.endpoints.map(url),
      target(request, busy) {
        const endpoint = balancer.pick(request.socket.remoteAddress)!;
        endpoint.active++;
        busy.once('close', () => endpoint.active--);
        return url(endpoint);
      },
    }),
  );

  const server = createServer(intent);
  const withoutForwarding = (request: http.IncomingMessage): void => {
    for (const field of FORWARDING) if (field in request.headers) delete request.headers[field];
  };
  server.on('request', (request, response) => {
    withoutForwarding(request);
    forwarder.web(request, response);
  });
  const { upgrade } = forwarder;
  if (upgrade)
    server.on('upgrade', (request, socket, head) => {
      withoutForwarding(request);
      upgrade(request, socket, head);
    });
  server.maxConnections = limits.connections;
  const { host, port } = intent.listener.address;
  server.listen({ host, port, backlog: BACKLOG });
  await once(server, 'listening', { signal });
  const { address, port: bound } = server.address() as AddressInfo;
  const closed = once(server, 'close');
  const close = async (): Promise<void> => {
    await closed;
    await forwarder.close?.();
    agent.destroy();
  };
  return {
    address: { host: address, port: bound },
    pids: [process.pid],
    nativeConfig: `${spec.package} ${libraryVersion(spec.package)}\n${describeIntent(intent)}`,
    async drain() {
      server.close();
      server.closeIdleConnections();
      const deadline = setTimeout(() => server.closeAllConnections(), timeouts.drain);
      await close();
      clearTimeout(deadline);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await close();
    },
  };
}

const LIBRARY = place(
  L7_PEER,
  refused('speaks HTTP/1.1 on both sides', 'HTTP/2 downstream', 'HTTP/2 upstream'),
  offered('balancing', 'endpoint weights', ...POLICY_FEATURES, 'no X-Forwarded-*', 'drain'),
  offered('limits.headBytes', 'limits.connections', 'limits.upstreamPerEndpoint'),
  offered('timeouts.requestHead', 'timeouts.requestBody', 'timeouts.downstreamIdle'),
  offered('timeouts.upstreamResponse', 'timeouts.drain'),
  notOffered('routing', 'routes by host', 'routes by path', 'routes by method', 'routes by header'),
  notOffered('weighted-clusters', 'local replies', 'request header edits', 'response header edits'),
  notOffered('prefix rewrite', 'host rewrite', 'escaped slashes refused', 'workers', 'connect timeout per cluster'),
  notOffered('tls-origination', 'client certificate upstream'),
  notOffered('proxy-protocol-in', 'proxy-protocol-out', 'PROXY protocol v2 upstream'),
  notOffered('limits.headerCount', 'limits.bodyBytes', 'limits.requestsPerConnection'),
  notOffered('limits.upstreamIdlePerEndpoint', 'timeouts.connect', 'timeouts.upstreamIdle', 'timeouts.tunnelIdle'),
  notOffered('timeouts.linger', 'timeouts.connectionAge', ...RESILIENCE_FEATURES, ...FILTER_FEATURES),
);

const BY_NODE_HTTPS = place(TLS_LISTENER, notOffered('mtls', 'certificates by name', 'resumption off'));

function define(spec: LibrarySpec, tls: boolean): ProxyDefinition {
  const name = tls ? `${spec.name}-tls` : spec.name;
  const offers: Offers = place(
    LIBRARY,
    spec.upgrade ? offered('upgrade') : notOffered('upgrade'),
    tls ? BY_NODE_HTTPS : PLAIN_LISTENER,
  );
  return {
    name,
    family: spec.name,
    layer: 'l7',
    isHosted: true,
    summary: tls ? `${spec.summary}; TLS by node:https` : spec.summary,
    capabilities: offeredBy(offers),
    keepsOwn: keptOwn('l7', offers),
    availability() {
      const version = libraryVersion(spec.package);
      return Promise.resolve(
        version === undefined
          ? { state: 'missing', reason: `the package ${spec.package} is not installed`, install: INSTALL }
          : { state: 'ready', version: `${spec.package} ${version}, Node ${process.version}` },
      );
    },
    async start(intent, signal) {
      requireOffered(name, offers, intent);
      return startLibrary(spec, intent, signal);
    },
  };
}

/** A library is two subjects: plain, and behind `node:https`. */
export const defineLibrary = (spec: LibrarySpec): readonly ProxyDefinition[] => [
  define(spec, false),
  define(spec, true),
];
