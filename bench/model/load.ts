/** A load job and its result: plain serialisable data, so that a shard may run in a worker thread or on another machine. */
import { z } from 'zod';
import { Loop, SecondStream, Traffic } from './scenario.ts';
import { Bytes, EpochMillis, Micros, Millis, PerSecond } from './units.ts';

export const LoadJob = z.object({
  driver: z.enum(['http1', 'http2', 'tcp', 'autocannon']),
  target: z.object({ host: z.string(), port: z.number().int() }),
  /** Present where the traffic is TLS: the authority to trust (the runtime's own list where absent) and the name to verify. */
  tls: z.object({ ca: z.string().optional(), serverName: z.string() }).optional(),
  traffic: Traffic,
  /** The whole job's loop; a shard takes its share of the connections and of the arrivals. */
  loop: Loop,
  /** Driven beside the loop, by a worker of its own. */
  second: SecondStream.optional(),
  shard: z.object({ index: z.number().int(), count: z.number().int() }),
  seed: z.number().int(),
  /** Connections are open before this instant; requests start at it. Measured is [startAt + warmup, startAt + warmup + window). */
  startAt: EpochMillis,
  warmup: Millis,
  window: Millis,
  timeouts: z.object({ connect: Millis, response: Millis }),
  /**
   * CRC-32 of the body that the origin is known to send: a sample of the answers is held against it. Null: an origin that nobody here
   * knows, whose bodies may differ at one length; they are counted alone.
   */
  bodyChecksum: z.number().int().nullable().optional(),
  /**
   * Connections a second, and requests a second, that the target must never see more of. Such a job is an open loop and one shard;
   * nothing is sent within its first second.
   */
  maxRate: z.number().int().positive().optional(),
  /** Open loop: keep time by spinning instead of by a sleeping pacer thread. Only where each load worker has a core of its own. */
  spin: z.boolean().optional(),
});
export type LoadJob = z.infer<typeof LoadJob>;

/** An HdrHistogram of integer nanoseconds, 3 significant digits, in the V2 compressed interchange encoding (base64). */
export const EncodedHistogram = z.string().brand<'EncodedHistogram'>();
export type EncodedHistogram = z.infer<typeof EncodedHistogram>;

/** Why a request did not count as completed. Every failed request has exactly one. */
export const ErrorCounts = z.object({
  connect: z.number().int(), // refused, unreachable, no local port
  tls: z.number().int(), // handshake or certificate
  reset: z.number().int(), // closed or reset before the answer was whole
  timeout: z.number().int(),
  status: z.number().int(), // a status other than expected
  framing: z.number().int(), // unparseable head, chunk or length
  body: z.number().int(), // length or checksum of the body wrong
});
export type ErrorCounts = z.infer<typeof ErrorCounts>;

/** Failed requests of the window that failed alike. `ErrorCounts` counts them by kind alone. */
export const FailureCount = z.object({
  kind: ErrorCounts.keyof(),
  /** Of the answers, where that is what failed. */
  status: z.number().int().optional(),
  count: z.number().int().positive(),
  /** What the first of them was, for a human. */
  first: z.string(),
});
export type FailureCount = z.infer<typeof FailureCount>;

/** Pairs of a bucket and how many requests are in it, those that hold any. */
const BucketCounts = z.array(z.tuple([z.number().int(), z.number().int()]));

export const Timeline = z.object({
  interval: Millis,
  /** Completed requests per interval of the window, in order. */
  requests: z.array(z.number().int()),
  /** The same for the warm-up that was discarded: the first interval begins with the load. */
  warmup: z.array(z.number().int()).optional(),
  /**
   * Latency over the window, for drawing: per interval of its own length the pairs [bucket, requests] of `latency-bucket.ts`. Open loop:
   * response time by scheduled send; closed loop: service time by end. Failed requests are in it at their elapsed time; `failed` has
   * those alone, and `dropped` what was due in each interval and never sent.
   */
  latency: z
    .object({
      interval: Millis,
      counts: z.array(BucketCounts),
      failed: z.array(BucketCounts).optional(),
      dropped: z.array(z.number().int()).optional(),
    })
    .optional(),
  /** When the first request that failed, or was never sent, was due, and the last one: milliseconds of the window. Absent: none. */
  failures: z.object({ first: Millis, last: Millis }).optional(),
});
export type Timeline = z.infer<typeof Timeline>;

/** How an open loop kept time: what the operating system was asked for, as far as it was granted. */
export const Pacing = z.object({
  by: z.enum(['pacer thread', 'spinning']),
  /** Of the pacer thread and of the thread that sends; 'normal' where nothing better is permitted. */
  pacer: z.enum(['real-time', 'raised', 'normal']),
  sender: z.enum(['raised', 'normal']),
});
export type Pacing = z.infer<typeof Pacing>;

/** What a second stream saw: its own requests, in nothing else of the result but the generator's cost. */
export const SecondResult = z.object({
  connections: z.number().int(),
  offered: PerSecond,
  scheduled: z.number().int(),
  dropped: z.number().int(),
  requests: z.number().int(),
  errors: ErrorCounts,
  failures: z.array(FailureCount).optional(),
  service: EncodedHistogram,
  /** The generator's own lag, as below. */
  generatorLag: EncodedHistogram,
  pacing: Pacing.optional(),
});
export type SecondResult = z.infer<typeof SecondResult>;

export const LoadResult = z.object({
  driver: z.string(),
  workers: z.number().int().positive(),
  connections: z.number().int(),
  /** The window as it really was. */
  window: Millis,
  /** Requests whose answer completed, valid, inside the window. */
  requests: z.number().int(),
  /** HTTP: answers whose whole body was held against its checksum, warm-up included; of all others the length was. */
  bodiesChecked: z.number().int().optional(),
  errors: ErrorCounts,
  /** The same by kind and status, the most frequent first; absent where none failed. */
  failures: z.array(FailureCount).optional(),
  /** First few distinct error messages, for a human. */
  errorSamples: z.array(z.string()),
  /** Open loop: scheduled inside the window / scheduled but never sent. */
  scheduled: z.number().int().optional(),
  dropped: z.number().int().optional(),
  offered: PerSecond.optional(),
  bytesRead: Bytes,
  bytesWritten: Bytes,
  /** Reads that brought bytes: requests a read say how many answers came together, which is what a closed loop's cost hangs on. */
  reads: z.number().int().optional(),
  connectionsOpened: z.number().int(),
  handshakes: z.object({ full: z.number().int(), resumed: z.number().int() }),
  /** From the actual send to the last byte. Errors and timeouts are in it at their elapsed time. */
  service: EncodedHistogram,
  /** Open loop: from the scheduled send to the last byte. */
  response: EncodedHistogram.optional(),
  /** Open loop: from the scheduled to the actual send. */
  scheduleLag: EncodedHistogram.optional(),
  /**
   * Open loop: the part of that lag which is the generator's own, while the request was due and a connection was free. The rest waited
   * for a connection, which is the subject's doing.
   */
  generatorLag: EncodedHistogram.optional(),
  pacing: Pacing.optional(),
  /** New connections: from connect() to writable (TLS: to handshake done). */
  connectTime: EncodedHistogram.optional(),
  second: SecondResult.optional(),
  timeline: Timeline,
  /** The generator's own cost over the window: CPU of its threads and its event loops' utilisation (0–1, the busiest). */
  generator: z.object({ cpuUser: Micros, cpuSystem: Micros, eventLoop: z.number().min(0).max(1) }),
});
export type LoadResult = z.infer<typeof LoadResult>;

/**
 * Live counters in shared memory, one row of `LIVE_FIELDS` per shard (Int32, Atomics); readable while the load runs, so that a
 * probe pairs its instant with the number of requests completed by that instant.
 */
export const LIVE_FIELDS = ['completed', 'errors', 'inFlight', 'connections', 'ready'] as const;
export type LiveField = (typeof LIVE_FIELDS)[number];
