/** Opens a connection to an endpoint; TLS to the origin is another one of these. */
import type { Endpoint, UpstreamTls } from '../config/intent.ts';
import { connectTls } from '../net/tls.ts';
import { connectWire } from '../net/connect.ts';
import type { ConnectHandler, Connecting } from '../net/wire.ts';

export type Dial = (endpoint: Endpoint, handler: ConnectHandler, timeout: number) => Connecting;

export const dialPlain: Dial = (endpoint, handler, timeout) => connectWire(endpoint, handler, { timeout });

/** What is offered by ALPN, the first preferred. */
const OFFERED = { http1: ['http/1.1'], http2: ['h2'], auto: ['h2', 'http/1.1'] } as const;

export const dialTls =
  (tls: UpstreamTls, protocol: keyof typeof OFFERED = 'http1'): Dial =>
  (endpoint, handler, timeout) =>
    connectTls(endpoint, handler, { ...tls, protocols: OFFERED[protocol] }, timeout);
