/** Trials of faults that nobody measured: so many good, late and failed requests in each interval. */
import type { FaultScenario } from '#bench/model/fault.ts';
import { latencyBucket } from '#bench/model/latency-bucket.ts';
import type { EncodedHistogram, LoadResult } from '#bench/model/load.ts';
import type { FaultTrialRecord } from '#bench/model/record.ts';
import { bytes, micros, millis, perSecond } from '#bench/model/units.ts';

export const INTERVAL = 100;

/** Of one interval. Latencies of good answers are 10 ms, of late ones 600 ms, of failed ones 2 ms. */
export interface Interval {
  readonly good: number;
  readonly late?: number;
  readonly failed?: number;
  readonly dropped?: number;
}

const NONE = '' as EncodedHistogram;

export function loadOf(intervals: readonly Interval[]): LoadResult {
  const sum = (of: (one: Interval) => number | undefined): number =>
    intervals.reduce((total, one) => total + (of(one) ?? 0), 0);
  const [failed, dropped] = [sum((one) => one.failed), sum((one) => one.dropped)];
  const bad = intervals.flatMap((one, i) => ((one.failed ?? 0) + (one.dropped ?? 0) > 0 ? [i] : []));
  const pair = (milliseconds: number, count = 0): [number, number][] =>
    count > 0 ? [[latencyBucket(1_000 * milliseconds), count]] : [];
  return {
    driver: 'http1',
    workers: 1,
    connections: 64,
    window: millis(INTERVAL * intervals.length),
    requests: sum(({ good, late = 0 }) => good + late),
    errors: { connect: 0, tls: 0, reset: failed, timeout: 0, status: 0, framing: 0, body: 0 },
    ...(failed > 0 && { failures: [{ kind: 'reset', count: failed, first: 'reset' }] }),
    errorSamples: [],
    scheduled: sum(({ good, late = 0 }) => good + late) + failed + dropped,
    dropped,
    offered: perSecond(100),
    bytesRead: bytes(0),
    bytesWritten: bytes(0),
    connectionsOpened: 64,
    handshakes: { full: 0, resumed: 0 },
    service: NONE,
    timeline: {
      interval: millis(INTERVAL),
      requests: intervals.map(({ good }) => good),
      latency: {
        interval: millis(INTERVAL),
        counts: intervals.map((one) => [...pair(2, one.failed), ...pair(10, one.good), ...pair(600, one.late)]),
        failed: intervals.map((one) => pair(2, one.failed)),
        dropped: intervals.map((one) => one.dropped ?? 0),
      },
      ...(bad.length > 0 && {
        failures: { first: millis(INTERVAL * bad[0]!), last: millis(INTERVAL * (bad.at(-1)! + 0.5)) },
      }),
    },
    generator: { cpuUser: micros(0), cpuSystem: micros(0), eventLoop: 0 },
  };
}

export interface Told {
  readonly subject: string;
  readonly policies?: FaultTrialRecord['policies'];
  readonly repeat?: number;
  readonly intervals: readonly Interval[];
  /** Of the origin in trouble; the others get the rest. */
  readonly asked?: readonly number[];
  readonly cpu?: number;
  /** By which this trial's steps were later. */
  readonly late?: number;
  /** Share of the host that others used. */
  readonly foreign?: number;
}

export const trialOf = (fault: FaultScenario, told: Told): FaultTrialRecord => {
  const { subject, policies = 'on', repeat = 0, intervals, asked, cpu = 1_000, late = 0, foreign = 0 } = told;
  const none = intervals.map(() => 0);
  return {
    record: 'fault-trial',
    fault: fault.name,
    subject: subject === 'direct' ? { kind: 'direct' } : { kind: 'proxy', name: subject },
    policies,
    given: subject === 'direct' || policies === 'off' ? [] : ['retries'],
    withheld: subject === 'direct' || policies === 'off' ? [] : ['ejection'],
    repeat,
    startedAt: '2026-01-02T03:04:05.000Z',
    nativeConfig: '',
    outcome: {
      state: 'completed',
      load: loadOf(intervals),
      steps: fault.steps.map(({ at, act }) => ({ at: millis(at + late), act, done: millis(at + late + 1) })),
      arrivals: {
        interval: millis(INTERVAL),
        requests: [[...(asked ?? none)], intervals.map(({ good }) => good), none],
        refused: [none, none, none],
      },
      ...(subject !== 'direct' && { cpu: micros(cpu) }),
      host: { steal: 0, foreign },
    },
  };
};
