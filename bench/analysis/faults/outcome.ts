/** One fault before the users of one subject: who was failed, who waited, for how long, and what the proxy made of it. Pure. */
import type { FaultScenario } from '#bench/model/fault.ts';
import { bucketMicros } from '#bench/model/latency-bucket.ts';
import type { FaultTrialRecord } from '#bench/model/record.ts';
import { samplesFor } from '#bench/stats/histogram.ts';
import { FOREIGN_LIMIT } from '../verdict/bound.ts';
import { STEAL_LIMIT } from '../verdict/verdict.ts';
import { NO_COURSE, type Course, courseOf, type Counts } from './course.ts';

export type CompletedFault = Extract<FaultTrialRecord['outcome'], { state: 'completed' }>;

/** Of one trial. Times are milliseconds, latencies microseconds. */
export interface FaultOutcome {
  readonly scheduled: number;
  /** Requests without a good answer, those that were never sent among them. */
  readonly failed: number;
  /** Good answers after a quarter of a second and more. */
  readonly late: number;
  /** From the first request that failed to the last one, by when they were due; 0 where one failed, null where none did. */
  readonly failedFor: number | null;
  /** The 99th percentile of good answers, while nothing was wrong and while something was; null where too few. */
  readonly p99: { readonly outside: number | null; readonly inside: number | null };
  /** Until the origin in trouble was hardly asked any more; null: it was asked on. Undefined where it cannot count. */
  readonly detected: number | null | undefined;
  /** From the end of the trouble until the origin had half of its share again; null: not within the window. */
  readonly recovered: number | null | undefined;
  /** Requests that origins were sent beyond what users sent. */
  readonly extra: number;
  /** Microseconds. */
  readonly cpuPerRequest: number | null;
  /** Others used so much of the host that they may be behind what users saw. */
  readonly isDisturbed: boolean;
  readonly course: Course;
}

/** What comes to this is too little to see: a check or a stray request. */
const HARDLY = 0.1;
const BACK = 0.5;
/** Intervals that say so together. */
const STEADY = 3;

export function outcomeOf(fault: FaultScenario, outcome: CompletedFault): FaultOutcome {
  const { load, cpu } = outcome;
  const { timeline, scheduled = 0, dropped = 0, requests } = load;
  const trouble = troubleOf(fault, outcome);
  const failed = dropped + Object.values(load.errors).reduce((sum, count) => sum + count, 0);
  const course = timeline.latency ? courseOf(timeline.latency) : NO_COURSE;
  const span = timeline.failures;
  const within = (at: number): boolean =>
    trouble !== undefined && at + course.interval > trouble.from && at < trouble.to;
  const sent = scheduled - dropped;
  const received = outcome.arrivals.requests.flat().reduce((sum, count) => sum + count, 0);
  return {
    scheduled,
    failed,
    late: course.late.reduce((sum, count) => sum + count, 0),
    failedFor: span ? span.last - span.first : null,
    p99: {
      outside: p99Of(course.good.filter((_, i) => !within(i * course.interval))),
      inside: p99Of(course.good.filter((_, i) => within(i * course.interval))),
    },
    ...askedOf(fault, outcome, trouble),
    extra: Math.max(0, received - sent),
    cpuPerRequest: cpu !== undefined && requests > 0 ? cpu / requests : null,
    isDisturbed: outcome.host.foreign > FOREIGN_LIMIT || outcome.host.steal > STEAL_LIMIT,
    course,
  };
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** As this trial's steps were, which come a little later than the script says. */
function troubleOf({ trouble, steps: script }: FaultScenario, { steps }: CompletedFault): Span | undefined {
  if (!trouble) return undefined;
  const late = (steps[0]?.at ?? 0) - (script[0]?.at ?? 0);
  return { from: trouble.from + late, to: trouble.to + late };
}

/** What the origin in trouble counted. */
function askedOf(
  { counted, offered, origins }: FaultScenario,
  { arrivals }: CompletedFault,
  trouble: Span | undefined,
): Pick<FaultOutcome, 'detected' | 'recovered'> {
  if (counted === undefined || !trouble) return { detected: undefined, recovered: undefined };
  const { interval } = arrivals;
  const asked = arrivals.requests[counted]!.map((count, i) => count + arrivals.refused[counted]![i]!);
  const share = ((offered / origins) * interval) / 1_000;
  const first = (since: number, until: number, is: (mean: number) => boolean): number | null => {
    for (let i = Math.ceil(since / interval); i + STEADY <= Math.min(asked.length, until / interval); i++)
      if (is(asked.slice(i, i + STEADY).reduce((sum, count) => sum + count, 0) / STEADY)) return i * interval - since;
    return null;
  };
  return {
    detected: first(trouble.from, trouble.to, (mean) => mean <= HARDLY * share),
    recovered: first(trouble.to, Infinity, (mean) => mean >= BACK * share),
  };
}

/** Middle of the bucket; microseconds. */
export function p99Of(rows: readonly Counts[]): number | null {
  const sums = new Map<number, number>();
  for (const [bucket, count] of rows.flat()) sums.set(bucket, (sums.get(bucket) ?? 0) + count);
  const sorted = [...sums].toSorted(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  if (total < samplesFor(0.99)) return null;
  let seen = 0;
  for (const [bucket, count] of sorted) {
    seen += count;
    if (seen >= 0.99 * total) return (bucketMicros(bucket) + bucketMicros(bucket + 1)) / 2;
  }
  return null;
}

export type FaultVerdict = 'held' | 'hurt' | 'broken';

/** Late answers that the host alone may be behind, and what a service can be said to have borne: shares of all requests. */
const NOISE = 0.001;
const BORNE = 0.01;

/** 'held': nobody failed, hardly anybody waited. 'hurt': up to 1 % did. 'broken': more. */
export function verdictOf({
  failed,
  late,
  scheduled,
}: Pick<FaultOutcome, 'failed' | 'late' | 'scheduled'>): FaultVerdict {
  if (failed === 0 && late <= NOISE * scheduled) return 'held';
  return failed + late <= BORNE * scheduled ? 'hurt' : 'broken';
}
