/**
 * Two runs side by side. Their rounds belong to no common pair, so each metric is compared by Mann–Whitney and the Hodges–Lehmann shift of
 * the logarithms. What a whole run has in common (the state of the host on that day) is in no round's scatter: the control, direct, shows
 * how much of it there is, and a difference within that cannot be told. Pure.
 */
import { type Estimate, transform } from '#bench/stats/estimate.ts';
import { hodgesLehmann } from '#bench/stats/hodges-lehmann.ts';
import { holm } from '#bench/stats/holm.ts';
import { mannWhitney, shiftBetween } from '#bench/stats/mann-whitney.ts';
import type { RunRecords } from '#bench/model/record.ts';
import { CLAIM_GENERATIONS, CONFIDENCE, type Strength } from './comparison.ts';
import { matchRuns, type RunMatch, type Samples, type Untold } from './match-runs.ts';
import { isLatency, metric, type MetricName } from './metrics.ts';
import { noiseOf } from './noise.ts';
import { type Unit } from './quantity.ts';
import type { RunDifference } from './run-differences.ts';
import { figuresOnce } from './scenario.ts';

export interface RunSide {
  readonly run: string;
  readonly startedAt: string;
  readonly hopcost: string;
  readonly revision: string | null;
  readonly fingerprint: string;
  readonly rounds: number;
}

export interface RunLine {
  readonly scenario: string;
  readonly subject: string;
  readonly metric: MetricName;
  readonly title: string;
  readonly of: Samples['of'];
  /** Of `first` and `second`. */
  readonly unit: Unit;
  readonly better: 'lower' | 'higher';
  /** One of the family that is read side by side; the others are advisory. */
  readonly main: boolean;
  readonly first: Estimate;
  readonly second: Estimate;
  /** What the estimates rest on: a value a round, in the unit. */
  readonly rounds: { readonly first: readonly number[]; readonly second: readonly number[] };
  /** What the first run's figure is, in the metric's own unit; of ratios, what it would be on the second run's host. */
  readonly level: number;
  /** Second ÷ first; `n` is the smaller number of rounds. */
  readonly ratio: Estimate;
  /** Exact Mann–Whitney p, and the same after Holm over its family. */
  readonly p: number;
  readonly adjustedP: number;
  /**
   * 'claim': ≥ 12 rounds on both sides, the interval covers ≥ 95 % and excludes no difference, Holm's p agrees, and it is larger than what
   * the control moved. 'look': the same with fewer rounds or without a control. 'cannot tell': none of it.
   */
  readonly strength: Strength;
  /** What the host itself may have changed between the runs, as a ratio ≥ 1; absent where no control tells. */
  readonly floor?: number;
  /** Throughput that was not the subject's own in one of the runs. */
  readonly limited: boolean;
  /** Why it can be told no better, where that is no matter of its interval alone. */
  readonly reason?: string;
}

export interface RunComparison {
  readonly first: RunSide;
  readonly second: RunSide;
  readonly compared: RunMatch['compared'];
  readonly differences: readonly RunDifference[];
  /** Direct in both runs: what the host and the lab changed by themselves. Only where figures are compared. */
  readonly control: readonly RunLine[];
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

/** What of direct shows whether the host changed under a metric of a proxy. */
function controlsOf(name: MetricName): readonly MetricName[] {
  if (name.startsWith('cpu')) return ['originCpuPerRequest', 'generatorCpuPerRequest'];
  return isLatency(name) || name === 'throughput' || name.endsWith('CpuPerRequest') ? [name] : [];
}

/** Throws `MatchError` where nothing can be compared. */
export function compareRuns(before: RunRecords, after: RunRecords): RunComparison {
  const match = matchRuns(before, after);
  const { first, second, compared, differences, untold, onlyIn } = match;
  const measured = match.samples.map(lineOf);
  const control = measured.filter(({ subject }) => subject === 'direct');
  const lines = measured.filter(({ subject }) => subject !== 'direct');
  const noise = floorsOf(match);
  const judged = [true, false].flatMap((main) => asFamily(lines.filter((line) => line.main === main)));
  return {
    first: sideOf(first),
    second: sideOf(second),
    compared,
    differences,
    control: asFamily(control).map((line) => ({ ...line, strength: strengthOf(line) })),
    lines: lines.map((line) => {
      const found = judged.find((one) => isSame(one, line))!;
      return withFloor(found, compared === 'figures' ? control : undefined, noise);
    }),
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
  rounds: new Set(trials.map(({ round }) => round)).size,
});

function lineOf({ scenario, subject, metric: name, of, first, second, level, limitedBy }: Samples): RunLine {
  const { title, unit } = metric(name);
  const estimate = (logs: readonly number[]): Estimate => transform(hodgesLehmann(logs, CONFIDENCE), Math.exp);
  const ratio = transform(shiftBetween(second, first, CONFIDENCE), Math.exp);
  const { p } = mannWhitney(second, first);
  return {
    scenario,
    subject,
    metric: name,
    title,
    of,
    unit: of === 'figure' ? unit : 'ratio',
    better: name === 'throughput' ? 'higher' : 'lower',
    main: MAIN.has(name) && limitedBy === undefined,
    first: estimate(first),
    second: estimate(second),
    rounds: { first: first.map(Math.exp), second: second.map(Math.exp) },
    level: level / ratio.value,
    ratio,
    p,
    adjustedP: p,
    strength: 'cannot tell',
    limited: limitedBy !== undefined,
    ...(limitedBy !== undefined && { reason: `the limit was ${limitedBy}, not ${subject} itself` }),
  };
}

function asFamily(lines: readonly RunLine[]): RunLine[] {
  const adjusted = holm(lines.map(({ p }) => p));
  return lines.map((line, i) => ({ ...line, adjustedP: adjusted[i]! }));
}

function strengthOf({ ratio: { low, high, coverage, n }, adjustedP }: RunLine): Strength {
  if (n < 2 || (low <= 1 && high >= 1)) return 'cannot tell';
  return n >= CLAIM_GENERATIONS && coverage >= CONFIDENCE && adjustedP <= 1 - CONFIDENCE ? 'claim' : 'look';
}

/** Size of a ratio whichever way it points: ≥ 1. */
const sizeOf = (ratio: number): number => Math.max(ratio, 1 / ratio);

type Floors = (scenario: string, name: MetricName) => number | undefined;

/** A/A: how far the same subject differed from itself in the same rounds of either run. */
function floorsOf({ first, second }: RunMatch): Floors {
  const noises = [first, second].flatMap(
    ({ run, trials }) => noiseOf(run.scenarios, trials, figuresOnce(run.scenarios, trials))?.comparisons ?? [],
  );
  return (scenario, name) => {
    const own = noises.filter(
      ({ kind, metric: of, subject }) => kind === 'ratio' && of === name && subject.scenario === scenario,
    );
    return own.length === 0 ? undefined : Math.exp(Math.max(...own.map(({ floor }) => floor)));
  };
}

/** `control`: direct's own lines, where figures are compared; ratios carry theirs in themselves. */
function withFloor(line: RunLine, control: readonly RunLine[] | undefined, noise: Floors): RunLine {
  const strength = line.limited ? 'cannot tell' : strengthOf(line);
  const moved = control
    ?.filter(({ scenario, metric: name }) => scenario === line.scenario && controlsOf(line.metric).includes(name))
    .map(({ ratio }) => Math.max(sizeOf(ratio.low), sizeOf(ratio.high)));
  const own = noise(line.scenario, line.metric);
  const floors = [...(moved ?? []), ...(own === undefined ? [] : [own])];
  if (floors.length > 0) {
    const floor = Math.max(...floors);
    if (sizeOf(line.ratio.value) >= floor || strength === 'cannot tell') return { ...line, floor, strength };
    return {
      ...line,
      floor,
      strength: 'cannot tell',
      reason: 'it lies within what direct, or the same subject twice, differed by',
    };
  }
  if (strength !== 'claim' || control === undefined) return { ...line, strength };
  return { ...line, strength: 'look', reason: 'no control tells whether the host itself changed between the runs' };
}
