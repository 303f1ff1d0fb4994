/** What each subject measured in each scenario: the figures that all comparisons are made of. */
import type { CompletedTrial, TrialRecord } from '#bench/model/record.ts';
import { type Scenario, subjectName } from '#bench/model/scenario.ts';
import { isBelowKnee } from '../verdict/bound.ts';
import type { Rounds } from '../comparison/comparison.ts';
import { isLatency, isQuantile, METRIC_NAMES, metric, type MetricName, readTrial } from './metrics.ts';
import { noYardstick, turnedRounds, type Yardstick, yardstickOf } from './turned-figures.ts';

/** Figures of one subject in one scenario: metric → round → value. */
export type Figures = ReadonlyMap<MetricName, Rounds>;
export type FiguresBy = (scenario: string, subject: string) => Figures;

export const isCompleted = (trial: TrialRecord): trial is CompletedTrial => trial.state === 'completed';

/** Latency is read below the knee: at an offered rate, or where a closed loop stayed far from saturating anything. */
export const showsLatency = (trials: readonly CompletedTrial[]): boolean =>
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
        return value === undefined ? [] : [{ generation: trial.trial.generation, value }];
      });
      return [name, isQuantile(name) && values.length < completed.length ? new Map() : byGeneration(values)];
    }),
  );
}

/** Decoding histograms is the expensive part: each subject's trials of a scenario are read once. A twin by itself is a subject of its own. */
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

/** The mean where a generation holds several trials of the subject, as a gate's do. */
const byGeneration = (values: readonly { readonly generation: number; readonly value: number }[]): Rounds =>
  new Map(
    [...Map.groupBy(values, ({ generation }) => generation)].map(([generation, of]) => [
      generation,
      of.reduce((sum, { value }) => sum + value, 0) / of.length,
    ]),
  );
