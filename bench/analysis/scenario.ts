/** One scenario of a run: each subject's figures over the rounds, set against direct. */
import type { Bound, CompletedTrial, SubjectRecord, TrialRecord } from '#bench/model/record.ts';
import { type Scenario, subjectName } from '#bench/model/scenario.ts';
import { type Estimate, transform } from '#bench/stats/estimate.ts';
import { type Histogram, mergeHistograms, percentileCurve } from '#bench/stats/histogram.ts';
import type { Capacity, CurveMicros, Outcomes, ScenarioAnalysis, SubjectAnalysis } from './analysis.ts';
import { isBelowKnee } from './bound.ts';
import { lagOf } from './lag.ts';
import { asFamily, compare, type Comparison, locate, type Rounds } from './comparison.ts';
import { noYardstick, turnedRounds, type Yardstick, yardstickOf } from './turned.ts';
import { aboveNoise, type Noise } from './noise.ts';
import { timesOf } from './times.ts';
import { addedTail, type Tail, type TailsBy, tailsOf } from './tail.ts';
import { isLatency, isQuantile, METRIC_NAMES, metric, type MetricName, readTrial } from './metrics.ts';

/** Figures of one subject in one scenario: metric → round → value. */
export type Figures = ReadonlyMap<MetricName, Rounds>;
export type FiguresBy = (scenario: string, subject: string) => Figures;

const isCompleted = (trial: TrialRecord): trial is CompletedTrial => trial.state === 'completed';

/** Latency is read below the knee: at an offered rate, or where a closed loop stayed far from saturating anything. */
const showsLatency = (trials: readonly CompletedTrial[]): boolean =>
  trials.length > 0 &&
  trials.every(({ loop, bound, probes }) => loop?.kind === 'open' || (bound === 'none' && isBelowKnee(probes)));

export function figuresOf(
  trials: readonly TrialRecord[],
  scenario: Scenario,
  yardstick: Yardstick = noYardstick,
): Figures {
  const completed = trials.filter(isCompleted);
  const read = completed.map(readTrial);
  const readable = scenario.traffic.kind !== 'idle' && showsLatency(completed);
  return new Map(
    METRIC_NAMES.filter((name) => readable || !isLatency(name)).map((name) => {
      // What a whole generation does not tell, for the generator's lag or for too few samples, none of its turns does.
      const isTold = read.every((trial) => metric(name).of(trial, scenario) !== undefined);
      const turned = isTold ? turnedRounds(metric(name), completed, yardstick) : undefined;
      if (turned) return [name, turned];
      const values = read.flatMap((trial) => {
        const value = metric(name).of(trial, scenario);
        return value === undefined ? [] : [{ round: trial.trial.round, value }];
      });
      return [name, isQuantile(name) && values.length < completed.length ? new Map() : byRound(values)];
    }),
  );
}

/** Decoding histograms is the dear part: each subject's trials of a scenario are read once. A twin by itself is a subject of its own. */
export function figuresOnce(scenarios: readonly Scenario[], trials: readonly TrialRecord[]): FiguresBy {
  return once((scenarioName, subject) => {
    const scenario = scenarios.find(({ name }) => name === scenarioName);
    if (!scenario) return new Map();
    const all = trials.filter((trial) => trial.scenario === scenarioName);
    return figuresOf(
      all.filter((trial) => subjectName(trial.subject) === subject),
      scenario,
      yardstickOf(all),
    );
  });
}

/** The same, but a subject that was started twice a generation has the mean of both starts in each turn: half the variance of one. */
export function withTwins(figures: FiguresBy, trials: readonly TrialRecord[]): FiguresBy {
  const twins = trials.filter(({ subject }) => subject.again === true);
  return once((scenario, subject) => {
    const twin = twins.find(
      (one) => one.scenario === scenario && subjectName({ ...one.subject, again: undefined }) === subject,
    );
    const own = figures(scenario, subject);
    return twin ? meanOf(own, figures(scenario, subjectName(twin.subject))) : own;
  });
}

function once(read: FiguresBy): FiguresBy {
  const known = new Map<string, Figures>();
  return (scenario, subject) => {
    const key = JSON.stringify([scenario, subject]);
    const figures = known.get(key) ?? read(scenario, subject);
    known.set(key, figures);
    return figures;
  };
}

/** Of turned figures; windows take their time one by one, and a twin's is another's. */
const meanOf = (one: Figures, other: Figures): Figures =>
  new Map(
    [...one].map(([name, rounds]) => {
      const beside = other.get(name);
      const { turns } = rounds;
      if (!turns || !beside?.turns) return [name, rounds];
      const means = meansOf(rounds, beside);
      return [
        name,
        Object.assign(means, {
          turns: new Map(
            [...turns].map(([generation, own]) => [
              generation,
              meansOf(own, beside.turns!.get(generation) ?? new Map<string, number>()),
            ]),
          ),
        }),
      ];
    }),
  );

/** Where there is but one, that one. */
const meansOf = <Key>(one: ReadonlyMap<Key, number>, other: ReadonlyMap<Key, number>): Map<Key, number> =>
  new Map([...one].map(([key, value]) => [key, (value + (other.get(key) ?? value)) / 2]));

/** The mean where a round holds several trials of the subject, as a gate's do. */
const byRound = (values: readonly { readonly round: number; readonly value: number }[]): Rounds =>
  new Map(
    [...Map.groupBy(values, ({ round }) => round)].map(([round, of]) => [
      round,
      of.reduce((sum, { value }) => sum + value, 0) / of.length,
    ]),
  );

/** Turned figures that are positive have what a process start changes in their ratio, not in their difference. */
function estimateOf(rounds: Rounds): Estimate | undefined {
  const values = [...rounds.values()];
  if (values.length === 0) return undefined;
  if (!rounds.turns || values.some((value) => value <= 0)) return locate(values, false);
  return transform(locate(values.map(Math.log), true), Math.exp);
}

export function analyseScenario(
  scenario: Scenario,
  subjects: readonly SubjectRecord[],
  trials: readonly TrialRecord[],
  figures: FiguresBy,
  noise?: Noise,
): ScenarioAnalysis {
  const own = trials.filter((trial) => trial.scenario === scenario.name);
  const offered = own.flatMap(({ loop }) => (loop?.kind === 'open' ? [loop.offered] : []))[0] ?? null;
  const tails = (subject: string): TailsBy =>
    tailsOf(own.filter((trial) => subjectName(trial.subject) === subject).filter(isCompleted));
  const direct = offered === null ? undefined : tails('direct');
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
          times: record.external ? {} : timesOf(scenario.name, name, figures),
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
