/** The highest rate at which the objective held, subject by subject: what the search came to, and whether it may be said. Pure. */
import type { KneeOutcome, KneeTally, KneeVerdict, Limiter } from '#bench/model/knee.ts';
import type { Clause, Objective } from '#bench/model/objective.ts';
import type { KneeRecord, KneeWindowRecord, RunRecord, RunRecords, SubjectRecord } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import type { Finding } from '../findings/finding.ts';
import type { MetricName } from '../figures/metrics.ts';
import { describeObjective, quantileName, readClause } from './objective.ts';
import { formatQuantity, percent } from '../words/quantity.ts';
import { metricAt } from '../instruments/trust.ts';

export interface Knees {
  /** 'p99 < 2 ms' */
  readonly objective: string;
  /** The quantile that windows show, and where its objective lies; null where the objective names none. */
  readonly shown: ShownClause | null;
  readonly tolerance: number;
  /** 'all of 5 windows, or 7 of 8' */
  readonly confirm: string;
  readonly searches: readonly KneeAnalysis[];
}

export interface ShownClause {
  /** 'service time p99' */
  readonly title: string;
  /** Microseconds. */
  readonly below: number;
}

export interface KneeAnalysis {
  readonly scenario: string;
  readonly subject: string;
  readonly layer: SubjectRecord['layer'];
  /** 'never': missed even at the lowest rate. */
  readonly state: 'found' | 'never' | 'cannot tell';
  /** Requests per second: the knee lies between `low` and `high`, `value` in their geometric middle. Null where it cannot be told. */
  readonly rate: { readonly value: number; readonly low: number; readonly high: number } | null;
  /** The highest rate that is known to hold; null where none is. */
  readonly held: KneeTally | null;
  readonly missed: KneeTally | null;
  /** What stands in the way of telling more, and at which rate; null where the knee was found. */
  readonly limit: { readonly rate: number; readonly by: Limiter | 'scale' | 'direct'; readonly why: string } | null;
  readonly widened: boolean;
  /** One sentence. */
  readonly words: string;
  readonly windows: readonly KneePoint[];
}

/** One window, in the order in which they ran. */
export interface KneePoint {
  readonly rate: number;
  readonly kind: KneeOutcome['kind'];
  readonly why: string | null;
  /** Microseconds at the shown quantile; null where too few requests carry it. */
  readonly micros: number | null;
}

/** Undefined where no knee was searched. */
export function kneesOf({
  run,
  subjects,
  windows = [],
  knees = [],
}: Omit<RunRecords, 'trials' | 'micro'>): Knees | undefined {
  const { search } = run;
  if (!search) return undefined;
  const clause = search.objective.clauses.find(({ kind }) => kind === 'latency');
  const searches = search.scenarios.flatMap((scenario) => {
    const of = subjects.flatMap((record): Searched[] => {
      const name = subjectName(record.subject);
      const isIts = (one: { scenario: string; subject: KneeRecord['subject'] }): boolean =>
        one.scenario === scenario && subjectName(one.subject) === name;
      const own = windows.filter(({ trial }) => isIts(trial));
      if (own.length === 0) return [];
      return [{ scenario, name, record, windows: own, verdict: knees.find(isIts)?.verdict }];
    });
    const direct = of.find(({ record }) => record.layer === 'direct');
    return of.map((one) => analyseSearch(one, direct, search.objective));
  });
  return {
    objective: describeObjective(search.objective),
    shown: clause?.kind === 'latency' ? shownOf(clause) : null,
    tolerance: search.tolerance,
    confirm: search.confirm
      .map(({ need, of }, i) => (i === 0 ? `${need === of ? 'all' : need} of ${of} windows` : `${need} of ${of}`))
      .join(', or '),
    searches,
  };
}

const shownOf = ({ time, q, below }: Extract<Clause, { kind: 'latency' }>): ShownClause => ({
  title: `${time} time ${quantileName({ time: 'service', q })}`,
  below,
});

interface Searched {
  readonly scenario: string;
  readonly name: string;
  readonly record: SubjectRecord;
  readonly windows: readonly KneeWindowRecord[];
  /** Undefined where the search was interrupted. */
  readonly verdict: KneeVerdict | undefined;
}

type Said = Pick<KneeAnalysis, 'state' | 'rate' | 'held' | 'missed' | 'limit' | 'widened' | 'words'>;

function analyseSearch(one: Searched, direct: Searched | undefined, objective: Objective): KneeAnalysis {
  const clause = objective.clauses.find(({ kind }) => kind === 'latency');
  return {
    scenario: one.scenario,
    subject: one.name,
    layer: one.record.layer,
    ...say(one, direct, describeObjective(objective)),
    windows: one.windows.map(({ trial, outcome }): KneePoint => ({
      rate: rateOf(trial),
      kind: outcome.kind,
      why: outcome.kind === 'held' ? null : outcome.why,
      micros:
        (clause?.kind === 'latency' && trial.state !== 'failed' && trial.load && readClause(trial.load, clause)) ||
        null,
    })),
  };
}

const rateOf = ({ loop }: KneeWindowRecord['trial']): number => (loop?.kind === 'open' ? loop.offered : 0);
const perSecond = (rate: number): string => formatQuantity(rate, '/s');

const BY: Readonly<Record<Limiter, string>> = {
  generator: 'the load generator was the limit',
  origin: 'the origin was the limit',
  host: 'the core that load and origin share was the limit',
};

function say(one: Searched, direct: Searched | undefined, objective: string): Said {
  const { name, verdict, windows } = one;
  const nothing = { rate: null, held: null, missed: null, limit: null, widened: false } as const;
  if (!verdict) {
    const { held, missed } = soFar(windows);
    const words = `The search for the rate that ${name} carries with ${objective} was cut short: ${[
      ...(held > 0 ? [`it held at ${perSecond(held)}`] : ['it had not held yet']),
      ...(missed > 0 ? [`was missed at ${perSecond(missed)}`] : []),
    ].join(' and ')}, neither confirmed.`;
    return { ...nothing, state: 'cannot tell', words };
  }
  switch (verdict.state) {
    case 'found': {
      const { low, high, widened } = verdict;
      const doubt = doubtOf(one, direct, high);
      if (doubt !== undefined) {
        const words = `${heldWords(name, objective, low)}; cannot tell above that: ${doubt}, so that a miss is not the proxy’s alone.`;
        const limit = { rate: high.rate, by: 'direct', why: doubt } as const;
        return { ...nothing, state: 'cannot tell', held: low, missed: high, limit, words };
      }
      const value = Math.sqrt(low.rate * high.rate);
      const interval = `${perSecond(low.rate)}–${perSecond(high.rate)}`.replaceAll('/s', '');
      const wide = widened ? '; in between, windows went either way' : '';
      return {
        ...nothing,
        state: 'found',
        rate: { value, low: low.rate, high: high.rate },
        held: low,
        missed: high,
        widened,
        words: `${name} held ${objective} up to ${perSecond(value)} (${interval}): it held in ${share(low.held, low)} windows at ${perSecond(low.rate)} and was missed in ${share(high.missed, high)} at ${perSecond(high.rate)}${wide}.`,
      };
    }
    case 'beyond': {
      const { low, at, by } = verdict;
      const why = by === 'scale' ? `the search ends at ${perSecond(at)}` : `${BY[by]}${evidence(windows, at)}`;
      const above = low
        ? `${name} held ${objective} at ${perSecond(low.rate)}; cannot tell above ${perSecond(low.rate)}`
        : `What ${name} carries with ${objective} cannot be told`;
      return { ...nothing, state: 'cannot tell', held: low, limit: { rate: at, by, why }, words: `${above}: ${why}.` };
    }
    case 'never': {
      const { high } = verdict;
      const last = windows.findLast(({ outcome, trial }) => outcome.kind === 'missed' && rateOf(trial) === high.rate);
      const why = last?.outcome.kind === 'missed' ? ` (${last.outcome.why.split(';')[0]})` : '';
      const words = `${name} missed ${objective} even at ${perSecond(high.rate)}, the lowest rate searched, in ${share(high.missed, high)} windows${why}`;
      const doubt = doubtOf(one, direct, high);
      if (doubt === undefined) return { ...nothing, state: 'never', missed: high, words: `${words}.` };
      const limit = { rate: high.rate, by: 'direct', why: doubt } as const;
      return { ...nothing, state: 'cannot tell', missed: high, limit, words: `${words}; but ${doubt}.` };
    }
    case 'unsettled': {
      const { low, high, why } = verdict;
      const reason = unsettledWords(why, windows);
      const known = [
        ...(low && counted(low) ? [`it held in ${share(low.held, low)} windows at ${perSecond(low.rate)}`] : []),
        ...(high && counted(high) ? [`was missed in ${share(high.missed, high)} at ${perSecond(high.rate)}`] : []),
      ].join(' and ');
      return {
        ...nothing,
        state: 'cannot tell',
        held: low,
        missed: high,
        words: `What ${name} carries with ${objective} cannot be told: ${reason}${known === '' ? '' : `; ${known}`}.`,
      };
    }
  }
}

/** Why a miss at this rate is not the proxy's alone: direct is not known to hold there either. */
function doubtOf(one: Searched, direct: Searched | undefined, { rate }: KneeTally): string | undefined {
  if (direct === undefined || direct === one) return undefined;
  const proven = provenBy(direct);
  if (proven >= rate) return undefined;
  return proven > 0
    ? `direct itself is known to hold it only up to ${perSecond(proven)}`
    : 'direct itself is not known to hold it at any rate';
}

const heldWords = (name: string, objective: string, low: KneeTally): string =>
  `${name} held ${objective} at ${perSecond(low.rate)} in ${share(low.held, low)} windows`;
/** Whether windows were there to confirm it. */
const counted = ({ held, missed }: KneeTally): boolean => held + missed > 0;
const share = (count: number, { held, missed }: KneeTally): string => `${count} of ${held + missed}`;

function unsettledWords(
  why: Extract<KneeVerdict, { state: 'unsettled' }>['why'],
  windows: Searched['windows'],
): string {
  switch (why) {
    case 'windows':
      return `${windows.length} windows did not settle it`;
    case 'either way':
      return 'windows went either way even at the lowest rate';
    case 'disturbed': {
      const last = windows.findLast(({ outcome }) => outcome.kind === 'disturbed');
      return `its windows were disturbed again and again (${last?.outcome.kind === 'disturbed' ? last.outcome.why : 'no reason kept'})`;
    }
  }
}

/** ' (at 26 000/s: generator’s own lag p99 1.3 ms …)' */
function evidence(windows: Searched['windows'], at: number): string {
  const last = windows.findLast(({ outcome, trial }) => outcome.kind === 'limited' && rateOf(trial) === at);
  return last?.outcome.kind === 'limited' ? ` (at ${perSecond(at)}: ${last.outcome.why})` : '';
}

/** The highest rate at which direct is known to hold; before its search has ended, what one window says. */
function provenBy({ verdict, windows }: Searched): number {
  switch (verdict?.state) {
    case 'found':
      return verdict.low.rate;
    case 'beyond':
    case 'unsettled':
      return verdict.low?.rate ?? 0;
    case 'never':
      return 0;
    case undefined:
      return soFar(windows).held;
  }
}

/** Highest rate of a window that held, lowest of one above it that did not; 0 where there is none. */
function soFar(windows: Searched['windows']): { readonly held: number; readonly missed: number } {
  const at = (kind: KneeOutcome['kind']): number[] =>
    windows.filter(({ outcome }) => outcome.kind === kind).map(({ trial }) => rateOf(trial));
  const held = Math.max(0, ...at('held'));
  const missed = Math.min(Infinity, ...at('missed').filter((rate) => rate > held));
  return { held, missed: Number.isFinite(missed) ? missed : 0 };
}

/** What was found first; direct last: it is what the others are set against. Never a claim: a search is one run of few windows. */
export const kneeFindings = (knees: Knees | undefined, search: RunRecord['search']): Finding[] =>
  (knees?.searches ?? [])
    .toSorted((a, b) => order(a) - order(b))
    .map(({ words, state, scenario }) => ({
      sentence: words,
      strength: state === 'cannot tell' ? 'cannot tell' : 'look',
      restsOn: ['throughput', ...(search?.objective.clauses ?? []).map(readAs)],
      scenario,
      part: 'knees',
    }));

const readAs = (clause: Clause): MetricName =>
  clause.kind === 'errors' ? 'errorShare' : metricAt(clause.time, clause.q);

const order = ({ layer, state }: KneeAnalysis): number => (layer === 'direct' ? 2 : state === 'cannot tell' ? 1 : 0);

/** Of the search as a whole, in one line. */
export const describeSearch = ({ objective, tolerance, confirm }: Omit<Knees, 'searches' | 'shown'>): string =>
  `Highest rate with ${objective}: to ${percent(tolerance)}, each end confirmed by ${confirm}.`;
