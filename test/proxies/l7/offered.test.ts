import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCertificate } from '#bench/lab/certificates.ts';
import { IntentError } from '#proxies/config/intent-error.ts';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import type { ProxyDefinition } from '#proxies/contract.ts';
import { definition as forward } from '#proxies/l7/l7-forward.ts';
import { definition as plain } from '#proxies/l7/l7-http.ts';
import { definition as reencrypt } from '#proxies/l7/l7-tls-reencrypt.ts';
import { definition as terminate } from '#proxies/l7/l7-tls.ts';
import { setup } from './lab.ts';

const { cert, key } = createCertificate();
const tls = { certificates: [{ cert, key }] };
const address = { host: '127.0.0.1', port: 0 };
const cluster = { name: 'o', endpoints: [{ host: '127.0.0.1', port: 1 }] };
const intent: ProxyIntent = { listener: { address }, clusters: [cluster], defaultCluster: 'o' };
const secured: ProxyIntent = { ...intent, listener: { address, tls } };

const vain: readonly [ProxyDefinition, ProxyIntent, path: string][] = [
  [plain, secured, 'listener.tls'],
  [forward, secured, 'listener.tls'],
  [terminate, intent, 'listener.tls'],
  [reencrypt, intent, 'listener.tls'],
  [forward, { ...intent, clusters: [{ ...cluster, tls: {} }] }, 'clusters[0].tls'],
  [plain, { ...intent, clusters: [{ ...cluster, proxyProtocol: 'v1' }] }, 'clusters[0].proxyProtocol'],
  [plain, { ...intent, l4: { allowPorts: [80] } }, 'l4'],
  [plain, { ...intent, sniRoutes: [] }, 'sniRoutes'],
  [plain, { ...intent, forward: {} }, 'forward'],
  [forward, { ...intent, routes: [] }, 'routes'],
];

const refusedAt =
  (path: string) =>
  (error: unknown): boolean =>
    error instanceof IntentError && error.problems.some((problem) => problem.path === path);

describe('what an L7 reference does not do', () => {
  for (const [definition, asked, path] of vain) {
    it(`${definition.name} refuses ${path}`, async () => {
      await assert.rejects(definition.start(asked, new AbortController().signal), refusedAt(path));
    });
  }

  it('is refused by a reload as well, and the old intent stays', async () => {
    await using lab = await setup(() => {});
    await assert.rejects(async () => lab.proxy.reload?.({ ...intent, sniRoutes: [] }), refusedAt('sniRoutes'));
    const fewer = { ...intent, limits: { connections: 1 } };
    await assert.rejects(async () => lab.proxy.reload?.(fewer), refusedAt('limits.connections'));
  });

  it('l7-tls refuses to reload what its listener took at the start', async () => {
    await using proxy = await terminate.start(secured, new AbortController().signal);
    const changes: [path: string, next: ProxyIntent][] = [
      ['listener.tls.alpn', { ...secured, listener: { address, tls: { ...tls, alpn: ['other'] } } }],
      ['listener.tls.clientCa', { ...secured, listener: { address, tls: { ...tls, clientCa: cert } } }],
      ['listener.proxyProtocol', { ...secured, listener: { address, tls, proxyProtocol: true } }],
      ['timeouts.tlsHandshake', { ...secured, timeouts: { tlsHandshake: 1 } }],
    ];
    for (const [path, next] of changes) await assert.rejects(async () => proxy.reload?.(next), refusedAt(path));
    await proxy.reload?.({
      ...secured,
      listener: { address, tls: { ...tls, minVersion: 'TLSv1.3', alpn: ['http/1.1'] } },
    });
  });
});
