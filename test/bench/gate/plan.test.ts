import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GatePlanRequest, planGate } from '#bench/gate/plan.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';

const scenarios = SCENARIOS.filter(({ name }) => ['http-small', 'http-paced-50', 'tls-keepalive'].includes(name));
const request: GatePlanRequest = {
  subjects: [
    { name: 'l7-http', sides: ['base', 'head'] },
    { name: 'l7-tls', sides: ['base', 'head'] },
  ],
  scenarios,
  carries: ({ name }, subject) => (name === 'tls-keepalive') === (subject === 'l7-tls'),
  rounds: 12,
  seed: 3,
};

test('each generation has both revisions of every subject once a scenario, and direct once', () => {
  for (const generation of planGate(request))
    for (const { name } of scenarios) {
      const own = generation.filter(({ scenario }) => scenario.name === name);
      const subjects = own.map(({ subject }) => subjectName(subject)).toSorted();
      const proxy = name === 'tls-keepalive' ? 'l7-tls' : 'l7-http';
      assert.deepEqual(subjects, ['direct', `${proxy} (base)`, `${proxy} (head)`]);
    }
});

test('a subject runs only in what it can carry; places count up', () => {
  for (const [round, trials] of planGate(request).entries()) {
    assert.ok(
      trials.every(({ scenario, subject }) => subject.kind === 'direct' || request.carries(scenario, subject.name)),
    );
    assert.deepEqual(
      trials.map(({ position }) => position),
      trials.map((_, i) => i),
    );
    assert.ok(trials.every((trial) => trial.generation === round));
  }
});

test('what base cannot run is measured of head alone', () => {
  const [first] = planGate({ ...request, subjects: [{ name: 'l7-http', sides: ['head'] }] });
  assert.ok(first!.every(({ subject }) => subject.kind === 'direct' || subject.side === 'head'));
});

test('the seed is the order', () => {
  const order = (seed: number): string =>
    planGate({ ...request, seed })
      .flat()
      .map(({ scenario, subject }) => `${scenario.name} ${subjectName(subject)}`)
      .join();
  assert.equal(order(5), order(5));
  assert.notEqual(order(5), order(6));
});

test('a scenario that no subject carries is left out, direct too', () => {
  const [first] = planGate({ ...request, subjects: [{ name: 'l7-http', sides: ['base', 'head'] }] });
  assert.ok(first!.every(({ scenario }) => scenario.name !== 'tls-keepalive'));
});
