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

test('each round has two slices of every subject, both revisions at once, each first once; and direct once a scenario', () => {
  for (const round of planGate(request))
    for (const { name } of scenarios) {
      const own = round.filter(([first]) => first!.scenario.name === name);
      assert.equal(own.filter(([first]) => first!.subject.kind === 'direct').length, 1);
      const duets = own.filter((slice) => slice.length === 2);
      const orders = duets.map((slice) => slice.map(({ subject }) => subject.kind === 'proxy' && subject.side).join());
      assert.deepEqual(orders.toSorted(), ['base,head', 'head,base']);
      for (const [first, second] of duets) assert.equal(first!.position, second!.position);
    }
});

test('a subject runs only in what it can carry; paced scenarios come last; places count up', () => {
  for (const round of planGate(request)) {
    assert.ok(
      round
        .flat()
        .every(({ scenario, subject }) => subject.kind === 'direct' || request.carries(scenario, subject.name)),
    );
    assert.equal(round.at(-1)![0]!.scenario.name, 'http-paced-50');
    assert.deepEqual(
      round.map(([first]) => first!.position),
      round.map((_, i) => i),
    );
  }
});

test('the seed is the order', () => {
  const order = (seed: number): string =>
    planGate({ ...request, seed })
      .flat(2)
      .map(({ scenario, subject }) => `${scenario.name} ${subjectName(subject)}`)
      .join();
  assert.equal(order(5), order(5));
  assert.notEqual(order(5), order(6));
});

test('a scenario that no subject carries is left out, direct too', () => {
  const [round] = planGate({ ...request, subjects: ['l7-http'] });
  assert.ok(round!.flat().every(({ scenario }) => scenario.name !== 'tls-keepalive'));
});
