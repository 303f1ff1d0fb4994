import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slowestCapacity } from '#bench/analysis/figures/capacity.ts';
import { halvesDrift, roundsDrift } from '#bench/analysis/verdict/drift.ts';
import type { TrialRecord } from '#bench/model/record.ts';
import type { Subject } from '#bench/model/scenario.ts';
import { millis } from '#bench/model/units.ts';
import { load, open, probes } from './evidence.ts';

const DIRECT: Subject = { kind: 'direct' };
const proxy = (name: string): Subject => ({ kind: 'proxy', name });

const trial = (subject: Subject, generation: number, requests: number, result = load({ requests })): TrialRecord => ({
  record: 'trial',
  scenario: 'http-small',
  subject,
  generation,
  position: 0,
  startedAt: '2026-05-04T09:30:00.000Z',
  state: 'completed',
  load: result,
  probes: probes({ origin: 0.1, generator: 0.1 }),
  bound: 'none',
  warnings: [],
});
const rounds = (rates: readonly number[]): TrialRecord[] => rates.map((rate, round) => trial(DIRECT, round, rate));

test('rounds: a step between the halves of the run is drift', () => {
  const warning = roundsDrift(rounds([100, 101, 102, 95, 94, 96]), 'http-small');
  assert.equal(warning?.code, 'direct-drifted');
  assert.ok(Math.abs(Number(warning?.evidence['change']) - (95 / 101 - 1)) < 1e-12);
});

for (const [what, rates] of [
  ['scatter without order', [100, 94, 103, 95, 101, 97]],
  ['apart, but by less than the limit', [100, 100.2, 100.4, 101, 101.2, 101.4]],
  ['too few rounds', [100, 101, 90, 91]],
] as const)
  test(`rounds: ${what} is none`, () => assert.equal(roundsDrift(rounds(rates), 'http-small'), undefined));

test('rounds: other subjects, other scenarios and open loops do not count', () => {
  const steps = [100, 101, 102, 95, 94, 96];
  assert.equal(roundsDrift(rounds(steps), 'tcp-echo'), undefined);
  assert.equal(
    roundsDrift(
      steps.map((rate, i) => trial(proxy('l4-tcp'), i, rate)),
      'http-small',
    ),
    undefined,
  );
  assert.equal(
    roundsDrift(
      steps.map((rate, i) => trial(DIRECT, i, rate, open({ requests: rate }))),
      'http-small',
    ),
    undefined,
  );
});

test('halves: a cut last interval is left out, and too few intervals tell nothing', () => {
  const level = Array.from({ length: 10 }, (_, i) => 1_000 + (i % 2));
  const cut = load({ window: millis(1_050), timeline: { interval: millis(100), requests: [...level, 500] } });
  assert.equal(halvesDrift(cut), undefined);
  const short = load({ window: millis(500), timeline: { interval: millis(100), requests: [1, 1, 1, 9, 9] } });
  assert.equal(halvesDrift(short), undefined);
});

test('slowest capacity: the least median over rounds; invalid and failed trials do not count', () => {
  const trials: TrialRecord[] = [
    ...[500, 400, 450].map((rate, i) => trial(proxy('slow'), i, rate)),
    ...[900, 100, 950].map((rate, i) => trial(proxy('fast'), i, rate)),
    { ...trial(proxy('broken'), 0, 1), state: 'failed', error: { code: 'x', message: 'y' } },
  ];
  assert.equal(slowestCapacity(trials, 'http-small'), 450);
  assert.equal(slowestCapacity(trials, 'tcp-echo'), undefined);
  assert.equal(slowestCapacity([], 'http-small'), undefined);
});

test('slowest capacity is per second, whatever the window', () => {
  const result = load({ requests: 900, window: millis(3_000) });
  assert.equal(slowestCapacity([trial(DIRECT, 0, 900, result)], 'http-small'), 300);
});
