import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planGate } from '#bench/gate/plan.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';

const scenarios = SCENARIOS.filter(({ name }) => ['http-small', 'http-paced-50', 'tls-keepalive'].includes(name));
const request = {
  subjects: ['l7-http', 'l7-tls'],
  scenarios,
  carries: ({ name }: { name: string }, subject: string) => (name === 'tls-keepalive') === (subject === 'l7-tls'),
  rounds: 12,
  seed: 3,
};

test('each round has every subject as ABBA or BAAB, each as often, and direct once a scenario', () => {
  const plan = planGate(request);
  const orders = new Map<string, number>();
  for (const round of plan)
    for (const { name } of scenarios) {
      const own = round.filter((trial) => trial.scenario.name === name);
      assert.equal(own.filter(({ subject }) => subject.kind === 'direct').length, 1);
      const sides = own.flatMap(({ subject }) => (subject.kind === 'proxy' ? [subject.side![0]!] : [])).join('');
      assert.ok(['bhhb', 'hbbh'].includes(sides), sides);
      orders.set(sides, (orders.get(sides) ?? 0) + 1);
    }
  assert.equal(orders.get('bhhb'), orders.get('hbbh'));
});

test('a subject runs only in what it can carry; paced scenarios come last; positions count up', () => {
  for (const round of planGate(request)) {
    assert.ok(
      round.every(({ scenario, subject }) => subject.kind === 'direct' || request.carries(scenario, subject.name)),
    );
    assert.equal(round.at(-1)!.scenario.name, 'http-paced-50');
    assert.deepEqual(
      round.map(({ position }) => position),
      round.map((_, i) => i),
    );
  }
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
  const [round] = planGate({ ...request, subjects: ['l7-http'] });
  assert.ok(round!.every(({ scenario }) => scenario.name !== 'tls-keepalive'));
});
