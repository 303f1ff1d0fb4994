/** A cluster's policies together: what one finds out, all the others and the balancer go by; a new intent takes over what is known. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NameClient } from '#proxies/cluster/dns-names.ts';
import { endpointStats } from '#proxies/cluster/endpoint.ts';
import type { Probe } from '#proxies/cluster/health-check.ts';
import { ClusterRuntime, type RuntimeOptions } from '#proxies/cluster/runtime.ts';
import type { Cluster } from '#proxies/config/intent.ts';
import { mulberry32 } from '#proxies/platform/random.ts';
import { ManualClock } from './manual-clock.ts';

const cluster = (policies: Partial<Cluster>, ports: readonly number[] = [1, 2, 3]): Cluster => ({
  name: 'c',
  endpoints: ports.map((port) => ({ host: '10.0.0.1', port })),
  ...policies,
});

const CHECK = {
  kind: 'tcp',
  interval: 100,
  jitter: 0,
  timeout: 50,
  unhealthyThreshold: 2,
  healthyThreshold: 1,
} as const;

/** Ports in `down` refuse to be checked. */
function lab(down: ReadonlySet<number> = new Set()) {
  const clock = new ManualClock();
  const events: string[] = [];
  const removed: number[] = [];
  const probe: Probe = async ({ port }) => (down.has(port) ? 'refused' : undefined);
  const options: RuntimeOptions = {
    clock,
    random: mulberry32(1),
    probe,
    onEvent: ({ kind, endpoint = '', detail = '' }) =>
      events.push(`${kind} ${endpoint.replace('10.0.0.1:', '')} ${detail}`.replaceAll('10.0.0.1:', '').trim()),
    onRemoved: ({ port }) => removed.push(port),
  };
  return {
    clock,
    events,
    removed,
    options,
    start: (intent: Cluster, previous?: ClusterRuntime) => started(intent, options, previous),
  };
}

function started(intent: Cluster, options: RuntimeOptions, previous?: ClusterRuntime): ClusterRuntime {
  const runtime = new ClusterRuntime(intent, options);
  runtime.start(previous);
  return runtime;
}

const picked = (runtime: ClusterRuntime, times = 60): number[] =>
  [...new Set(Array.from({ length: times }, () => runtime.balancer.pick()?.port ?? 0))].toSorted((a, b) => a - b);

describe('a cluster at work', () => {
  it('without policies nothing is timed, told or counted', () => {
    const { clock, events, start } = lab();
    const runtime = start(cluster({}));
    assert.deepEqual(picked(runtime), [1, 2, 3]);
    assert.deepEqual([clock.waiting, events.length, runtime.stats.policies], [0, 0, undefined]);
  });

  it('checks take endpoints out and bring them back, cold; if none is left all are used', async () => {
    const down = new Set([2]);
    const { clock, events, start } = lab(down);
    const runtime = start(cluster({ healthCheck: CHECK, slowStart: { window: 10_000 } }));
    await clock.pass(200);
    assert.deepEqual(picked(runtime), [1, 3]);
    down.add(1).add(3);
    await clock.pass(300);
    assert.deepEqual(picked(runtime), [1, 2, 3]);
    assert.equal(runtime.isPanicking, true);
    down.clear();
    await clock.pass(300);
    assert.equal(runtime.isPanicking, false);
    assert.ok(runtime.balancer.endpoints.every(({ weight }) => weight < 0.2));
    await clock.pass(10_500);
    assert.ok(runtime.balancer.endpoints.every(({ weight }) => weight === 1));
    const kinds = events.map((event) => event.split(' ')[0]!);
    assert.deepEqual(kinds.toSorted(), [
      'calm',
      'healthy',
      'healthy',
      'healthy',
      'panic',
      'unhealthy',
      'unhealthy',
      'unhealthy',
    ]);
    assert.ok(events.includes('unhealthy 2 refused'));
    assert.deepEqual(runtime.stats.policies?.events, { unhealthy: 3, healthy: 3, panic: 1, calm: 1 });
    runtime.close();
    assert.equal(clock.waiting, 0);
  });

  it('ejection takes out what answers badly, and panic counts both kinds', () => {
    const { clock, events, start } = lab();
    const ejection = { consecutive: 2, baseTime: 1_000, maxShare: 0.7 };
    const runtime = start(cluster({ ejection, panicThreshold: 0.5, slowStart: { window: 1_000 } }));
    const [a, b] = runtime.balancer.endpoints;
    const fail = (endpoint = a!) => runtime.ejection!.failed(endpoint, 'status 500');
    fail();
    fail();
    assert.deepEqual(picked(runtime), [2, 3]);
    fail(b);
    fail(b);
    assert.deepEqual(picked(runtime), [1, 2, 3], 'one of three is less than half');
    assert.equal(endpointStats(a!).out, 'ejected');
    clock.advance(1_000);
    assert.deepEqual(picked(runtime), [1, 2, 3]);
    assert.equal(endpointStats(a!).out, undefined);
    assert.equal(a!.weight, 0.1, 'it is back, and cold');
    assert.deepEqual(events, [
      'ejected 1 for 1000 ms: 2 in a row: status 500',
      'ejected 2 for 1000 ms: 2 in a row: status 500',
      'panic  1 of 3 endpoints are in order',
      'returned 1',
      'calm  2 of 3 endpoints are in order',
      'returned 2',
    ]);
  });

  it('a new intent takes over what is known of endpoints, and lets go of the others', async () => {
    const down = new Set([2]);
    const { clock, removed, start } = lab(down);
    const before = start(cluster({ healthCheck: CHECK, ejection: { consecutive: 1, maxShare: 1 } }));
    await clock.pass(200);
    const [one, two] = before.balancer.endpoints;
    before.ejection!.failed(one!, 'status 500');
    one!.active = 7;
    assert.deepEqual(picked(before), [3]);
    const intent = cluster({ healthCheck: CHECK, ejection: { maxShare: 1 }, slowStart: { window: 1_000 } }, [1, 2, 4]);
    const after = start({ ...intent, endpoints: intent.endpoints.map((each) => ({ ...each, weight: 5 })) }, before);
    assert.deepEqual(picked(after), [4]);
    assert.deepEqual(removed, [3]);
    assert.equal(after.balancer.endpoints[0], one);
    assert.deepEqual([one!.active, one!.fullWeight, one!.ejected, two!.healthy], [7, 5, true, false]);
    assert.equal(after.balancer.endpoints[2]!.weight, 0.5, 'the new one is cold');
    assert.deepEqual(after.stats.policies!.events, { unhealthy: 1, ejected: 1 });
    down.clear();
    await clock.pass(300);
    assert.equal(two!.healthy, true);
    await clock.pass(30_000);
    assert.equal(one!.ejected, false);
    const bare = start(cluster({}), after);
    assert.equal(clock.waiting, 0);
    assert.deepEqual(picked(bare), [1, 2, 3]);
  });

  it('a reload a second loses no verdict: thresholds, ejections and warmth go on', async () => {
    const down = new Set([2]);
    const { clock, start } = lab(down);
    const intent = cluster({
      healthCheck: { ...CHECK, interval: 400, unhealthyThreshold: 3 },
      ejection: { consecutive: 1, baseTime: 5_000 },
      slowStart: { window: 4_000 },
    });
    let runtime = start(intent);
    const [one, two] = runtime.balancer.endpoints;
    two!.checks.judged = true; // so that its threshold counts
    runtime.ejection!.failed(one!, 'status 500');
    for (let i = 0; i < 8; i++) {
      await clock.pass(300);
      runtime = start(intent, runtime);
    }
    assert.equal(two!.healthy, false);
    assert.equal(one!.ejected, true);
    await clock.pass(2_600);
    assert.equal(one!.ejected, false);
    const weights: number[] = [];
    for (let i = 0; i < 5; i++) {
      await clock.pass(1_000);
      runtime = start(intent, runtime);
      weights.push(one!.weight);
    }
    assert.ok(
      weights.every((weight, index) => index === 0 || weight > weights[index - 1]! || weight === 1),
      weights.join(),
    );
    assert.equal(weights.at(-1), 1);
    runtime.close();
    assert.equal(clock.waiting, 0);
  });

  it('what is not started changes nothing of what runs', async () => {
    const { clock, events, options, start } = lab();
    const runtime = start(cluster({ ejection: { consecutive: 1, baseTime: 100 } }));
    const waiting = clock.waiting;
    const other = new ClusterRuntime(cluster({ healthCheck: CHECK, slowStart: { window: 10 } }, [1]), options);
    assert.equal(clock.waiting, waiting);
    assert.equal(other.balancer.pick()?.port, 1);
    assert.deepEqual([picked(runtime), events], [[1, 2, 3], []]);
  });

  it('discovery: what it finds takes the place of what the intent says, and outlives a reload', async () => {
    const { clock, events, removed, options } = lab();
    let answer: readonly { address: string; ttl: number }[] | Error = [{ address: '10.0.0.1', ttl: 10 }];
    const nameClient = (): NameClient => ({
      resolve4: () => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)),
      resolve6: () => Promise.resolve([]),
      resolveSrv: () => Promise.resolve([]),
      cancel() {},
    });
    const discovery = { kind: 'dns', name: 'a.test', port: 9 } as const;
    const intent = cluster({ discovery, slowStart: { window: 1_000 } }, [1]);
    const runtime = started(intent, { ...options, nameClient });
    assert.deepEqual(picked(runtime), [1]);
    await runtime.discovered;
    assert.deepEqual([picked(runtime), removed], [[9], [1]]);
    assert.equal(runtime.balancer.endpoints[0]!.weight, 0.1, 'it came while the others served');
    answer = [
      { address: '10.0.0.1', ttl: 10 },
      { address: '10.0.0.2', ttl: 10 },
    ];
    const kept = runtime.balancer.endpoints[0];
    await clock.pass(10_001);
    assert.deepEqual(
      runtime.balancer.endpoints.map(({ host }) => host),
      ['10.0.0.1', '10.0.0.2'],
    );
    assert.equal(runtime.balancer.endpoints[0], kept);
    answer = answer.toReversed();
    await clock.pass(10_000);
    assert.equal(events.filter((event) => event.startsWith('endpoints')).length, 2, 'another order is no news');
    answer = new Error('queryA ESERVFAIL a.test');
    await clock.pass(10_000);
    assert.equal(events.at(-1), 'discovery_failed  queryA ESERVFAIL a.test');
    const next = started({ ...intent, connectTimeout: 5 }, { ...options, nameClient }, runtime);
    assert.deepEqual(
      next.balancer.endpoints.map(({ host }) => host),
      ['10.0.0.1', '10.0.0.2'],
    );
    await next.discovered;
    next.close();
    assert.equal(clock.waiting, 0);
  });

  it('endpoints that an intent names twice stay two over a reload', () => {
    const { start } = lab();
    const before = start(cluster({}, [1, 1, 2]));
    const after = start(cluster({}, [1, 1, 2]), before);
    assert.deepEqual(after.balancer.endpoints, before.balancer.endpoints);
    assert.equal(new Set(after.balancer.endpoints).size, 3);
  });
});
