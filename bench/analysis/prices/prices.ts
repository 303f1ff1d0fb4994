/** What each filter adds to a proxy: the same proxy with it and without, in turns. Pure. */
import type { RunRecords, SubjectRecord, Turn, TrialRecord } from '#bench/model/record.ts';
import { type Scenario, subjectName } from '#bench/model/scenario.ts';
import type { Estimate } from '#bench/stats/estimate.ts';
import type { Finding } from '../findings/finding.ts';
import { compare, type Comparison, locate, type Strength } from '../comparison/comparison.ts';
import { isCompleted } from '../figures/figures.ts';
import { metric, type Metric } from '../figures/metrics.ts';
import { noYardstick, turnedRounds } from '../figures/turned-figures.ts';
import { formatEstimate, formatQuantity } from '../words/quantity.ts';

/** One filter at one proxy. */
export interface Price {
  readonly filter: string;
  /** What it is and under which settings. */
  readonly summary: string;
  readonly scenario: string;
  /** The proxy without it. */
  readonly subject: string;
  readonly family: string;
  /** 'refused': a check failed, `words` says which. 'failed': no pair of trials completed. */
  readonly state: 'measured' | 'refused' | 'failed';
  /** Microseconds of CPU per request of the proxy without it. */
  readonly hop: Estimate | null;
  /** Microseconds of CPU per request that it adds. */
  readonly added: Estimate | null;
  /** The same at the origin, which is also the service that it asks: what is done elsewhere, or is no longer. */
  readonly elsewhere: Estimate | null;
  readonly strength: Strength;
  /** 'costs' and 'saves' where the interval excludes zero; 'no difference' else, with its bound; null where there is no interval. */
  readonly verdict: 'costs' | 'saves' | 'no difference' | null;
  /** One sentence. */
  readonly words: string;
}

export interface Prices {
  /** Filters in the order of the list. */
  readonly filters: readonly string[];
  /** Proxies in the order of their records. */
  readonly subjects: readonly string[];
  readonly list: readonly Price[];
}

/** Of a turn; the origin's is no metric of a run. */
const ORIGIN: Metric = {
  title: 'CPU of the origin per request',
  unit: 'µs',
  of: () => undefined,
  ofTurn: ({ cpu, answered }: Turn) => (cpu.origin === undefined || answered === 0 ? undefined : cpu.origin / answered),
};

/** Undefined where no price was asked for. */
export function pricesOf({
  run,
  subjects,
  trials,
}: Pick<RunRecords, 'run' | 'subjects' | 'trials'>): Prices | undefined {
  const scenarios = run.scenarios.filter(({ prices }) => prices !== undefined);
  if (scenarios.length === 0) return undefined;
  const bare = subjects.filter(({ subject }) => subject.kind === 'proxy' && subject.filter === undefined);
  const list = scenarios.flatMap((scenario) =>
    bare.flatMap((record): Price[] => {
      const filtered = subjects.find(
        ({ subject }) =>
          subject.kind === 'proxy' &&
          subject.filter === scenario.prices &&
          subject.name === (record.subject as { name: string }).name,
      );
      return filtered ? [priceOf(scenario, record, filtered, trials)] : [];
    }),
  );
  return {
    filters: scenarios.map(({ prices }) => prices!),
    subjects: bare.map(({ subject }) => subjectName(subject)),
    list,
  };
}

function priceOf(
  scenario: Scenario,
  bare: SubjectRecord,
  filtered: SubjectRecord,
  trials: readonly TrialRecord[],
): Price {
  const [name, other] = [subjectName(bare.subject), subjectName(filtered.subject)];
  const filter = scenario.prices!;
  const id = { filter, summary: scenario.summary, scenario: scenario.name, subject: name, family: bare.family };
  const nothing = { hop: null, added: null, elsewhere: null, verdict: null } as const;
  const failed = [bare, filtered].flatMap(({ preflight }) => preflight.filter(({ passed }) => !passed))[0];
  if (failed) {
    const words = `${other} was not measured: ${failed.rule}: ${firstLine(failed.detail)}`;
    return { ...id, ...nothing, state: 'refused', strength: 'cannot tell', words };
  }
  const own = (of: string): TrialRecord[] =>
    trials.filter((trial) => trial.scenario === scenario.name && subjectName(trial.subject) === of);
  const [without, with_] = [own(name), own(other)];
  const cpu = differenceOf(metric('cpuPerRequest'), id, without, with_);
  if (cpu === undefined) {
    const words = `${other} has no price: ${whyNot([...with_, ...without])}`;
    return { ...id, ...nothing, state: 'failed', strength: 'cannot tell', words };
  }
  const hop = turnedRounds(metric('cpuPerRequest'), without.filter(isCompleted), noYardstick);
  const verdict = verdictOf(cpu);
  return {
    ...id,
    state: 'measured',
    hop: hop ? locate([...hop.values()], true) : null,
    added: cpu.estimate,
    elsewhere: differenceOf(ORIGIN, id, without, with_)?.estimate ?? null,
    strength: cpu.strength,
    verdict,
    words: wordsOf(filter, name, cpu, verdict),
  };
}

function differenceOf(
  of: Metric,
  { scenario, subject, filter }: Pick<Price, 'scenario' | 'subject' | 'filter'>,
  without: readonly TrialRecord[],
  with_: readonly TrialRecord[],
): Comparison | undefined {
  const [reference, added] = [without, with_].map((trials) =>
    turnedRounds(of, trials.filter(isCompleted), noYardstick),
  );
  if (!reference || !added) return undefined;
  const side = (name: string) => ({ scenario, subject: name });
  const sides = { subject: side(`${subject} + ${filter}`), reference: side(subject) };
  return compare({ metric: 'cpuPerRequest', kind: 'difference', ...sides }, added, reference);
}

function verdictOf({ estimate: { low, high, n } }: Comparison): Price['verdict'] {
  if (n < 2) return null;
  if (low <= 0 && high >= 0) return 'no difference';
  return low > 0 ? 'costs' : 'saves';
}

function wordsOf(filter: string, subject: string, { estimate }: Comparison, verdict: Price['verdict']): string {
  const { value, low, high, n } = estimate;
  if (n < 2) return `${filter} at ${subject}: ${formatQuantity(value, 'µs')} in one start, which has no interval.`;
  if (verdict === 'no difference')
    return `${filter} at ${subject}: no difference was seen; it adds at most ${formatQuantity(Math.max(0, high), 'µs')} of CPU per request.`;
  const told = verdict === 'costs' ? estimate : { ...estimate, value: -value, low: -high, high: -low };
  return `${filter} at ${subject} ${verdict === 'costs' ? 'adds' : 'saves'} ${formatEstimate(told, 'µs')} of CPU per request.`;
}

const firstLine = (text: string): string => text.split('\n', 1)[0]!;

function whyNot(trials: readonly TrialRecord[]): string {
  const out = trials.find(({ state }) => state !== 'completed');
  if (out === undefined || out.state === 'completed') return 'it was not measured';
  return firstLine(out.state === 'failed' ? out.error.message : out.reasons[0].message);
}

/** The most expensive filter of each proxy; the whole list stands in its table. */
export function priceFindings(prices: Prices | undefined): Finding[] {
  if (!prices) return [];
  return prices.subjects.flatMap((subject): Finding[] => {
    const own = prices.list.filter((price) => price.subject === subject && price.added !== null);
    const [most] = own.toSorted((a, b) => b.added!.value - a.added!.value);
    if (!most) return [];
    const sentence =
      most.strength === 'cannot tell' ? most.words : `The most expensive of ${own.length}: ${most.words}`;
    return [{ sentence, strength: most.strength, restsOn: ['cpuPerRequest'], scenario: most.scenario, part: 'prices' }];
  });
}
