/** What the probes read over a measured window. */
import { z } from 'zod';
import { Bytes, Micros, Millis } from './units.ts';

/** Summed over all processes (and their threads) of one party: a proxy, the origin, the generator. */
export const ProcessReading = z.object({
  pids: z.array(z.number().int()),
  /** The exact interval between the two readings; CPU per request = cpu ÷ requests in this same interval. */
  interval: Millis,
  /** Requests that the live counters saw completed in this interval. */
  requests: z.number().int(),
  /** From schedstat (ns resolution). */
  cpu: Micros,
  /** Split by the 10 ms ticks of /proc/<pid>/stat, scaled so that user + system = cpu. */
  cpuUser: Micros,
  cpuSystem: Micros,
  /** `before`: at attach, before the load's connections opened; what idle connections hold is end − before. */
  rss: z.object({ before: Bytes.optional(), start: Bytes, end: Bytes, peak: Bytes }),
  contextSwitches: z.object({ voluntary: z.number().int(), involuntary: z.number().int() }),
  /** Calls of read() and write(). Present for proxies that run on the harness's own Node, which moves every byte by one of them. */
  calls: z.object({ reads: z.number().int(), writes: z.number().int() }).optional(),
  /** Present where hardware counters work. */
  instructions: z.object({ user: z.number(), kernel: z.number() }).optional(),
  /** Present for our own processes: busiest loop, 0–1. */
  eventLoop: z.number().min(0).max(1).optional(),
  /** CPU time ÷ interval ÷ cores it may use; 1 is a saturated process. */
  cpuShare: z.number().nonnegative(),
  /**
   * Of its busiest thread: share of the interval in which it ran or was ready to run. What lies above its CPU share it waited for a core
   * that others had. Absent where the system does not tell.
   */
  demand: z.number().nonnegative().optional(),
});
export type ProcessReading = z.infer<typeof ProcessReading>;

export const HostReading = z.object({
  /** Share of all CPU time in the interval that the hypervisor took, 0–1. */
  steal: z.number().nonnegative(),
  busy: z.number().nonnegative(),
  loadAverage: z.number().nonnegative(),
  /** CPU of processes that are none of ours, as a share of all cores. */
  foreign: z.number().nonnegative(),
  /** cgroup CPU throttling in the interval. */
  throttled: Micros,
  tcp: z.object({ listenOverflows: z.number().int(), retransmits: z.number().int() }),
});
export type HostReading = z.infer<typeof HostReading>;

/** Measured at the origin: connections show a proxy that does not pool. */
export const OriginCounts = z.object({ connections: z.number().int(), requests: z.number().int() });

export const ProbeReadings = z.object({
  proxy: ProcessReading.optional(), // absent for direct
  origin: ProcessReading.optional(), // absent where the subject runs elsewhere, and leads to an origin of its own
  generator: ProcessReading,
  host: HostReading,
  originCounts: OriginCounts.optional(),
  /** Probes that could not read, with the reason: 'instructions: no hardware counters on this host'. */
  unavailable: z.array(z.string()),
});
export type ProbeReadings = z.infer<typeof ProbeReadings>;

/** Attached before the window, `finish`ed after it; disposed in any case. */
export interface Probe<T> {
  attach(
    pids: readonly number[],
    signal: AbortSignal,
  ): Promise<AsyncDisposable & { begin(): void; finish(): Promise<T> }>;
}
