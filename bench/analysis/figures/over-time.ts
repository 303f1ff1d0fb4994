/** Throughput and latency along the window of a trial, the rounds of a scenario laid over each other. */
import type { SubjectRecord, TrialRecord } from '#bench/model/record.ts';
import type { Scenario } from '#bench/model/scenario.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { bucketMicros } from '#bench/model/latency-bucket.ts';
import { samplesFor } from '#bench/stats/histogram.ts';

export interface OverTime {
  readonly scenario: string;
  readonly subject: string;
  readonly rounds: number;
  /** Milliseconds of one step of `throughput` and `warmup`. */
  readonly interval: number;
  /** Requests per second over the window: the mean of the rounds. */
  readonly throughput: readonly number[];
  /** The same over the warm-up, which ends where the window begins; null in records that have none. */
  readonly warmup: readonly number[] | null;
  readonly latency: LatencyOverTime | null;
}

export interface LatencyOverTime {
  /** 'response' of an open loop, 'service' of a closed one. */
  readonly kind: 'response' | 'service';
  readonly interval: number;
  /** Microseconds, a step each, from buckets of at most 12.5 %; null where a step has too few requests for the quantile. */
  readonly p50: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
  /** Per step: the buckets that hold any request, with how many. */
  readonly counts: readonly (readonly { readonly micros: number; readonly requests: number }[])[];
}

/** Completed trials only; subjects without one are left out, the others in the order of `subjects`. */
export function overTimeOf(
  scenarios: readonly Scenario[],
  subjects: readonly Pick<SubjectRecord, 'subject'>[],
  trials: readonly TrialRecord[],
): OverTime[] {
  const order = subjects.map(({ subject }) => subjectName(subject));
  const completed = trials.filter((trial) => trial.state === 'completed');
  return scenarios
    .filter(({ traffic }) => traffic.kind !== 'idle')
    .flatMap(({ name }) => {
      const bySubject = Map.groupBy(
        completed.filter(({ scenario }) => scenario === name),
        ({ subject }) => subjectName(subject),
      );
      const ordered = [...bySubject].toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b));
      return ordered.map(([subject, own]): OverTime => {
        const timelines = own.map(({ load }) => load.timeline);
        const { interval } = timelines[0]!;
        const perSecond = (rows: readonly (readonly number[])[]): number[] =>
          meanOf(rows).map((requests) => requests / (interval / 1_000));
        const warmups = timelines.flatMap(({ warmup }) => (warmup ? [warmup] : []));
        return {
          scenario: name,
          subject,
          rounds: own.length,
          interval,
          throughput: perSecond(timelines.map(({ requests }) => requests)),
          warmup: warmups.length === timelines.length ? perSecond(warmups) : null,
          latency: latencyOf(own),
        };
      });
    });
}

/** Step by step, as far as all rows reach. */
const meanOf = (rows: readonly (readonly number[])[]): number[] =>
  Array.from(
    { length: Math.min(...rows.map(({ length }) => length)) },
    (_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length,
  );

function latencyOf(trials: readonly Extract<TrialRecord, { state: 'completed' }>[]): LatencyOverTime | null {
  const rows = trials.flatMap(({ load: { timeline } }) => (timeline.latency ? [timeline.latency] : []));
  if (rows.length < trials.length) return null;
  const steps = Math.min(...rows.map(({ counts }) => counts.length));
  const merged = Array.from({ length: steps }, (_, step) => {
    const sums = new Map<number, number>();
    for (const { counts } of rows)
      for (const [bucket, count] of counts[step]!) sums.set(bucket, (sums.get(bucket) ?? 0) + count);
    return [...sums].toSorted(([a], [b]) => a - b);
  });
  return {
    kind: trials[0]!.load.response === undefined ? 'service' : 'response',
    interval: rows[0]!.interval,
    p50: merged.map((step) => quantileOf(step, 0.5)),
    p99: merged.map((step) => quantileOf(step, 0.99)),
    counts: merged.map((step) => step.map(([bucket, requests]) => ({ micros: bucketMicros(bucket), requests }))),
  };
}

/** Middle of the bucket in which the quantile lies. */
function quantileOf(step: readonly (readonly [number, number])[], q: number): number | null {
  const total = step.reduce((sum, [, count]) => sum + count, 0);
  if (total < samplesFor(q)) return null;
  let seen = 0;
  for (const [bucket, count] of step) {
    seen += count;
    if (seen >= q * total) return (bucketMicros(bucket) + bucketMicros(bucket + 1)) / 2;
  }
  return null;
}
