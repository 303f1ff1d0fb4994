/** The one table of limits and timeouts that hold where an intent says nothing. */
import type { Limits, ProxyIntent, Timeouts } from './intent.ts';

const KiB = 1024;
const second = 1000;

/** RFC 9112 §3 asks for request targets of at least 8,000 octets; the head must hold one and its fields. */
export const defaultLimits: Limits = {
  headBytes: 32 * KiB,
  targetBytes: 16 * KiB,
  headerCount: 100,
  bodyBytes: Number.MAX_SAFE_INTEGER,
  chunkExtensionBytes: 4 * KiB,
  trailerBytes: 8 * KiB,
  connections: 65_536,
  requestsPerConnection: Number.MAX_SAFE_INTEGER,
  upstreamIdlePerEndpoint: 256,
  upstreamPerEndpoint: 16_384,
  pipelined: 64,
  udpSessions: 10_000,
};

/** Milliseconds. 0 switches a timeout off. */
export const defaultTimeouts: Timeouts = {
  connect: 5 * second,
  tlsHandshake: 10 * second,
  requestHead: 10 * second,
  requestBody: 60 * second,
  downstreamIdle: 60 * second,
  upstreamResponse: 60 * second,
  // Below the keep-alive timeout of common origins would be safer still (node:http closes after 5 s); a request that meets
  // a connection just closed by its origin is retried where RFC 9110 §9.2.2 allows it.
  upstreamIdle: 30 * second,
  tunnelIdle: 3600 * second,
  halfClosed: 30 * second,
  clientHello: 5 * second,
  udpSession: 30 * second,
  linger: 2 * second,
  drain: 10 * second,
  connectionAge: 0,
};

export function limitsOf(intent: Pick<ProxyIntent, 'limits'>): Limits {
  return { ...defaultLimits, ...intent.limits };
}

/** A cluster's own `connectTimeout` beats `timeouts.connect`. */
export function timeoutsOf(intent: Pick<ProxyIntent, 'timeouts'>): Timeouts {
  return { ...defaultTimeouts, ...intent.timeouts };
}
