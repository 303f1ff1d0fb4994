import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scenario } from '#bench/model/scenario.ts';
import { applies, type SubjectFacts } from '#bench/plan/applies.ts';
import { cappedScenarios, isCapped, MOST_CONNECTIONS, sizedFor, type TargetKind } from '#bench/plan/capped.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';

const every = SCENARIOS.map(({ name }) => name);
const named = (chosen: readonly string[], ...kinds: TargetKind[]) =>
  cappedScenarios(chosen, new Set(kinds), 100).map(({ name }) => name);

const facts = (layer: 'direct' | 'l4' | 'l7', tls: boolean, external?: true): SubjectFacts => ({
  name: 'x',
  layer,
  capabilities: new Set(tls ? ['tls-termination'] : []),
  ...(external && { external }),
});

test('what was chosen of what a kind of target can carry, and its first shape where nothing of it was', () => {
  assert.deepEqual(named(every, 'http'), ['http-small-capped', 'http-new-connection-capped']);
  assert.deepEqual(named(['http-new-connection', 'tcp-bulk'], 'http'), ['http-new-connection-capped']);
  assert.deepEqual(named(['tcp-bulk'], 'https', 'tcp'), ['tls-keepalive-capped', 'tcp-echo-capped']);
  assert.deepEqual(named(every), []);
});

test('each is an open loop below the cap, at every cap', () => {
  for (const maxRate of [1, 2, 19, 100, 20_000])
    for (const scenario of cappedScenarios(every, new Set(['http', 'https', 'tcp']), maxRate)) {
      Scenario.parse(scenario);
      assert.ok(isCapped(scenario));
      assert.ok(scenario.loop.kind === 'open' && scenario.loop.offered <= maxRate);
      assert.ok(scenario.loop.connections <= maxRate && scenario.loop.connections >= 1);
    }
  assert.ok(!SCENARIOS.some(isCapped));
});

test('connections follow the latency by Little’s law, twice over, within what is usual, asked for and possible', () => {
  const sized = (maxRate: number, latency: number, most = 10_000, asked?: number): number => {
    const capped = cappedScenarios(['http-small'], new Set(['http']), maxRate, asked);
    return sizedFor(capped, latency, most)[0]!.loop.connections;
  };
  assert.equal(sized(800, 500), 760, '760 a second, half a second each, twice');
  assert.equal(sized(800, 5), 128, 'never fewer than usual');
  assert.equal(sized(40, 5), 38);
  assert.equal(sized(20_000, 2_000), MOST_CONNECTIONS);
  assert.equal(sized(800, 500, 462), 462, 'what the host can hold');
  assert.equal(cappedScenarios(['http-small'], new Set(['http']), 800, 7)[0]!.loop.connections, 7);
  assert.deepEqual(sizedFor(SCENARIOS, 500, 1), SCENARIOS, 'our own are left as they are');
});

test('a target carries its own kind and nothing that is not capped; direct carries what the target does', () => {
  const capped = cappedScenarios(every, new Set(['http', 'https', 'tcp']), 100);
  const carried = (subject: SubjectFacts) =>
    [...SCENARIOS, ...capped].filter((scenario) => applies(scenario, subject)).map(({ name }) => name);
  assert.deepEqual(carried(facts('l7', false, true)), ['http-small-capped', 'http-new-connection-capped']);
  assert.deepEqual(carried(facts('l7', true, true)), [
    'tls-keepalive-capped',
    'tls-resumed-capped',
    'tls-full-handshake-capped',
  ]);
  assert.deepEqual(carried(facts('l4', false, true)), ['tcp-echo-capped']);
  const direct = carried(facts('direct', false));
  assert.ok(capped.every(({ name }) => direct.includes(name)));
});
