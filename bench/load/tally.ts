/** What was counted, as plain data: of one window, or turn by turn; of one thread, or of all that drove a turn together. */
import type { ErrorCounts, FailureCount, LoadJob, LoadResult } from '#bench/model/load.ts';
import { bytes, perSecond } from '#bench/model/units.ts';
import { mergeFailures } from './failures.ts';
import { type BucketCounts, encodeBuckets, mergeBuckets } from './histogram.ts';
import { shareOf } from './shares.ts';

export interface Tally {
  /** Valid answers, those outside of the window too: what the CPU time of a turn is divided by. */
  readonly answered: number;
  /** Of `requests`, those that were whole before the end of the window: what a rate is made of. */
  readonly inTime: number;
  readonly requests: number;
  readonly errors: ErrorCounts;
  /** By kind and status, with the first message of each; absent where nothing failed. */
  readonly failures?: readonly FailureCount[];
  readonly errorSamples: readonly string[];
  readonly scheduled: number;
  readonly dropped: number;
  readonly reads: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly connectionsOpened: number;
  readonly handshakes: { readonly full: number; readonly resumed: number };
  /** Nanoseconds. */
  readonly service: BucketCounts;
  readonly response: BucketCounts;
  readonly scheduleLag: BucketCounts;
  readonly generatorLag: BucketCounts;
  readonly connectTime: BucketCounts;
}

const SAMPLES = 8;

export const NO_ERRORS: ErrorCounts = { connect: 0, tls: 0, reset: 0, timeout: 0, status: 0, framing: 0, body: 0 };

/** All of them together; at least one. */
export function sumTallies(tallies: readonly Tally[]): Tally {
  const sum = (of: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + of(tally), 0);
  const buckets = (of: (tally: Tally) => BucketCounts): BucketCounts => mergeBuckets(tallies.map(of));
  const kinds = Object.keys(NO_ERRORS) as (keyof ErrorCounts)[];
  return {
    answered: sum((one) => one.answered),
    inTime: sum((one) => one.inTime),
    requests: sum((one) => one.requests),
    errors: Object.fromEntries(kinds.map((kind) => [kind, sum(({ errors }) => errors[kind])])) as ErrorCounts,
    ...mergeFailures(tallies.map(({ failures }) => failures)),
    errorSamples: [...new Set(tallies.flatMap(({ errorSamples }) => errorSamples))].slice(0, SAMPLES),
    scheduled: sum((one) => one.scheduled),
    dropped: sum((one) => one.dropped),
    reads: sum((one) => one.reads),
    bytesRead: sum((one) => one.bytesRead),
    bytesWritten: sum((one) => one.bytesWritten),
    connectionsOpened: sum((one) => one.connectionsOpened),
    handshakes: {
      full: sum(({ handshakes }) => handshakes.full),
      resumed: sum(({ handshakes }) => handshakes.resumed),
    },
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
