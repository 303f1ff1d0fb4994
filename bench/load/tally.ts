/** What was counted, as plain data: of one window, or turn by turn; of one thread, or of all that drove a turn together. */
import type { LoadJob, LoadResult } from '#bench/model/load.ts';
import { bytes, perSecond } from '#bench/model/units.ts';
import { type Counts, sumCounts, sumOf } from './counts.ts';
import { type BucketCounts, encodeBuckets, mergeBuckets } from './histogram.ts';
import { shareOf } from './shares.ts';

export interface Tally extends Counts {
  /** Valid answers, those outside of the window too: what the CPU time of a turn is divided by. */
  readonly answered: number;
  /** Of `requests`, those that were whole before the end of the window: what a rate is made of. */
  readonly inTime: number;
  readonly scheduled: number;
  readonly dropped: number;
  readonly reads: number;
  /** Nanoseconds. */
  readonly service: BucketCounts;
  readonly response: BucketCounts;
  readonly scheduleLag: BucketCounts;
  readonly generatorLag: BucketCounts;
  readonly connectTime: BucketCounts;
}

/** All of them together; at least one. */
export function sumTallies(tallies: readonly Tally[]): Tally {
  const sum = (of: (tally: Tally) => number): number => sumOf(tallies, of);
  const buckets = (of: (tally: Tally) => BucketCounts): BucketCounts => mergeBuckets(tallies.map(of));
  return {
    ...sumCounts(tallies),
    answered: sum((one) => one.answered),
    inTime: sum((one) => one.inTime),
    scheduled: sum((one) => one.scheduled),
    dropped: sum((one) => one.dropped),
    reads: sum((one) => one.reads),
    service: buckets((one) => one.service),
    response: buckets((one) => one.response),
    scheduleLag: buckets((one) => one.scheduleLag),
    generatorLag: buckets((one) => one.generatorLag),
    connectTime: buckets((one) => one.connectTime),
  };
}

/** What only the one who counted can add. */
type Around = Pick<LoadResult, 'window' | 'timeline' | 'generator' | 'pacing'>;

/** The result of a shard, or of all shards where `job.shard` is the whole. */
export function resultOf({ driver, loop, shard }: LoadJob, tally: Tally, around: Around): LoadResult {
  const { pacing, ...rest } = around;
  return {
    driver,
    workers: 1,
    connections: shareOf(loop.connections, shard),
    requests: tally.requests,
    errors: tally.errors,
    ...(tally.failures && { failures: [...tally.failures] }),
    errorSamples: [...tally.errorSamples],
    ...(loop.kind === 'open' && {
      scheduled: tally.scheduled,
      dropped: tally.dropped,
      offered: perSecond(loop.offered / shard.count),
      response: encodeBuckets(tally.response),
      scheduleLag: encodeBuckets(tally.scheduleLag),
      generatorLag: encodeBuckets(tally.generatorLag),
    }),
    reads: tally.reads,
    bytesRead: bytes(tally.bytesRead),
    bytesWritten: bytes(tally.bytesWritten),
    connectionsOpened: tally.connectionsOpened,
    handshakes: { ...tally.handshakes },
    service: encodeBuckets(tally.service),
    connectTime: encodeBuckets(tally.connectTime),
    ...rest,
    ...(pacing && { pacing }),
  };
}
