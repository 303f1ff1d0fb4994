/** One scenario of a run: each subject's figures over the rounds, set against direct. */
import type { Bound, CompletedTrial, RunRecords, SubjectRecord, TrialRecord } from '#bench/model/record.ts';
import { type Scenario, subjectName } from '#bench/model/scenario.ts';
import { type Estimate, transform } from '#bench/stats/estimate.ts';
import { type Histogram, mergeHistograms, percentileCurve } from '#bench/stats/histogram.ts';
import { asFamily, compare, type Comparison, locate, type Rounds } from '../comparison/comparison.ts';
import { type Figures, type FiguresBy, isCompleted, showsLatency } from '../figures/figures.ts';
import { lagOf } from '../verdict/lag.ts';
import { METRIC_NAMES, metric, type MetricName } from '../figures/metrics.ts';
import { aboveNoise, type Noise } from '../comparison/noise.ts';
import { timesOf, type TimesBy } from '../comparison/times.ts';
import { referenceName } from './roles.ts';
import { addedTail, type Tail, type TailsBy, tailsOf } from '../figures/tail.ts';

export interface ScenarioAnalysis {
  readonly scenario: Scenario;
  /** Requests per second that all subjects were offered; open loop only. */
  readonly offered: number | null;
  readonly subjects: readonly SubjectAnalysis[];
}

export interface SubjectAnalysis {
  readonly subject: string;
  readonly layer: SubjectRecord['layer'];
  readonly tls: boolean;
  readonly trials: Outcomes;
  /** What bound its rounds; 'mixed' where they differ, null where none completed. */
  readonly bound: Bound | 'mixed' | null;
  readonly metrics: Partial<Record<MetricName, Estimate>>;
  /** The same over direct's and over an L4 hop's. Empty where it ends elsewhere. */
  readonly times: TimesBy;
  readonly capacity: Capacity | null;
  readonly versusDirect: readonly Comparison[];
  /** What it adds to direct at p99.9, for as many kinds of time as the merged rounds carry; open loop only. */
  readonly addedTails: readonly Tail[];
  /** Rounds merged; microseconds along the nines axis. Null where this load says nothing of latency (METHOD 5). */
  readonly curves: { readonly service: readonly CurveMicros[]; readonly response: readonly CurveMicros[] } | null;
}

/** How many trials ended how, and the distinct codes of why those that do not count do not. */
export interface Outcomes {
  readonly completed: number;
  readonly invalid: number;
  readonly failed: number;
  readonly reasons: readonly string[];
}

/** Requests per second. 'measured': the subject was saturated. 'derived per core': 1 s ÷ CPU per request of one core. */
export interface Capacity {
  readonly kind: 'measured' | 'derived per core';
  readonly estimate: Estimate;
}

export interface CurveMicros {
  readonly q: number;
  readonly nines: number;
  readonly micros: number;
}

/** Turned figures that are positive have what a process start changes in their ratio, not in their difference. */
function estimateOf(rounds: Rounds): Estimate | undefined {
  const values = [...rounds.values()];
  if (values.length === 0) return undefined;
  if (!rounds.turns || values.some((value) => value <= 0)) return locate(values, false);
  return transform(locate(values.map(Math.log), true), Math.exp);
}

export function analyseScenario(
  scenario: Scenario,
  { subjects, trials }: Pick<RunRecords, 'subjects' | 'trials'>,
  figures: FiguresBy,
  noise?: Noise,
): ScenarioAnalysis {
  const own = trials.filter((trial) => trial.scenario === scenario.name);
  const offered = own.flatMap(({ loop }) => (loop?.kind === 'open' ? [loop.offered] : []))[0] ?? null;
  const tails = (subject: string): TailsBy =>
    tailsOf(own.filter((trial) => subjectName(trial.subject) === subject).filter(isCompleted));
  const direct = offered === null ? undefined : tails('direct');
  const l4 = referenceName(subjects, { layer: 'l4', tls: false });
  return {
    scenario,
    offered,
    subjects: subjects.flatMap((record): SubjectAnalysis[] => {
      const name = subjectName(record.subject);
      const of = own.filter(({ subject }) => subjectName(subject) === name);
      if (of.length === 0) return [];
      const rounds = figures(scenario.name, name);
      const completed = of.filter(isCompleted);
      const metrics: Partial<Record<MetricName, Estimate>> = Object.fromEntries(
        METRIC_NAMES.flatMap((metricName) => {
          const estimate = estimateOf(rounds.get(metricName) ?? new Map());
          return estimate ? [[metricName, estimate]] : [];
        }),
      );
      const bound = sharedBound(completed);
      return [
        {
          subject: name,
          layer: record.layer,
          tls: record.tls,
          trials: outcomesOf(of),
          bound,
          metrics,
          times: record.external ? {} : timesOf(scenario.name, name, figures, l4),
          capacity: capacityOf(record, bound, metrics),
          versusDirect:
            record.layer === 'direct' || record.external // which ends elsewhere: what lies between the two is no hop cost
              ? []
              : versusDirect(scenario.name, name, rounds, figures(scenario.name, 'direct')).map((one) =>
                  aboveNoise(one, noise),
                ),
          addedTails: direct && record.layer !== 'direct' ? addedTails(tails(name), direct) : [],
          curves: scenario.traffic.kind !== 'idle' && showsLatency(completed) ? curvesOf(completed) : null,
        },
      ];
    }),
  };
}

const addedTails = (of: TailsBy, direct: TailsBy): Tail[] =>
  (['response', 'service'] as const).flatMap((kind) => addedTail(of, direct, kind) ?? []);

function outcomesOf(trials: readonly TrialRecord[]): Outcomes {
  const count = (state: TrialRecord['state']): number => trials.filter((trial) => trial.state === state).length;
  const codes = trials.flatMap((trial) => {
    if (trial.state === 'completed') return [];
    return trial.state === 'failed' ? [trial.error.code] : trial.reasons.map(({ code }) => code);
  });
  return {
    completed: count('completed'),
    invalid: count('invalid'),
    failed: count('failed'),
    reasons: [...new Set(codes)].toSorted(),
  };
}

const sharedBound = (trials: readonly CompletedTrial[]): Bound | 'mixed' | null => {
  const bounds = new Set(trials.map(({ bound }) => bound));
  return bounds.size === 0 ? null : bounds.size === 1 ? [...bounds][0]! : 'mixed';
};

/** Only a saturated subject has a measured capacity; for the others what one core of it could carry is derived. */
function capacityOf(
  { layer }: SubjectRecord,
  bound: Bound | 'mixed' | null,
  { throughput, cpuPerRequest }: Partial<Record<MetricName, Estimate>>,
): Capacity | null {
  if (throughput && bound === (layer === 'direct' ? 'origin' : 'proxy'))
    return { kind: 'measured', estimate: throughput };
  if (cpuPerRequest && cpuPerRequest.low > 0)
    return { kind: 'derived per core', estimate: transform(cpuPerRequest, (micros) => 1e6 / micros) };
  return null;
}

function versusDirect(scenario: string, subject: string, of: Figures, direct: Figures): Comparison[] {
  const comparisons = METRIC_NAMES.flatMap((name): Comparison[] => {
    const kind = metric(name).versusDirect;
    const reference = direct.get(name);
    const rounds = of.get(name);
    if (!kind || !reference || !rounds) return [];
    const sides = { subject: { scenario, subject }, reference: { scenario, subject: 'direct' } };
    const comparison = compare({ metric: name, kind, ...sides }, rounds, reference);
    return comparison ? [comparison] : [];
  });
  return asFamily(comparisons);
}

function curvesOf(trials: readonly CompletedTrial[]): NonNullable<SubjectAnalysis['curves']> {
  const lags = trials.map(({ load }) => lagOf(load));
  const response = curve(mergeHistograms(trials.flatMap(({ load }) => load.response ?? [])));
  return {
    service: curve(mergeHistograms(trials.map(({ load }) => load.service))),
    // A point needs all rounds, as the figures do.
    response: response.filter(({ q }) => lags.every((lag) => lag?.tells(q))),
  };
}

const curve = (merged: Histogram | undefined): CurveMicros[] =>
  merged ? percentileCurve(merged).map(({ q, nines, value }) => ({ q, nines, micros: value / 1e3 })) : [];
