/**
 * Two runs side by side. Compared is each figure's ratio to a yardstick that took its turns in the same seconds (`match-runs.ts`): Welch over the
 * generations of both runs, on logarithms. What a whole run has in common is in none of its generations; the proxies that did not change
 * show how much of it there is, and every interval holds it as well. Holm over all figures that are read side by side. Pure.
 */
import { type Estimate, transform } from '#bench/stats/estimate.ts';
import { holm } from '#bench/stats/holm.ts';
import type { Variance } from '#bench/stats/student.ts';
import { type Shift, welch } from '#bench/stats/welch.ts';
import { median, normalQuantile } from '#bench/stats/hodges-lehmann.ts';
import type { RunRecords } from '#bench/model/record.ts';
import { CLAIM_GENERATIONS, CONFIDENCE, locate, type Strength, RUN_TO_RUN } from '../comparison/comparison.ts';
import { type Logs, type MatchOptions, matchRuns, type RunMatch, type Samples, type Untold } from './match-runs.ts';
import { metric, type MetricName } from '../figures/metrics.ts';
import type { Unit } from '../words/quantity.ts';
import { isBusyAlike, type RunDifference } from './run-differences.ts';
import { isUnchanged, type RunYardstick, samenessOf } from './run-yardstick.ts';
import { opinionsOf } from '../instruments/second-opinion.ts';
import { shownStrength, type Trust, trustOf } from '../instruments/trust.ts';

export interface RunSide {
  readonly run: string;
  readonly startedAt: string;
  readonly hopcost: string;
  readonly revision: string | null;
  readonly fingerprint: string;
  /** Of windows: rounds. */
  readonly generations: number;
}

/** A figure by itself, in the metric's own unit: the host's drift is in it. */
export interface Absolute {
  readonly unit: Unit;
  readonly first: Estimate;
  readonly second: Estimate;
  /** Second ÷ first, by the scatter of the generations alone. */
  readonly ratio: Estimate;
}

export interface RunLine {
  readonly scenario: string;
  readonly subject: string;
  readonly metric: MetricName;
  readonly title: string;
  /** What the figure is divided by. */
  readonly yardstick: string;
  readonly better: 'lower' | 'higher';
  /** One of the family that is read side by side; the others are advisory. */
  readonly main: boolean;
  /** Of each run: the figure ÷ the yardstick's. */
  readonly first: Estimate;
  readonly second: Estimate;
  /** What the estimates rest on: a ratio a generation. */
  readonly generations: { readonly first: readonly number[]; readonly second: readonly number[] };
  /** The figure itself; only where the host is the same. */
  readonly absolute?: Absolute;
  /** What the figure would have been in the first run on the second one's host, in the metric's own unit. */
  readonly level: number;
  /** Second ÷ first; `n` is the smaller number of generations. */
  readonly ratio: Estimate;
  /** Of no difference, and the same after Holm over its family. */
  readonly p: number;
  readonly adjustedP: number;
  /**
   * 'claim': the interval excludes no difference, Holm's p agrees, and both runs have ≥ 4 generations. 'look': the same with 3 of them, or on a host that was busy in one of the runs.
   * 'cannot tell': none of it.
   */
  readonly strength: Strength;
  /** The smallest change that these runs would have shown, 8 times in 10, as a ratio > 1. */
  readonly resolvable: number;
  /** Throughput that was not the subject's own in one of the runs. */
  readonly limited: boolean;
  /** Subject and yardstick are the very same in both runs, on one host: whatever it differs by, it is no change of either, and is not called one. */
  readonly identical: boolean;
  /** Why it can be told no better, where that is no matter of its interval alone. */
  readonly reason?: string;
}

export interface YardstickLine extends RunYardstick {
  readonly scenario: string;
  /** How far its own figures moved, which is the host's doing where it did not change; none across hosts. */
  readonly moved: readonly (Absolute & {
    readonly metric: MetricName;
    readonly title: string;
    readonly main: boolean;
  })[];
}

export interface RunComparison {
  readonly first: RunSide;
  readonly second: RunSide;
  readonly sameHost: boolean;
  readonly turned: boolean;
  readonly differences: readonly RunDifference[];
  readonly yardsticks: readonly YardstickLine[];
  readonly lines: readonly RunLine[];
  readonly untold: readonly Untold[];
  readonly onlyIn: RunMatch['onlyIn'];
}

/** Primary metrics in the sense of METHOD 19; throughput only where the proxy itself was the limit. */
const MAIN: ReadonlySet<MetricName> = new Set([
  'cpuPerRequest',
  'instructionsPerRequest',
  'throughput',
  'serviceP50',
  'serviceP99',
  'memoryPerConnection',
]);

/** Generations of either run that a first look needs: two tell so little of their variance that more than a twentieth of the families would be called wrongly. */
const LOOK_GENERATIONS = 3;
/** Power of `resolvable`. */
const POWER = 0.8;

/** Throws `MatchError` where nothing can be compared. */
export function compareRuns(before: RunRecords, after: RunRecords, options: MatchOptions = {}): RunComparison {
  const match = matchRuns(before, after, options);
  const { first, second, sameHost, turned, differences, untold, onlyIn } = match;
  const all = match.samples.map((samples) => ({ samples, alone: shiftOf(samples.ratio) }));
  const still = all.filter(({ samples: { subject } }) => isUnchanged(subject, first, second));
  const isIdentical = (subject: string): boolean => sameHost && samenessOf(subject, first, second) === 'identical';
  const lines = all.map(({ samples }) => {
    const controls = still.filter(
      (one) => one.samples.metric === samples.metric && one.samples.subject !== samples.subject,
    );
    return lineOf(samples, {
      besides: betweenRuns(controls.map(({ alone }) => alone)),
      sameHost,
      identical: isIdentical(samples.subject) && isIdentical(samples.yardstick),
    });
  });
  // What is known to be the very same asks no question, and so belongs to no family.
  const asked = lines.filter(({ identical }) => !identical);
  const most: Strength = isBusyAlike(first, second) ? 'claim' : 'look';
  const trusts = [first, second].map(({ run, calibration, secondOpinion }) =>
    trustOf(run, calibration, secondOpinion ? opinionsOf(secondOpinion) : null),
  );
  const judged = [true, false].flatMap((main) =>
    asFamily(
      asked.filter((line) => line.main === main),
      most,
    ).map((line) => underTrusts(line, trusts)),
  );
  return {
    first: sideOf(first),
    second: sideOf(second),
    sameHost,
    turned,
    differences,
    yardsticks: match.yardsticks.map(({ scenario, subject, unchanged, figures }) => ({
      scenario,
      subject,
      unchanged,
      moved: sameHost
        ? figures.map(({ metric: name, figure }) => ({
            metric: name,
            title: metric(name).title,
            main: MAIN.has(name),
            ...absoluteOf(name, figure),
          }))
        : [],
    })),
    lines: lines.map((line) => judged.find((one) => isSame(one, line)) ?? line),
    untold,
    onlyIn,
  };
}

const isSame = (a: RunLine, b: RunLine): boolean =>
  a.scenario === b.scenario && a.subject === b.subject && a.metric === b.metric;

const sideOf = ({ run, trials }: RunRecords): RunSide => ({
  run: run.run,
  startedAt: run.startedAt,
  hopcost: run.hopcost,
  revision: run.revision,
  fingerprint: run.environment.fingerprint,
  generations: new Set(trials.map(({ generation }) => generation)).size,
});

const shiftOf = ({ first, second }: Logs, besides?: Variance): Shift =>
  welch(second, first, { confidence: CONFIDENCE, ...(besides && { besides }) });

const located = (logs: readonly number[]): Estimate => transform(locate(logs, true), Math.exp);

const absoluteOf = (name: MetricName, figure: Logs): Absolute => ({
  unit: metric(name).unit,
  first: located(figure.first),
  second: located(figure.second),
  ratio: transform(shiftOf(figure).estimate, Math.exp),
});

/**
 * What two runs differ by as a whole: what runs of one revision are known to differ by, and what the proxies that did not change show of these
 * two, which is what their ratios moved by beyond the scatter of their own generations. It is never taken to be less than what is known.
 */
function betweenRuns(controls: readonly Shift[]): Variance {
  const known = 2 * RUN_TO_RUN.sd ** 2;
  const told = controls.filter(({ own }) => Number.isFinite(own.variance));
  const df = RUN_TO_RUN.weight + told.length;
  const excess = told.reduce((sum, { estimate, own }) => sum + estimate.value ** 2 - own.variance, 0);
  return { variance: Math.max(known, (RUN_TO_RUN.weight * known + excess) / df), df };
}

interface Known {
  readonly besides: Variance;
  readonly sameHost: boolean;
  readonly identical: boolean;
}

function lineOf(samples: Samples, { besides, sameHost, identical }: Known): RunLine {
  const { scenario, subject, metric: name, yardstick, ratio, figure, limitedBy } = samples;
  const { estimate, p, error } = shiftOf(ratio, besides);
  const change = transform(estimate, Math.exp);
  /** Student's quantile at the level, as the interval has it, and the normal one of the power. */
  const reach = estimate.high - estimate.value + normalQuantile(POWER) * error;
  return {
    scenario,
    subject,
    metric: name,
    title: metric(name).title,
    yardstick,
    better: name === 'throughput' ? 'higher' : 'lower',
    main: MAIN.has(name) && limitedBy === undefined,
    first: located(ratio.first),
    second: located(ratio.second),
    generations: { first: ratio.first.map(Math.exp), second: ratio.second.map(Math.exp) },
    ...(sameHost && { absolute: absoluteOf(name, figure) }),
    level: Math.exp(median(figure.second)) / change.value,
    ratio: change,
    p,
    adjustedP: p,
    strength: 'cannot tell',
    resolvable: Math.exp(reach),
    limited: limitedBy !== undefined,
    identical,
    ...(identical && {
      reason: `neither ${subject} nor ${yardstick} changed: it is what the runs themselves differ by`,
    }),
    ...(limitedBy !== undefined && { reason: `the limit was ${limitedBy}, not ${subject} itself` }),
  };
}

/** `most`: more than that nothing is called. */
function asFamily(lines: readonly RunLine[], most: Strength): RunLine[] {
  const adjusted = holm(lines.map(({ p }) => p));
  return lines.map((line, i) => {
    const judged = { ...line, adjustedP: adjusted[i]! };
    const strength = strengthOf(judged);
    return { ...judged, strength: strength === 'claim' ? most : strength };
  });
}

/** What the instruments of both runs allow. */
function underTrusts(line: RunLine, trusts: readonly Trust[]): RunLine {
  const most = trusts.map((trust) => trust.most([line.metric]));
  const at = most.indexOf('note');
  const strength = most.reduce<Strength>(shownStrength, line.strength);
  if (at < 0 || strength === line.strength) return { ...line, strength };
  const which = at === 0 ? 'first' : 'second';
  const reason = trusts[at]!.isForFigures
    ? `the instruments of the ${which} run failed their check of it`
    : `the ${which} run only shows that everything runs`;
  return { ...line, strength, reason };
}

/** What Holm does not bear out is not called different at all, also where its own interval would. */
function strengthOf({ ratio: { n }, adjustedP, limited }: RunLine): Strength {
  if (limited || n < LOOK_GENERATIONS || adjustedP > 1 - CONFIDENCE) return 'cannot tell';
  return n >= CLAIM_GENERATIONS ? 'claim' : 'look';
}
