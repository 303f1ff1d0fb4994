/** The turns of one subject in one scenario and generation, added up to what a trial's record holds. Pure but for the readings handed in. */
import { countOf, quantileOf } from '#bench/load/histogram.ts';
import type { StageTurn } from '#bench/load/stage.ts';
import { resultOf, sumTallies, type Tally } from '#bench/load/tally.ts';
import type { LoadJob, LoadResult } from '#bench/model/load.ts';
import type { ProbeReadings, ProcessReading } from '#bench/model/probe.ts';
import type { Placement, Turn } from '#bench/model/record.ts';
import { micros, millis, perSecond } from '#bench/model/units.ts';
import type { Calls } from '#bench/probes/call-meter.ts';
import type { CpuUse } from '#bench/probes/cpu-meter.ts';
import { foreignShare, hostFigures, type HostSnapshot } from '#bench/probes/host.ts';

/** What was read at the two edges of one turn. */
export interface TurnReading {
  readonly round: number;
  /** Milliseconds since the generation's first round began. */
  readonly at: number;
  /** Milliseconds of load, and of its beginning that is in no histogram. */
  readonly length: number;
  readonly discard: number;
  readonly turn: StageTurn;
  readonly proxy?: CpuUse;
  /** Of the proxy. */
  readonly calls?: Calls;
  readonly origin?: CpuUse;
  readonly generator: CpuUse;
  readonly host: { readonly before: HostSnapshot; readonly after: HostSnapshot };
}

/** What is known of a party's processes over the whole generation, and of no single turn. */
export type PartyOver = Pick<ProcessReading, 'pids' | 'rss' | 'cpuUser' | 'cpuSystem' | 'contextSwitches'>;

export interface Parties {
  readonly proxy?: PartyOver;
  readonly origin?: PartyOver;
  readonly generator: PartyOver;
}

const failuresOf = ({ errors }: Tally): number => Object.values(errors).reduce((sum, count) => sum + count, 0);

export function turnOf({ round, at, length, discard, turn, proxy, origin, generator }: TurnReading): Turn {
  const { tally, took } = turn;
  const isOpen = tally.scheduled > 0;
  const quantiles = (counts: Tally['service']): Turn['service'] => {
    const of = (q: number): number | undefined => quantileOf(counts, q);
    const [p50, p90, p99] = [of(0.5), of(0.9), of(0.99)];
    const [a, b, c] = [p50, p90, p99].map((nanos) => (nanos === undefined ? undefined : micros(nanos / 1e3)));
    return {
      ...(a !== undefined && { p50: a }),
      ...(b !== undefined && { p90: b }),
      ...(c !== undefined && { p99: c }),
    };
  };
  return {
    round,
    at: millis(at),
    took: millis(took),
    answered: tally.answered,
    failed: failuresOf(tally),
    rate: perSecond((1_000 * tally.inTime) / (length - discard)),
    cpu: {
      ...(proxy && { proxy: micros(proxy.cpu) }),
      ...(origin && { origin: micros(origin.cpu) }),
      generator: micros(generator.cpu),
    },
    service: quantiles(tally.service),
    ...(isOpen && { response: quantiles(tally.response) }),
  };
}

/** At least one turn. `offered`: of an open loop. */
export function loadOf(job: LoadJob, readings: readonly TurnReading[]): LoadResult {
  const last = readings.at(-1)!;
  const window = readings.reduce((sum, { length, discard }) => sum + length - discard, 0);
  const { length } = last;
  const pacing = last.turn.pacing;
  const sum = (of: (reading: TurnReading) => number): number =>
    readings.reduce((total, reading) => total + of(reading), 0);
  const result = resultOf(job, sumTallies(readings.map(({ turn }) => turn.tally)), {
    window: millis(window),
    // One interval a turn.
    timeline: { interval: millis(length), requests: readings.map(({ turn }) => turn.tally.inTime) },
    generator: {
      cpuUser: micros(sum(({ turn }) => turn.generator.cpuUser)),
      cpuSystem: micros(sum(({ turn }) => turn.generator.cpuSystem)),
      eventLoop: sum(({ turn }) => turn.generator.eventLoop) / readings.length,
    },
    ...(pacing && { pacing }),
  });
  return {
    ...result,
    ...(job.traffic.kind === 'http' && { bodiesChecked: last.turn.bodiesChecked }),
  };
}

const coresOf = (cores: readonly number[] | null): number => Math.max(1, cores?.length ?? 1);

export function probesOf(
  readings: readonly TurnReading[],
  parties: Parties,
  placement: Placement,
  unavailable: readonly string[],
): ProbeReadings {
  const interval = readings.reduce((sum, { turn }) => sum + turn.took, 0);
  const requests = readings.reduce((sum, { turn }) => sum + turn.tally.answered, 0);
  const reading = (
    party: 'proxy' | 'origin' | 'generator',
    over: PartyOver,
    cores: readonly number[] | null,
  ): ProcessReading => {
    const uses = readings.flatMap((one) => one[party] ?? []);
    const cpu = uses.reduce((sum, use) => sum + use.cpu, 0);
    const demand = uses.reduce((sum, use) => sum + use.demand, 0);
    const slices = uses.reduce((sum, use) => sum + use.slices, 0);
    const { voluntary, involuntary } = over.contextSwitches;
    const share = (part: number, rest: number): number => (part + rest > 0 ? part / (part + rest) : 1);
    const user = share(over.cpuUser, over.cpuSystem);
    const own = Math.round(slices * share(voluntary, involuntary));
    return {
      pids: [...over.pids],
      interval: millis(interval),
      requests,
      cpu: micros(cpu),
      cpuUser: micros(cpu * user),
      cpuSystem: micros(cpu * (1 - user)),
      rss: over.rss,
      contextSwitches: { voluntary: own, involuntary: slices - own },
      cpuShare: interval > 0 ? cpu / 1e3 / interval / coresOf(cores) : 0,
      ...(interval > 0 && { demand: demand / 1e3 / interval }),
    };
  };
  const calls = callsOver(readings);
  const proxy = parties.proxy && {
    ...reading('proxy', parties.proxy, placement.proxy),
    ...(calls && { calls }),
  };
  const origin = parties.origin && reading('origin', parties.origin, placement.origin);
  const generator = reading('generator', parties.generator, placement.load);
  const ours = [proxy, origin, generator].reduce((sum, one) => sum + (one?.cpu ?? 0), 0);
  const figures = hostOver(readings);
  const { cpuTime: _, ...host } = figures;
  return {
    ...(proxy && { proxy }),
    ...(origin && { origin }),
    generator,
    host: { ...host, foreign: foreignShare(figures, ours) },
    unavailable: [...unavailable],
  };
}

/** Undefined where a turn has none. */
function callsOver(readings: readonly TurnReading[]): Calls | undefined {
  const all = readings.map(({ calls }) => calls).filter((calls) => calls !== undefined);
  if (all.length < readings.length) return undefined;
  return all.reduce((sum, { reads, writes }) => ({ reads: sum.reads + reads, writes: sum.writes + writes }), {
    reads: 0,
    writes: 0,
  });
}

/** The host over all turns of one subject, and over nothing between them. */
function hostOver(readings: readonly TurnReading[]): ReturnType<typeof hostFigures> {
  const sum = (of: (snapshot: HostSnapshot) => number): number =>
    readings.reduce((total, { host }) => total + of(host.after) - of(host.before), 0);
  const none: HostSnapshot = { cpu: { total: 0, busy: 0, steal: 0 }, throttled: 0, listenOverflows: 0, retransmits: 0 };
  const over: HostSnapshot = {
    cpu: { total: sum(({ cpu }) => cpu.total), busy: sum(({ cpu }) => cpu.busy), steal: sum(({ cpu }) => cpu.steal) },
    throttled: sum(({ throttled }) => throttled),
    listenOverflows: sum(({ listenOverflows }) => listenOverflows),
    retransmits: sum(({ retransmits }) => retransmits),
  };
  return hostFigures(none, over, 0);
}

/** Microseconds of CPU that a turn's answers cost the subject (for direct, the origin); undefined where there was none. */
export function costOf({ turn, proxy, origin }: TurnReading): number | undefined {
  const use = proxy ?? origin;
  return use === undefined || turn.tally.answered === 0 ? undefined : use.cpu / turn.tally.answered;
}

export const isSilent = ({ turn }: TurnReading): boolean => countOf(turn.tally.service) === 0;
