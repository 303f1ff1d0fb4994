/** Every traffic shape that hopcost drives. One axis each; the next scenario is one more entry. */
import { GRPC_PREFIX } from '#bench/model/grpc.ts';
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
  ...(more.http2 && { http2: more.http2 }),
});

const closed = (connections: number): Loop => ({ kind: 'closed', connections });
/** About 4 KiB in 40 fields: what a browser with cookies and tracing headers sends. */
const LARGE_HEAD: [string, string][] = Array.from({ length: 40 }, (_, i) => [
  `x-bench-${String(i).padStart(2, '0')}`,
  'abcdefghijklmnopqrstuvwxyz0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789-abcdefghij'.slice(0, 84),
]);

/** What most scenarios have in common. */
const COMMON = { origin: 'http-fixed', errorLimit: 0 } as const;

const PLAIN: Scenario = {
  ...COMMON,
  name: 'http-small',
  axis: 'keep-alive',
  role: 'plain',
  summary: '200-byte answers over 64 keep-alive connections',
  traffic: get(SMALL),
  loop: closed(64),
};
const ENCRYPTED: Scenario = {
  ...COMMON,
  name: 'tls-keepalive',
  axis: 'tls-record',
  role: 'encrypted',
  summary: '200-byte answers over 64 keep-alive TLS connections',
  traffic: get(SMALL, { tls: 'full' }),
  loop: closed(64),
};

/** HTTP/2 from the client, `connections` of `streams` requests at once each; what goes on to the origin is `upstream`. */
const multiplexed = (
  name: string,
  [connections, streams]: readonly [connections: number, streams: number],
  {
    tls = 'none',
    upstream = 'http2',
  }: { readonly tls?: HttpTraffic['tls']; readonly upstream?: 'http1' | 'http2' } = {},
): Scenario => ({
  ...COMMON,
  name,
  axis: 'streams',
  summary: [
    `200-byte answers over ${connections === 1 ? '1 connection' : `${connections} connections`} of HTTP/2`,
    ...(tls === 'none' ? [] : [' by TLS']),
    `, ${streams === 1 ? '1 request' : `${streams} requests`} at once on each; `,
    upstream === 'http2' ? 'HTTP/2 to the origin' : 'HTTP/1.1 to the origin',
  ].join(''),
  traffic: get(SMALL, { tls, http2: { streams } }),
  loop: closed(connections),
  upstream,
});

/** Some on some connections, which the others vary: all on one, one on each, as HTTP/1.1 has it; then the other ways in and out. */
const HTTP2 = [
  multiplexed('h2-8x8', [8, 8]),
  multiplexed('h2-1x32', [1, 32]),
  multiplexed('h2-32x1', [32, 1]),
  multiplexed('h2-to-h1-8x8', [8, 8], { upstream: 'http1' }),
  multiplexed('h2-tls-8x8', [8, 8], { tls: 'full' }),
  multiplexed('h2-tls-to-h1-8x8', [8, 8], { tls: 'full', upstream: 'http1' }),
];
/** gRPC on both sides: each call sends `messages` of 200 bytes and gets them back. */
const grpc = (
  name: string,
  method: 'Unary' | 'Chat',
  messages: number,
  [connections, streams]: readonly [connections: number, streams: number],
): Scenario => {
  const size = bytes(messages * (GRPC_PREFIX + SMALL));
  return {
    ...COMMON,
    name,
    axis: 'streams',
    origin: 'grpc-echo',
    summary: `gRPC over ${connections} connections, ${streams} calls at once on each: ${
      messages === 1 ? 'a message of 200 bytes' : `a stream of ${messages} messages of 200 bytes`
    } each way`,
    traffic: {
      kind: 'http',
      request: {
        method: 'POST',
        path: `/hopcost.Echo/${method}`,
        headers: [
          ['content-type', 'application/grpc'],
          ['te', 'trailers'],
        ],
        bodyBytes: size,
      },
      expect: { status: 200, bodyBytes: size },
      connection: 'keep-alive',
      tls: 'none',
      http2: { streams },
      grpc: { messages },
    },
    loop: closed(connections),
    upstream: 'http2',
  };
};

const GRPC = [grpc('grpc-unary', 'Unary', 1, [8, 8]), grpc('grpc-stream', 'Chat', 100, [8, 4])];

/** What HTTP/2 costs depends on how many requests one read happens to bring: costs are compared at one rate. */
const GRPC_PACED = GRPC.map((base) => pacedFrom(base, { kind: 'percent', at: 50 }));
const HTTP2_PACED = HTTP2.map((base) => pacedFrom(base, { kind: 'percent', at: 50 }));

export const SCENARIOS: readonly Scenario[] = [
  PLAIN,
  {
    ...COMMON,
    name: 'http-large-head',
    axis: 'head',
    role: 'head',
    summary: '4 KiB of request head in 40 fields',
    traffic: get(SMALL, { headers: LARGE_HEAD }),
    loop: closed(64),
  },
  {
    ...COMMON,
    name: 'http-download-1m',
    axis: 'payload',
    role: 'download',
    summary: '1 MiB answers',
    traffic: get(LARGE),
    loop: closed(8),
  },
  {
    ...COMMON,
    name: 'http-upload-64k',
    axis: 'payload',
    role: 'upload',
    summary: '64 KiB request bodies',
    traffic: {
      kind: 'http',
      request: { method: 'POST', path: '/upload', headers: [], bodyBytes: bytes(65_536) },
      expect: { status: 200, bodyBytes: bytes(UPLOAD_REPLY) },
      connection: 'keep-alive',
      tls: 'none',
    },
    loop: closed(16),
  },
  {
    ...COMMON,
    name: 'http-new-connection',
    axis: 'connection',
    role: 'connection',
    summary: 'a new TCP connection for every request',
    traffic: get(SMALL, { connection: 'per-request' }),
    loop: closed(16),
  },
  ENCRYPTED,
  {
    ...COMMON,
    name: 'tls-resumed',
    axis: 'handshake',
    role: 'resumed',
    summary: 'a new TLS connection, resumed from a ticket, for every request',
    traffic: get(SMALL, { connection: 'per-request', tls: 'resumed' }),
    loop: closed(16),
  },
  {
    ...COMMON,
    name: 'tls-full-handshake',
    axis: 'handshake',
    role: 'handshake',
    summary: 'a new TLS connection with a full handshake for every request',
    traffic: get(SMALL, { connection: 'per-request', tls: 'full' }),
    loop: closed(16),
  },
  {
    ...COMMON,
    name: 'tcp-echo',
    axis: 'keep-alive',
    summary: '64-byte messages, ping-pong, 64 connections',
    traffic: { kind: 'tcp-echo', messageBytes: bytes(64) },
    loop: closed(64),
    origin: 'tcp-echo',
  },
  {
    ...COMMON,
    name: 'tcp-bulk',
    axis: 'bulk',
    summary: '1 MiB transfers to a sink',
    traffic: { kind: 'tcp-bulk', transferBytes: bytes(LARGE) },
    loop: closed(4),
    origin: 'tcp-sink',
  },
  {
    ...COMMON,
    name: 'idle-connections',
    axis: 'memory',
    summary: 'silent keep-alive connections after one request each',
    traffic: { kind: 'idle', protocol: 'http', tls: 'none' },
    loop: closed(4_000),
  },
  {
    ...COMMON,
    name: 'idle-tls',
    axis: 'memory',
    summary: 'silent TLS connections after one request each',
    traffic: { kind: 'idle', protocol: 'http', tls: 'full' },
    loop: closed(2_000),
  },
  {
    ...COMMON,
    name: 'http-single',
    axis: 'latency',
    summary: 'one request after the other on one connection',
    traffic: get(SMALL),
    loop: closed(1),
  },
  pacedFrom(PLAIN, { kind: 'percent', at: 50 }),
  pacedFrom(PLAIN, { kind: 'percent', at: 80 }),
  pacedFrom(ENCRYPTED, { kind: 'percent', at: 50 }),
  {
    ...COMMON,
    name: 'http-probe-under-load',
    axis: 'latency',
    summary:
      'what a request sees while the hop is saturated: 64 connections in a closed loop, 400 requests a second beside them',
    traffic: get(SMALL),
    loop: closed(64),
    // About 1 % of what a fast hop carries, and what a p99 of a three-second window needs.
    second: { kind: 'open', connections: 16, offered: perSecond(400), arrivals: 'poisson' },
  },
  ...HTTP2,
  ...HTTP2_PACED,
  ...GRPC,
  ...GRPC_PACED,
];

/** The names that stand for several scenarios. */
export const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  'http-paced': ['http-paced-50', 'http-paced-80'],
  h2: [...HTTP2, ...HTTP2_PACED].map(({ name }) => name),
  grpc: [...GRPC, ...GRPC_PACED].map(({ name }) => name),
};
