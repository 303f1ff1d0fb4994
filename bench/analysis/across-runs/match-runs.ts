/**
 * Two runs → what of them may be set side by side: what each figure is as a ratio to a yardstick that took its turns in the same seconds,
 * generation by generation. Figures by themselves say what the host was like as well; they go along where the host is the same (the same
 * fingerprint), and across hosts not even that (METHOD 21). Pure.
 */
import type { Bound, RunRecords, TrialRecord } from '#bench/model/record.ts';
import { type Scenario, subjectName } from '#bench/model/scenario.ts';
import { median } from '#bench/stats/hodges-lehmann.ts';
import { differencesOf, type Rounds } from '../comparison/comparison.ts';
import { headOf, isDuet } from './head-of-gate.ts';
import { isLatency, METRIC_NAMES, metric, type MetricName } from '../figures/metrics.ts';
import { formatQuantity } from '../words/quantity.ts';
import { differencesBetween, isPlacedAlike, type RunDifference } from './run-differences.ts';
import { USUAL_REFERENCE } from '../scenarios/roles.ts';
import { chooseYardstick, type RunYardstick } from './run-yardstick.ts';
import { type FiguresBy, figuresOnce } from '../figures/figures.ts';

/** Logarithms, one a generation (of windows: a round), of either run; never empty. */
export interface Logs {
  readonly first: readonly number[];
  readonly second: readonly number[];
}

/** One metric of one subject in one scenario as both runs have it. */
export interface Samples {
  readonly scenario: string;
  readonly subject: string;
  readonly metric: MetricName;
  /** What the figure is divided by. */
  readonly yardstick: string;
  readonly ratio: Logs;
  readonly figure: Logs;
  /** Throughput: what else was the limit in one of the runs; then it is not the subject's. */
  readonly limitedBy?: string;
}

/** The yardstick of a scenario, and its own figures in both runs. */
export interface YardstickSamples extends RunYardstick {
  readonly scenario: string;
  readonly figures: readonly { readonly metric: MetricName; readonly figure: Logs }[];
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
  readonly sameHost: boolean;
  /** Whether subjects took turns within the same seconds in both; else each had windows to itself, seconds apart. */
  readonly turned: boolean;
  readonly differences: readonly RunDifference[];
  readonly yardsticks: readonly YardstickSamples[];
  readonly samples: readonly Samples[];
  readonly untold: readonly Untold[];
  /** 'scenario · subject' that one run has and the other has not. */
  readonly onlyIn: { readonly first: readonly string[]; readonly second: readonly string[] };
}

/** These runs have nothing in common that could be compared: why. */
export class MatchError extends Error {
  override readonly name = 'MatchError';
}

/** Offered rates that differ by more, for what the host could do, are other loads: what a request waits depends on them. */
const OFFERED_LIMIT = 0.1;
/** Never compared as a ratio: equal to zero where all is well. */
const LEFT_OUT: ReadonlySet<MetricName> = new Set(['errorShare']);

interface One {
  readonly records: RunRecords;
  readonly figures: FiguresBy;
  readonly duet: boolean;
}

const oneOf = (records: RunRecords): One => {
  const head = headOf(records);
  return { records: head, figures: figuresOnce(head.run.scenarios, head.trials), duet: isDuet(records) };
};

export interface MatchOptions {
  /** The proxy that all others are to be divided by, in every scenario. */
  readonly yardstick?: string | undefined;
}

/** Throws `MatchError` where nothing can be compared. */
export function matchRuns(before: RunRecords, after: RunRecords, { yardstick: asked }: MatchOptions = {}): RunMatch {
  const [one, other] = [oneOf(before), oneOf(after)];
  const [first, second] = [one.records, other.records];
  if (first.run.run === second.run.run && first.run.startedAt === second.run.startedAt)
    throw new MatchError(`both are the run ${first.run.run}; name two different ones`);
  const [inFirst, inSecond] = [cellsOf(first), cellsOf(second)];
  const common = inFirst.filter((cell) => inSecond.includes(cell));
  if (common.length === 0)
    throw new MatchError(
      `no scenario and subject is in both runs: ${first.run.run} has ${inFirst.join(', ') || 'nothing'}; ${second.run.run} has ${inSecond.join(', ') || 'nothing'}`,
    );
  const told = first.run.scenarios.flatMap((scenario): Told[] => {
    const subjects = subjectsOf(first, scenario.name).filter((name) => common.includes(cell(scenario.name, name)));
    return subjects.length === 0 ? [] : [samplesIn(scenario, subjects, [one, other], asked)];
  });
  const samples = told.flatMap((scenario) => scenario.samples);
  const untold = told.flatMap((scenario) => scenario.untold);
  if (samples.length === 0)
    throw new MatchError(
      `nothing of these runs can be compared: ${untold.map(describeUntold).join('; ') || 'no proxy has a figure in both'}`,
    );
  return {
    first,
    second,
    sameHost: first.run.environment.fingerprint === second.run.environment.fingerprint,
    turned: [one, other].every(({ records }) => records.run.turns !== undefined),
    differences: differencesBetween(first, second),
    yardsticks: told.flatMap(({ yardstick }) => yardstick ?? []),
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
  readonly yardstick?: YardstickSamples;
  readonly samples: readonly Samples[];
  readonly untold: readonly Untold[];
}

function samplesIn(
  scenario: Scenario,
  subjects: readonly string[],
  [first, second]: readonly [One, One],
  asked: string | undefined,
): Told {
  const other = whyOther(scenario, first, second);
  if (other !== undefined) return { samples: [], untold: [{ scenario: scenario.name, reason: other }] };
  const proxies = subjects.filter((name) => name !== 'direct');
  if (proxies.length === 0) return { samples: [], untold: [] };
  const yardstick = chooseYardstick(proxies, first.records, second.records, asked);
  const left = leftOutOf(scenario, yardstick, first, second);
  const names = METRIC_NAMES.filter((name) => !LEFT_OUT.has(name) && !left.metrics.has(name));
  const of = (run: One, subject: string, name: MetricName): Rounds | undefined =>
    run.figures(scenario.name, subject).get(name);
  const samples = proxies.flatMap((subject) =>
    names.flatMap((name): Samples[] => {
      // Direct is none for what only a proxy has, nor where head and base shared a core that it had to itself.
      const to =
        yardstick?.subject ??
        (metric(name).versusDirect && !first.duet && asked === undefined && subjects.includes('direct')
          ? 'direct'
          : undefined);
      if (to === undefined || to === subject) return [];
      const ratio = logsOf(first, second, (run) => {
        const [own, by] = [of(run, subject, name), of(run, to, name)];
        return own && by && isPositive(own) && isPositive(by) ? differencesOf('ratio', own, by) : [];
      });
      const figure = figureOf(first, second, (run) => of(run, subject, name));
      if (!ratio || !figure) return [];
      const limitedBy =
        name === 'throughput' ? limitIn({ scenario: scenario.name, subject }, first, second) : undefined;
      return [
        {
          scenario: scenario.name,
          subject,
          metric: name,
          yardstick: to,
          ratio,
          figure,
          ...(limitedBy !== undefined && { limitedBy }),
        },
      ];
    }),
  );
  return {
    ...(yardstick && {
      yardstick: {
        ...yardstick,
        scenario: scenario.name,
        figures: names.flatMap((name) => {
          const figure = figureOf(first, second, (run) => of(run, yardstick.subject, name));
          return figure ? [{ metric: name, figure }] : [];
        }),
      },
    }),
    samples,
    untold: [
      ...left.reasons.map((reason) => ({ scenario: scenario.name, reason })),
      ...(yardstick ? [] : [{ scenario: scenario.name, reason: noYardstick(proxies, asked) }]),
    ],
  };
}

function noYardstick(proxies: readonly string[], asked: string | undefined): string {
  if (proxies.length === 1)
    return `${proxies[0]!} is the only proxy there in both runs, and nothing that took its turns with it tells the host’s drift from a change; measure ${USUAL_REFERENCE} along`;
  if (asked !== undefined)
    return `the yardstick ${asked} is not a proxy that both runs have there; they have ${proxies.join(', ')}`;
  return `of ${proxies.join(', ')} none is known to be the same in both runs, so that nothing tells the host’s drift from a change; measure ${USUAL_REFERENCE} along, or name a proxy with --yardstick`;
}

/** Metrics that are no figure of the same thing in both runs, and why. */
function leftOutOf(
  scenario: Scenario,
  yardstick: RunYardstick | undefined,
  first: One,
  second: One,
): { readonly metrics: ReadonlySet<MetricName>; readonly reasons: readonly string[] } {
  const latencies = METRIC_NAMES.filter(isLatency);
  // An open loop's throughput is what was offered.
  const always: readonly MetricName[] = scenario.loop.kind === 'closed' ? [] : ['throughput'];
  const without = (reason: string, names: readonly MetricName[]) => ({
    metrics: new Set([...always, ...names]),
    reasons: [reason],
  });
  if (first.duet)
    return without('throughput and latency are left out: two revisions shared the proxy’s core at once', [
      ...latencies,
      'throughput',
    ]);
  if (!isPlacedAlike(first.records, second.records))
    return without('throughput and latency are left out: the runs are placed differently on the cores', [
      ...latencies,
      'throughput',
    ]);
  const [a, b] = [offeredIn(first, scenario.name), offeredIn(second, scenario.name)];
  if (a === undefined || b === undefined) return { metrics: new Set(always), reasons: [] };
  const slower = yardstick ? slowedBy(yardstick.subject, scenario.name, first, second) : 1;
  if (Math.abs((b * slower) / a - 1) <= OFFERED_LIMIT) return { metrics: new Set(always), reasons: [] };
  return without(
    `latency is left out: ${formatQuantity(a, '/s')} were offered in the first run, ${formatQuantity(b, '/s')} in the second, another share of what the host could carry`,
    latencies,
  );
}

/** CPU per request of the yardstick, second ÷ first: a host on which it is 1.3 carries a rate 1.3 times smaller just as well. 1 where unknown. */
function slowedBy(yardstick: string, scenario: string, ...runs: readonly [One, One]): number {
  const [a, b] = runs.map(({ figures }) => [...(figures(scenario, yardstick).get('cpuPerRequest')?.values() ?? [])]);
  return a!.length > 0 && b!.length > 0 ? median(b!) / median(a!) : 1;
}

function logsOf(first: One, second: One, read: (run: One) => readonly number[]): Logs | undefined {
  const [a, b] = [read(first), read(second)];
  return a.length === 0 || b.length === 0 ? undefined : { first: a, second: b };
}

const figureOf = (first: One, second: One, of: (run: One) => Rounds | undefined): Logs | undefined =>
  logsOf(first, second, (run) => {
    const rounds = of(run);
    return rounds && isPositive(rounds) ? [...rounds.values()].map(Math.log) : [];
  });

/** A logarithm needs all to be positive: leaving out those that are not would be choosing. */
const isPositive = (rounds: Rounds): boolean => [...rounds.values()].every((value) => value > 0);

const LIMITS: Readonly<Record<Bound, string>> = {
  proxy: 'the proxy',
  origin: 'the origin',
  generator: 'the load generator',
  host: 'the core that load and origin share',
  none: 'nothing that was saturated',
};

function limitIn(
  { scenario, subject }: { scenario: string; subject: string },
  ...runs: readonly One[]
): string | undefined {
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
