/**
 * A run that nobody measured: seeded records with known true costs, of the size of the anchors' figures, put through the same plan and
 * the same verdict as a real run. Some trials fail, some are invalid, and one proxy has a name that a careless page would execute.
 */
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { slowestCapacity } from '#bench/analysis/figures/capacity.ts';
import { judgeTrial } from '#bench/analysis/verdict/verdict.ts';
import { latencyBucket } from '#bench/model/latency-bucket.ts';
import type { EncodedHistogram, LoadResult } from '#bench/model/load.ts';
import type { ProbeReadings, ProcessReading } from '#bench/model/probe.ts';
import {
  type MicroRecord,
  type Placement,
  type RunRecord,
  type RunRecords,
  SCHEMA_VERSION,
  type SubjectRecord,
  type TrialRecord,
} from '#bench/model/record.ts';
import { proxies } from '#proxies/registry.ts';
import { type Loop, type Scenario, hopName, hopsOf } from '#bench/model/scenario.ts';
import { bytes, micros, millis, perSecond } from '#bench/model/units.ts';
import { mulberry32 } from '#proxies/platform/random.ts';
import { planGenerations } from '#bench/plan/generations.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';

export interface Truth {
  readonly name: string;
  /** As the registry has it, or the name, where absent. */
  readonly family?: string;
  readonly layer: SubjectRecord['layer'];
  readonly tls?: boolean;
  /** Microseconds per request in http-small or tls-keepalive, and the user part of it. */
  readonly cpu: number;
  readonly userShare: number;
  /** Microseconds that its hop adds to an unloaded request. */
  readonly hop: number;
  readonly idleBytes: number;
}

export const ODD_NAME = '<script>alert("proxy & co")</script>';

export const TRUTHS: readonly Truth[] = [
  { name: 'direct', layer: 'direct', cpu: 0, userShare: 0, hop: 0, idleBytes: 0 },
  { name: 'l4-tcp', layer: 'l4', cpu: 8.6, userShare: 0.28, hop: 46, idleBytes: 8_400 },
  { name: 'l7-http', layer: 'l7', cpu: 18.2, userShare: 0.45, hop: 68, idleBytes: 5_300 },
  { name: 'l7-tls', layer: 'l7', tls: true, cpu: 42.1, userShare: 0.62, hop: 94, idleBytes: 31_000 },
  { name: 'node-http', layer: 'l7', cpu: 148, userShare: 0.87, hop: 212, idleBytes: 18_300 },
  { name: ODD_NAME, layer: 'l7', cpu: 24.4, userShare: 0.5, hop: 80, idleBytes: 9_000 },
];

export interface SyntheticOptions {
  readonly seed?: number;
  readonly rounds?: number;
  readonly scenarios?: readonly string[];
  /** Scenarios that hopcost does not know. */
  readonly own?: readonly Scenario[];
  readonly subjects?: readonly Truth[];
  /** Relative standard deviation from round to round. */
  readonly noise?: number;
  /** Whether some trials fail or are invalid. */
  readonly mishaps?: boolean;
  readonly micro?: boolean;
  readonly instructions?: boolean;
  readonly ended?: boolean;
  /** Subjects that run twice, in every scenario. */
  readonly again?: readonly string[];
  /** Subjects that also stand in a row, up to so many times; each hop costs as much as one alone, times `bend` for every further one. */
  readonly chains?: { readonly of: readonly string[]; readonly hops: number; readonly bend?: number };
}

const ORIGIN_CPU = 9.2;
const GENERATOR_CPU = 10.6;
export const WINDOW = 1_000;
const STARTED = Date.UTC(2026, 4, 4, 9, 30);
export const PLACEMENT: Placement = { proxy: [1], origin: [0], load: [0], loadWorkers: 1, shared: false };

export function syntheticRun({
  seed = 1,
  rounds = 12,
  scenarios: names = ['http-small', 'tls-keepalive', 'idle-connections', 'http-paced-50'],
  own = [],
  subjects: truths = TRUTHS,
  noise = 0.03,
  mishaps = true,
  micro = true,
  instructions = false,
  ended = true,
  again = [],
  chains = { of: [], hops: 1 },
}: SyntheticOptions = {}): RunRecords {
  const random = mulberry32(seed);
  const scenarios = [...SCENARIOS.filter(({ name }) => names.includes(name)), ...own];
  const facts = truths.map(({ name, layer, tls }) => ({
    name,
    layer,
    capabilities: new Set(tls ? ['tls-termination'] : []),
    ...(again.includes(name) && { again: names }),
  }));
  const rows = facts
    .filter(({ name }) => chains.of.includes(name))
    .flatMap((one) => Array.from({ length: chains.hops - 1 }, (_, i) => ({ ...one, hops: i + 2 })));
  const plan = planGenerations({ scenarios, subjects: [...facts, ...rows], generations: rounds, seed });
  const trials: TrialRecord[] = [];
  for (const [index, { scenario, subject, generation, position }] of plan.flat().entries()) {
    const truth = inARow(
      truths.find(({ name }) => name === hopName(subject))!,
      hopsOf(subject),
      chains.bend,
    );
    const loop = resolve(scenario, trials);
    const id = {
      record: 'trial' as const,
      scenario: scenario.name,
      subject,
      generation,
      position,
      startedAt: new Date(STARTED + index * 2_500).toISOString(),
    };
    if (mishaps && truth.name === 'node-http' && generation === 1 && scenario.name === 'http-small') {
      const message = 'expected the proxy to be ready within 5 s, but it exited with code 1; read its last output';
      trials.push({
        ...id,
        state: 'failed',
        error: { code: 'ProxyExited', message, detail: 'Error: EADDRINUSE <b>bold</b>' },
      });
      continue;
    }
    const { load, probes } = measure({ scenario, truth, loop, random, noise, instructions });
    const disturbed = mishaps && generation === 2 && position === 1;
    const host = { ...probes.host, steal: disturbed ? 0.083 : probes.host.steal };
    const verdict = judgeTrial({ scenario, subject, load, probes: { ...probes, host }, placement: PLACEMENT });
    trials.push(
      verdict.state === 'completed'
        ? { ...id, loop, ...verdict, load, probes }
        : { ...id, loop, ...verdict, load, probes: { ...probes, host } },
    );
  }
  return {
    run: runRecord(scenarios, { seed, rounds, instructions }),
    subjects: [
      ...truths.map(subjectRecord),
      ...rows.map(({ name, hops }) => {
        const record = subjectRecord(truths.find((truth) => truth.name === name)!);
        return { ...record, isReference: false, subject: { kind: 'proxy' as const, name, hops } };
      }),
    ],
    trials,
    micro: micro ? MICRO : [],
    ...(ended && {
      end: { record: 'end', state: 'completed', finishedAt: new Date(STARTED + trials.length * 2_500).toISOString() },
    }),
  };
}

function inARow(truth: Truth, hops: number, bend = 1): Truth {
  if (hops < 2) return truth;
  const times = 1 + bend * (hops - 1);
  return { ...truth, cpu: truth.cpu * times, hop: truth.hop * times };
}

function resolve({ loop }: Scenario, trials: readonly TrialRecord[]): Loop {
  if (loop.kind !== 'paced') return loop;
  const { connections, arrivals, fraction } = loop;
  const capacity = slowestCapacity(
    trials.filter(({ generation }) => generation === 0),
    loop.of,
  );
  return { kind: 'open', connections, arrivals, offered: perSecond(Math.round((capacity ?? 4_000) * fraction)) };
}

/** Sum of twelve uniforms less six: near enough to a standard normal. */
const normal = (random: () => number): number => Array.from({ length: 12 }, random).reduce((a, b) => a + b, -6);

function histogram(random: () => number, count: number, median: number, spread: number): EncodedHistogram {
  const histogram = build({ highestTrackableValue: 60e9, numberOfSignificantValueDigits: 3, bitBucketSize: 32 });
  const drawn = Math.min(count, 1_500);
  for (let i = 0; i < drawn; i++) {
    const weight = Math.floor(((i + 1) * count) / drawn) - Math.floor((i * count) / drawn);
    const tail = random() < 0.015 ? 1 + 6 * random() : 1;
    histogram.recordValueWithCount(
      Math.max(1, Math.round(median * 1e3 * tail * Math.exp(spread * normal(random)))),
      weight,
    );
  }
  return encodeIntoCompressedBase64(histogram) as EncodedHistogram;
}

/** A step of the latency over time: most requests near the median, one in fifty at three times of it. */
function latencyCounts(random: () => number, requests: number, median: number): [number, number][] {
  const counts = new Map<number, number>();
  for (let i = 0; i < 50; i++) {
    const bucket = latencyBucket(median * Math.exp(0.16 * normal(random)) * (i === 0 ? 3 : 1));
    counts.set(bucket, (counts.get(bucket) ?? 0) + Math.round(requests / 50));
  }
  return [...counts].filter(([, count]) => count > 0).toSorted(([a], [b]) => a - b);
}

/** A small stream beside a saturating load: a request of it waits about as long as the load's own. */
function secondOf(
  { connections, offered }: NonNullable<Scenario['second']>,
  random: () => number,
  service: number,
): NonNullable<LoadResult['second']> {
  const requests = Math.round((offered * WINDOW) / 1_000);
  return {
    connections,
    offered,
    scheduled: requests,
    dropped: 0,
    requests,
    errors: { connect: 0, tls: 0, reset: 0, timeout: 0, status: 0, framing: 0, body: 0 },
    service: histogram(random, requests, service * 1.1, 0.2),
    generatorLag: histogram(random, requests, 40, 0.3),
  };
}

interface Measurement {
  readonly scenario: Scenario;
  readonly truth: Truth;
  readonly loop: Loop;
  readonly random: () => number;
  readonly noise: number;
  readonly instructions: boolean;
  /** Service time over that of an unloaded request. */
  readonly queueing?: number;
}

export function measure({ scenario, truth, loop, random, noise, instructions, queueing = 1 }: Measurement): {
  load: LoadResult;
  probes: ProbeReadings;
} {
  const wobble = (): number => Math.exp(noise * normal(random));
  const idle = scenario.traffic.kind === 'idle';
  // L4 passes TLS through, so that the origin pays for it.
  const encrypted = 'tls' in scenario.traffic && scenario.traffic.tls !== 'none';
  const cpu = truth.cpu * wobble();
  const origin = (ORIGIN_CPU + (encrypted && !truth.tls ? 19 : 0)) * wobble();
  const generator = (GENERATOR_CPU + (encrypted ? 14 : 0)) * wobble();
  const limit = Math.min(cpu > 0 ? 1e6 / cpu : Infinity, 1e6 / (origin + generator));
  const rate = idle ? 0 : loop.kind === 'open' ? loop.offered : 0.985 * limit;
  const requests = Math.round(rate * (WINDOW / 1_000));
  const quiet = (38 + truth.hop) * queueing * wobble();
  const service = loop.kind === 'open' ? quiet : Math.max(quiet, (loop.connections / Math.max(1, rate)) * 1e6);
  const open = loop.kind === 'open';
  const load: LoadResult = {
    driver: 'http1',
    workers: 1,
    connections: loop.connections,
    window: millis(WINDOW),
    requests,
    errors: { connect: 0, tls: 0, reset: 0, timeout: 0, status: 0, framing: 0, body: 0 },
    errorSamples: [],
    bytesRead: bytes(requests * 310),
    bytesWritten: bytes(requests * 60),
    connectionsOpened: 0,
    handshakes: { full: 0, resumed: 0 },
    service: histogram(random, requests, service, 0.14),
    ...(open && {
      scheduled: requests,
      dropped: 0,
      offered: loop.offered,
      response: histogram(random, requests, service + 9, 0.18),
      scheduleLag: histogram(random, requests, 2, 0.3),
    }),
    ...(scenario.second && { second: secondOf(scenario.second, random, service) }),
    timeline: {
      interval: millis(100),
      requests: Array.from({ length: 10 }, () => Math.round((requests / 10) * Math.exp(0.006 * normal(random)))),
      warmup: [0.35, 0.7, 0.9, 0.97, 1, 1].map((share) => Math.round((requests / 10) * share)),
      latency: {
        interval: millis(100),
        counts: Array.from({ length: 10 }, () => latencyCounts(random, requests / 10, service + (open ? 9 : 0))),
      },
    },
    generator: {
      cpuUser: micros(generator * requests * 0.5),
      cpuSystem: micros(generator * requests * 0.5),
      eventLoop: 0.6,
    },
  };
  const rss = 47e6 + truth.idleBytes * (idle ? loop.connections : 64) * wobble();
  return {
    load,
    probes: {
      ...(truth.layer !== 'direct' && {
        proxy: reading(100, requests, cpu, truth.userShare, {
          rss: Math.round(rss),
          ...(instructions && { instructions: { user: cpu * 1_150 * requests, kernel: 28_400 * requests } }),
        }),
      }),
      origin: reading(101, requests, origin, 0.4, { rss: 52e6 }),
      generator: reading(102, requests, generator, 0.5, { rss: 88e6 }),
      host: {
        steal: 0.002,
        busy: 0.9,
        loadAverage: 1.6,
        foreign: 0.02,
        throttled: micros(0),
        tcp: { listenOverflows: 0, retransmits: 0 },
      },
      originCounts: { connections: 64, requests },
      unavailable: instructions ? [] : ['instructions: no hardware counters on this host'],
    },
  };
}

function reading(
  pid: number,
  requests: number,
  cpu: number,
  userShare: number,
  { rss, instructions }: { rss: number; instructions?: { user: number; kernel: number } },
): ProcessReading {
  const total = cpu * requests;
  return {
    pids: [pid],
    interval: millis(WINDOW),
    requests,
    cpu: micros(total),
    cpuUser: micros(total * userShare),
    cpuSystem: micros(total * (1 - userShare)),
    rss: { before: bytes(47e6), start: bytes(rss), end: bytes(rss), peak: bytes(rss) },
    contextSwitches: { voluntary: Math.round(requests * 0.02), involuntary: 12 },
    cpuShare: total / (WINDOW * 1_000),
    ...(instructions && { instructions }),
  };
}

const runRecord = (
  scenarios: readonly Scenario[],
  { seed, rounds, instructions }: { seed: number; rounds: number; instructions: boolean },
): RunRecord => ({
  record: 'run',
  schema: SCHEMA_VERSION,
  run: '2026-05-04T09-30-00-standard',
  startedAt: new Date(STARTED).toISOString(),
  hopcost: '0.1.0',
  revision: '0123456789abcdef0123456789abcdef01234567',
  command: ['hopcost', 'bench', '--preset', 'standard', '--seed', String(seed)],
  preset: 'standard',
  isForFigures: true,
  seed,
  rounds,
  warmup: millis(600),
  window: millis(WINDOW),
  scenarios: [...scenarios],
  environment: {
    cpuModel: 'Example CPU 9000 @ 2.90GHz',
    cores: 2,
    memory: bytes(8 * 2 ** 30),
    kernel: '6.1.0-18-amd64',
    os: 'Debian GNU/Linux 12 (bookworm)',
    platform: 'linux-x64',
    node: 'v26.10.0',
    virtualised: 'kvm',
    governor: null,
    cgroup: { cpuQuota: null, cpuset: '0-1', memoryLimit: null },
    openFiles: 1_048_576,
    ephemeralPorts: 28_232,
    hardwareCounters: instructions,
    loadAverage: 0.31,
    fingerprint: 'a1b2c3d4e5f60718',
  },
  placement: PLACEMENT,
});

const subjectRecord = ({ name, family, layer, tls }: Truth): SubjectRecord => ({
  record: 'subject',
  subject: layer === 'direct' ? { kind: 'direct' } : { kind: 'proxy', name },
  family: family ?? proxies.get(name)?.family ?? name,
  layer,
  tls: tls ?? false,
  isReference: proxies.get(name)?.isReference ?? false,
  isHosted: proxies.has(name) ? proxies.get(name)!.isHosted === true : layer !== 'direct',
  summary:
    layer === 'direct' ? 'no proxy: the load goes straight to the origin' : `${layer.toUpperCase()} proxy for tests`,
  version: 'v26.10.0',
  nativeConfig:
    layer === 'direct'
      ? ''
      : JSON.stringify({ listener: { port: 0 }, name, note: '</pre><script>alert(1)</script>' }, null, 2),
  preflight: [{ rule: 'answers with the origin’s nonce', passed: true, detail: '' }],
});

const micro = (suite: string, task: string, perRequest: number, median: number): MicroRecord => ({
  record: 'micro',
  suite,
  task,
  perRequest,
  median,
  low: median * 0.98,
  high: median * 1.03,
  samples: 5_000,
});

const MICRO: readonly MicroRecord[] = [
  micro('http', 'scan a request head', 1, 610),
  micro('http', 'scan a response head', 1, 540),
  micro('http', 'rewrite the head', 2, 380),
  micro('cluster', 'pick an endpoint', 1, 22),
  micro('cluster', 'take from and return to the pool', 1, 95),
  micro('exchange', 'a request and its answer', 1, 2_900),
  micro('exchange-in-place', 'a request and its answer', 1, 4_300),
  micro('relay', 'a request and its answer', 1, 31),
  micro('sockets', 'two reads and two writes', 1, 7_900),
  micro('load', 'record into a histogram', 0, 38),
];
