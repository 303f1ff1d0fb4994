/**
 * What gates that were really run say of the gate. `live-gates.json` holds the rounds of `hopcost gate --self-test --kinds equal,cpu+10
 * --gates 10 --scenarios http-small --warmup 1s --duration 2s --save FILE` on a shared host with two cores.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeLiveGates, LiveGates, pooled, sizesOf } from '#bench/gate/live-gates.ts';
import { replay } from '#bench/gate/replay.ts';

const { gates } = LiveGates.parse(JSON.parse(readFileSync(join(import.meta.dirname, 'live-gates.json'), 'utf8')));
const of = (kind: string) => gates.filter((gate) => gate.kind === kind);
const rounds = (kind: string): number =>
  new Set(pooled(of(kind)).flatMap((one) => one.rounds.map(({ round }) => round))).size;

test('equal revisions: no live gate alarmed, and at most one in 300 drawn from their rounds does', () => {
  assert.ok(of('equal').length >= 10 && rounds('equal') >= 120);
  assert.ok(of('equal').every(({ state }) => state === 'same' || state === 'inconclusive'));
  const { states } = replay(pooled(of('equal')), { gates: 3_000, seed: 1, swap: true });
  assert.ok(states.regressed <= 10, JSON.stringify(states));
});

test('a burn: every live gate caught it, and at least 95 of 100 drawn from their rounds do', () => {
  assert.ok(of('cpu+10').length >= 10 && rounds('cpu+10') >= 120);
  assert.ok(of('cpu+10').every(({ state }) => state === 'regressed'));
  const { states } = replay(pooled(of('cpu+10')), { gates: 1_000, seed: 2 });
  assert.ok(states.regressed >= 950, JSON.stringify(states));
});

test('equal rounds, head scaled: ten per cent is caught by at least 95 of 100, three per cent never called better', () => {
  const drawn = (factor: number) => replay(pooled(of('equal')), { gates: 1_000, seed: 4, swap: true, factor }).states;
  assert.ok(drawn(1.1).regressed >= 950, JSON.stringify(drawn(1.1)));
  assert.equal(drawn(1.03).improved, 0);
});

for (const [kind, added] of [
  ['equal', 0],
  ['cpu+10', 0.1],
] as const)
  test(`${kind} is sized within three points in at least 95 of 100 comparisons of twelve rounds`, () => {
    const { live, drawn } = sizesOf(of(kind), added)!;
    const near = (misses: readonly number[]): number =>
      misses.filter((miss) => Math.abs(miss) <= 3).length / misses.length;
    assert.ok(near(live) >= 0.95 && near(drawn) >= 0.95, `${near(live)} live, ${near(drawn)} drawn`);
  });

test('the lines name every kind that was run, and none that was not', () => {
  const expectations = [
    { name: 'equal', added: 0, right: ['same'], wrong: ['regressed'] },
    { name: 'delay+1ms', right: ['regressed'], wrong: ['improved'] },
  ] as const;
  const lines = describeLiveGates(of('equal').slice(0, 2), expectations);
  assert.match(lines[0]!, /^equal: 2 live gates/);
  assert.ok(!lines.some((line) => line.startsWith('delay')));
});
