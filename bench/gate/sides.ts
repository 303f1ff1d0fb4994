/** Trial records → figures of both revisions, turn by turn, generation by generation. Pure. */
import {
  METRICS,
  metric,
  type Metric,
  type MetricName,
  readTrial,
  type ReadTrial,
} from '#bench/analysis/figures/metrics.ts';
import type { CompletedTrial, TrialRecord } from '#bench/model/record.ts';
import { hopName, type Scenario } from '#bench/model/scenario.ts';
import { type MetricRule, RULES } from './rules.ts';

/** One metric in one generation: a figure of each revision per round of turns, paired; one alone where it is none of a turn's. */
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
  const completed = all.filter(isCompleted).toSorted((a, b) => a.generation - b.generation || a.position - b.position);
  const read = completed.map(readTrial);
  const rounds = [...new Set(completed.map(({ generation }) => generation))];
  const figures = (wanted: Metric): RoundFigures[] =>
    rounds.flatMap((round): RoundFigures[] => {
      const of = (side: Side): ReadTrial | undefined =>
        read.find(({ trial }) => trial.generation === round && sideOf(trial) === side);
      const [ofBase, ofHead] = [of('base'), of('head')];
      if (!ofBase || !ofHead) return [];
      const pairs = pairsOf(wanted, scenario, ofBase, ofHead);
      if (pairs.length === 0) return [];
      return [{ round, base: pairs.map(({ base }) => base), head: pairs.map(({ head }) => head) }];
    });
  const counted = read.length > 0 && read.every((one) => METRICS.instructionsPerRequest.of(one) !== undefined);
  const paced = scenario.loop.kind !== 'closed';
  /** Whether a metric says anything here, and whether it may decide. */
  const role = (name: MetricName): 'primary' | 'secondary' | 'none' => {
    if (metric(name).quantile?.time === 'service') return paced ? 'primary' : 'none'; // quantiles of a saturated loop tell of its queue (METHOD 5)
    if (name === 'throughput') return paced ? 'none' : 'secondary'; // the two share a core: it is neither's capacity
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

interface Pair {
  readonly base: number;
  readonly head: number;
}

/** By round of turns where turns tell the metric, else one pair of whole figures; only what is positive on both sides. */
function pairsOf(metric: Metric, scenario: Scenario, base: ReadTrial, head: ReadTrial): Pair[] {
  const whole = { base: metric.of(base, scenario) ?? 0, head: metric.of(head, scenario) ?? 0 };
  if (!(whole.base > 0 && whole.head > 0)) return [];
  const { ofTurn } = metric;
  const paired = (base.trial.turns ?? []).flatMap((turn): Pair[] => {
    const other = head.trial.turns?.find(({ round }) => round === turn.round);
    const pair = { base: ofTurn?.(turn) ?? 0, head: (other && ofTurn?.(other)) ?? 0 };
    return pair.base > 0 && pair.head > 0 ? [pair] : [];
  });
  return paired.length > 0 ? paired : [whole];
}

/** Codes of what a subject did wrong itself; everything else spoils a slice without its fault. */
const OWN_FAULTS: ReadonlySet<string> = new Set(['errors-above-limit', 'no-requests', 'proxy-died', 'wrong-process']);

/** Trials of what was measured of both revisions. */
export function comparedOf(trials: readonly TrialRecord[]): TrialRecord[] {
  const names = new Set(trials.filter((trial) => sideOf(trial) === 'base').map(({ subject }) => hopName(subject)));
  return trials.filter(({ subject }) => names.has(hopName(subject)));
}

/** Slices that a side spoiled itself, with what was said of them. */
export function ownFaults(trials: readonly TrialRecord[], side: Side): string[] {
  return trials
    .filter((trial) => sideOf(trial) === side)
    .flatMap((trial) => {
      const where = `${trial.scenario}, round ${trial.generation + 1}`;
      if (trial.state === 'failed') return [`${where}: ${trial.error.message.split('\n')[0]}`];
      if (trial.state === 'completed') return [];
      const own = trial.reasons.filter(({ code }) => OWN_FAULTS.has(code));
      return own.map(({ message }) => `${where}: ${message}`);
    });
}

/** Generations in which some subject has not both revisions left (or with head, where it runs alone): to be measured again. */
export function spoiledRounds(trials: readonly TrialRecord[]): number[] {
  const own = trials.filter((trial) => sideOf(trial) !== undefined);
  const paired = new Set(comparedOf(own));
  const rounds = Map.groupBy(own, ({ generation }) => generation);
  return [...rounds].flatMap(([round, of]) => {
    const subjects = Map.groupBy(of, ({ scenario, subject }) => JSON.stringify([scenario, hopName(subject)]));
    const isWhole = (trials: readonly TrialRecord[]): boolean =>
      new Set(trials.filter(isCompleted).map(sideOf)).size === (paired.has(trials[0]!) ? 2 : 1);
    return [...subjects.values()].every(isWhole) ? [] : [round];
  });
}
