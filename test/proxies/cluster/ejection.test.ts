import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Ejection } from '#proxies/cluster/ejection.ts';
import { ClusterEndpoint } from '#proxies/cluster/endpoint.ts';
import type { Ejection as Policy } from '#proxies/config/intent.ts';
import { mostEjected } from '#proxies/config/policy-defaults.ts';
import { ManualClock } from './manual-clock.ts';

function cluster(count: number, policy: Policy) {
  const clock = new ManualClock();
  const log: string[] = [];
  const endpoints = Array.from({ length: count }, (_, i) => new ClusterEndpoint({ host: '10.0.0.1', port: i + 1 }));
  const ejection = new Ejection(policy, clock, ({ port }, out) =>
    log.push(`${clock.now()} ${port} ${out === undefined ? 'back' : `out ${out.ms}: ${out.why}`}`),
  );
  for (const endpoint of endpoints) ejection.add(endpoint);
  return { clock, log, endpoints, ejection };
}

const fail = (ejection: Ejection, endpoint: ClusterEndpoint, times: number): void => {
  for (let i = 0; i < times; i++) ejection.failed(endpoint, 'status 503');
};

describe('ejection', () => {
  it('ejects after failures in a row alone, ever longer, and forgets with time', () => {
    const { clock, log, endpoints, ejection } = cluster(2, { consecutive: 3, baseTime: 1_000, maxTime: 2_500 });
    const [a] = endpoints as [ClusterEndpoint];
    fail(ejection, a, 2);
    ejection.succeeded(a);
    fail(ejection, a, 2);
    assert.equal(a.ejected, false);
    fail(ejection, a, 1);
    clock.advance(1_000);
    fail(ejection, a, 3);
    clock.advance(2_000);
    fail(ejection, a, 3);
    clock.advance(2_500);
    clock.advance(2_000); // makes up for two of three
    fail(ejection, a, 3);
    assert.deepEqual(log, [
      '0 1 out 1000: 3 in a row: status 503',
      '1000 1 back',
      '1000 1 out 2000: 3 in a row: status 503',
      '3000 1 back',
      '3000 1 out 2500: 3 in a row: status 503',
      '5500 1 back',
      '7500 1 out 2000: 3 in a row: status 503',
    ]);
  });

  it('ejects by the share of failures within a window, where there are enough answers', () => {
    const policy = { consecutive: 0, errorRate: 0.5, minimum: 10, window: 1_000, baseTime: 100 };
    const { clock, log, endpoints, ejection } = cluster(2, policy);
    const [a, b] = endpoints as [ClusterEndpoint, ClusterEndpoint];
    for (let i = 0; i < 4; i++) {
      ejection.succeeded(a);
      fail(ejection, a, 1);
    }
    assert.equal(a.ejected, false, 'eight answers are too few');
    clock.advance(1_001); // they are out of sight
    fail(ejection, a, 9);
    assert.equal(a.ejected, false);
    fail(ejection, a, 1);
    assert.deepEqual(log, ['1001 1 out 100: 10 of the last 10: status 503']);
    for (let i = 0; i < 100; i++) ejection.succeeded(b);
    fail(ejection, b, 99);
    assert.equal(b.ejected, false, '99 of 199');
  });

  it('what is still answered while it is out neither lengthens nor repeats it', () => {
    const { clock, log, endpoints, ejection } = cluster(2, { consecutive: 2, baseTime: 1_000 });
    fail(ejection, endpoints[0]!, 20);
    clock.advance(1_000);
    assert.deepEqual(log, ['0 1 out 1000: 2 in a row: status 503', '1000 1 back']);
    fail(ejection, endpoints[0]!, 1);
    assert.equal(endpoints[0]!.ejected, false, 'it begins anew');
  });

  it('the one who takes the endpoints over goes on with what is out', () => {
    const { clock, log, endpoints, ejection } = cluster(2, { consecutive: 1, baseTime: 1_000 });
    fail(ejection, endpoints[0]!, 1);
    clock.advance(400);
    ejection.close();
    fail(ejection, endpoints[1]!, 5);
    assert.equal(endpoints[1]!.ejected, false, 'it is closed');
    const heard: number[] = [];
    const next = new Ejection({}, clock, ({ port }) => heard.push(port));
    for (const endpoint of endpoints) next.add(endpoint);
    clock.advance(599);
    assert.equal(endpoints[0]!.ejected, true);
    clock.advance(1);
    assert.equal(endpoints[0]!.ejected, false);
    assert.deepEqual([log.length, heard], [1, [1]]);
  });

  it('property: never more than the share is out, whatever fails when, and all come back', () => {
    const step = fc.record({
      port: fc.nat({ max: 7 }),
      does: fc.constantFrom('fail', 'succeed', 'leave', 'wait'),
      times: fc.integer({ min: 1, max: 8 }),
    });
    const policy = fc.record({
      consecutive: fc.integer({ min: 0, max: 4 }),
      errorRate: fc.double({ min: 0.1, max: 1, noNaN: true }),
      minimum: fc.integer({ min: 1, max: 10 }),
      maxShare: fc.double({ min: 0, max: 1, noNaN: true }),
      baseTime: fc.constant(100),
      maxTime: fc.constant(400),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), policy, fc.array(step, { maxLength: 80 }), (count, policy, steps) => {
        const { clock, endpoints, ejection } = cluster(count, policy);
        const members = new Set(endpoints);
        for (const { port, does, times } of steps) {
          const endpoint = endpoints[port % count]!;
          const before = endpoints.filter(({ ejected }) => ejected).length;
          if (does === 'wait') clock.advance(times * 20);
          if (does === 'leave' && members.delete(endpoint)) ejection.forget(endpoint);
          if (does === 'succeed') for (let i = 0; i < times; i++) ejection.succeeded(endpoint);
          if (does === 'fail') fail(ejection, endpoint, times);
          const out = [...members].filter(({ ejected }) => ejected).length;
          // One that leaves makes the share smaller: who is out by then stays so.
          if (out > before) assert.ok(out <= mostEjected(policy.maxShare, members.size), `${out} of ${members.size}`);
        }
        clock.advance(1_000);
        for (const endpoint of members) assert.equal(endpoint.ejected, false);
        assert.equal(clock.waiting, 0);
      }),
      { numRuns: 300, seed: 3 },
    );
  });
});
