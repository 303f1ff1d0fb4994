/**
 * The rendered configurations, word by word. After a change that is meant:
 * node --test --test-update-snapshots test/proxies/peers/golden.test.ts, and read the difference.
 */
import { join } from 'node:path';
import { test } from 'node:test';
import type { Cluster, FilterSettings, ProxyIntent, Stickiness } from '#proxies/config/intent.ts';
import type { Capability } from '#proxies/contract.ts';
import type { PeerDefinition, Surroundings } from '#proxies/peers/peer.ts';
import { binaries } from '#proxies/peers/registry.ts';

const surroundings: Surroundings = {
  address: { host: '127.0.0.1', port: 8080 },
  spare: { host: '127.0.0.1', port: 8081 },
  binary: {
    path: '/usr/sbin/peer',
    version: '9.9.9',
    about: '--modules-path=/usr/lib/nginx/modules --with-stream=dynamic',
  },
  openFiles: 20_000,
  isRoot: true,
};

const one = { host: '127.0.0.1', port: 9001 };
const two = { host: '127.0.0.1', port: 9002 };

const plain = ({ capabilities }: PeerDefinition): ProxyIntent => ({
  listener: {
    address: { host: '127.0.0.1', port: 0 },
    ...(capabilities.has('tls-termination') && {
      tls: { certificates: [{ cert: 'CERT', key: 'KEY' }], alpn: ['http/1.1'] },
    }),
  },
  clusters: [{ name: 'origin', endpoints: [one] }],
  defaultCluster: 'origin',
});

/** Everything that is offered of what keeps a cluster well, as far as it goes together. */
function policiesOf({ capabilities, layer, family }: PeerDefinition): Partial<Cluster> {
  const offers = (feature: Capability) => capabilities.has(feature);
  const pace = { interval: 2_000, ...(offers('health check thresholds') && { unhealthyThreshold: 2 }) };
  const checksHttp = layer === 'l7' && offers('HTTP health checks');
  const checksTcp = !checksHttp && offers('TCP health checks');
  const on = (['connect', 'reset', 'timeout', 'gateway-error'] as const).filter((each) => offers(`retry on ${each}`));
  return {
    ...(checksHttp && { healthCheck: { kind: 'http', path: '/up', host: 'up.test', ...pace } }),
    ...(checksTcp && { healthCheck: { kind: 'tcp', ...pace } }),
    ...(offers('ejection') &&
      !(offers('retries') && family === 'haproxy') && {
        ejection: { consecutive: 3, ...(offers('ejection time') && { baseTime: 10_000 }) },
      }),
    ...(offers('panic threshold') && { panicThreshold: 0.3 }),
    ...(offers('slow start') && { slowStart: { window: 10_000 } }),
    ...(offers('bound on requests') && { circuitBreaker: { requests: 50 } }),
    ...(offers('bound on connections') && !offers('bound on requests') && { circuitBreaker: { connections: 50 } }),
    ...(offers('retries') && {
      retry: {
        on,
        attempts: 2,
        ...(offers('per-try timeout') && { perTryTimeout: 500 }),
        ...(offers('retry backoff') && { backoff: { base: 10, max: 100 } }),
        ...(offers('retry budget') && { budget: { share: 0.3, minimum: 5 } }),
      },
    }),
  };
}

const PUBLIC_KEY = [
  '-----BEGIN PUBLIC KEY-----',
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEwKF2TjGW9kqCZnQfuwZUgVtn4odJ',
  '8wbsDx5Xn/YbflHqEDf8t2fgBQPd0NvnCVn/LLT3OOU9MIhtqdISsFg4ZQ==',
  '-----END PUBLIC KEY-----',
].join('\n');

/** Each with what all who offer it can be given. */
const FILTERS: Omit<FilterSettings, 'user' | 'client-cert-identity' | 'request-rules'> = {
  tracing: { url: 'http://127.0.0.1:4318/v1/traces', share: 0.5 },
  'header-log': { file: '/var/log/headers.ndjson', request: ['User-Agent'], response: ['Content-Type'] },
  cors: { origins: ['https://app.test', 'https://*.test'], headers: ['X-A'], credentials: true, maxAge: 600 },
  'ip-rules': { allow: ['10.0.0.0/8', '2001:db8::/32'] },
  'rate-limit': { requests: 100, period: 1000 },
  'basic-auth': { users: { ann: 'secret' }, identityHeader: 'X-User' },
  'api-key': { keys: { ann: 'k-0123456789abcdef' }, identityHeader: 'X-User' },
  jwt: { algorithm: 'ES256', keys: { pem: PUBLIC_KEY }, issuer: ['id'], remembered: 0, identityHeader: 'X-User' },
  'ext-authz': { url: 'http://127.0.0.1:9091/verify', tell: ['X-User'] },
  cache: { bytes: 16_777_216 },
  compression: { encodings: ['gzip'], minBytes: 0, types: ['text/html', 'text/plain'] },
  transform: { request: { set: { 'X-Set': '50%' }, remove: ['X-Own'] }, response: { remove: ['X-Secret'] } },
  mirror: { url: 'http://127.0.0.1:9092', share: 0.25 },
};

const INTENTS: Readonly<Record<string, (peer: PeerDefinition) => ProxyIntent | undefined>> = {
  plain,
  workers: (peer) => ({
    ...plain(peer),
    clusters: [{ name: 'origin', endpoints: [one, two] }],
    concurrency: 4,
    timeouts: { connect: 250, ...(peer.capabilities.has('drain') && { drain: 500 }) },
  }),
  routes: (peer) =>
    peer.capabilities.has('routing')
      ? {
          ...plain(peer),
          clusters: [
            { name: 'origin', endpoints: [one] },
            { name: 'new', endpoints: [two], policy: 'round-robin' },
          ],
          routes: [
            {
              match: {
                hosts: ['a.test', '*.b.test'],
                path: { kind: 'exact', value: '/x.y' },
                methods: ['GET', 'HEAD'],
              },
              action: { kind: 'forward', clusters: [{ name: 'new' }] },
            },
            {
              match: {
                path: { kind: 'prefix', value: '/api' },
                headers: [
                  { name: 'x-beta', match: { kind: 'exact', value: '"1"' } },
                  { name: 'x-debug', match: { kind: 'present' }, invert: true },
                ],
              },
              action: {
                kind: 'forward',
                clusters: peer.capabilities.has('weighted-clusters')
                  ? [
                      { name: 'origin', weight: 9 },
                      { name: 'new', weight: 1 },
                    ]
                  : [{ name: 'new' }],
              },
            },
          ],
        }
      : undefined,
  policies: (peer) => {
    const policies = policiesOf(peer);
    return Object.keys(policies).length > 0
      ? { ...plain(peer), clusters: [{ name: 'origin', endpoints: [one, two], ...policies }] }
      : undefined;
  },
  sticky: (peer) => {
    const stickiness: Stickiness | undefined = peer.capabilities.has('sticky cookie')
      ? { kind: 'cookie', name: 'sid', ...(peer.capabilities.has('sticky cookie attributes') && { maxAge: 60 }) }
      : peer.capabilities.has('sticky header')
        ? { kind: 'header', name: 'X-User' }
        : undefined;
    return stickiness && { ...plain(peer), clusters: [{ name: 'origin', endpoints: [one, two], stickiness }] };
  },
  http2: (peer) => {
    const { listener, clusters, ...intent } = plain(peer);
    const protocol = peer.capabilities.has('HTTP/2 upstream') ? 'http2' : 'http1';
    return peer.capabilities.has('HTTP/2 downstream')
      ? {
          ...intent,
          listener: {
            ...listener,
            http2: true,
            ...(listener.tls && { tls: { ...listener.tls, alpn: ['h2', 'http/1.1'] } }),
          },
          clusters: clusters.map((cluster) => ({ ...cluster, protocol })),
        }
      : undefined;
  },
  filters: (peer) => {
    const offered = Object.entries(FILTERS).filter(([name]) => peer.capabilities.has(`filter ${name}` as Capability));
    return offered.length > 0 ? { ...plain(peer), filters: Object.fromEntries(offered) } : undefined;
  },
  'client-certificate': (peer) => {
    const intent = plain(peer);
    const { tls } = intent.listener;
    return tls && peer.capabilities.has('mtls')
      ? { ...intent, listener: { ...intent.listener, tls: { ...tls, clientCa: 'CA', minVersion: 'TLSv1.3' } } }
      : undefined;
  },
};

for (const peer of binaries)
  for (const [kind, intentFor] of Object.entries(INTENTS)) {
    const intent = intentFor(peer);
    if (!intent) continue;
    test(`${peer.name}: ${kind}`, (t) => {
      const { files, secrets = {}, args } = peer.render(intent, surroundings);
      const shown = Object.entries(files).map(([name, content]) => `# ${name}\n${content.trimEnd()}`);
      const text = `$ peer ${args.join(' ')}\n# besides: ${Object.keys(secrets).join(' ')}\n\n${shown.join('\n\n')}\n`;
      t.assert.fileSnapshot(text, join(import.meta.dirname, 'golden', `${peer.name}.${kind}.txt`), {
        serializers: [String],
      });
    });
  }
