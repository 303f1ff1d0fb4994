import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createBalancer, type Balancer } from '#proxies/cluster/balancer.ts';
import type { LoadBalancing } from '#proxies/config/intent.ts';
import { mulberry32 } from '#proxies/platform/random.ts';

const weighted = (...weights: number[]) => weights.map((weight, i) => ({ host: `10.0.0.${i + 1}`, port: 80, weight }));

function shares(balancer: Balancer, picks: number, key?: (i: number) => string): number[] {
  const counts = balancer.endpoints.map(() => 0);
  for (let i = 0; i < picks; i++) counts[balancer.endpoints.indexOf(balancer.pick(key?.(i))!)]!++;
  return counts.map((count) => count / picks);
}

const near = (actual: number[], expected: number[], tolerance: number) =>
  actual.forEach((share, i) =>
    assert.ok(Math.abs(share - expected[i]!) < tolerance, `shares ${actual.join()} are not ${expected.join()}`),
  );

test('round-robin takes turns, by weight smoothly', () => {
  const even = createBalancer({ endpoints: weighted(1, 1, 1) });
  const order = (balancer: Balancer, n: number) =>
    Array.from({ length: n }, () => balancer.endpoints.indexOf(balancer.pick()!)).join('');
  assert.equal(order(even, 7), '0120120');
  assert.equal(order(createBalancer({ endpoints: weighted(5, 1, 1) }), 14), '00102000010200');
});

test('random and power-of-two draw by weight', () => {
  near(
    shares(createBalancer({ endpoints: weighted(3, 1), policy: 'random' }, mulberry32(1)), 40_000),
    [0.75, 0.25],
    0.01,
  );
  const two = createBalancer({ endpoints: weighted(1, 1, 1, 1), policy: 'power-of-two' }, mulberry32(2));
  near(shares(two, 40_000), [0.25, 0.25, 0.25, 0.25], 0.01);
});

test('least-request picks the least loaded for its weight, equals in turn', () => {
  const balancer = createBalancer({ endpoints: weighted(1, 1, 4), policy: 'least-request' });
  const counts = [0, 0, 0];
  for (let i = 0; i < 600; i++) {
    const endpoint = balancer.pick()!;
    endpoint.active++;
    counts[balancer.endpoints.indexOf(endpoint)]!++;
  }
  assert.deepEqual(counts, [100, 100, 400]);
});

test('power-of-two keeps loads close where random does not', () => {
  const spread = (policy: LoadBalancing) => {
    const balancer = createBalancer(
      { endpoints: weighted(...Array.from({ length: 50 }, () => 1)), policy },
      mulberry32(3),
    );
    for (let i = 0; i < 5_000; i++) balancer.pick()!.active++;
    const active = balancer.endpoints.map((endpoint) => endpoint.active);
    return Math.max(...active) - Math.min(...active);
  };
  assert.ok(spread('power-of-two') <= 8);
  assert.ok(spread('random') > 20);
});

test('source-ip sticks, shares by weight, and moves few clients when an endpoint goes', () => {
  const client = (i: number) => `192.168.${i >> 8}.${i & 255}`;
  const all = createBalancer({ endpoints: weighted(1, 1, 1, 1, 1), policy: 'source-ip' });
  near(shares(all, 20_000, client), [0.2, 0.2, 0.2, 0.2, 0.2], 0.015);
  near(shares(createBalancer({ endpoints: weighted(3, 1), policy: 'source-ip' }), 20_000, client), [0.75, 0.25], 0.015);
  const fewer = createBalancer({ endpoints: weighted(1, 1, 1, 1), policy: 'source-ip' });
  let moved = 0;
  for (let i = 0; i < 20_000; i++) {
    const before = all.pick(client(i))!;
    assert.equal(before, all.pick(client(i)));
    if (before.host !== '10.0.0.5' && fewer.pick(client(i))!.host !== before.host) moved++;
  }
  assert.ok(moved / 20_000 < 0.05, `${moved} of 20000 clients moved needlessly`);
});

test('every policy visits each endpoint once when told what was tried', () => {
  const policy = fc.constantFrom<LoadBalancing>('round-robin', 'random', 'least-request', 'power-of-two', 'source-ip');
  fc.assert(
    fc.property(
      policy,
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
      fc.option(fc.ipV4(), { nil: undefined }),
      fc.integer(),
      (policy, weights, key, seed) => {
        const balancer = createBalancer({ endpoints: weighted(...weights), policy }, mulberry32(seed));
        const tried = new Set<(typeof balancer.endpoints)[number]>();
        for (const _ of weights) {
          const endpoint = balancer.pick(key, tried);
          assert.ok(endpoint && !tried.has(endpoint));
          tried.add(endpoint);
        }
        assert.equal(balancer.pick(key, tried), undefined);
      },
    ),
    { numRuns: 60, seed: 7 },
  );
});
