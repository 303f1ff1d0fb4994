/** The results of all shards as one, without loss: counts and histograms add up, the busiest event loop stands for all. */
import type { EncodedHistogram, LoadResult, Timeline } from '#bench/model/load.ts';
import { bytes, micros, millis, perSecond } from '#bench/model/units.ts';
import { sumCounts, sumOf } from './counts.ts';
import { mergeHistograms } from './histogram.ts';

/** All shards of one job, in any order. Throws on none. */
export function mergeResults(shards: readonly LoadResult[]): LoadResult {
  const first = shards[0];
  if (first === undefined) throw new RangeError('nothing to merge: a job has at least one shard');
  const sum = (of: (shard: LoadResult) => number): number => sumOf(shards, of);
  const counts = sumCounts(shards);
  const histogram = (of: (shard: LoadResult) => EncodedHistogram | undefined): EncodedHistogram =>
    mergeHistograms(shards.map(of).filter((encoded) => encoded !== undefined));
  return {
    driver: first.driver,
    workers: sum((shard) => shard.workers),
    connections: sum((shard) => shard.connections),
    window: first.window,
    ...counts,
    bytesRead: bytes(counts.bytesRead),
    bytesWritten: bytes(counts.bytesWritten),
    ...(first.bodiesChecked !== undefined && { bodiesChecked: sum((shard) => shard.bodiesChecked ?? 0) }),
    ...(first.scheduled !== undefined && { scheduled: sum((shard) => shard.scheduled ?? 0) }),
    ...(first.dropped !== undefined && { dropped: sum((shard) => shard.dropped ?? 0) }),
    ...(first.offered !== undefined && { offered: perSecond(sum((shard) => shard.offered ?? 0)) }),
    ...(first.reads !== undefined && { reads: sum((shard) => shard.reads ?? 0) }),
    service: histogram((shard) => shard.service),
    ...(first.response !== undefined && { response: histogram((shard) => shard.response) }),
    ...(first.scheduleLag !== undefined && { scheduleLag: histogram((shard) => shard.scheduleLag) }),
    ...(first.generatorLag !== undefined && { generatorLag: histogram((shard) => shard.generatorLag) }),
    ...(first.pacing !== undefined && { pacing: first.pacing }),
    ...(first.connectTime !== undefined && { connectTime: histogram((shard) => shard.connectTime) }),
    timeline: mergeTimelines(shards.map(({ timeline }) => timeline)),
    generator: {
      cpuUser: micros(sum((shard) => shard.generator.cpuUser)),
      cpuSystem: micros(sum((shard) => shard.generator.cpuSystem)),
      eventLoop: Math.max(...shards.map((shard) => shard.generator.eventLoop)),
    },
  };
}

/** Interval by interval. Shards of one job have the same intervals. */
function mergeTimelines(shards: readonly Timeline[]): Timeline {
  const { interval, latency } = shards[0]!;
  return {
    interval,
    requests: addUp(shards.map(({ requests }) => requests)),
    ...(shards.every(({ warmup }) => warmup) && { warmup: addUp(shards.map(({ warmup }) => warmup ?? [])) }),
    ...(latency &&
      shards.every((shard) => shard.latency) && {
        latency: {
          interval: latency.interval,
          counts: latency.counts.map((_, i) => mergeCounts(shards.map((shard) => shard.latency?.counts[i] ?? []))),
          ...(latency.failed && {
            failed: latency.failed.map((_, i) => mergeCounts(shards.map((shard) => shard.latency?.failed?.[i] ?? []))),
          }),
          ...(latency.dropped && { dropped: addUp(shards.map((shard) => shard.latency?.dropped ?? [])) }),
        },
      }),
    ...mergeSpans(shards.flatMap(({ failures }) => failures ?? [])),
  };
}

const mergeSpans = (spans: readonly NonNullable<Timeline['failures']>[]): Pick<Timeline, 'failures'> =>
  spans.length === 0
    ? {}
    : {
        failures: {
          first: millis(Math.min(...spans.map(({ first }) => first))),
          last: millis(Math.max(...spans.map(({ last }) => last))),
        },
      };

const addUp = (rows: readonly (readonly number[])[]): number[] =>
  Array.from({ length: Math.max(...rows.map(({ length }) => length)) }, (_, i) =>
    rows.reduce((total, row) => total + (row[i] ?? 0), 0),
  );

type Counts = readonly (readonly [number, number])[];

function mergeCounts(rows: readonly Counts[]): [number, number][] {
  const sums = new Map<number, number>();
  for (const [bucket, count] of rows.flat()) sums.set(bucket, (sums.get(bucket) ?? 0) + count);
  return [...sums].toSorted(([a], [b]) => a - b);
}
