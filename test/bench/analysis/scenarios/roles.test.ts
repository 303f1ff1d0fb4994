import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mainScenario, referencesOf, scenarioOf, USUAL, USUAL_REFERENCE } from '#bench/analysis/scenarios/roles.ts';
import type { Role } from '#bench/model/scenario.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';
import { proxies } from '#proxies/registry.ts';
import { subjectRecord } from '#test/bench/subject-record.ts';

const named = (...names: string[]) => SCENARIOS.filter(({ name }) => names.includes(name));

test('what is advised for a role is what hopcost drives in it, and no other scenario has the role', () => {
  for (const [role, name] of Object.entries(USUAL) as [Role, string][]) {
    assert.equal(scenarioOf(role, SCENARIOS)?.name, name);
    if (role !== 'added-latency') assert.equal(SCENARIOS.filter((one) => one.role === role).length, 1, role);
  }
  assert.equal(proxies.get(USUAL_REFERENCE)?.isReference, true);
});

const MAIN: readonly (readonly [run: string[], plain: string | undefined, encrypted: string | undefined])[] = [
  [['tcp-echo', 'http-small', 'tls-keepalive'], 'http-small', 'tls-keepalive'],
  [['tcp-echo'], 'tcp-echo', undefined],
  [['tcp-echo', 'http-new-connection'], 'http-new-connection', undefined],
  [['tls-full-handshake', 'tls-resumed'], undefined, 'tls-resumed'],
  [['idle-connections', 'http-probe-under-load', 'http-paced-50'], undefined, undefined],
];
for (const [run, plain, encrypted] of MAIN)
  test(`the figures of ${run.join(', ')} that are told first`, () => {
    const scenarios = named(...run);
    assert.equal(mainScenario(scenarios, false)?.name, plain);
    assert.equal(mainScenario(scenarios, true)?.name, encrypted);
  });

test('references in the order in which they are told, whatever their order in the run', () => {
  const run = ['l7-tls', 'nginx-http', 'l7-http', 'l4-tcp'].map((name) => subjectRecord(name));
  assert.deepEqual(
    referencesOf(run).map(({ subject }) => subject.kind === 'proxy' && subject.name),
    ['l4-tcp', 'l7-http', 'l7-tls'],
  );
});
