/**
 * Is head more expensive than base? Per round d = mean ln(head) − mean ln(base) over its slices; Hodges–Lehmann with the exact signed-rank test;
 * Holm over the primary metrics; and a smallest effect that matters, raised to what this very run shows of the same revision against
 * itself. Two looks at most, each with its own share of the error rate. Pure. (METHOD 19, 20)
 */
import { METRICS } from '#bench/analysis/figures/metrics.ts';
import { formatQuantity, significant } from '#bench/analysis/words/quantity.ts';
import { type Estimate, transform } from '#bench/stats/estimate.ts';
import { hodgesLehmann, median } from '#bench/stats/hodges-lehmann.ts';
import { holm } from '#bench/stats/holm.ts';
import { signedRank } from '#bench/stats/signed-rank.ts';
import type { GateMetric, GateState } from './result.ts';
import { LEAST_ROUNDS, LOOK_ALPHA } from './rules.ts';
import type { Measured, RoundFigures } from './sides.ts';

/** Of every interval that is shown, and of "same". */
const CONFIDENCE = 0.95;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const meanLog = (values: readonly number[]): number => mean(values.map(Math.log));

/** ln of head ÷ base of each pair. */
const ratiosOf = ({ base, head }: RoundFigures): number[] =>
  head.map((value, i) => Math.log(value) - Math.log(base[i]!));

/** ln of head ÷ base, one a generation: a robust mean over its pairs, so that a turn that something else hit does not count for all. */
export const differences = (rounds: readonly RoundFigures[]): number[] =>
  rounds.map((round) => hodgesLehmann(ratiosOf(round), CONFIDENCE).value);

/**
 * Half of what every other pair of a generation differs by from the rest in ln of head ÷ base: whatever is true of the revisions is gone.
 */
const noiseOf = (rounds: readonly RoundFigures[]): number[] =>
  rounds.flatMap((round) => {
    const ratios = ratiosOf(round);
    if (ratios.length < 2) return [];
    const half = (odd: number): number => hodgesLehmann(ratios.filter((_, i) => i % 2 === odd)).value;
    return [(half(0) - half(1)) / 2];
  });

/** Largest relative size that the interval of what is noise alone allows; 0 where it cannot be had. */
export function noiseFloor(rounds: readonly RoundFigures[]): number {
  const own = noiseOf(rounds);
  if (own.length < 2) return 0;
  const { low, high } = hodgesLehmann(own, CONFIDENCE);
  return Math.expm1(Math.max(Math.abs(low), Math.abs(high)));
}

interface Tested {
  readonly measured: Measured;
  readonly difference: Estimate;
  readonly p: number;
  readonly effect: GateMetric['effect'];
}

function test(measured: Measured): Tested {
  const { rounds, rule } = measured;
  const d = differences(rounds);
  return {
    measured,
    difference: hodgesLehmann(d, CONFIDENCE),
    p: signedRank(d).p,
    effect: {
      asked: rule.effect,
      used: Math.max(rule.effect, noiseFloor(rounds)),
      ...(rule.absolute !== undefined && { absolute: rule.absolute }),
    },
  };
}

export interface Decision {
  readonly state: GateState;
  readonly metrics: readonly GateMetric[];
}

/** Worst first. */
export const ORDER: readonly GateState[] = ['regressed', 'invalid', 'inconclusive', 'improved', 'same'];

/** `alpha`: what this look may spend. */
export function decide(all: readonly Measured[], alpha = LOOK_ALPHA): Decision {
  const judged = judge(all, alpha);
  return { metrics: judged.map((one) => metricOf(one, alpha)), state: worst(judged) };
}

/** The state alone, for those who ask it thousands of times. */
export const stateOfGate = (all: readonly Measured[], alpha = LOOK_ALPHA): GateState => worst(judge(all, alpha));

type Judged = Tested & { readonly adjustedP: number; readonly state: GateState };

function judge(all: readonly Measured[], alpha: number): Judged[] {
  const tested = all.map(test);
  const primary = tested.filter(({ measured }) => measured.rule.primary);
  const adjusted = holm(primary.map(({ p }) => p));
  return tested.map((one) => {
    const adjustedP = adjusted[primary.indexOf(one)] ?? one.p;
    return { ...one, adjustedP, state: stateOf(one, adjustedP, alpha) };
  });
}

function worst(judged: readonly Judged[]): GateState {
  const deciding = judged.filter(({ measured }) => measured.rule.primary).map(({ state }) => state);
  return ORDER.find((state) => deciding.includes(state)) ?? 'invalid';
}

function metricOf(judged: Judged, alpha: number): GateMetric {
  const { measured, difference, p, adjustedP, effect, state } = judged;
  const { scenario, subject, rule, rounds } = measured;
  const { title, unit } = METRICS[rule.metric];
  const level = (side: 'base' | 'head'): Estimate =>
    transform(
      hodgesLehmann(
        rounds.map((round) => meanLog(round[side])),
        CONFIDENCE,
      ),
      Math.exp,
    );
  const ratio = transform(difference, Math.exp);
  return {
    scenario,
    subject,
    metric: rule.metric,
    title,
    unit,
    better: rule.better,
    primary: rule.primary,
    state,
    base: level('base'),
    head: level('head'),
    ratio,
    p,
    adjustedP,
    effect,
    rounds: rounds.map(({ round, base, head }) => ({
      round,
      base: Math.exp(meanLog(base)),
      head: Math.exp(meanLog(head)),
    })),
    reason: reasonOf(judged, ratio, alpha),
  };
}

function stateOf(
  { measured: { rule, rounds }, difference, effect }: Tested,
  adjustedP: number,
  alpha: number,
): GateState {
  if (rounds.length < LEAST_ROUNDS) return 'invalid';
  const worse = rule.better === 'lower' ? 1 : -1;
  const level = effect.absolute === undefined ? 0 : Math.exp(median(rounds.map(({ base }) => meanLog(base))));
  /** Whether a relative change is large enough to matter, as a share and in the metric's unit. */
  const matters = (ln: number): boolean =>
    Math.expm1(Math.abs(ln)) >= effect.used && Math.abs(Math.expm1(ln)) * level >= (effect.absolute ?? 0);
  const { value, low, high } = difference;
  if (adjustedP <= alpha && matters(value)) return value * worse > 0 ? 'regressed' : 'improved';
  return matters(low) || matters(high) ? 'inconclusive' : 'same';
}

const signed = (share: number): string => `${share > 0 ? '+' : ''}${significant(share * 100)}`;

/** '+10.2 % (8.9 to 11.4)': head over base. */
export const changeText = ({ value, low, high }: Estimate): string =>
  `${signed(value - 1)}\u00a0% (${signed(low - 1)} to ${signed(high - 1)})`;

function reasonOf({ measured: { rounds }, effect, state, adjustedP }: Judged, ratio: Estimate, alpha: number): string {
  const change = changeText(ratio);
  const size =
    `${significant(effect.used * 100)}\u00a0%` +
    (effect.used > effect.asked
      ? `, this run’s own noise (asked for: ${significant(effect.asked * 100)}\u00a0%)`
      : '') +
    (effect.absolute === undefined ? '' : ` and ${formatQuantity(effect.absolute, 'µs')}`);
  const told = `p = ${significant(adjustedP)} against ${significant(alpha)}`;
  switch (state) {
    case 'regressed':
    case 'improved':
      return `${change}, more than the ${size} that matters; ${told}`;
    case 'same':
      return `${change} lies within the ${size} that matters`;
    case 'inconclusive':
      return `${change} neither lies within the ${size} that matters nor is it clearly beyond it (${told})`;
    case 'invalid':
      return `${rounds.length} rounds have both revisions; ${LEAST_ROUNDS} at least are needed`;
  }
}
