import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '#bench/analysis/analyse.ts';
import { compare, type Rounds } from '#bench/analysis/comparison/comparison.ts';
import { aboveNoise, type Noise, noiseOf } from '#bench/analysis/comparison/noise.ts';
import { normals } from '#test/bench/stats/normals.ts';
import { syntheticRun, TRUTHS } from '#test/reports/synthetic-run.ts';

const sides = {
  subject: { scenario: 'http-small', subject: 'a' },
  reference: { scenario: 'http-small', subject: 'b' },
} as const;
const measure = { metric: 'cpuPerRequest', kind: 'ratio', ...sides } as const;

test('twins are set against each other metric by metric, and against nothing else', () => {
  const analysis = analyse(syntheticRun({ again: ['direct', 'l7-http'], mishaps: false, micro: false }));
  const { comparisons, falseAlarms } = analysis.noise!;
  assert.ok(falseAlarms <= 1, `${falseAlarms} of ${comparisons.length}`);
  assert.deepEqual(
    [...new Set(comparisons.map(({ subject, reference }) => `${subject.subject} : ${reference.subject}`))].toSorted(),
    ['direct (A/A) : direct', 'l7-http (A/A) : l7-http'],
  );
  const cpu = comparisons.find(({ metric, kind }) => metric === 'cpuPerRequest' && kind === 'ratio')!;
  assert.equal(cpu.estimate.n, 12);
  assert.ok(cpu.floor > 0 && cpu.floor < 0.1 && cpu.smallest > 0 && cpu.smallest < 0.1);
  const named = analysis.scenarios.flatMap(({ subjects }) => subjects.map(({ subject }) => subject));
  assert.ok(!named.some((name) => name.includes('A/A')), 'a twin is no subject of its own');
  assert.ok(!analysis.overTime.some(({ subject }) => subject.includes('A/A')), 'nor a line of its own');
  assert.ok(
    analysis.trials.some(({ subject }) => subject === 'l7-http (A/A)'),
    'but its trials are listed',
  );
  assert.match(
    analysis.findings.find(({ sentence }) => sentence.startsWith('A/A'))!.sentence,
    /^A\/A: \d of \d+ comparisons/,
  );
});

test('a run without twins has no floor, and nothing is withheld', () => {
  const records = syntheticRun({ rounds: 2, subjects: TRUTHS.slice(0, 2), scenarios: ['http-small'], micro: false });
  assert.equal(analyse(records).noise, null);
  assert.equal(
    noiseOf(records.run.scenarios, records.trials, () => new Map()),
    undefined,
  );
});

/** Twelve rounds around `truth`, each a few percent off with its fellow, as noise shared by neighbours is. */
const roundsOf = (next: () => number, truth: number): Rounds =>
  new Map(Array.from({ length: 12 }, (_, round) => [round, truth * Math.exp(0.03 * next())]));

test('the default rule calls at most 1 % of 2,000 pairs of the same different', () => {
  const next = normals(3);
  const floors: Noise = noiseWith(0);
  let alarms = 0;
  for (let i = 0; i < 2_000; i++) {
    const twin: Noise = noiseWith(
      Math.max(...ends(compare(measure, roundsOf(next, 10), roundsOf(next, 10))!.estimate)),
    );
    const pair = compare(measure, roundsOf(next, 10), roundsOf(next, 10))!;
    if (aboveNoise(pair, twin).strength === 'claim') alarms++;
    assert.equal(aboveNoise(pair, floors).strength, pair.strength);
  }
  assert.ok(alarms <= 20, `${alarms} of 2000`);
});

test('10 % dearer is found so, and 3 % is never called cheaper', () => {
  const next = normals(4);
  let found = 0;
  let wrong = 0;
  for (let i = 0; i < 1_000; i++) {
    const floor = Math.max(...ends(compare(measure, roundsOf(next, 10), roundsOf(next, 10))!.estimate));
    const ten = aboveNoise(compare(measure, roundsOf(next, 11), roundsOf(next, 10))!, noiseWith(floor));
    if (ten.strength === 'claim' && Math.abs(ten.estimate.value - 1.1) < 0.03) found++;
    const three = aboveNoise(compare(measure, roundsOf(next, 10.3), roundsOf(next, 10))!, noiseWith(floor));
    if (three.strength === 'claim' && three.estimate.value < 1) wrong++;
  }
  assert.ok(found >= 950, `${found} of 1000`);
  assert.equal(wrong, 0);
});

const ends = ({ low, high }: { low: number; high: number }): number[] => [
  Math.abs(Math.log(low)),
  Math.abs(Math.log(high)),
];

function noiseWith(floor: number): Noise {
  const one = compare(
    measure,
    new Map([
      [0, 1],
      [1, 1],
    ]),
    new Map([
      [0, 1],
      [1, 1],
    ]),
  )!;
  return { comparisons: [{ ...one, floor, smallest: floor }], falseAlarms: 0 };
}
