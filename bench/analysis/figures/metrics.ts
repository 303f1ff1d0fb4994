/** What a completed trial yields: one figure a metric and round. The next metric is one more row. */
import type { CompletedTrial, Turn } from '#bench/model/record.ts';
import type { ProcessReading } from '#bench/model/probe.ts';
import { type Scenario, usesHttp2 } from '#bench/model/scenario.ts';
import { decodeHistogram, type Histogram, quantile } from '#bench/stats/histogram.ts';
import { type Lag, lagOf } from '../verdict/lag.ts';
import type { Unit } from '../words/quantity.ts';

export interface Metric {
  readonly title: string;
  readonly unit: Unit;
  /** Figure of one round; undefined where it was not measured or has too few samples. */
  readonly of: (trial: ReadTrial, scenario: Scenario) => number | undefined;
  /** The same of one turn, where a turn tells it. */
  readonly ofTurn?: (turn: Turn) => number | undefined;
  /** Present where it is a quantile of a time: which, and of which time. 'beside': of a second stream beside the load. */
  readonly quantile?: { readonly time: 'service' | 'response' | 'beside'; readonly q: number };
  /** How a hop is set against direct at this metric; absent where direct has no such figure. */
  readonly versusDirect?: 'difference' | 'ratio';
}

/** A completed trial with its histograms decoded once. */
export interface ReadTrial {
  readonly trial: CompletedTrial;
  readonly service: Histogram;
  /** Open loop only. */
  readonly response?: Histogram;
  readonly lag?: Lag;
  /** Service time of the second stream, where the scenario has one. */
  readonly second?: Histogram;
}

export function readTrial(trial: CompletedTrial): ReadTrial {
  const { load } = trial;
  const service = decodeHistogram(load.service);
  const lag = lagOf(load, service);
  return {
    trial,
    service,
    ...(load.response && { response: decodeHistogram(load.response) }),
    ...(lag && { lag }),
    ...(load.second && { second: decodeHistogram(load.second.service) }),
  };
}

const throughputOf = ({ load }: CompletedTrial): number => load.requests / (load.window / 1_000);
/** Of the load and of what ran beside it. */
export const failuresOf = ({ load: { errors, second } }: Pick<CompletedTrial, 'load'>): number =>
  [...Object.values(errors), ...Object.values(second?.errors ?? {})].reduce((a, b) => a + b, 0);
/** Whatever became of them. */
export const attemptsOf = (trial: Pick<CompletedTrial, 'load'>): number =>
  failuresOf(trial) + trial.load.requests + (trial.load.second?.requests ?? 0);

const perRequest =
  (party: 'proxy' | 'origin' | 'generator', figure: (reading: ProcessReading) => number | undefined) =>
  ({ trial: { probes } }: ReadTrial): number | undefined => {
    const reading = probes[party];
    if (reading === undefined || reading.requests === 0) return undefined;
    const value = figure(reading);
    return value === undefined ? undefined : value / reading.requests;
  };

const perAnswer =
  (party: keyof Turn['cpu']) =>
  ({ cpu, answered }: Turn): number | undefined => {
    const used = cpu[party];
    return used === undefined || answered === 0 ? undefined : used / answered;
  };

const micros = (nanos: number | undefined): number | undefined => (nanos === undefined ? undefined : nanos / 1e3);
type TurnQuantile = keyof Turn['service'];
const service = (title: string, q: number): Metric => ({
  title: `service time ${title}`,
  unit: 'µs',
  ofTurn: ({ service: quantiles }) => quantiles[title as TurnQuantile],
  of: ({ service }) => micros(quantile(service, q)),
  quantile: { time: 'service', q },
  versusDirect: 'difference',
});
const response = (title: string, q: number): Metric => ({
  title: `response time ${title}`,
  unit: 'µs',
  ofTurn: ({ response: quantiles }) => quantiles?.[title as TurnQuantile],
  of: ({ response, lag }) => (response && lag?.tells(q) ? micros(quantile(response, q)) : undefined),
  quantile: { time: 'response', q },
  versusDirect: 'difference',
});

/** Beside a load that saturates the hop; direct's is saturated, too, so that the two are no equal offer and are not compared. */
const beside = (title: string, q: number): Metric => ({
  title: `service time under load ${title}`,
  unit: 'µs',
  of: ({ second }) => micros(second && quantile(second, q)),
  quantile: { time: 'beside', q },
});

export const METRICS = {
  cpuPerRequest: {
    title: 'CPU per request',
    unit: 'µs',
    of: perRequest('proxy', ({ cpu }) => cpu),
    ofTurn: perAnswer('proxy'),
  },
  cpuUserPerRequest: { title: 'user CPU per request', unit: 'µs', of: perRequest('proxy', ({ cpuUser }) => cpuUser) },
  cpuSystemPerRequest: {
    title: 'system CPU per request',
    unit: 'µs',
    of: perRequest('proxy', ({ cpuSystem }) => cpuSystem),
  },
  instructionsPerRequest: {
    title: 'instructions per request',
    unit: 'instructions',
    of: perRequest('proxy', ({ instructions }) => instructions && instructions.user + instructions.kernel),
  },
  instructionsUserPerRequest: {
    title: 'user instructions per request',
    unit: 'instructions',
    of: perRequest('proxy', ({ instructions }) => instructions?.user),
  },
  instructionsKernelPerRequest: {
    title: 'kernel instructions per request',
    unit: 'instructions',
    of: perRequest('proxy', ({ instructions }) => instructions?.kernel),
  },
  throughput: {
    title: 'throughput',
    unit: '/s',
    of: ({ trial }) => (trial.load.requests === 0 ? undefined : throughputOf(trial)),
    ofTurn: ({ rate }) => (rate === 0 ? undefined : rate),
    versusDirect: 'ratio',
  },
  serviceP50: service('p50', 0.5),
  serviceP90: service('p90', 0.9),
  serviceP99: service('p99', 0.99),
  serviceP999: service('p99.9', 0.999),
  responseP50: response('p50', 0.5),
  responseP90: response('p90', 0.9),
  responseP99: response('p99', 0.99),
  responseP999: response('p99.9', 0.999),
  besideP50: beside('p50', 0.5),
  besideP90: beside('p90', 0.9),
  besideP99: beside('p99', 0.99),
  besideP999: beside('p99.9', 0.999),
  contextSwitchesPerRequest: {
    title: 'context switches per request',
    unit: 'per request',
    of: perRequest('proxy', ({ contextSwitches: { voluntary, involuntary } }) => voluntary + involuntary),
  },
  readsPerRequest: {
    title: 'reads per request',
    unit: 'per request',
    of: perRequest('proxy', ({ calls }) => calls?.reads),
  },
  writesPerRequest: {
    title: 'writes per request',
    unit: 'per request',
    of: perRequest('proxy', ({ calls }) => calls?.writes),
  },
  generatorReadsPerRequest: {
    title: 'reads of the generator per request',
    unit: 'per request',
    of: ({ trial: { load } }, { traffic }) =>
      // One answer at a time takes one read, or as many as its body is long.
      usesHttp2(traffic) && load.reads !== undefined && load.requests > 0 ? load.reads / load.requests : undefined,
  },
  residentMemory: { title: 'resident memory, peak', unit: 'B', of: ({ trial }) => trial.probes.proxy?.rss.peak },
  memoryPerConnection: {
    title: 'memory per idle connection',
    unit: 'B/connection',
    of: ({ trial: { probes, load } }, { traffic }) => {
      const rss = probes.proxy?.rss;
      if (traffic.kind !== 'idle' || rss?.before === undefined || load.connections === 0) return undefined;
      return (rss.end - rss.before) / load.connections;
    },
  },
  errorShare: {
    title: 'failed requests',
    unit: 'share',
    of: ({ trial }) => failuresOf(trial) / Math.max(1, attemptsOf(trial)),
  },
  originCpuPerRequest: {
    title: 'CPU of the origin per request',
    unit: 'µs',
    of: perRequest('origin', ({ cpu }) => cpu),
    ofTurn: perAnswer('origin'),
    versusDirect: 'difference',
  },
  generatorCpuPerRequest: {
    title: 'CPU of the generator per request',
    unit: 'µs',
    of: perRequest('generator', ({ cpu }) => cpu),
    ofTurn: perAnswer('generator'),
    versusDirect: 'difference',
  },
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof METRICS;
export const METRIC_NAMES = Object.keys(METRICS) as MetricName[];
export const metric = (name: MetricName): Metric => METRICS[name];

/** Quantiles of a saturated closed loop tell of its queue, not of the hop (METHOD 5): these metrics are left out there. */
export const isLatency = (name: MetricName): boolean => isQuantile(name) && metric(name).quantile?.time !== 'beside';

/** A quantile that only some rounds carry would be an estimate of those rounds: all or none. */
export const isQuantile = (name: MetricName): boolean => metric(name).quantile !== undefined;
