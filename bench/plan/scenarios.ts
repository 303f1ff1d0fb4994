/** Every traffic shape that hopcost drives. One axis each; the next scenario is one more entry. */
import type { Loop, Scenario, Traffic } from '#bench/model/scenario.ts';
import { bytes, perSecond } from '#bench/model/units.ts';
import { pacedFrom } from './sweep.ts';

type HttpTraffic = Extract<Traffic, { kind: 'http' }>;

const SMALL = 200;
const LARGE = 1 << 20;
/** What `http-fixed` answers to an upload: 'hopcost\n'. */
const UPLOAD_REPLY = 8;

const get = (size: number, more: Partial<HttpTraffic> & { headers?: [string, string][] } = {}): HttpTraffic => ({
  kind: 'http',
  request: { method: 'GET', path: `/bytes/${size}`, headers: more.headers ?? [], bodyBytes: bytes(0) },
  expect: { status: 200, bodyBytes: bytes(size) },
  connection: more.connection ?? 'keep-alive',
  tls: more.tls ?? 'none',
});

const closed = (connections: number): Loop => ({ kind: 'closed', connections });
/** About 4 KiB in 40 fields: what a browser with cookies and tracing headers sends. */
const LARGE_HEAD: [string, string][] = Array.from({ length: 40 }, (_, i) => [
  `x-bench-${String(i).padStart(2, '0')}`,
  'abcdefghijklmnopqrstuvwxyz0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789-abcdefghij'.slice(0, 84),
]);

const define = (
  name: string,
  axis: Scenario['axis'],
  summary: string,
  traffic: Traffic,
  loop: Scenario['loop'],
  origin = 'http-fixed',
): Scenario => ({ name, axis, summary, traffic, loop, origin, errorLimit: 0 });

const paced = (at: number): Scenario =>
  pacedFrom({ name: 'http-small', traffic: get(SMALL), origin: 'http-fixed', errorLimit: 0 }, 64, {
    kind: 'percent',
    at,
  });

export const SCENARIOS: readonly Scenario[] = [
  define('http-small', 'keep-alive', '200-byte answers over 64 keep-alive connections', get(SMALL), closed(64)),
  define(
    'http-large-head',
    'head',
    '4 KiB of request head in 40 fields',
    get(SMALL, { headers: LARGE_HEAD }),
    closed(64),
  ),
  define('http-download-1m', 'payload', '1 MiB answers', get(LARGE), closed(8)),
  define(
    'http-upload-64k',
    'payload',
    '64 KiB request bodies',
    {
      kind: 'http',
      request: { method: 'POST', path: '/upload', headers: [], bodyBytes: bytes(65_536) },
      expect: { status: 200, bodyBytes: bytes(UPLOAD_REPLY) },
      connection: 'keep-alive',
      tls: 'none',
    },
    closed(16),
  ),
  define(
    'http-new-connection',
    'connection',
    'a new TCP connection for every request',
    get(SMALL, { connection: 'per-request' }),
    closed(16),
  ),
  define(
    'tls-keepalive',
    'tls-record',
    '200-byte answers over 64 keep-alive TLS connections',
    get(SMALL, { tls: 'full' }),
    closed(64),
  ),
  define(
    'tls-resumed',
    'handshake',
    'a new TLS connection, resumed from a ticket, for every request',
    get(SMALL, { connection: 'per-request', tls: 'resumed' }),
    closed(16),
  ),
  define(
    'tls-full-handshake',
    'handshake',
    'a new TLS connection with a full handshake for every request',
    get(SMALL, { connection: 'per-request', tls: 'full' }),
    closed(16),
  ),
  define(
    'tcp-echo',
    'keep-alive',
    '64-byte messages, ping-pong, 64 connections',
    { kind: 'tcp-echo', messageBytes: bytes(64) },
    closed(64),
    'tcp-echo',
  ),
  define(
    'tcp-bulk',
    'bulk',
    '1 MiB transfers to a sink',
    { kind: 'tcp-bulk', transferBytes: bytes(LARGE) },
    closed(4),
    'tcp-sink',
  ),
  define(
    'idle-connections',
    'memory',
    'silent keep-alive connections after one request each',
    { kind: 'idle', protocol: 'http', tls: 'none' },
    closed(4_000),
  ),
  define(
    'idle-tls',
    'memory',
    'silent TLS connections after one request each',
    { kind: 'idle', protocol: 'http', tls: 'full' },
    closed(2_000),
  ),
  define('http-single', 'latency', 'one request after the other on one connection', get(SMALL), closed(1)),
  paced(50),
  paced(80),
  pacedFrom({ name: 'tls-keepalive', traffic: get(SMALL, { tls: 'full' }), origin: 'http-fixed', errorLimit: 0 }, 64, {
    kind: 'percent',
    at: 50,
  }),
  {
    ...define(
      'http-probe-under-load',
      'latency',
      'what a request sees while the hop is saturated: 64 connections in a closed loop, 400 requests a second beside them',
      get(SMALL),
      closed(64),
    ),
    // About 1 % of what a fast hop carries, and what a p99 of a three-second window needs.
    second: { kind: 'open', connections: 16, offered: perSecond(400), arrivals: 'poisson' },
  },
];

/** The names that stand for several scenarios. */
export const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  'http-paced': ['http-paced-50', 'http-paced-80'],
};
