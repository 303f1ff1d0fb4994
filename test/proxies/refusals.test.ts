/** What is not offered is refused in one sentence that says what, where, and who offers it: word by word. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IntentError } from '#proxies/config/intent-error.ts';
import type { Cluster, ProxyIntent } from '#proxies/config/intent.ts';
import { proxies } from '#proxies/registry.ts';

const cluster: Cluster = { name: 'o', endpoints: [{ host: '127.0.0.1', port: 1 }] };
const intent: ProxyIntent = {
  listener: { address: { host: '127.0.0.1', port: 0 } },
  clusters: [cluster],
  defaultCluster: 'o',
};
const tls = { certificates: [{ cert: 'CERT', key: 'KEY' }] };
const listening = (more: object): Partial<ProxyIntent> => ({ listener: { ...intent.listener, ...more } });
const leading = (more: object): Partial<ProxyIntent> => ({ clusters: [{ ...cluster, ...more }] });

const has = (name: string, feature: string): string =>
  `capability not offered: ${name} has no '${feature}'; leave it out of the intent or choose another proxy`;

const REFUSED: readonly [proxy: string, asks: Partial<ProxyIntent>, said: string][] = [
  ['l4-tcp', { routes: [] }, 'routes: l4-tcp works below HTTP and has none'],
  ['l4-tcp', { forward: {} }, 'forward: l4-tcp works below HTTP and has none'],
  ['l4-tcp', { forwarding: {} }, 'forwarding: l4-tcp works below HTTP and has none'],
  ['l4-tcp', { escapedSlashes: 'keep' }, 'escapedSlashes: l4-tcp works below HTTP and has none'],
  ['l4-tcp', { limits: { headBytes: 1 } }, 'limits.headBytes: l4-tcp works below HTTP and has none'],
  ['l4-tcp', listening({ tls }), 'listener.tls: l4-tcp does not terminate TLS; l7-tls does'],
  ['l4-tcp', { fault: { burn: 1 } }, 'fault: l4-tcp knows no requests to burn time on; l7-http does'],
  ['l4-tcp', { sniRoutes: [] }, 'sniRoutes: l4-tcp does not read ClientHellos; l4-sni does'],
  ['l4-sni', leading({ tls: {} }), 'clusters[0].tls: l4-sni does not speak TLS to origins; l7-tls-reencrypt does'],
  [
    'l4-udp',
    listening({ proxyProtocol: true }),
    'listener.proxyProtocol: l4-udp has no connection for a header to stand at the start of',
  ],
  ['l4-udp', leading({ proxyProtocol: 'v2' }), 'clusters[0].proxyProtocol: l4-udp sends no PROXY header'],
  ['l4-udp', leading({ connectTimeout: 1 }), 'clusters[0].connectTimeout: l4-udp has sessions, not connections'],
  ['l7-http', listening({ tls }), 'listener.tls: l7-http speaks plain HTTP to its clients; l7-tls terminates TLS'],
  ['l7-http', { l4: {} }, 'l4: l7-http has no rules below HTTP; l4-tcp does'],
  ['l7-http', { sniRoutes: [] }, 'sniRoutes: l7-http routes requests; l4-sni routes connections'],
  ['l7-http', { forward: {} }, 'forward: l7-http is no forward proxy; l7-forward is'],
  [
    'l7-http',
    leading({ proxyProtocol: 'v1' }),
    'clusters[0].proxyProtocol: l7-http shares connections to origins; l4-tcp does not',
  ],
  ['l7-tls', {}, 'listener.tls: a certificate and its key are needed to terminate TLS'],
  ['l7-forward', { routes: [] }, 'routes: l7-forward goes where each request says'],
  ['l7-forward', leading({ tls: {} }), 'clusters[0].tls: l7-forward goes where each request says, by plain HTTP'],
  ['node-http', { routes: [] }, 'routes: node-http has no such thing; l7-http does'],
  ['node-http', { accessLog: 'x' }, 'accessLog: node-http has no such thing; l7-http does'],
  ['node-http', listening({ tls }), 'listener.tls: node-http does not terminate TLS'],
  ['node-http', { escapedSlashes: 'refuse' }, 'escapedSlashes: node-http does not look into paths'],
  ['node-http', { concurrency: 2 }, 'concurrency: node-http is one event loop'],
  ['node-http', leading({ tls: {} }), 'clusters[0].tls: node-http does not speak TLS to origins'],
  ['nginx-http', { clusters: [] }, 'clusters: nginx-http needs at least one cluster to forward to'],
  ['nginx-http', { accessLog: 'x' }, `accessLog: ${has('nginx-http', 'access-log')}`],
  ['traefik-tcp', leading({ policy: 'random' }), `clusters[0].policy: ${has('traefik-tcp', 'policy random')}`],
  [
    'nginx-stream',
    leading({ proxyProtocol: 'v2' }),
    `clusters[0].proxyProtocol: ${has('nginx-stream', 'PROXY protocol v2 upstream')}`,
  ],
  ['http-proxy', { concurrency: 2 }, `concurrency: ${has('http-proxy', 'workers')}`],
  [
    'envoy-http',
    { routes: [{ match: {}, action: { kind: 'redirect', scheme: 'https' } }] },
    `routes[0].action: ${has('envoy-http', 'redirects')}`,
  ],
];

for (const [proxy, asks, said] of REFUSED)
  test(`${proxy}: ${said}`, async () => {
    await assert.rejects(proxies.get(proxy)!.start({ ...intent, ...asks }, new AbortController().signal), (error) => {
      assert.ok(error instanceof IntentError, String(error));
      assert.equal(error.message, said);
      return true;
    });
  });

test('all that is asked for in vain is told at once, each where it begins', async () => {
  const asks: ProxyIntent = {
    ...intent,
    ...listening({ tls: { ...tls, clientCa: 'CA' } }),
    routes: [{ match: { hosts: ['a', 'b'], methods: ['GET'] }, action: { kind: 'reply', status: 200 } }],
    timeouts: { connect: 1, requestHead: 1 },
  };
  await assert.rejects(proxies.get('l4-tcp')!.start(asks, new AbortController().signal), (error) => {
    assert.ok(error instanceof IntentError);
    assert.deepEqual(
      error.problems.map(({ path }) => path),
      ['listener.tls', 'routes', 'timeouts.requestHead'],
    );
    return true;
  });
});
