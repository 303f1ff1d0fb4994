/** Trial records → figures of both revisions, slice by slice, round by round. Pure. */
import { METRICS, type Metric, type MetricName, readTrial, type ReadTrial } from '#bench/analysis/metrics.ts';
import type { CompletedTrial, TrialRecord } from '#bench/model/record.ts';
import type { Scenario } from '#bench/model/scenario.ts';
import { type MetricRule, RULES } from './rules.ts';

/** One metric in one round: a figure per slice, in the order in which they ran. */
export interface RoundFigures {
  readonly round: number;
  readonly base: readonly number[];
  readonly head: readonly number[];
}

/** One metric of one subject in one scenario, over the rounds that have both revisions. */
export interface Measured {
  readonly scenario: string;
  readonly subject: string;
  readonly rule: MetricRule;
  readonly rounds: readonly RoundFigures[];
}

type Side = 'base' | 'head';

/** The trials of a gate's subject: all that are no direct. */
const sideOf = ({ subject }: TrialRecord): Side | undefined => (subject.kind === 'proxy' ? subject.side : undefined);

const isCompleted = (trial: TrialRecord): trial is CompletedTrial => trial.state === 'completed';

export function measuredOf(
  scenarios: readonly Scenario[],
  trials: readonly TrialRecord[],
  rules: readonly MetricRule[] = RULES,
): Measured[] {
  return scenarios.flatMap((scenario) => {
    const own = trials.filter((trial) => trial.scenario === scenario.name && sideOf(trial) !== undefined);
    const bySubject = Map.groupBy(own, ({ subject }) => (subject.kind === 'proxy' ? subject.name : ''));
    return [...bySubject].flatMap(([subject, all]) => measureSubject(scenario, subject, all, rules));
  });
}

function measureSubject(
  scenario: Scenario,
  subject: string,
  all: readonly TrialRecord[],
  rules: readonly MetricRule[],
): Measured[] {
  const completed = all.filter(isCompleted).toSorted((a, b) => a.round - b.round || a.position - b.position);
  const read = completed.map(readTrial);
  const rounds = [...new Set(completed.map(({ round }) => round))];
  const figures = (metric: Metric): RoundFigures[] =>
    rounds.flatMap((round): RoundFigures[] => {
      const of = (side: Side): number[] =>
        read.flatMap((one: ReadTrial) => {
          if (one.trial.round !== round || sideOf(one.trial) !== side) return [];
          const value = metric.of(one, scenario);
          return value !== undefined && value > 0 ? [value] : [];
        });
      const [base, head] = [of('base'), of('head')];
      return base.length > 0 && head.length > 0 ? [{ round, base, head }] : [];
    });
  const saturated = completed.length > 0 && completed.every(({ bound }) => bound === 'proxy');
  const counted = read.length > 0 && read.every((one) => METRICS.instructionsPerRequest.of(one) !== undefined);
  const paced = scenario.loop.kind !== 'closed';
  /** Whether a metric says anything here, and whether it may decide. */
  const role = (name: MetricName): 'primary' | 'secondary' | 'none' => {
    if (name.startsWith('service')) return paced ? 'primary' : 'none'; // quantiles of a saturated loop tell of its queue (METHOD 5)
    if (name === 'throughput') return paced ? 'none' : saturated ? 'primary' : 'secondary';
    if (name === 'cpuPerRequest') return counted ? 'secondary' : 'primary';
    return 'primary';
  };
  return rules.flatMap((rule): Measured[] => {
    const part = role(rule.metric);
    if (part === 'none') return [];
    const found = figures(METRICS[rule.metric]);
    if (found.length === 0) return [];
    return [
      {
        scenario: scenario.name,
        subject,
        rule: { ...rule, primary: rule.primary && part === 'primary' },
        rounds: found,
      },
    ];
  });
}

/** Codes of what a subject did wrong itself; everything else spoils a slice without its fault. */
const OWN_FAULTS: ReadonlySet<string> = new Set(['errors-above-limit', 'no-requests', 'proxy-died', 'wrong-process']);

/** Slices that a side spoiled itself, with what was said of them. */
export function ownFaults(trials: readonly TrialRecord[], side: Side): string[] {
  return trials
    .filter((trial) => sideOf(trial) === side)
    .flatMap((trial) => {
      const where = `${trial.scenario}, round ${trial.round + 1}`;
      if (trial.state === 'failed') return [`${where}: ${trial.error.message.split('\n')[0]}`];
      if (trial.state === 'completed') return [];
      const own = trial.reasons.filter(({ code }) => OWN_FAULTS.has(code));
      return own.map(({ message }) => `${where}: ${message}`);
    });
}

/** Rounds of a scenario in which some subject lacks a whole revision: to be measured again. */
export function spoiledRounds(trials: readonly TrialRecord[]): number[] {
  const groups = Map.groupBy(
    trials.filter((trial) => sideOf(trial) !== undefined),
    ({ round }) => round,
  );
  return [...groups].flatMap(([round, of]) => {
    const sides = Map.groupBy(of, (trial) =>
      JSON.stringify([trial.scenario, trial.subject.kind === 'proxy' ? trial.subject.name : '', sideOf(trial)]),
    );
    return [...sides.values()].some((slices) => !slices.some(isCompleted)) ? [round] : [];
  });
}
