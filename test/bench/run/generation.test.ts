/** A generation through the real thing: who is alive at once, whose turn is whose, and what a subject that fails costs the others. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ProxyDefinition } from '#proxies/contract.ts';
import { proxies } from '#proxies/registry.ts';
import { createCertificate } from '#bench/lab/certificates.ts';
import { planPlacement, readCores } from '#bench/lab/placement.ts';
import { createLoadPool } from '#bench/load/pool.ts';
import { type CompletedTrial, TrialRecord } from '#bench/model/record.ts';
import { type Subject, subjectName } from '#bench/model/scenario.ts';
import type { PlannedTrial } from '#bench/plan/generations.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';
import { type GenerationContext, runGeneration } from '#bench/run/generation.ts';

const shared = { placement: planPlacement(readCores()), certificate: createCertificate() };
const scenario = (name: string) => SCENARIOS.find((one) => one.name === name)!;
const DIRECT: Subject = { kind: 'direct' };
const proxy = (name: string, again?: true): Subject => ({ kind: 'proxy', name, ...(again && { again }) });
const plan = (name: string, ...subjects: Subject[]): PlannedTrial[] =>
  subjects.map((subject, position) => ({ scenario: scenario(name), subject, generation: 0, position }));

const context = (more: Partial<GenerationContext>): Omit<GenerationContext, 'pool'> => ({
  ...shared,
  seed: 1,
  definitionOf: (name) => proxies.get(name),
  subjects: [],
  rates: new Map(),
  ...more,
});

const signal = AbortSignal.timeout(110_000);

async function run(trials: PlannedTrial[], rounds: number, more: Partial<GenerationContext> = {}) {
  await using pool = createLoadPool({ workers: shared.placement.loadWorkers });
  return await runGeneration({ trials, rounds }, { ...context(more), pool }, signal); // the pool outlives it
}

function completed(trial: TrialRecord): CompletedTrial {
  assert.equal(trial.state, 'completed', JSON.stringify(trial.state === 'failed' ? trial.error : trial));
  return trial as CompletedTrial;
}

describe('a generation', () => {
  test('each subject has one turn a round; requests and CPU of a trial are the sums of its turns', async () => {
    const rates: GenerationContext['rates'] = new Map();
    const trials = [
      ...plan('http-small', DIRECT, proxy('l4-tcp'), proxy('l7-http'), proxy('l7-http', true)),
      ...plan('http-paced-50', DIRECT, proxy('l7-http')),
      ...plan('http-new-connection', proxy('l7-http')),
    ];
    const found = await run(trials, 3, { rates });
    assert.deepEqual(
      found.map((trial) => [trial.scenario, subjectName(trial.subject)]),
      trials.map((one) => [one.scenario.name, subjectName(one.subject)]),
    );
    for (const trial of found.map(completed)) {
      TrialRecord.parse(trial);
      const turns = trial.turns!;
      assert.deepEqual(
        turns.map(({ round }) => round),
        [0, 1, 2],
      );
      const reading = trial.probes.proxy ?? trial.probes.origin!;
      assert.equal(
        turns.reduce((sum, { answered }) => sum + answered, 0),
        reading.requests,
      );
      const used = turns.reduce((sum, { cpu }) => sum + (cpu.proxy ?? cpu.origin ?? 0), 0);
      assert.ok(Math.abs(used / reading.cpu - 1) < 1e-6 && used > 0);
      assert.ok(turns.every(({ failed, rate, took }) => failed === 0 && rate > 0 && took > 0));
    }
    // What one subject is asked no other answers for: the origin is one for all.
    const [direct, , l7] = found.map(completed);
    assert.equal(direct!.probes.proxy, undefined);
    assert.notDeepEqual(l7!.probes.proxy!.pids, completed(found[3]!).probes.proxy!.pids);
    const paced = completed(found[4]!);
    assert.ok(paced.loop?.kind === 'open' && paced.loop.offered === rates.get('http-paced-50'));
    assert.equal(paced.load.scheduled, paced.load.requests + paced.load.dropped!);
  });

  test('HTTP/2 has its turns among others: the same work, in the clear and by TLS, closed and at a rate', async () => {
    const rates: GenerationContext['rates'] = new Map();
    const trials = [
      ...plan('h2-8x8', DIRECT, proxy('l4-tcp'), proxy('l7-http')),
      ...plan('h2-8x8-paced-50', proxy('l7-http')),
      ...plan('h2-to-h1-8x8', proxy('l7-http')),
      ...plan('h2-tls-8x8', proxy('l7-tls')),
      ...plan('http-small', proxy('l7-http')),
    ];
    const found = (await run(trials, 2, { rates })).map(completed);
    for (const { scenario: name, load } of found) {
      assert.equal(load.driver, name === 'http-small' ? 'http1' : 'http2', name);
      assert.ok(load.requests > 0 && load.bodiesChecked! > 0 && load.reads! > 0, name);
    }
    const perRequest = (index: number, of: 'reads' | 'writes') => {
      const { calls, requests } = found[index]!.probes.proxy!;
      return calls![of] / requests;
    };
    for (const call of ['reads', 'writes'] as const) {
      // A request of HTTP/1.1 comes and goes on by itself, as does its answer.
      assert.ok(perRequest(6, call) > 1.9 && perRequest(6, call) < 3, `${perRequest(6, call)} ${call} a request`);
      assert.ok(perRequest(2, call) < perRequest(6, call), 'what is multiplexed comes together');
    }
    const pids = (index: number) => found[index]!.probes.proxy!.pids;
    assert.deepEqual(pids(2), pids(3), 'one start for both loops');
    assert.notDeepEqual(pids(2), pids(4), 'another way to the origin is another start');
    assert.notDeepEqual(pids(2), pids(6));
  });

  test('a subject that does not start, and one that answers nothing more, lose their trial and nobody else’s', async () => {
    const l7 = proxies.get('l7-http')!;
    const missing: ProxyDefinition = {
      ...l7,
      name: 'missing',
      availability: async () => ({ state: 'missing', reason: 'it is not here', install: 'nothing' }),
    };
    const definitions = new Map([missing, l7, proxies.get('l4-tcp')!].map((one) => [one.name, one]));
    const found = await run(plan('http-small', DIRECT, proxy('missing'), proxy('l4-tcp'), proxy('l7-http')), 3, {
      definitionOf: (name) => definitions.get(name),
      // A fault that the proxy is started with: each request waits longer than a turn may take.
      runs: (subject) => (subject.kind === 'proxy' && subject.name === 'l7-http' ? { fault: { delay: 4_000 } } : {}),
    });
    assert.deepEqual(
      found.map(({ state }) => state),
      ['completed', 'failed', 'completed', 'failed'],
    );
    assert.match(JSON.stringify(found[1]), /it is not here/);
    assert.match(JSON.stringify(found[3]), /no answer/);
    assert.equal(completed(found[2]!).turns!.length, 3);
  });

  test('an abort within a turn ends it, and leaves no process', async () => {
    const abort = new AbortController();
    await using pool = createLoadPool({ workers: shared.placement.loadWorkers });
    const running = runGeneration(
      { trials: plan('http-small', DIRECT, proxy('l7-http')), rounds: 500 },
      { ...context({ doing: (what) => what.startsWith('round 2') && abort.abort(new Error('interrupted')) }), pool },
      abort.signal,
    );
    await assert.rejects(running, /interrupted|aborted/);
  });
});
