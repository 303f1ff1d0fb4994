/** The decision core alone: no window is measured here, each is drawn from a curve whose knee is known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KneeOutcome, KneeVerdict } from '#bench/model/knee.ts';
import { type KneeScale, type KneeWindow, MOST_WINDOWS, nextStep, TOLERANCE } from '#bench/plan/knee.ts';
import { mulberry32 } from '#proxies/platform/random.ts';

const SCALE: KneeScale = { start: 500, lowest: 50, highest: 1_000_000 };
const held: KneeOutcome = { kind: 'held' };
const missed: KneeOutcome = { kind: 'missed', why: 'p99 3 ms' };
const limited: KneeOutcome = { kind: 'limited', by: 'generator', why: 'lag' };
const disturbed: KneeOutcome = { kind: 'disturbed', why: 'steal' };

interface Searched {
  readonly verdict: KneeVerdict;
  readonly windows: readonly KneeWindow[];
}

/** Searches a subject whose outcome at a rate is `at`; fails where the search does not end within its bound. */
function search(at: (rate: number, window: number) => KneeOutcome, scale = SCALE): Searched {
  const windows: KneeWindow[] = [];
  for (;;) {
    const step = nextStep(scale, windows);
    if (step.kind === 'done') return { verdict: step.verdict, windows };
    assert.ok(windows.length < MOST_WINDOWS, 'the search asks for more windows than it may');
    assert.ok(step.rate >= scale.lowest * 0.999 && step.rate <= scale.highest, `${step.rate} is off the scale`);
    windows.push({ rate: step.rate, outcome: at(step.rate, windows.length) });
  }
}

const knee =
  (rate: number) =>
  (offered: number): KneeOutcome =>
    offered <= rate ? held : missed;

/** Above `limit` the generator is saturated, whatever the subject does. */
const withLimit =
  (limit: number, below: (rate: number, window: number) => KneeOutcome) =>
  (offered: number, window: number): KneeOutcome =>
    offered > limit ? limited : below(offered, window);

test('doubling from the safe rate, halving, then both ends confirmed', () => {
  const { windows, verdict } = search(knee(3_000));
  assert.deepEqual(
    windows.slice(0, 4).map(({ rate }) => Math.round(rate / 100)),
    [5, 10, 21, 42],
  );
  assert.equal(verdict.state, 'found');
  assert.ok(verdict.state === 'found');
  assert.deepEqual([verdict.low.held, verdict.high.missed], [5, 5]);
  assert.ok(windows.length <= 21, `${windows.length}`);
});

test('every knee on the scale is found within one step, in a bounded number of windows', () => {
  fc.assert(
    fc.property(fc.double({ min: Math.log(60), max: Math.log(900_000), noNaN: true }), (log) => {
      const rate = Math.exp(log);
      const { verdict, windows } = search(knee(rate));
      assert.ok(verdict.state === 'found', verdict.state);
      const { low, high, widened } = verdict;
      assert.ok(low.rate <= rate && rate < high.rate, `${low.rate} – ${high.rate} does not hold ${rate}`);
      assert.ok(high.rate / low.rate <= 1 + TOLERANCE + 1 / low.rate);
      assert.equal(widened, false);
      assert.ok(windows.length <= 40, `${windows.length}`);
    }),
    { seed: 3, numRuns: 300 },
  );
});

/** Near its knee a subject holds in some windows and not in others: the logistic function of ln(rate), of this width. */
const noisy = (rate: number, width: number, random: () => number) => (offered: number) =>
  random() < 1 / (1 + Math.exp((Math.log(offered) - Math.log(rate)) / width)) ? held : missed;

for (const { width, least, within } of [
  { width: 0.003, least: 0.98, within: 0.01 },
  { width: 0.01, least: 0.97, within: 0.03 },
  { width: 0.03, least: 0.95, within: 0.1 },
  { width: 0.08, least: 0.92, within: 0.3 },
])
  test(`a knee ${width * 100} % wide: the interval holds the rate that holds every other time, or lies near it`, () => {
    const runs = 400;
    let [holds, near] = [0, 0];
    for (let seed = 1; seed <= runs; seed++) {
      const rate = 1_000 * 1.01 ** (seed % 300);
      const { verdict } = search(noisy(rate, width, mulberry32(seed)));
      const ends =
        verdict.state === 'found' || verdict.state === 'unsettled'
          ? [verdict.low?.rate ?? 0, verdict.high?.rate ?? Infinity]
          : assert.fail(`${verdict.state} for a subject with a knee`);
      if (ends[0]! <= rate && rate <= ends[1]!) holds += 1;
      if (ends[0]! <= rate * (1 + within) && ends[1]! >= rate / (1 + within)) near += 1;
    }
    assert.ok(holds >= least * runs, `${holds} of ${runs}`);
    assert.ok(near >= 0.99 * runs, `${near} of ${runs} within ${within}`);
  });

test('one fluke, wherever it falls, does not move the knee by more than a step', () => {
  for (const rate of [700, 2_900, 40_000]) {
    const { windows } = search(knee(rate));
    for (let at = 0; at < windows.length; at++) {
      const { verdict } = search((offered, window) => {
        const truth = knee(rate)(offered);
        return window === at ? (truth.kind === 'held' ? missed : held) : truth;
      });
      assert.ok(verdict.state === 'found', verdict.state);
      const { low, high } = verdict;
      assert.ok(low.rate <= rate && rate < high.rate, `fluke ${at}: ${low.rate} – ${high.rate} does not hold ${rate}`);
    }
  }
});

test('what goes either way between two steady rates widens the interval, and says so', () => {
  const [from, to] = [2_700, 3_300];
  let widened = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const random = mulberry32(seed);
    const { verdict } = search((rate) => {
      if (rate < from) return held;
      return rate > to || random() < 0.5 ? missed : held;
    });
    assert.ok(verdict.state === 'found', verdict.state);
    const { low, high } = verdict;
    assert.ok(low.rate <= to && high.rate >= from, `${low.rate} – ${high.rate} misses what goes either way`);
    assert.equal(verdict.widened, high.rate / low.rate > 1 + 1.5 * TOLERANCE);
    if (verdict.widened) widened += 1;
  }
  assert.ok(widened >= 80, `${widened} of 100`);
});

test('a limit of the generator is never taken for a knee', () => {
  fc.assert(
    fc.property(
      fc.double({ min: Math.log(100), max: Math.log(500_000), noNaN: true }),
      fc.double({ min: Math.log(100), max: Math.log(500_000), noNaN: true }),
      (a, b) => {
        const [limit, rate] = [Math.exp(a), Math.exp(b)];
        const { verdict } = search(withLimit(limit, knee(rate)));
        if (verdict.state === 'found') {
          assert.ok(verdict.high.rate <= limit, `found ${verdict.high.rate} above the limit ${limit}`);
          assert.ok(verdict.low.rate <= rate && rate < verdict.high.rate);
        } else {
          assert.ok(verdict.state === 'beyond', verdict.state);
          assert.equal(verdict.by, 'generator');
          assert.ok(rate > limit / (1 + 2 * TOLERANCE), 'a knee well below the limit is found');
          assert.ok(verdict.low !== null && verdict.low.rate <= Math.min(rate, limit) && verdict.low.held >= 5);
          assert.ok(verdict.at > limit);
        }
      },
    ),
    { seed: 5, numRuns: 300 },
  );
});

test('a limit that comes and goes is a limit, not a knee', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = mulberry32(seed);
    const { verdict } = search((rate) => (rate > 8_000 && random() < 0.7 ? limited : held));
    assert.ok(verdict.state === 'beyond' || verdict.state === 'unsettled', verdict.state);
  }
});

test('limited at the safe rate and below: nothing can be told at all', () => {
  const { verdict } = search(() => limited);
  assert.deepEqual(verdict, { state: 'beyond', low: null, at: 51, by: 'generator' });
});

test('missed everywhere: confirmed at the lowest rate', () => {
  const { verdict } = search(() => missed);
  assert.deepEqual(verdict, { state: 'never', high: { rate: 51, held: 0, missed: 5 } });
});

test('held to the end of the scale', () => {
  const { verdict } = search(() => held, { ...SCALE, highest: 4_000 });
  assert.ok(verdict.state === 'beyond' && verdict.by === 'scale' && verdict.low?.held === 5);
  assert.ok(verdict.low.rate === verdict.at && verdict.at > 3_800);
});

test('a disturbed window is repeated; disturbance without end ends the search', () => {
  const { verdict, windows } = search((rate, window) => (window % 3 === 1 ? disturbed : knee(2_000)(rate)));
  assert.equal(verdict.state, 'found');
  assert.equal(windows[1]!.rate, windows[2]!.rate);
  const endless = search((rate) => (rate < 900 ? held : disturbed));
  assert.ok(endless.verdict.state === 'unsettled' && endless.verdict.why === 'disturbed');
  assert.equal(endless.verdict.low?.rate, 500);
});

test('a coin for a subject ends the search too, as unsettled or with a wide interval', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = mulberry32(seed);
    const { verdict, windows } = search(() => [held, missed, limited, disturbed][Math.floor(4 * random())]!);
    assert.ok(windows.length <= MOST_WINDOWS);
    if (verdict.state === 'found') assert.ok(verdict.low.rate < verdict.high.rate);
  }
});

test('windows that were not asked for are refused', () => {
  assert.throws(
    () => nextStep(SCALE, [{ rate: 501 as KneeWindow['rate'], outcome: held }]),
    /expected a window at 500/,
  );
});
