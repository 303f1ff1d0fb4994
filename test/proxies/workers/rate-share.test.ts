/** A rate limit of several event loops: each has its part, and together they let no more through than was asked for. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ProxyIntent } from '#proxies/config/intent.ts';
import { TokenBuckets } from '#proxies/filters/rate-limit.ts';
import { proxies } from '#proxies/registry.ts';
import { rateShare } from '#proxies/workers/rate-share.ts';
import { never } from '../sockets.ts';

const intent: ProxyIntent = { listener: { address: { host: '127.0.0.1', port: 0 } }, clusters: [] };

test('all parts together refill as fast as the whole, and hold no more at once', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 2, max: 16 }),
      (requests, burst, loops) => {
        const { filters } = rateShare({ ...intent, filters: { 'rate-limit': { requests, burst } } }, loops);
        const part = filters!['rate-limit']!;
        assert.ok(Math.abs((loops * part.requests) / part.period! - requests / 1000) < 1e-9);
        assert.ok(loops * part.burst! <= Math.max(burst, loops));
        const buckets = new TokenBuckets(part.period! / part.requests, part.burst!, 10);
        let passed = 0;
        for (let at = 0; at < 5000; at += 5) if (buckets.take('', at) === 0) passed++;
        assert.ok(loops * passed <= Math.max(burst, loops) + 5 * requests + loops, `${loops} × ${passed}`);
      },
    ),
    { seed: 11, numRuns: 100 },
  );
});

test('of all routes and of each; what is switched off stays so, and nothing else changes', () => {
  const limit = { requests: 100, key: 'none' } as const;
  const action = { kind: 'reply', status: 200 } as const;
  const { filters, routes } = rateShare(
    {
      ...intent,
      filters: { 'rate-limit': limit, cors: { origins: '*' } },
      routes: [
        { match: {}, action, filters: { 'rate-limit': limit } },
        { match: {}, action, filters: { 'rate-limit': null } },
        { match: {}, action },
      ],
    },
    4,
  );
  const part = { ...limit, period: 4000, burst: 25 };
  assert.deepEqual(filters, { 'rate-limit': part, cors: { origins: '*' } });
  assert.deepEqual(
    routes!.map((route) => route.filters),
    [{ 'rate-limit': part }, { 'rate-limit': null }, undefined],
  );
  assert.deepEqual(rateShare(intent, 4), {});
});

test('two event loops and many connections: no more than the limit', { timeout: 30_000 }, async () => {
  await using cleanup = new AsyncDisposableStack();
  const origin = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
  cleanup.defer(async () => {
    origin.close().closeAllConnections();
    await once(origin, 'close');
  });
  await once(origin, 'listening');
  const { port } = origin.address() as AddressInfo;
  const proxy = cleanup.use(
    await proxies.get('l7-http')!.start(
      {
        ...intent,
        clusters: [{ name: 'o', endpoints: [{ host: '127.0.0.1', port }] }],
        defaultCluster: 'o',
        concurrency: 2,
        filters: { 'rate-limit': { requests: 6, period: 600_000, key: 'none' } },
      },
      never,
    ),
  );
  const statuses: number[] = [];
  for (let i = 0; i < 40; i++) {
    const { status } = await fetch(`http://127.0.0.1:${proxy.address.port}/`, { headers: { connection: 'close' } });
    statuses.push(status);
  }
  const passed = statuses.filter((status) => status === 200).length;
  assert.ok(passed <= 6 && passed >= 3, `${passed} passed`); // one of the loops may have got no connection
  assert.equal(statuses.filter((status) => status === 429).length, 40 - passed);
});
