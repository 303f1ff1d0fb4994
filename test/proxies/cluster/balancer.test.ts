import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createBalancer, type Balancer } from '#proxies/cluster/balancer.ts';
import { markUsable } from '#proxies/cluster/panic.ts';
import { SlowStart, warmth } from '#proxies/cluster/slow-start.ts';
import type { LoadBalancing } from '#proxies/config/intent.ts';
import { mulberry32 } from '#proxies/platform/random.ts';
import { ManualClock } from './manual-clock.ts';

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

const POLICIES = ['round-robin', 'random', 'least-request', 'power-of-two', 'source-ip'] as const;
const anyPolicy = fc.constantFrom<LoadBalancing>(...POLICIES);

test('property: only usable endpoints are picked, each of them at some time, and none where there is none', () => {
  fc.assert(
    fc.property(
      anyPolicy,
      fc.array(fc.record({ weight: fc.integer({ min: 1, max: 3 }), usable: fc.boolean() }), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.integer(),
      (policy, each, seed) => {
        const balancer = createBalancer(
          { endpoints: weighted(...each.map(({ weight }) => weight)), policy },
          mulberry32(seed),
        );
        for (const [index, { usable }] of each.entries()) balancer.endpoints[index]!.usable = usable;
        balancer.update(balancer.endpoints);
        const picked = new Set<unknown>();
        for (let i = 0; i < 300; i++) {
          const endpoint = balancer.pick(`client ${i}`);
          picked.add(endpoint);
          if (endpoint !== undefined) endpoint.active++;
        }
        const usable = balancer.endpoints.filter((endpoint) => endpoint.usable);
        assert.deepEqual(picked, new Set(usable.length > 0 ? usable : [undefined]));
      },
    ),
    { numRuns: 100, seed: 8 },
  );
});

test('a key whose endpoint is out goes elsewhere and comes back; no other key moves', () => {
  const balancer = createBalancer({ endpoints: weighted(1, 1, 1, 1), policy: 'source-ip' });
  const keys = Array.from({ length: 2_000 }, (_, i) => `key ${i}`);
  const before = keys.map((key) => balancer.pick(key));
  const [out] = balancer.endpoints;
  out!.usable = false;
  balancer.update(balancer.endpoints);
  const during = keys.map((key) => balancer.pick(key));
  for (const [index, endpoint] of before.entries()) if (endpoint !== out) assert.equal(during[index], endpoint);
  const moved = during.filter((_, index) => before[index] === out);
  for (const other of balancer.endpoints.slice(1)) {
    const share = moved.filter((endpoint) => endpoint === other).length / moved.length;
    assert.ok(share > 0.25 && share < 0.42, `${share} of what moved`);
  }
  out!.usable = true;
  balancer.update(balancer.endpoints);
  assert.deepEqual(
    keys.map((key) => balancer.pick(key)),
    before,
  );
});

test('weights that move between picks keep round-robin smooth', () => {
  const balancer = createBalancer({ endpoints: weighted(10, 10) });
  const [warm, cold] = balancer.endpoints;
  cold!.weight = 1;
  let picks = 0;
  for (let i = 0; i < 1_100; i++) {
    cold!.weight = 1 + (i % 2) / 1_000;
    balancer.update(balancer.endpoints);
    if (balancer.pick() === cold) picks++;
  }
  assert.equal(warm!.weight, 10);
  assert.equal(picks, 100);
});

test('panic: all are used below the threshold, or where none is left; with 0 none is', () => {
  const usable = (inOrder: number, count: number, threshold: number | undefined): [number, boolean] => {
    const { endpoints } = createBalancer({ endpoints: weighted(...Array.from({ length: count }, () => 1)) });
    for (const [index, endpoint] of endpoints.entries()) {
      endpoint.healthy = index < inOrder || index % 2 === 0;
      endpoint.ejected = index >= inOrder && endpoint.healthy;
    }
    const isPanic = markUsable(endpoints, threshold);
    return [endpoints.filter((endpoint) => endpoint.usable).length, isPanic];
  };
  assert.deepEqual(usable(3, 4, 0.5), [3, false]);
  assert.deepEqual(usable(2, 4, 0.5), [2, false]);
  assert.deepEqual(usable(1, 4, 0.5), [4, true]);
  assert.deepEqual(usable(1, 4, undefined), [1, false]);
  assert.deepEqual(usable(0, 4, undefined), [4, true]);
  assert.deepEqual(usable(0, 4, 0), [0, false]);
  assert.deepEqual(usable(0, 0, undefined), [0, false]);
});

test('slow start: the share grows with time, from the least one to all', () => {
  const policy = { window: 1_000 };
  assert.deepEqual(
    [0, 50, 500, 999, 1_000, 5_000].map((ms) => warmth(policy, ms)),
    [0.1, 0.1, 0.5, 0.999, 1, 1],
  );
  assert.equal(warmth({ ...policy, aggression: 2, minimum: 0.01 }, 250), 0.5);
  const clock = new ManualClock();
  const balancer = createBalancer({ endpoints: weighted(10, 10) });
  const [old, fresh] = balancer.endpoints;
  const slow = new SlowStart(policy, clock, () => balancer.update(balancer.endpoints));
  slow.begin(fresh!);
  balancer.update(balancer.endpoints);
  const shareNow = (): number => {
    const count = Array.from({ length: 1_000 }, () => balancer.pick()).filter((endpoint) => endpoint === fresh).length;
    return count / 1_000;
  };
  const course = [shareNow()];
  for (let i = 0; i < 4; i++) {
    clock.advance(250);
    course.push(shareNow());
  }
  near(course, [0.09, 0.2, 0.333, 0.428, 0.5], 0.01);
  assert.equal(clock.waiting, 0, 'nothing is timed once all are warm');
  slow.begin(fresh!);
  clock.advance(500);
  slow.close();
  const next = new SlowStart(policy, clock, () => {});
  next.resume(fresh!);
  next.resume(old!);
  assert.deepEqual([old!.weight, fresh!.weight], [10, 5], 'who takes over goes on where it is');
});

test('stickiness chooses by its key whatever the policy', () => {
  const balancer = createBalancer({ endpoints: weighted(1, 1, 1), stickiness: { kind: 'cookie', name: 'sid' } });
  const once = balancer.pick('abc');
  for (let i = 0; i < 10; i++) assert.equal(balancer.pick('abc'), once);
});
