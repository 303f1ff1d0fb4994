/** Every fault and what each subject's users saw of it, its repeats together; and what the policies cost when nothing is wrong. Pure. */
import type { FaultScenario } from '#bench/model/fault.ts';
import type { FaultTrialRecord, RunRecords } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import type { Estimate } from '#bench/stats/estimate.ts';
import { hodgesLehmann, median } from '#bench/stats/hodges-lehmann.ts';
import { transform } from '#bench/stats/estimate.ts';
import { meanCourse } from './course.ts';
import { type FaultOutcome, type FaultVerdict, outcomeOf, verdictOf } from './outcome.ts';

/** A subject with policies or without, in one fault: sums over its repeats, the longest of times. */
export interface FaultRow {
  readonly subject: string;
  readonly policies: FaultTrialRecord['policies'];
  readonly given: readonly string[];
  readonly withheld: readonly string[];
  readonly repeats: number;
  /** Null: it was not put to it, or failed; `why` says so. */
  readonly result: FaultResult | null;
  readonly why: string | null;
}

export interface FaultResult extends Omit<FaultOutcome, 'course' | 'isDisturbed'> {
  /** Repeats in which others used the host. */
  readonly disturbed: number;
  readonly verdict: FaultVerdict;
  readonly course: ReturnType<typeof meanCourse>;
}

export interface FaultGroup {
  readonly fault: FaultScenario;
  /** In the order of the subjects; with policies before without. */
  readonly rows: readonly FaultRow[];
}

/** Of one proxy with nothing wrong: with its policies over without. */
export interface PolicyPrice {
  readonly subject: string;
  readonly given: readonly string[];
  /** Microseconds, medians of the repeats. */
  readonly on: number;
  readonly off: number;
  /** Of CPU per request, repeat by repeat. */
  readonly ratio: Estimate;
}

export interface Faults {
  readonly groups: readonly FaultGroup[];
  readonly prices: readonly PolicyPrice[];
}

/** Undefined where nothing was broken. */
export function faultsOf({ run, subjects, faults: trials = [] }: RunRecords): Faults | undefined {
  if (!run.faults) return undefined;
  const order = subjects.map(({ subject }) => subjectName(subject));
  const groups = run.faults.flatMap((fault): FaultGroup[] => {
    const own = trials.filter((trial) => trial.fault === fault.name);
    if (own.length === 0) return [];
    const bySubject = Map.groupBy(own, ({ subject, policies }) => `${subjectName(subject)} ${policies}`);
    const rows = [...bySubject.values()].map((repeats) => rowOf(fault, repeats));
    return [{ fault, rows: rows.toSorted((a, b) => placeOf(a, order) - placeOf(b, order)) }];
  });
  return { groups, prices: pricesOf(run.faults, trials) };
}

const placeOf = ({ subject, policies }: FaultRow, order: readonly string[]): number =>
  2 * order.indexOf(subject) + (policies === 'on' ? 0 : 1);

function rowOf(fault: FaultScenario, trials: readonly FaultTrialRecord[]): FaultRow {
  const { subject, policies, given, withheld } = trials[0]!;
  const outcomes = trials.flatMap(({ outcome }) => (outcome.state === 'completed' ? [outcomeOf(fault, outcome)] : []));
  const without = trials.map(({ outcome }) => outcome).find(({ state }) => state !== 'completed');
  return {
    subject: subjectName(subject),
    policies,
    given,
    withheld,
    repeats: outcomes.length,
    result: outcomes.length > 0 ? together(outcomes) : null,
    why: without === undefined || without.state === 'completed' ? null : whyNot(without),
  };
}

const whyNot = (outcome: Exclude<FaultTrialRecord['outcome'], { state: 'completed' }>): string =>
  outcome.state === 'refused' ? outcome.why : outcome.error.message;

/** Null beats all others: what was not seen within the window took longest. Undefined only where all are. */
function longest(times: readonly (number | null | undefined)[]): number | null | undefined {
  const told = times.filter((time) => time !== undefined);
  if (told.length === 0) return undefined;
  return told.includes(null) ? null : Math.max(...(told as number[]));
}

function together(outcomes: readonly FaultOutcome[]): FaultResult {
  const sum = (of: (one: FaultOutcome) => number): number => outcomes.reduce((total, one) => total + of(one), 0);
  const spans = outcomes.flatMap(({ failedFor }) => failedFor ?? []);
  const worst = (of: (one: FaultOutcome) => number | null): number | null => {
    const told = outcomes.flatMap((one) => of(one) ?? []);
    return told.length === 0 ? null : Math.max(...told);
  };
  const costs = outcomes.flatMap(({ cpuPerRequest }) => cpuPerRequest ?? []);
  const totals = {
    scheduled: sum(({ scheduled }) => scheduled),
    failed: sum(({ failed }) => failed),
    late: sum(({ late }) => late),
  };
  return {
    ...totals,
    failedFor: spans.length === 0 ? null : Math.max(...spans),
    p99: { outside: worst(({ p99 }) => p99.outside), inside: worst(({ p99 }) => p99.inside) },
    detected: longest(outcomes.map(({ detected }) => detected)),
    recovered: longest(outcomes.map(({ recovered }) => recovered)),
    extra: sum(({ extra }) => extra),
    cpuPerRequest: costs.length === 0 ? null : median(costs),
    disturbed: sum(({ isDisturbed }) => Number(isDisturbed)),
    verdict: verdictOf(totals),
    course: meanCourse(outcomes.map(({ course }) => course)),
  };
}

/** From the faults without a step and without an overload: nothing happens in them. */
function pricesOf(faults: readonly FaultScenario[], trials: readonly FaultTrialRecord[]): PolicyPrice[] {
  const calm = faults.find(({ trouble }) => trouble === undefined);
  if (!calm) return [];
  const own = trials.filter(({ fault, subject }) => fault === calm.name && subject.kind === 'proxy');
  return [...Map.groupBy(own, ({ subject }) => subjectName(subject))].flatMap(([subject, all]): PolicyPrice[] => {
    const cost = (policies: FaultTrialRecord['policies'], repeat: number): number | null => {
      const trial = all.find((one) => one.policies === policies && one.repeat === repeat);
      return trial?.outcome.state === 'completed' ? outcomeOf(calm, trial.outcome).cpuPerRequest : null;
    };
    const pairs = [...new Set(all.map(({ repeat }) => repeat))].flatMap((repeat) => {
      const [on, off] = [cost('on', repeat), cost('off', repeat)];
      return on !== null && off !== null ? [{ on, off }] : [];
    });
    const given = all.find(({ policies }) => policies === 'on')?.given ?? [];
    if (pairs.length === 0 || given.length === 0) return [];
    return [
      {
        subject,
        given,
        on: median(pairs.map(({ on }) => on)),
        off: median(pairs.map(({ off }) => off)),
        ratio: transform(hodgesLehmann(pairs.map(({ on, off }) => Math.log(on / off))), Math.exp),
      },
    ];
  });
}
