/**
 * Two runs → what of them may be set side by side. On the same host (the same fingerprint) figures are; on different ones only what each
 * run says relative to itself (METHOD 21): in each round ln(subject) − ln(direct) where direct has the metric, and for what only a
 * proxy has (CPU, instructions, memory) ln(subject) − ln(reference) of a reference that both runs measured. Pure.
 */
import type { Bound, RunRecords, TrialRecord } from '#bench/model/record.ts';
import { type Scenario, subjectName } from '#bench/model/scenario.ts';
import { median } from '#bench/stats/hodges-lehmann.ts';
import { REFERENCES } from './between.ts';
import { differencesOf } from './comparison.ts';
import { headOf, isDuet } from './head-of.ts';
import { isLatency, METRIC_NAMES, metric, type MetricName } from './metrics.ts';
import { formatQuantity } from './quantity.ts';
import { differencesBetween, isPlacedAlike, type RunDifference } from './run-differences.ts';
import { type FiguresBy, figuresOnce } from './scenario.ts';

/** One metric of one subject in one scenario as both runs have it: a logarithm a round, not empty. */
export interface Samples {
  readonly scenario: string;
  readonly subject: string;
  readonly metric: MetricName;
  /** What the logarithms are of. */
  readonly of: 'figure' | `ratio to ${string}`;
  readonly first: readonly number[];
  readonly second: readonly number[];
  /** Median of the figure itself in the second run, in the metric's unit: what a ratio is a ratio of. */
  readonly level: number;
  /** Throughput: what else was the limit in one of the runs; then it is not the subject's. */
  readonly limitedBy?: string;
}

/** Common to both runs, yet not comparable. */
export interface Untold {
  readonly scenario: string;
  /** Absent: the whole scenario. */
  readonly subject?: string;
  readonly reason: string;
}

export interface RunMatch {
  /** Of a gate's run: head. */
  readonly first: RunRecords;
  readonly second: RunRecords;
  readonly compared: 'figures' | 'ratios to direct';
  readonly differences: readonly RunDifference[];
  readonly samples: readonly Samples[];
  readonly untold: readonly Untold[];
  /** 'scenario · subject' that one run has and the other has not. */
  readonly onlyIn: { readonly first: readonly string[]; readonly second: readonly string[] };
}

/** These runs have nothing in common that could be compared: why. */
export class MatchError extends Error {
  override readonly name = 'MatchError';
}

/** Offered rates that differ by more are other loads: what a request waits depends on them. */
const OFFERED_LIMIT = 0.05;
/** Never compared as a ratio: equal to zero where all is well. */
const LEFT_OUT: ReadonlySet<MetricName> = new Set(['errorShare']);
/** What only a proxy has, and what a host changes by about the same factor for all of them. */
const TO_REFERENCE: readonly MetricName[] = ['cpuPerRequest', 'instructionsPerRequest', 'memoryPerConnection'];

interface One {
  readonly records: RunRecords;
  readonly figures: FiguresBy;
  readonly duet: boolean;
}

const oneOf = (records: RunRecords): One => {
  const head = headOf(records);
  return { records: head, figures: figuresOnce(head.run.scenarios, head.trials), duet: isDuet(records) };
};

/** Throws `MatchError` where nothing can be compared. */
export function matchRuns(before: RunRecords, after: RunRecords): RunMatch {
  const [one, other] = [oneOf(before), oneOf(after)];
  const [first, second] = [one.records, other.records];
  if (first.run.run === second.run.run && first.run.startedAt === second.run.startedAt)
    throw new MatchError(`both are the run ${first.run.run}; name two different ones`);
  const compared =
    first.run.environment.fingerprint === second.run.environment.fingerprint ? 'figures' : 'ratios to direct';
  const [inFirst, inSecond] = [cellsOf(first), cellsOf(second)];
  const common = inFirst.filter((cell) => inSecond.includes(cell));
  if (common.length === 0)
    throw new MatchError(
      `no scenario and subject is in both runs: ${first.run.run} has ${inFirst.join(', ') || 'nothing'}; ${second.run.run} has ${inSecond.join(', ') || 'nothing'}`,
    );
  const untold: Untold[] = [];
  const samples = first.run.scenarios.flatMap((scenario): Samples[] => {
    const subjects = subjectsOf(first, scenario.name).filter((name) => common.includes(cell(scenario.name, name)));
    if (subjects.length === 0) return [];
    const reason = whyOther(scenario, one, other);
    if (reason !== undefined) {
      untold.push({ scenario: scenario.name, reason });
      return [];
    }
    const told =
      compared === 'figures' ? figuresIn(scenario, subjects, one, other) : ratiosIn(scenario, subjects, one, other);
    untold.push(...told.untold);
    return told.samples;
  });
  if (!samples.some(({ subject }) => subject !== 'direct'))
    throw new MatchError(
      `nothing of these runs can be compared${compared === 'figures' ? '' : ' (they are of different hosts)'}: ${untold.map(describeUntold).join('; ') || 'no proxy has a figure in both'}`,
    );
  return {
    first,
    second,
    compared,
    differences: differencesBetween(first, second),
    samples,
    untold,
    onlyIn: {
      first: inFirst.filter((name) => !inSecond.includes(name)),
      second: inSecond.filter((name) => !inFirst.includes(name)),
    },
  };
}

export const describeUntold = ({ scenario, subject, reason }: Untold): string =>
  `${subject === undefined ? scenario : cell(scenario, subject)}: ${reason}`;

const cell = (scenario: string, subject: string): string => `${scenario} · ${subject}`;

/** In the order of the run's subjects; A/A twins are the noise, not subjects. */
function subjectsOf({ subjects, trials }: RunRecords, scenario: string): string[] {
  const measured = new Set(
    trials
      .filter((trial) => trial.scenario === scenario && trial.subject.again !== true)
      .map(({ subject }) => subjectName(subject)),
  );
  return [...new Set([...subjects.map(({ subject }) => subjectName(subject)), ...measured])].filter((name) =>
    measured.has(name),
  );
}
const cellsOf = (records: RunRecords): string[] =>
  records.run.scenarios.flatMap(({ name }) => subjectsOf(records, name).map((subject) => cell(name, subject)));

const trialsOf = ({ records: { trials } }: One, scenario: string, subject?: string): TrialRecord[] =>
  trials.filter(
    (trial) =>
      trial.scenario === scenario &&
      trial.subject.again !== true &&
      (subject === undefined || subjectName(trial.subject) === subject),
  );

/** Why a scenario of one name is not the same scenario in both; undefined where it is. */
function whyOther(scenario: Scenario, first: One, second: One): string | undefined {
  const there = second.records.run.scenarios.find(({ name }) => name === scenario.name)!;
  const shape = (of: Scenario): string => JSON.stringify({ ...of, summary: '' });
  if (shape(scenario) !== shape(there)) return 'it is defined differently in the two runs';
  if (first.duet !== second.duet)
    return `in the ${first.duet ? 'first' : 'second'} run two revisions shared the proxy’s core at once, in the other it ran alone`;
  const drivers = (of: One): string =>
    [
      ...new Set(
        trialsOf(of, scenario.name).flatMap((trial) => (trial.state === 'completed' ? [trial.load.driver] : [])),
      ),
    ]
      .toSorted((a, b) => a.localeCompare(b))
      .join(' and ');
  const [a, b] = [drivers(first), drivers(second)];
  return a === b || a === '' || b === ''
    ? undefined
    : `it was driven by ${a} in the first run and by ${b} in the second`;
}

interface Told {
  readonly samples: Samples[];
  readonly untold: Untold[];
}

function figuresIn(scenario: Scenario, subjects: readonly string[], first: One, second: One): Told {
  const untold: Untold[] = [];
  const skipped = new Set(LEFT_OUT);
  const skip = (reason: string, names: readonly MetricName[]): void => {
    untold.push({ scenario: scenario.name, reason });
    for (const name of names) skipped.add(name);
  };
  const latencies = METRIC_NAMES.filter(isLatency);
  if (first.duet)
    skip('throughput and latency are left out: two revisions shared the proxy’s core at once', [
      ...latencies,
      'throughput',
    ]);
  const [a, b] = [offeredIn(first, scenario.name), offeredIn(second, scenario.name)];
  if (!isPlacedAlike(first.records, second.records))
    skip('throughput and latency are left out: the runs are placed differently on the cores', [
      ...latencies,
      'throughput',
    ]);
  else if (a !== undefined && b !== undefined && Math.abs(b / a - 1) > OFFERED_LIMIT)
    skip(
      `latency is left out: ${formatQuantity(a, '/s')} were offered in the first run, ${formatQuantity(b, '/s')} in the second`,
      latencies,
    );
  // An open loop's throughput is what was offered.
  if (scenario.loop.kind !== 'closed') skipped.add('throughput');
  const samples = subjects.flatMap((subject) =>
    METRIC_NAMES.filter((name) => !skipped.has(name)).flatMap((name): Samples[] => {
      const logs = (of: One): number[] | undefined =>
        positive([...(of.figures(scenario.name, subject).get(name)?.values() ?? [])])?.map(Math.log);
      return sampled(
        { scenario: scenario.name, subject, metric: name, of: 'figure' },
        logs(first),
        logs(second),
        first,
        second,
      );
    }),
  );
  return { samples, untold };
}

function ratiosIn(scenario: Scenario, subjects: readonly string[], first: One, second: One): Told {
  const proxies = subjects.filter((name) => name !== 'direct');
  const untold: Untold[] = [];
  const reference = Object.values(REFERENCES).find((name) => proxies.includes(name));
  const hasDirect = subjects.includes('direct');
  if (!hasDirect)
    untold.push({
      scenario: scenario.name,
      reason: 'direct is not in both runs: no ratio of throughput or latency to it',
    });
  if (reference === undefined)
    untold.push({
      scenario: scenario.name,
      reason: `neither ${Object.values(REFERENCES).join(' nor ')} is in both runs: direct has no CPU, instructions or memory of a proxy to set these against`,
    });
  else
    untold.push({
      scenario: scenario.name,
      subject: reference,
      reason: 'it is what CPU, instructions and memory of the others are set against',
    });
  const samples = proxies.flatMap((subject) =>
    METRIC_NAMES.filter((name) => !LEFT_OUT.has(name)).flatMap((name): Samples[] => {
      const to = TO_REFERENCE.includes(name)
        ? reference
        : metric(name).versusDirect && hasDirect
          ? 'direct'
          : undefined;
      if (to === undefined || to === subject || (name === 'throughput' && scenario.loop.kind !== 'closed')) return [];
      // Head and base share a core, direct is alone.
      if (first.duet && to === 'direct') return [];
      const logs = ({ figures }: One): number[] => {
        const [of, by] = [figures(scenario.name, subject).get(name), figures(scenario.name, to).get(name)];
        return of && by ? differencesOf('ratio', of, by) : [];
      };
      return sampled(
        { scenario: scenario.name, subject, metric: name, of: `ratio to ${to}` },
        logs(first),
        logs(second),
        first,
        second,
      );
    }),
  );
  return { samples, untold };
}

/** A logarithm needs all to be positive: leaving out those that are not would be choosing. */
const positive = (values: number[]): number[] | undefined => (values.every((value) => value > 0) ? values : undefined);

function sampled(
  what: Pick<Samples, 'scenario' | 'subject' | 'metric' | 'of'>,
  a: readonly number[] | undefined,
  b: readonly number[] | undefined,
  first: One,
  second: One,
): Samples[] {
  if (!a?.length || !b?.length) return [];
  const limitedBy = what.metric === 'throughput' ? limitIn(what, first, second) : undefined;
  const level = median([...second.figures(what.scenario, what.subject).get(what.metric)!.values()]);
  return [{ ...what, first: a, second: b, level, ...(limitedBy !== undefined && { limitedBy }) }];
}

const LIMITS: Readonly<Record<Bound, string>> = {
  proxy: 'the proxy',
  origin: 'the origin',
  generator: 'the load generator',
  host: 'the core that load and origin share',
  none: 'nothing that was saturated',
};

/** Direct's throughput is the lab's, whatever was its limit. */
function limitIn(
  { scenario, subject }: { scenario: string; subject: string },
  ...runs: readonly One[]
): string | undefined {
  if (subject === 'direct') return undefined;
  const bounds = runs.flatMap((run) =>
    trialsOf(run, scenario, subject).flatMap((trial) => (trial.state === 'completed' ? [trial.bound] : [])),
  );
  const other = bounds.find((bound) => bound !== 'proxy');
  return other === undefined ? undefined : LIMITS[other];
}

/** Requests per second of an open loop; the same for all subjects of a run. */
function offeredIn(run: One, scenario: string): number | undefined {
  return trialsOf(run, scenario).flatMap(({ loop }) => (loop?.kind === 'open' ? [loop.offered] : []))[0];
}
