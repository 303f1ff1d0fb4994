/** One trial's verdict from its own evidence: completed, with what bound it, or invalid, with why (METHOD 16 and 17). Pure. */
import type { LoadResult } from '#bench/model/load.ts';
import type { ProbeReadings } from '#bench/model/probe.ts';
import type { Bound, Placement } from '#bench/model/record.ts';
import { type Scenario, streamsOf, type Subject } from '#bench/model/scenario.ts';
import { type Warning, WARNINGS, type WarningCode } from '#bench/model/warning.ts';
import { decodeHistogram, samplesFor } from '#bench/stats/histogram.ts';
import { boundOf, FOREIGN_LIMIT, saturatedOfOurs } from './bound.ts';
import { halvesDrift } from './drift.ts';
import { failuresByKind, failureWords, nameOf } from './failures.ts';
import { connectionsNeeded, LAG_SHARE, lagOf, waitedForConnection } from './lag.ts';
import { attemptsOf, failuresOf } from '../figures/metrics.ts';
import { formatQuantity, percent } from '../words/quantity.ts';

export interface TrialEvidence {
  readonly scenario: Scenario;
  readonly subject: Subject;
  readonly load: LoadResult;
  readonly probes: ProbeReadings;
  readonly placement: Placement;
  /** Present where load came in so many turns among other subjects': what the host did meanwhile met all alike. */
  readonly turns?: number;
  /** What only the one who ran the trial can know: 'proxy-died', 'wrong-process', … */
  readonly warnings?: readonly Warning[];
}

export type TrialVerdict =
  | { readonly state: 'completed'; readonly bound: Bound; readonly warnings: Warning[] }
  | { readonly state: 'invalid'; readonly reasons: [Warning, ...Warning[]] };

export const STEAL_LIMIT = 0.05;
const SHORTFALL_LIMIT = 0.01;
/** Of all connections: with so many busy at once requests wait for one whatever the subject does. */
const BUSY_LIMIT = 0.9;
/** Of the service time's p99: what waits no longer than this for a connection is not told. */
const WAITED_SHARE = 0.1;
/** Quantiles whose withholding is told. */
const READ = [
  { name: 'p50', q: 0.5 },
  { name: 'p90', q: 0.9 },
  { name: 'p99', q: 0.99 },
];
/** Requests below which connections ÷ requests says nothing of pooling. */
const POOLING_NEEDS = 1_000;

const isIdle = ({ scenario }: TrialEvidence): boolean => scenario.traffic.kind === 'idle';
const sampled = ({ load }: TrialEvidence, code: string): string | undefined =>
  load.errorSamples.find((sample) => sample.includes(code));

/** Microseconds that one request in a hundred waited for a connection or longer, where it is told. */
function waitedTooLong(load: LoadResult): number | undefined {
  const waited = waitedForConnection(load);
  return waited === undefined || waited <= WAITED_SHARE * (lagOf(load)?.serviceP99 ?? 0) ? undefined : waited;
}

/** What requests wait for. */
function placesWords({ traffic }: Scenario, { connections }: LoadResult): string {
  const streams = streamsOf(traffic);
  return streams === 1 ? `${connections} connections` : `${connections} connections of ${streams} streams`;
}

type Found = { readonly message: string; readonly evidence: Warning['evidence'] };
type Rule = (trial: TrialEvidence) => Found | undefined;

/** One rule a code; a code that is absent here is reported by whoever sees it, or follows from the bound. */
const RULES: Partial<Record<WarningCode, Rule>> = {
  'no-requests': (trial) =>
    trial.load.requests === 0 && !isIdle(trial)
      ? { message: 'no request completed in the window', evidence: { failed: failuresOf(trial) } }
      : undefined,
  'errors-above-limit': ({ load, scenario }) => {
    const [failed, all] = [failuresOf({ load }), attemptsOf({ load })];
    const share = failed / Math.max(1, all);
    if (share <= scenario.errorLimit) return undefined;
    const kinds = failuresByKind(load);
    const first = kinds[0]?.first;
    return {
      message: `${failed} of ${all} requests failed (limit ${percent(scenario.errorLimit)}): ${failureWords(kinds)}${first === undefined ? '' : `; the first: ${first}`}`,
      evidence: {
        share,
        limit: scenario.errorLimit,
        ...Object.fromEntries(kinds.map((kind) => [nameOf(kind), kind.count])),
      },
    };
  },
  'ports-exhausted': (trial) => {
    const sample = sampled(trial, 'EADDRNOTAVAIL');
    return sample === undefined ? undefined : { message: 'no local port was left', evidence: { sample } };
  },
  'files-exhausted': (trial) => {
    const sample = sampled(trial, 'EMFILE') ?? sampled(trial, 'ENFILE');
    return sample === undefined ? undefined : { message: 'no file descriptor was left', evidence: { sample } };
  },
  'accept-queue-full': ({ probes: { host } }) =>
    host.tcp.listenOverflows > 0
      ? {
          message: `${host.tcp.listenOverflows} connections overflowed an accept queue`,
          evidence: { listenOverflows: host.tcp.listenOverflows },
        }
      : undefined,
  steal: ({ turns, probes: { host } }) =>
    turns === undefined && host.steal > STEAL_LIMIT
      ? {
          message: `the hypervisor took ${percent(host.steal)} of the CPU (limit ${percent(STEAL_LIMIT)})`,
          evidence: { steal: host.steal, limit: STEAL_LIMIT },
        }
      : undefined,
  'steal-shared': ({ turns, probes: { host } }) =>
    turns !== undefined && host.steal > STEAL_LIMIT
      ? {
          message: `the hypervisor took ${percent(host.steal)} of the CPU during these turns`,
          evidence: { steal: host.steal, limit: STEAL_LIMIT },
        }
      : undefined,
  'schedule-lag': ({ load }) => {
    const lag = lagOf(load);
    if (!lag?.spoils) return undefined;
    return {
      message: `half of the requests were sent ${formatQuantity(lag.at(0.5), 'µs')} late or more by the generator’s own doing, longer than the service time’s p99 of ${formatQuantity(lag.serviceP99, 'µs')}`,
      evidence: { lagP50: lag.at(0.5), serviceP99: lag.serviceP99 },
    };
  },
  'response-unresolved': ({ load }) => {
    const lag = lagOf(load);
    if (lag === undefined || lag.spoils || load.response === undefined) return undefined;
    const withheld = READ.filter(({ q }) => load.requests >= samplesFor(q) && !lag.tells(q));
    if (withheld.length === 0) return undefined;
    const named = withheld.map(({ name, q }) => `${name} (lag ${formatQuantity(lag.at(q), 'µs')})`);
    return {
      message: `the generator’s own lag is more than ${percent(LAG_SHARE)} of the response time at ${named.join(', ')}`,
      evidence: Object.fromEntries(withheld.map(({ name, q }) => [name, lag.at(q)])),
    };
  },
  'out-of-connections': ({ scenario, load, probes, placement }) => {
    const needed = connectionsNeeded(load) ?? 0;
    const places = load.connections * streamsOf(scenario.traffic);
    const isOwn = needed >= BUSY_LIMIT * places && saturatedOfOurs(load, probes, placement) === undefined;
    if (!isOwn || waitedTooLong(load) === undefined) return undefined;
    const [rate, each] = [load.offered ?? 0, decodeHistogram(load.service).getValueAtPercentile(50) / 1e3];
    return {
      message: `out of connections: ${formatQuantity(rate, '/s')} that take ${formatQuantity(each, 'µs')} each (service time p50) keep ${Math.ceil(needed)} busy at once, and there are ${placesWords(scenario, load)}`,
      evidence: { connections: load.connections, needed },
    };
  },
  'waited-for-connections': ({ scenario, load }) => {
    const waited = waitedTooLong(load);
    if (waited === undefined) return undefined;
    const busy = Math.ceil((load.offered ?? 0) * (decodeHistogram(load.service).getValueAtPercentile(99) / 1e9));
    return {
      message: `more than one request in a hundred waited ${formatQuantity(waited, 'µs')} or longer, as all ${placesWords(scenario, load)} were busy; at this rate and a service time p99 as here ${busy} are busy at once`,
      evidence: { waitedP99: waited, connections: load.connections, needed: busy },
    };
  },
  'direct-drifted': ({ subject, load, turns }) =>
    subject.kind === 'direct' && turns === undefined ? halvesDrift(load) : undefined,
  'shared-cores': ({ placement, probes }) =>
    placement.shared && probes.origin ? { message: 'load or origin ran on the proxy’s core', evidence: {} } : undefined,
  unpinned: ({ placement }) =>
    placement.proxy === null || placement.load === null || placement.origin === null
      ? { message: 'not every process was pinned to cores', evidence: {} }
      : undefined,
  'no-hardware-counters': ({ probes }) =>
    probes.proxy !== undefined && probes.proxy.instructions === undefined
      ? {
          message: 'instructions were not counted',
          evidence: { reason: probes.unavailable.find((line) => line.includes('instructions')) ?? 'not read' },
        }
      : undefined,
  throttled: ({ probes: { host } }) =>
    host.throttled > 0
      ? {
          message: `the CPU quota stopped this group for ${formatQuantity(host.throttled, 'µs')}`,
          evidence: { throttled: host.throttled },
        }
      : undefined,
  'foreign-load': ({ probes: { host } }) =>
    host.foreign > FOREIGN_LIMIT
      ? {
          message: `other processes used ${percent(host.foreign)} of the CPU`,
          evidence: { foreign: host.foreign, limit: FOREIGN_LIMIT },
        }
      : undefined,
  'offered-not-achieved': ({ load }) => {
    if (load.scheduled === undefined) return undefined;
    const shortfall = 1 - load.requests / Math.max(1, load.scheduled);
    if (shortfall <= SHORTFALL_LIMIT) return undefined;
    return {
      message: `${load.requests} of ${load.scheduled} scheduled requests completed in the window; ${load.dropped ?? 0} were never sent`,
      evidence: { scheduled: load.scheduled, completed: load.requests, dropped: load.dropped ?? 0 },
    };
  },
  'not-pooled': ({ scenario: { traffic }, probes: { originCounts } }) => {
    if (traffic.kind !== 'http' || traffic.connection !== 'keep-alive' || originCounts === undefined) return undefined;
    const { connections, requests } = originCounts;
    if (requests < POOLING_NEEDS || connections < requests / 2) return undefined;
    return {
      message: `the origin saw ${connections} connections for ${requests} requests`,
      evidence: { connections, requests },
    };
  },
  'few-samples': (trial) => {
    const needed = samplesFor(0.99);
    if (isIdle(trial) || trial.load.requests === 0 || trial.load.requests >= needed) return undefined;
    return {
      message: `${trial.load.requests} requests carry no p99 (needs ${needed})`,
      evidence: { requests: trial.load.requests, needed },
    };
  },
};

/** The bound as advice: what was saturated instead of the subject. */
const BOUND_CODES = { generator: 'generator-bound', origin: 'origin-bound', host: 'host-bound' } as const;

function boundWarning(bound: Bound, { subject, probes }: TrialEvidence): Warning | undefined {
  if (bound === 'proxy' || bound === 'none') return undefined;
  if (bound === 'origin' && subject.kind === 'direct') return undefined; // direct's own capacity
  const code = BOUND_CODES[bound];
  const shares = {
    ...(probes.proxy && { proxy: probes.proxy.cpuShare }),
    ...(probes.origin && { origin: probes.origin.cpuShare }),
    generator: probes.generator.cpuShare,
  };
  const listed = Object.entries(shares).map(([party, share]) => `${party} ${percent(share)}`);
  const { foreign } = probes.host;
  if (foreign > FOREIGN_LIMIT) listed.push(`processes other than ours ${percent(foreign)} of the host`);
  return { code, message: `CPU share of their cores: ${listed.join(', ')}`, evidence: shares };
}

export function judgeTrial(trial: TrialEvidence): TrialVerdict {
  const bound = isIdle(trial) ? 'none' : boundOf(trial.load, trial.probes, trial.placement);
  const byRule = Object.entries(RULES).flatMap(([code, rule]): Warning[] => {
    const found = rule(trial);
    return found ? [{ code: code as WarningCode, ...found }] : [];
  });
  const limited = boundWarning(bound, trial);
  const warnings = [...(trial.warnings ?? []), ...byRule, ...(limited ? [limited] : [])];
  const [first, ...others] = warnings.filter(({ code }) => WARNINGS[code].severity === 'invalid');
  return first ? { state: 'invalid', reasons: [first, ...others] } : { state: 'completed', bound, warnings };
}
