/**
 * Do intervals cover as often as they say, and do tests alarm no oftener? Simulated, seeded, over four shapes of noise. What the numbers
 * of observations cannot give (three rounds, a bootstrap of twelve) must be what is stated, not 95 %.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mulberry32 } from '#proxies/platform/random.ts';
import { bootstrap } from '#bench/stats/bootstrap.ts';
import { hodgesLehmann } from '#bench/stats/hodges-lehmann.ts';
import { holm } from '#bench/stats/holm.ts';
import { mannWhitney, shiftBetween } from '#bench/stats/mann-whitney.ts';
import { signedRank } from '#bench/stats/signed-rank.ts';

type Draw = (random: () => number) => number;

const normal: Draw = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const SHAPES: Readonly<Record<string, Draw>> = {
  normal,
  uniform: (random) => random() - 0.5,
  'heavy-tailed (Cauchy)': (random) => Math.tan(Math.PI * (random() - 0.5)),
  'now and then disturbed': (random) => (random() - 0.5) * (random() < 0.15 ? 20 : 1),
};
const RUNS = 4_000;
/** Four standard errors of a share of so many runs. */
const scatter = (share: number, runs = RUNS): number => 4 * Math.sqrt((share * (1 - share)) / runs);

for (const [shape, draw] of Object.entries(SHAPES)) {
  for (const n of [3, 6, 12])
    test(`${shape}, ${n} rounds: intervals cover as often as they say, p below 0.05 no oftener than it says`, () => {
      const random = mulberry32(n * 1_000 + shape.length);
      let covered = 0;
      let alarms = 0;
      let stated = 0;
      for (let run = 0; run < RUNS; run++) {
        const rounds = Array.from({ length: n }, () => draw(random));
        const { low, high, coverage } = hodgesLehmann(rounds);
        stated = coverage;
        if (low <= 0 && 0 <= high) covered++;
        if (signedRank(rounds).p < 0.05) alarms++;
      }
      const share = covered / RUNS;
      assert.ok(Math.abs(share - stated) < scatter(stated), `${share} covered, ${stated} stated`);
      if (n === 12) assert.ok(Math.abs(share - 0.95) <= 0.02, `${share} covered, 0.95 ± 0.02 wanted`);
      assert.ok(alarms / RUNS < 0.05 + scatter(0.05), `${alarms / RUNS} false alarms`);
    });

  for (const [m, n] of [
    [3, 3],
    [6, 9],
    [12, 12],
  ] as const)
    test(`${shape}, ${m} against ${n}: the shift is covered as often as stated, p below 0.05 no oftener`, () => {
      const random = mulberry32(m * 100 + n + shape.length);
      let covered = 0;
      let alarms = 0;
      let stated = 0;
      for (let run = 0; run < RUNS; run++) {
        const [first, second] = [m, n].map((length) => Array.from({ length }, () => draw(random))) as [
          number[],
          number[],
        ];
        const shifted = first.map((value) => value + 3);
        const { low, high, coverage } = shiftBetween(shifted, second);
        stated = coverage;
        if (low <= 3 && 3 <= high) covered++;
        if (mannWhitney(first, second).p < 0.05) alarms++;
      }
      const share = covered / RUNS;
      assert.ok(Math.abs(share - stated) < scatter(stated), `${share} covered, ${stated} stated`);
      if (m === 12) assert.ok(Math.abs(share - 0.95) <= 0.02, `${share} covered, 0.95 ± 0.02 wanted`);
      assert.ok(alarms / RUNS < 0.05 + scatter(0.05), `${alarms / RUNS} false alarms`);
    });
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** What bootstrap.ts states of its percentile intervals. */
for (const [n, stated] of [
  [3, 0.73],
  [6, 0.85],
  [12, 0.9],
  [40, 0.94],
] as const)
  test(`a bootstrap of ${n} rounds covers a mean with about ${stated}, less than the 0.95 that it aims at`, () => {
    const random = mulberry32(n);
    const runs = 3_000;
    let covered = 0;
    for (let run = 0; run < runs; run++) {
      const { low, high } = bootstrap(
        Array.from({ length: n }, () => normal(random)),
        mean,
        { seed: run, resamples: 400 },
      );
      if (low <= 0 && 0 <= high) covered++;
    }
    const share = covered / runs;
    assert.ok(Math.abs(share - stated) < scatter(stated, runs), `${share} covered, ${stated} stated`);
  });

test('Holm: a family of true nulls is called different in 5 of 100 families at most; without it, in a third of them', () => {
  const random = mulberry32(77);
  const [families, members, rounds] = [4_000, 8, 12];
  let raw = 0;
  let corrected = 0;
  for (let family = 0; family < families; family++) {
    const ps = Array.from(
      { length: members },
      () => signedRank(Array.from({ length: rounds }, () => normal(random))).p,
    );
    if (ps.some((p) => p <= 0.05)) raw++;
    if (holm(ps).some((p) => p <= 0.05)) corrected++;
  }
  assert.ok(raw / families > 0.25, `${raw / families} uncorrected: the simulation shows nothing`);
  assert.ok(corrected / families < 0.05 + scatter(0.05, families), `${corrected / families}`);
});

test('Holm: nulls among true effects are called different in 5 of 100 families at most, and the effects are found', () => {
  const random = mulberry32(78);
  const [families, rounds] = [4_000, 12];
  const effects = [2, 2, 2, 0, 0, 0, 0, 0];
  let wrong = 0;
  let found = 0;
  for (let family = 0; family < families; family++) {
    const adjusted = holm(
      effects.map((effect) => signedRank(Array.from({ length: rounds }, () => effect + normal(random))).p),
    );
    if (adjusted.some((p, i) => effects[i] === 0 && p <= 0.05)) wrong++;
    found += adjusted.filter((p, i) => effects[i]! > 0 && p <= 0.05).length;
  }
  assert.ok(wrong / families < 0.05 + scatter(0.05, families), `${wrong / families}`);
  assert.ok(found / families > 2.5, `${found / families} of 3 effects found`);
});
