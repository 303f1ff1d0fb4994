import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparedOf, measuredOf, ownFaults, spoiledRounds } from '#bench/gate/sides.ts';
import type { Warning } from '#bench/model/warning.ts';
import type { Bound, TrialRecord, Turn } from '#bench/model/record.ts';
import { micros, millis, perSecond } from '#bench/model/units.ts';
import { load, open, probes, reading, scenarioNamed } from '../analysis/verdict/evidence.ts';

interface Slice {
  readonly round: number;
  readonly position: number;
  readonly side: 'base' | 'head';
  /** Microseconds a request, of each turn; one number: no turns, but a window. */
  readonly cpu: number | readonly number[];
  readonly bound?: Bound;
  readonly instructions?: boolean;
  readonly scenario?: string;
  readonly reason?: Warning;
}

function slice({
  round,
  position,
  side,
  cpu,
  bound = 'proxy',
  instructions = false,
  scenario = 'http-small',
  reason,
}: Slice): TrialRecord {
  const id = {
    record: 'trial' as const,
    scenario,
    subject: { kind: 'proxy' as const, name: 'l7-http', side },
    generation: round,
    position,
    startedAt: '2026-01-01T00:00:00.000Z',
  };
  if (reason) return { ...id, state: 'invalid', reasons: [reason] };
  const turns = typeof cpu === 'number' ? undefined : cpu.map(turnOf);
  const mean = typeof cpu === 'number' ? cpu : cpu.reduce((sum, one) => sum + one, 0) / cpu.length;
  const { instructions: counted, ...rest } = reading(1, { cpu: micros(mean * 20_000) });
  const paced = scenario !== 'http-small';
  return {
    ...id,
    state: 'completed',
    bound,
    warnings: [],
    ...(turns && { turns }),
    load: paced ? open() : load(),
    probes: {
      ...probes({ origin: 0.3, generator: 0.3 }),
      proxy: { ...rest, ...(instructions && counted && { instructions: counted }) },
    },
  };
}

const turnOf = (cpu: number, round: number): Turn => ({
  round,
  at: millis(round * 200),
  took: millis(61),
  answered: 1_000,
  failed: 0,
  rate: perSecond(16_000),
  cpu: { proxy: micros(cpu * 1_000), generator: micros(1) },
  service: {},
});

/** One generation, two turns of each: base, head, head, base. */
const round = (
  number: number,
  [base, head, later, last]: readonly [number, number, number, number],
  more: Partial<Slice> = {},
): TrialRecord[] => [
  slice({ round: number, position: 1, side: 'base', cpu: [base, last], ...more }),
  slice({ round: number, position: 2, side: 'head', cpu: [head, later], ...more }),
];
const steal: Warning = { code: 'steal', message: 'stolen', evidence: {} };
const small = [scenarioNamed('http-small')];
const names = (trials: readonly TrialRecord[]) =>
  new Map(measuredOf(small, trials).map(({ rule, rounds }) => [rule.metric, { primary: rule.primary, rounds }]));

test('figures by generation and revision, paired by turns', () => {
  const cpu = names([...round(0, [10, 11, 12, 13]), ...round(1, [20, 21, 22, 23])]).get('cpuPerRequest')!;
  assert.deepEqual(cpu.rounds, [
    { round: 0, base: [10, 13], head: [11, 12] },
    { round: 1, base: [20, 23], head: [21, 22] },
  ]);
});

test('throughput decides nothing: the two share a core', () => {
  assert.equal(names(round(0, [10, 10, 10, 10])).get('throughput')!.primary, false);
});

test('a generation that lost one revision tells nothing of the other; a round without both turns neither', () => {
  const lost = round(0, [10, 11, 12, 13]).with(
    0,
    slice({ round: 0, position: 1, side: 'base', cpu: 1, reason: steal }),
  );
  assert.equal(names(lost).get('cpuPerRequest'), undefined);
  const shorter = round(0, [10, 11, 12, 13]).with(0, slice({ round: 0, position: 1, side: 'base', cpu: [10] }));
  assert.deepEqual(names(shorter).get('cpuPerRequest')!.rounds, [{ round: 0, base: [10], head: [11] }]);
});

test('windows are paired whole', () => {
  const windows = (['base', 'head'] as const).map((side, i) => slice({ round: 0, position: i, side, cpu: 10 + i }));
  assert.deepEqual(names(windows).get('cpuPerRequest')!.rounds, [{ round: 0, base: [10], head: [11] }]);
});

test('instructions decide where every slice has them, else CPU time', () => {
  const counted = round(0, [10, 10, 10, 10], { instructions: true });
  assert.equal(names(counted).get('instructionsPerRequest')!.primary, true);
  assert.equal(names(counted).get('cpuPerRequest')!.primary, false);
  const partly = [...counted, ...round(1, [10, 10, 10, 10])];
  assert.equal(names(partly).get('cpuPerRequest')!.primary, true);
});

test('service times decide in an open loop only', () => {
  assert.ok(!names(round(0, [1, 1, 1, 1])).has('serviceP50'));
});

const errors: Warning = { code: 'errors-above-limit', message: '3 of 4 failed', evidence: {} };

test('a generation is spoiled where a revision is missing from it', () => {
  const [base, head] = round(0, [1, 1, 1, 1]);
  const spoilt = slice({ round: 0, position: 2, side: 'head', cpu: 1, reason: steal });
  assert.deepEqual(spoiledRounds([base!, head!]), []);
  assert.deepEqual(spoiledRounds([base!, spoilt, ...round(1, [1, 1, 1, 1])]), [0]);
});

test('where head runs alone a round is spoiled when no slice of it is left', () => {
  const alone = round(0, [1, 1, 1, 1]).filter(({ subject }) => subject.kind === 'proxy' && subject.side === 'head');
  assert.deepEqual(spoiledRounds(alone), []);
});

test('a proxy that base does not run beside one that it does', () => {
  const alone = round(0, [1, 1, 1, 1])
    .filter(({ subject }) => subject.kind === 'proxy' && subject.side === 'head')
    .map((trial): TrialRecord => ({ ...trial, subject: { kind: 'proxy', name: 'mine', side: 'head' } }));
  const both = round(0, [1, 1, 1, 1]);
  assert.deepEqual(spoiledRounds([...both, ...alone]), []);
  assert.deepEqual(comparedOf([...both, ...alone]), both);
  assert.deepEqual(
    measuredOf(small, [...both, ...alone]).filter(({ subject }) => subject === 'mine'),
    [],
  );
});

test('what a revision did wrong itself is told apart from what the host did', () => {
  const trials = [
    slice({ round: 0, position: 0, side: 'head', cpu: 1, reason: steal }),
    slice({ round: 0, position: 1, side: 'head', cpu: 1, reason: errors }),
    slice({ round: 0, position: 2, side: 'base', cpu: 1 }),
  ];
  assert.deepEqual(ownFaults(trials, 'head'), ['http-small, round 1: 3 of 4 failed']);
  assert.deepEqual(ownFaults(trials, 'base'), []);
});
