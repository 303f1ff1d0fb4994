/** Faults through the real thing: short scripts, real sockets and processes. What users see, and what is left behind. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { planPlacement, readCores } from '#bench/lab/placement.ts';
import { createLoadPool } from '#bench/load/pool.ts';
import type { FaultScenario, FaultStep } from '#bench/model/fault.ts';
import { FaultTrialRecord } from '#bench/model/record.ts';
import { millis, perSecond } from '#bench/model/units.ts';
import { FAULTS } from '#bench/plan/faults.ts';
import { countsOf, type PlannedFault, runFaultTrial } from '#bench/run/fault-trial.ts';
import { planFaults } from '#bench/run/resilience.ts';
import { outcomeOf } from '#bench/analysis/faults/outcome.ts';
import { proxies } from '#proxies/registry.ts';

const placement = { ...planPlacement(readCores()), loadWorkers: 1 };
const pool = createLoadPool({ workers: 1 });
after(() => pool[Symbol.asyncDispose]());
const signal = AbortSignal.timeout(100_000);

/** 100 requests a second before three origins that carry far more, for a second. */
const short = (...steps: readonly (readonly [number, FaultStep['act']])[]): FaultScenario => ({
  name: 'short',
  summary: '',
  origins: 3,
  capacity: { slots: 8, service: millis(2) },
  offered: perSecond(100),
  connections: 192, // all made at once: none of them may be lost
  window: millis(1_000),
  trouble: { from: millis(200), to: millis(600) },
  counted: 0,
  steps: steps.map(([at, act]) => ({ at: millis(at), act })),
});

const meets = (fault: FaultScenario, name: string, policies: PlannedFault['policies'] = 'on') =>
  runFaultTrial(
    { fault, policies, repeat: 0, ...(name !== 'direct' && { definition: proxies.get(name)! }) },
    { pool, placement, seed: 5 },
    signal,
  );

async function completed(fault: FaultScenario, name: string, policies?: PlannedFault['policies']) {
  const trial = FaultTrialRecord.parse(await meets(fault, name, policies));
  assert.equal(trial.outcome.state, 'completed', JSON.stringify(trial.outcome));
  const outcome = trial.outcome as Extract<FaultTrialRecord['outcome'], { state: 'completed' }>;
  for (const { at, done } of outcome.steps) assert.ok(done >= at, 'no step is early');
  return { trial, outcome, ...outcomeOf(fault, outcome) };
}

const REFUSING: FaultStep['act'] = { kind: 'steer', origin: 0, condition: { kind: 'refusing' } };
const WELL: FaultStep['act'] = { kind: 'steer', origin: 0, condition: { kind: 'well' } };
const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

describe('faults', { timeout: 100_000 }, () => {
  test('one origin vanishes, stands still and resets its connections: its own users notice, and all goes on afterwards', async () => {
    const fault = short(
      [150, { kind: 'black-hole', origin: 0 }],
      [300, { kind: 'resume', origin: 0 }],
      [400, REFUSING],
      [500, WELL],
      [650, { kind: 'pause', origin: 0 }],
      [800, { kind: 'resume', origin: 0 }],
    );
    const { failed, failedFor, cpuPerRequest, outcome } = await completed(fault, 'direct', 'off');
    assert.ok(failed > 0 && failedFor !== null);
    assert.equal(cpuPerRequest, null);
    assert.equal(outcome.arrivals.requests.length, 1);
    assert.ok(sum(outcome.arrivals.requests[0]!.slice(8)) > 0, 'it is used at the end');
    assert.ok(outcome.load.requests > 0);
  });

  test('one origin resets its connections, another is killed and comes back at its port: behind policies nobody fails', async () => {
    const fault = short(
      [200, REFUSING],
      [200, { kind: 'kill', origin: 1 }],
      [600, { kind: 'start', origin: 1 }],
      [600, WELL],
    );
    const { failed, cpuPerRequest, outcome, trial } = await completed(fault, 'l7-http');
    assert.equal(failed, 0, JSON.stringify(outcome.load.errors));
    assert.ok(cpuPerRequest! > 0);
    const { requests, refused } = outcome.arrivals;
    assert.ok(sum(refused[0]!) > 0, 'it was tried, and refused');
    assert.ok(sum(requests[1]!.slice(0, 2)) > 0, 'what a killed one had counted is kept');
    assert.equal(sum(requests[1]!.slice(3, 6)), 0);
    assert.ok(trial.given.includes('retries') && trial.nativeConfig !== '');
  });

  test('a reload loses nothing; who cannot be handed another configuration says so', async () => {
    const reload = short([200, { kind: 'reload' }], [500, { kind: 'reload' }], [800, { kind: 'reload' }]);
    const { failed, late } = await completed(reload, 'l7-http');
    assert.deepEqual([failed, late < 10], [0, true]);
    const direct = await meets(reload, 'direct', 'off');
    assert.deepEqual(direct.outcome, { state: 'refused', why: 'direct has no configuration' });
    const { outcome } = await meets(reload, 'node-http', 'off');
    assert.equal(outcome.state, 'refused');
  });

  test('a proxy that does not start has failed, with the reason; an abort is no outcome, and leaves nothing', async () => {
    const unable = {
      ...proxies.get('l7-http')!,
      name: 'no-such-proxy',
      async start() {
        throw new Error('not today');
      },
    };
    const trial = await runFaultTrial(
      { fault: short(), policies: 'on', repeat: 0, definition: unable },
      { pool, placement, seed: 5 },
      signal,
    );
    assert.equal(trial.outcome.state, 'failed');
    assert.match(JSON.stringify(trial.outcome), /not today/);
    const stop = new AbortController();
    const hung = short([100, { kind: 'pause', origin: 0 }]);
    const running = runFaultTrial(
      { fault: hung, policies: 'on', repeat: 0, definition: proxies.get('l7-http')! },
      { pool, placement, seed: 5 },
      stop.signal,
    );
    setTimeout(() => stop.abort(new Error('enough')), 900);
    await assert.rejects(running, /enough/);
  });
});

test('the plan: fault by fault, every subject with each choice of policies, by the seed; direct once, and where it can be', () => {
  const definitions = ['l7-http', 'l4-tcp', 'nginx-http'].map((name) => proxies.get(name)!);
  const settings = {
    faults: FAULTS,
    proxies: definitions,
    policies: ['on', 'off'],
    repeats: 2,
    seed: 3,
    skipped: [],
    out: '',
  } as const;
  const plan = planFaults(settings);
  const name = ({ fault, definition, policies, repeat }: PlannedFault): string =>
    `${fault.name} ${definition?.name ?? 'direct'} ${policies} ${repeat}`;
  assert.equal(new Set(plan.map(name)).size, plan.length);
  assert.equal(plan.length, FAULTS.length * 2 * (3 * 2 + 1) - 2);
  assert.ok(!plan.some(({ fault, definition }) => fault.name === 'reloads' && !definition));
  assert.deepEqual(planFaults(settings).map(name), plan.map(name));
  assert.notDeepEqual(planFaults({ ...settings, seed: 4 }).map(name), plan.map(name));
  const order = plan.map(({ fault }) => FAULTS.indexOf(fault));
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
});

test('arrivals are counted in the interval that they fall into; what is outside of the window is not', () => {
  assert.deepEqual(countsOf([999.9, 1_000, 1_099.9, 1_100, 1_250, 1_300], 1_000, 250), [2, 1, 1]);
});
