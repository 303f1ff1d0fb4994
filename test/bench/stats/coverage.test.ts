/** Does an interval that says 95.75 % cover 95.75 % of the time? Simulated, seeded: four shapes of noise, 12 and 6 and 3 rounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mulberry32 } from '#bench/plan/random.ts';
import { hodgesLehmann } from '#bench/stats/hodges-lehmann.ts';
import { signedRank } from '#bench/stats/signed-rank.ts';

const SHAPES: Readonly<Record<string, (random: () => number) => number>> = {
  normal: (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  uniform: (random) => random() - 0.5,
  'heavy-tailed (Cauchy)': (random) => Math.tan(Math.PI * (random() - 0.5)),
  'now and then disturbed': (random) => (random() - 0.5) * (random() < 0.15 ? 20 : 1),
};
const RUNS = 4_000;

for (const [shape, draw] of Object.entries(SHAPES))
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
      // Four standard errors of a share of 4,000.
      assert.ok(
        Math.abs(covered / RUNS - stated) < 4 * Math.sqrt((stated * (1 - stated)) / RUNS),
        `${covered / RUNS} covered, ${stated} stated`,
      );
      assert.ok(alarms / RUNS < 0.05 + 0.0138, `${alarms / RUNS} false alarms`);
    });
