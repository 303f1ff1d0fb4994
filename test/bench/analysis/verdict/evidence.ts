/** A sound trial's load and readings, to be spoiled one thing at a time. */
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import type { TrialEvidence } from '#bench/analysis/verdict/verdict.ts';
import type { EncodedHistogram, LoadResult } from '#bench/model/load.ts';
import type { ProbeReadings, ProcessReading } from '#bench/model/probe.ts';
import type { Placement } from '#bench/model/record.ts';
import { bytes, micros, millis, perSecond } from '#bench/model/units.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';

export function histogramOf(values: readonly number[]): EncodedHistogram {
  const histogram = build({ highestTrackableValue: 60e9, numberOfSignificantValueDigits: 3, bitBucketSize: 32 });
  for (const value of values) histogram.recordValue(value);
  return encodeIntoCompressedBase64(histogram) as EncodedHistogram;
}

export const scenarioNamed = (name: string): TrialEvidence['scenario'] =>
  SCENARIOS.find((scenario) => scenario.name === name)!;

export const PINNED: Placement = { proxy: [1], origin: [0], load: [0], loadWorkers: 1, shared: false };
export const APART: Placement = { proxy: [3], origin: [0], load: [1, 2], loadWorkers: 2, shared: false };
export const UNPINNED: Placement = { proxy: null, origin: null, load: null, loadWorkers: 4, shared: false };
export const ONE_CORE: Placement = { proxy: [0], origin: [0], load: [0], loadWorkers: 1, shared: true };

export const reading = (cpuShare: number, more: Partial<ProcessReading> = {}): ProcessReading => ({
  pids: [1],
  interval: millis(1_000),
  requests: 20_000,
  cpu: micros(cpuShare * 1e6),
  cpuUser: micros(cpuShare * 4e5),
  cpuSystem: micros(cpuShare * 6e5),
  rss: { start: bytes(1e7), end: bytes(1e7), peak: bytes(1e7) },
  contextSwitches: { voluntary: 10, involuntary: 10 },
  instructions: { user: 1e8, kernel: 2e8 },
  cpuShare,
  ...more,
});

export const load = (more: Partial<LoadResult> = {}): LoadResult => ({
  driver: 'http1',
  workers: 1,
  connections: 64,
  window: millis(1_000),
  requests: 20_000,
  errors: { connect: 0, tls: 0, reset: 0, timeout: 0, status: 0, framing: 0, body: 0 },
  errorSamples: [],
  bytesRead: bytes(1e6),
  bytesWritten: bytes(1e6),
  connectionsOpened: 0,
  handshakes: { full: 0, resumed: 0 },
  service: histogramOf([100_000, 110_000, 120_000]),
  timeline: { interval: millis(100), requests: Array.from({ length: 10 }, () => 2_000) },
  generator: { cpuUser: micros(1), cpuSystem: micros(1), eventLoop: 0.5 },
  ...more,
});

export const probes = (shares: { proxy?: number; origin: number; generator: number }): ProbeReadings => ({
  ...(shares.proxy !== undefined && { proxy: reading(shares.proxy) }),
  origin: reading(shares.origin),
  generator: reading(shares.generator),
  host: {
    steal: 0,
    busy: 0.8,
    loadAverage: 1,
    foreign: 0,
    throttled: micros(0),
    tcp: { listenOverflows: 0, retransmits: 0 },
  },
  originCounts: { connections: 64, requests: 20_000 },
  unavailable: [],
});

/** Through a proxy, nothing saturated but the proxy, nothing to complain about. */
export const sound = (more: Partial<TrialEvidence> = {}): TrialEvidence => ({
  scenario: scenarioNamed('http-small'),
  subject: { kind: 'proxy', name: 'l7-http' },
  load: load(),
  probes: probes({ proxy: 0.98, origin: 0.3, generator: 0.4 }),
  placement: PINNED,
  ...more,
});

export const open = (more: Partial<LoadResult> = {}): LoadResult =>
  load({
    scheduled: 20_000,
    dropped: 0,
    offered: perSecond(20_000),
    response: histogramOf([110_000, 120_000, 130_000]),
    scheduleLag: histogramOf([1_000, 2_000, 3_000]),
    ...more,
  });
