/** What users saw along a window, by when their requests were due. */
import { latencyBucket } from '#bench/model/latency-bucket.ts';
import type { Timeline } from '#bench/model/load.ts';

export type Counts = readonly (readonly [bucket: number, count: number])[];

/** A quarter of a second: many times what an origin takes. To the bucket that holds it. */
export const LATE_MICROS = 250_000;
const LATE_BUCKET = latencyBucket(LATE_MICROS);

/** A value an interval. */
export interface Course {
  /** Milliseconds. */
  readonly interval: number;
  /** Good answers, late ones among them, by latency. */
  readonly good: readonly Counts[];
  readonly late: readonly number[];
  readonly failed: readonly number[];
}

export const NO_COURSE: Course = { interval: 100, good: [], late: [], failed: [] };

const sumOf = (counts: Counts): number => counts.reduce((sum, [, count]) => sum + count, 0);

export function courseOf({ interval, counts, failed = [], dropped = [] }: NonNullable<Timeline['latency']>): Course {
  const good = counts.map((row, i) => without(row, failed[i] ?? []));
  return {
    interval,
    good,
    late: good.map((row) => sumOf(row.filter(([bucket]) => bucket >= LATE_BUCKET))),
    failed: counts.map((_, i) => sumOf(failed[i] ?? []) + (dropped[i] ?? 0)),
  };
}

function without(all: Counts, some: Counts): Counts {
  const less = new Map(some);
  return all.flatMap(([bucket, count]): [number, number][] => {
    const left = count - (less.get(bucket) ?? 0);
    return left > 0 ? [[bucket, left]] : [];
  });
}

/** Interval by interval, those of several repeats as their mean; as far as all of them reach. */
export function meanCourse(courses: readonly Course[]): Pick<Course, 'interval' | 'late' | 'failed'> & {
  /** Good answers in time. */
  readonly good: readonly number[];
} {
  const length = Math.min(...courses.map(({ failed }) => failed.length));
  const mean = (of: (course: Course, i: number) => number): number[] =>
    Array.from({ length }, (_, i) => courses.reduce((sum, course) => sum + of(course, i), 0) / courses.length);
  return {
    interval: courses[0]?.interval ?? NO_COURSE.interval,
    good: mean(({ good, late }, i) => sumOf(good[i]!) - late[i]!),
    late: mean(({ late }, i) => late[i]!),
    failed: mean(({ failed }, i) => failed[i]!),
  };
}
