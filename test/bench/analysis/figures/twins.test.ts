/** What a run's own scatter does not show, and what a second start of a subject adds to its figure. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { besidesOf, compare, RUN_TO_RUN, type Rounds } from '#bench/analysis/comparison/comparison.ts';
import { type Variance } from '#bench/stats/student.ts';
import { type Figures, withTwins } from '#bench/analysis/figures/figures.ts';
import type { TrialRecord } from '#bench/model/record.ts';
import { mulberry32 } from '#proxies/platform/random.ts';

/** Generation → the values of its rounds. */
function turned(values: readonly (readonly number[])[]): Rounds {
  const turns = new Map(
    values.map((own, generation) => [generation, new Map(own.map((value, i) => [`0/${i}`, value]))]),
  );
  const means = new Map(values.map((own, generation) => [generation, own.reduce((a, b) => a + b, 0) / own.length]));
  return Object.assign(means, { turns });
}

const side = (subject: string) => ({ scenario: 's', subject });

describe('an error that all generations of a run share', () => {
  /** Standard normal, by Box and Muller. */
  const normal = (random: () => number): number =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

  const coverage = (reference: string, runEffect: number, besides?: Variance): number => {
    const random = mulberry32(20_261_126);
    const runs = 2_000;
    let held = 0;
    for (let run = 0; run < runs; run++) {
      const shift = runEffect * normal(random);
      const generations = Array.from({ length: 6 }, () => 0.07 + shift + 0.015 * normal(random));
      const found = compare(
        { metric: 'cpuPerRequest', kind: 'ratio', subject: side('l7-http'), reference: side(reference) },
        turned(generations.map((ln) => [Math.exp(ln)])),
        turned(generations.map(() => [1])),
        besides,
      )!.estimate;
      if (found.low <= Math.exp(0.07) && found.high >= Math.exp(0.07)) held++;
    }
    return held / runs;
  };

  test('the interval of one proxy over another covers it', () => {
    const covered = coverage('l4-tcp', RUN_TO_RUN.sd, besidesOf('cpuPerRequest'));
    assert.ok(covered > 0.93 && covered < 0.98, `${covered}`);
  });

  test('two starts of one proxy have none, and their interval is Student’s own', () => {
    const covered = coverage('l7-http (A/A)', 0);
    assert.ok(covered > 0.93 && covered < 0.97, `${covered}`);
    assert.ok(coverage('l7-http (A/A)', RUN_TO_RUN.sd) < 0.9);
  });
});

describe('a subject that was started twice', () => {
  const trials = [
    { scenario: 's', subject: { kind: 'proxy', name: 'l7-http' } },
    { scenario: 's', subject: { kind: 'proxy', name: 'l7-http', again: true } },
  ] as unknown as readonly TrialRecord[];
  const of = (rounds: Rounds): Figures => new Map([['cpuPerRequest', rounds]]);

  test('has the mean of both in every turn; what one alone has is that one’s; the twin stays itself', () => {
    const known = new Map([
      ['l7-http', of(turned([[10, 20], [30]]))],
      ['l7-http (A/A)', of(turned([[12]]))],
      ['l4-tcp', of(turned([[5], [5]]))],
    ]);
    const figures = withTwins((_, subject) => known.get(subject)!, trials);
    const both = figures('s', 'l7-http').get('cpuPerRequest')!;
    assert.deepEqual([...both.turns!.get(0)!.values()], [11, 20]);
    assert.deepEqual([...both.turns!.get(1)!.values()], [30]);
    assert.deepEqual([...both.values()], [13.5, 30]);
    assert.equal(figures('s', 'l7-http (A/A)'), known.get('l7-http (A/A)'));
    assert.equal(figures('s', 'l4-tcp'), known.get('l4-tcp'));
    assert.equal(figures('s', 'l7-http'), figures('s', 'l7-http'), 'made once');
  });

  test('windows, which are no turns, are the first start’s alone', () => {
    const windows: Rounds = new Map([[0, 10]]);
    const figures = withTwins((_, subject) => of(subject === 'l7-http' ? windows : new Map([[0, 20]])), trials);
    assert.equal(figures('s', 'l7-http').get('cpuPerRequest'), windows);
  });
});
