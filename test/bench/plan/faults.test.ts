/** Scripts of faults: whole, undone at their end, and moved alike by a seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FaultScenario } from '#bench/model/fault.ts';
import { atRepeat, estimateFaults, FAULTS } from '#bench/plan/faults.ts';

test('every script has a name of its own, fits its schema, and lies within its window', () => {
  assert.equal(new Set(FAULTS.map(({ name }) => name)).size, FAULTS.length);
  for (const fault of FAULTS) {
    assert.deepEqual(FaultScenario.parse(JSON.parse(JSON.stringify(fault))), fault);
    const times = fault.steps.map(({ at }) => at);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
      fault.name,
    );
    for (const at of times) assert.ok(at < fault.window, fault.name);
    if (!fault.trouble || times.length === 0) continue;
    assert.equal(fault.trouble.from, times[0], fault.name);
    assert.ok(fault.trouble.to >= times.at(-1)! && fault.trouble.to <= fault.window, fault.name);
    assert.ok(fault.name === 'overload' || fault.trouble.to + 500 <= fault.window, `${fault.name} has time to recover`);
  }
});

test('whatever breaks an origin is undone by the end of its script', () => {
  for (const { name, steps, origins } of FAULTS)
    for (let origin = 0; origin < origins; origin++) {
      const acts = steps.flatMap(({ act }) => (act.kind !== 'reload' && act.origin === origin ? [act] : []));
      const last = acts.at(-1);
      const isUndone =
        last === undefined ||
        last.kind === 'start' ||
        last.kind === 'resume' ||
        (last.kind === 'steer' && last.condition.kind === 'well');
      assert.ok(isUndone, `${name}, origin ${origin + 1}: ${JSON.stringify(last)}`);
      for (const [i, { kind }] of acts.entries())
        if (kind === 'start') assert.equal(acts[i - 1]?.kind, 'kill', `${name}: it starts once it was killed`);
    }
});

test('two of three origins carry what users send, and in an overload all three do not', () => {
  for (const { name, capacity, origins, offered } of FAULTS) {
    const each = (1_000 * capacity.slots) / capacity.service;
    if (name === 'overload') assert.equal(offered, 1.5 * origins * each);
    else assert.ok(offered < 0.8 * (origins - 1) * each, name);
  }
});

test('a repeat moves all steps and the trouble by the same few milliseconds, by seed and repeat alone', () => {
  fc.assert(
    fc.property(fc.constantFrom(...FAULTS), fc.nat(2 ** 31 - 1), fc.nat(99), (fault, seed, repeat) => {
      const moved = atRepeat(fault, seed, repeat);
      assert.deepEqual(moved, atRepeat(fault, seed, repeat));
      const shifts = new Set(moved.steps.map(({ at }, i) => at - fault.steps[i]!.at));
      assert.ok(shifts.size <= 1);
      for (const shift of shifts) {
        assert.ok(shift >= 0 && shift < 50);
        assert.equal(moved.trouble!.from - fault.trouble!.from, shift);
        assert.equal(moved.trouble!.to - fault.trouble!.to, shift);
      }
      assert.ok(moved.steps.every(({ at }) => at < fault.window));
    }),
  );
  const fault = FAULTS.find(({ steps }) => steps.length > 0)!;
  assert.ok(new Set(Array.from({ length: 10 }, (_, i) => atRepeat(fault, 1, i).steps[0]!.at)).size > 3);
});

test('the estimate grows with trials and subjects', () => {
  assert.ok(estimateFaults(FAULTS, 2, 3) > estimateFaults(FAULTS, 1, 3));
  assert.ok(estimateFaults(FAULTS, 1, 4) > estimateFaults(FAULTS, 1, 3));
  assert.equal(estimateFaults([], 9, 0), 0);
});
