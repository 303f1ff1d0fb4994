import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ClusterEndpoint } from '#proxies/cluster/endpoint.ts';
import { HealthChecks, type CheckPace, type Probe } from '#proxies/cluster/health-check.ts';
import { mulberry32 } from '#proxies/platform/random.ts';
import { ManualClock } from './manual-clock.ts';

const PACE: CheckPace = { interval: 100, jitter: 0, timeout: 50, unhealthyThreshold: 3, healthyThreshold: 2 };

function checked(pace: Partial<CheckPace>, probe: Probe, count = 1) {
  const clock = new ManualClock();
  const heard: string[] = [];
  const endpoints = Array.from({ length: count }, (_, i) => new ClusterEndpoint({ host: '10.0.0.1', port: i + 1 }));
  const onHealth = (endpoint: ClusterEndpoint, why: string | undefined): void =>
    void heard.push(`${Math.round(clock.now())} ${endpoint.port} ${why ?? 'healthy'}`);
  const checks = new HealthChecks({ ...PACE, ...pace }, probe, onHealth, { clock, random: mulberry32(5) });
  for (const endpoint of endpoints) checks.watch(endpoint);
  return { clock, heard, endpoints, endpoint: endpoints[0]!, checks };
}

/** Answers one after the other, the last for good: true is well. */
function answers(...script: readonly boolean[]) {
  let asked = 0;
  const probe: Probe = async () => (script[Math.min(asked++, script.length - 1)]! ? undefined : 'refused');
  return { probe, asked: () => asked };
}

describe('health checks', () => {
  it('the first answer decides alone, later ones by the threshold', async () => {
    const script = answers(false, true, false, true, true, false, false, true, false, false, false);
    const { clock, endpoint } = checked({}, script.probe);
    const states: boolean[] = [];
    let seen = 0;
    while (script.asked() < 11) {
      await clock.pass(1);
      if (script.asked() === seen) continue;
      seen = script.asked();
      await clock.pass(1);
      states.push(endpoint.healthy);
    }
    const [down, up] = [false, true];
    assert.deepEqual(states, [down, down, down, down, up, up, up, up, up, up, down]);
  });

  it('property: the state changes exactly after as many answers in a row as its threshold says', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        async (script, unhealthyThreshold, healthyThreshold) => {
          const { probe, asked } = answers(...script);
          const { clock, endpoint, checks } = checked({ unhealthyThreshold, healthyThreshold }, probe);
          let expected = true;
          let against = 0;
          for (const [index, isWell] of script.entries()) {
            while (asked() <= index) await clock.pass(10);
            against = isWell === expected ? 0 : against + 1;
            if (against >= (index === 0 ? 1 : expected ? unhealthyThreshold : healthyThreshold)) {
              expected = isWell;
              against = 0;
            }
            assert.equal(endpoint.healthy, expected, `after answer ${index} of ${script.join()}`);
          }
          checks.close();
          assert.equal(clock.waiting, 0);
        },
      ),
      { numRuns: 60, seed: 11 },
    );
  });

  it('a check without an answer fails at its time-out, is called off, and its late answer counts for nothing', async () => {
    let signal: AbortSignal | undefined;
    const late = Promise.withResolvers<string | undefined>();
    let asked = 0;
    const probe: Probe = (_, given) => {
      signal ??= given;
      return asked++ === 0 ? late.promise : new Promise(() => {});
    };
    const { clock, heard, endpoint } = checked({}, probe);
    await clock.pass(150);
    assert.deepEqual(
      heard.map((line) => line.replace(/^\d+ /, '')),
      ['1 no answer within 50 ms'],
    );
    assert.equal(signal?.aborted, true);
    late.resolve(undefined);
    await clock.pass(10);
    assert.equal(endpoint.healthy, false);
  });

  it('many endpoints are never asked at once, and none twice at a time', async () => {
    const count = 1_000;
    const interval = 1_000;
    const underWay = new Map<number, number>();
    const perMillisecond = new Map<number, number>();
    const probe: Probe = ({ port }) => {
      const at = Math.floor(clock.now());
      perMillisecond.set(at, (perMillisecond.get(at) ?? 0) + 1);
      underWay.set(port, (underWay.get(port) ?? 0) + 1);
      assert.equal(underWay.get(port), 1);
      return Promise.resolve(undefined).then(() => {
        underWay.set(port, 0);
        return undefined;
      });
    };
    const { clock } = checked({ interval, jitter: 0.2, timeout: 500 }, probe, count);
    await clock.pass(5 * interval);
    const busiest = Math.max(...perMillisecond.values());
    const total = [...perMillisecond.values()].reduce((sum, each) => sum + each);
    assert.ok(busiest <= 12, `${busiest} checks within a millisecond`);
    assert.ok(total > 4.5 * count && total < 5.5 * count, `${total} checks`);
  });

  it('what is let go of is asked no more, and its check under way is called off', async () => {
    let signal: AbortSignal | undefined;
    const probe: Probe = (_, given) => {
      signal = given;
      return new Promise(() => {});
    };
    const { clock, checks, endpoint, heard } = checked({}, probe);
    await clock.pass(99);
    assert.equal(signal?.aborted ?? false, false);
    checks.forget(endpoint);
    assert.equal(signal?.aborted, true);
    await clock.pass(1_000);
    assert.deepEqual(heard, []);
    assert.equal(clock.waiting, 0);
  });

  it('who is told may let go of all', async () => {
    const { clock, checks, heard } = checked({}, async () => 'refused');
    const onHeard = heard.push.bind(heard);
    heard.push = (...lines: string[]) => {
      checks.close();
      return onHeard(...lines);
    };
    await clock.pass(1_000);
    assert.equal(heard.length, 1);
    assert.equal(clock.waiting, 0);
  });
});
