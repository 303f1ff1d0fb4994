/** What is said of a fault, from trials whose truth is known. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { courseOf, meanCourse } from '#bench/analysis/faults/course.ts';
import { faultsOf } from '#bench/analysis/faults/faults.ts';
import { faultFindings } from '#bench/analysis/faults/findings.ts';
import { type CompletedFault, outcomeOf, verdictOf } from '#bench/analysis/faults/outcome.ts';
import { trialWords } from '#bench/analysis/faults/words.ts';
import type { FaultScenario } from '#bench/model/fault.ts';
import type { FaultTrialRecord } from '#bench/model/record.ts';
import { FAULTS } from '#bench/plan/faults.ts';
import { syntheticRun } from '../../../reports/synthetic-run.ts';
import { type Interval, trialOf, type Told } from './trials.ts';

const named = (name: string): FaultScenario => FAULTS.find((fault) => fault.name === name)!;
/** One origin resets from 1 s to 3 s of 5 s; each interval has 60 requests, an origin's share is 20. */
const resets = named('resets');
const completed = (fault: FaultScenario, told: Partial<Told> & Pick<Told, 'intervals'>): CompletedFault =>
  trialOf(fault, { subject: 'l7-http', ...told }).outcome as CompletedFault;
const fifty = (of: (i: number) => Interval): Interval[] => Array.from({ length: 50 }, (_, i) => of(i));

describe('one trial', () => {
  test('who failed, who was late, for how long, and the p99 inside and outside the trouble', () => {
    const intervals = fifty((i) => (i >= 10 && i < 14 ? { good: 30, failed: 20, dropped: 5, late: 5 } : { good: 60 }));
    const found = outcomeOf(resets, completed(resets, { intervals }));
    assert.equal(found.scheduled, 3_000);
    assert.equal(found.failed, 100);
    assert.equal(found.late, 20);
    assert.equal(found.failedFor, 350);
    assert.ok(found.p99.outside! > 9_000 && found.p99.outside! < 11_500);
    assert.ok(found.p99.inside! > 500_000, 'late answers are 1.7 % of the good ones there');
    assert.equal(verdictOf(found), 'broken');
  });

  test('detected when the origin is hardly asked any more, recovered when it has half of its share', () => {
    const asked = Array.from({ length: 50 }, (_, i) => (i >= 14 && i < 36 ? 1 : 20));
    const { detected, recovered } = outcomeOf(
      resets,
      completed(resets, { intervals: fifty(() => ({ good: 60 })), asked }),
    );
    assert.equal(detected, 400);
    assert.equal(recovered, 500);
    const late = outcomeOf(resets, completed(resets, { intervals: fifty(() => ({ good: 60 })), asked, late: 40 }));
    assert.equal(late.detected, 360, 'from the instant at which this trial’s trouble began');
  });

  test('an origin that is asked all the while was never detected, and one that is not asked again never recovered', () => {
    const always = outcomeOf(
      resets,
      completed(resets, { intervals: fifty(() => ({ good: 60 })), asked: fifty(() => ({ good: 0 })).map(() => 20) }),
    );
    assert.equal(always.detected, null);
    const never = outcomeOf(resets, completed(resets, { intervals: fifty(() => ({ good: 60 })) }));
    assert.equal(never.detected, 0);
    assert.equal(never.recovered, null);
    const killed = named('killed');
    const { detected } = outcomeOf(killed, completed(killed, { intervals: fifty(() => ({ good: 60 })) }));
    assert.equal(detected, undefined, 'a process that was killed counts nothing');
  });

  test('more at the origins than users sent is told; fewer is nothing', () => {
    const intervals = fifty(() => ({ good: 60 }));
    const twice = completed(resets, { intervals, asked: Array.from({ length: 50 }, () => 2) });
    assert.equal(outcomeOf(resets, twice).extra, 100);
    assert.equal(outcomeOf(resets, completed(resets, { intervals: fifty(() => ({ good: 60, failed: 1 })) })).extra, 0);
  });

  test('held, hurt and broken', () => {
    const of = (failed: number, late: number) => verdictOf({ failed, late, scheduled: 10_000 });
    assert.deepEqual(
      [of(0, 0), of(0, 10), of(0, 11), of(1, 0), of(100, 0), of(60, 41)],
      ['held', 'held', 'hurt', 'hurt', 'hurt', 'broken'],
    );
  });

  test('every request is good in time, late or failed, once', () => {
    const interval = fc.record({
      good: fc.nat(50),
      late: fc.nat(50),
      failed: fc.nat(50),
      dropped: fc.nat(50),
    });
    fc.assert(
      fc.property(fc.array(interval, { minLength: 1, maxLength: 60 }), (intervals) => {
        const outcome = completed(named('calm'), { intervals });
        const { course, scheduled, failed, late } = outcomeOf(named('calm'), outcome);
        const mean = meanCourse([course, course]);
        const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
        assert.deepEqual(
          mean.good,
          intervals.map(({ good }) => good),
        );
        assert.equal(sum(mean.good) + sum(mean.late) + sum(mean.failed), scheduled);
        assert.equal(sum(mean.failed), failed);
        assert.equal(sum(mean.late), late);
      }),
    );
  });

  test('records without rows of failures have none', () => {
    const { latency } = completed(resets, { intervals: [{ good: 3 }] }).load.timeline;
    const { counts, interval } = latency!;
    assert.deepEqual(courseOf({ counts, interval }).failed, [0]);
  });
});

const WELL = fifty(() => ({ good: 60 }));
const HURT = fifty((i) => (i === 12 ? { good: 50, failed: 10 } : { good: 60 }));

function analysed(...trials: FaultTrialRecord[]) {
  const base = syntheticRun({ rounds: 1, micro: false });
  const faults = FAULTS.filter(({ name }) => trials.some((trial) => trial.fault === name));
  return faultsOf({ ...base, run: { ...base.run, faults }, trials: [], faults: trials })!;
}

describe('all trials', () => {
  test('repeats are summed, times are the longest, and those with policies stand before those without', () => {
    const { groups } = analysed(
      trialOf(resets, { subject: 'l7-http', policies: 'off', intervals: HURT }),
      trialOf(resets, { subject: 'l7-http', intervals: WELL, repeat: 0 }),
      trialOf(resets, { subject: 'l7-http', intervals: HURT, repeat: 1 }),
      trialOf(resets, { subject: 'direct', policies: 'off', intervals: HURT }),
    );
    const [{ rows }] = groups as [(typeof groups)[0]];
    assert.deepEqual(
      rows.map(({ subject, policies }) => `${subject} ${policies}`),
      ['direct off', 'l7-http on', 'l7-http off'],
    );
    assert.deepEqual([rows[1]!.repeats, rows[1]!.result!.scheduled, rows[1]!.result!.failed], [2, 6_000, 10]);
    assert.equal(rows[1]!.result!.failedFor, 50);
    assert.equal(rows[1]!.result!.verdict, 'hurt');
  });

  test('a subject that was refused or failed has its reason and no figure; unfinished repeats do not count', () => {
    const refused = {
      ...trialOf(resets, { subject: 'l7-http', intervals: WELL }),
      outcome: { state: 'refused', why: 'no' },
    } as const;
    const failed = {
      ...refused,
      repeat: 1,
      outcome: { state: 'failed', error: { code: 'X', message: 'died' } },
    } as const;
    assert.deepEqual(
      analysed(refused).groups[0]!.rows.map(({ result, why }) => [result, why]),
      [[null, 'no']],
    );
    const [row] = analysed(failed, trialOf(resets, { subject: 'l7-http', intervals: WELL })).groups[0]!.rows;
    assert.deepEqual([row!.why, row!.repeats, row!.result?.failed], ['died', 1, 0]);
    assert.match(trialWords(refused), /cannot be put to it: no/);
    assert.match(trialWords(failed), /failed: died/);
  });

  test('the price of the policies is told repeat by repeat, from where nothing is wrong', () => {
    const calm = named('calm');
    const pair = (repeat: number, on: number, off: number) => [
      trialOf(calm, { subject: 'l7-http', intervals: WELL, repeat, cpu: on * 3_000 }),
      trialOf(calm, { subject: 'l7-http', policies: 'off', intervals: WELL, repeat, cpu: off * 3_000 }),
    ];
    const { prices } = analysed(...pair(0, 22, 20), ...pair(1, 33, 30), ...pair(2, 11, 10));
    assert.equal(prices.length, 1);
    assert.deepEqual([prices[0]!.on, prices[0]!.off], [22, 20]);
    assert.ok(Math.abs(prices[0]!.ratio.value - 1.1) < 1e-9);
    assert.equal(prices[0]!.ratio.n, 3);
    assert.deepEqual(analysed(trialOf(resets, { subject: 'l7-http', intervals: WELL })).prices, []);
  });

  test('a sentence a fault: the least hurt first, direct at the end; none of what is calm', () => {
    const sentences = faultFindings(
      analysed(
        trialOf(named('calm'), { subject: 'l7-http', intervals: WELL }),
        trialOf(resets, { subject: 'nginx-http', intervals: HURT }),
        trialOf(resets, { subject: 'l7-http', intervals: WELL }),
        trialOf(resets, { subject: 'direct', policies: 'off', intervals: HURT }),
      ),
    ).map(({ sentence }) => sentence.replaceAll('\u00a0', ' '));
    assert.equal(sentences.length, 1);
    assert.match(
      sentences[0]!,
      /^resets: l7-http failed none; nginx-http failed 10 of 3,000 for 50.0 ms\. Without a proxy failed 10/,
    );
    assert.deepEqual(faultFindings(undefined), []);
  });

  test('of several faults, how many nobody noticed behind each proxy, the best first', () => {
    const killed = named('killed');
    const sentences = faultFindings(
      analysed(
        trialOf(killed, { subject: 'nginx-http', intervals: HURT }),
        trialOf(killed, { subject: 'l7-http', intervals: WELL }),
        trialOf(killed, { subject: 'l7-http', policies: 'off', intervals: HURT }),
        trialOf(resets, { subject: 'l7-http', intervals: WELL }),
        trialOf(resets, { subject: 'direct', policies: 'off', intervals: HURT }),
      ),
    ).map(({ sentence }) => sentence);
    assert.equal(
      sentences[0],
      'With their policies, users noticed nothing of what broke: l7-http in 2 of 2, nginx-http in 0 of 1.',
    );
    assert.equal(sentences.length, 3);
  });

  test('what others did to the host meanwhile makes a note of the sentence', () => {
    const busy = analysed(
      trialOf(resets, { subject: 'l7-http', intervals: WELL, foreign: 0.5 }),
      trialOf(resets, { subject: 'l7-http', intervals: WELL, repeat: 1 }),
    );
    assert.equal(busy.groups[0]!.rows[0]!.result!.disturbed, 1);
    const [finding] = faultFindings(busy);
    assert.equal(finding!.strength, 'note');
    assert.match(finding!.sentence, /Others used this host meanwhile in trials of 1 of 1 proxies\./);
  });

  test('a run in which nothing was broken has none of it', () => {
    assert.equal(faultsOf(syntheticRun({ rounds: 1, micro: false })), undefined);
  });
});

test('words of a trial: how many, what share, for how long, of what kind', () => {
  const words = trialWords(trialOf(resets, { subject: 'l7-http', intervals: HURT })).replaceAll('\u00a0', ' ');
  assert.equal(words, '10 of 3,000 failed (0.3 %), for 50.0 ms: 10 reset');
  assert.equal(trialWords(trialOf(resets, { subject: 'l7-http', intervals: WELL })), 'none of 3,000 failed');
});
