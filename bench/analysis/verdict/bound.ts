/** What limited a trial: from each party's CPU share of its cores, its event loops, and the cores that parties share. */
import type { LoadResult } from '#bench/model/load.ts';
import type { ProbeReadings } from '#bench/model/probe.ts';
import type { Bound, Placement } from '#bench/model/record.ts';

/** CPU share from which a party alone counts as saturated: probes and ticks blur the last few percent. */
const SATURATED = 0.95;
/** The same for cores that several parties share: switching between them takes its part. */
const SHARED_SATURATED = 0.9;

/** Share of all cores that processes other than ours may use before they count. */
export const FOREIGN_LIMIT = 0.1;

type Party = 'proxy' | 'origin' | 'generator';

/** Unpinned parties (`null`) may meet on any core, unless the plan found room for all. */
const meet = (a: readonly number[] | null, b: readonly number[] | null, shared: boolean): boolean =>
  a === null || b === null ? shared : a.some((core) => b.includes(core));

export function boundOf(load: LoadResult, probes: ProbeReadings, placement: Placement): Bound {
  if (load.scheduled !== undefined && load.requests >= 0.99 * load.scheduled) return 'none'; // the offered rate was carried
  return saturatedOf(load, probes, placement);
}

/** Which of ours had nothing left to give, or the host, where they were in each other's way; whether or not the rate was carried. */
export function saturatedOfOurs(load: LoadResult, probes: ProbeReadings, placement: Placement): Bound | undefined {
  const cores: Readonly<Record<Party, readonly number[] | null>> = {
    proxy: placement.proxy,
    origin: placement.origin,
    generator: placement.load,
  };
  const readings = { proxy: probes.proxy, origin: probes.origin, generator: probes.generator };
  const present = (['proxy', 'origin', 'generator'] as const).filter((party) => readings[party] !== undefined);
  const neighbours = (party: Party): Party[] =>
    present.filter((other) => other !== party && meet(cores[party], cores[other], placement.shared));
  /**
   * Utilisation of a party, 0–1. On one core CPU time tells. With fewer threads than cores a party is saturated when its busiest event
   * loop is; but a loop also looks busy while it waits for a CPU that others hold, so it counts only where nobody else is.
   */
  const used = (party: Party): number => {
    const { cpuShare, eventLoop } = readings[party]!;
    const alone = neighbours(party).length === 0 && probes.host.foreign <= FOREIGN_LIMIT;
    if (cores[party]?.length === 1 || !alone) return cpuShare;
    return Math.max(cpuShare, (party === 'generator' ? load.generator.eventLoop : eventLoop) ?? 0);
  };
  /** CPU share of a party and of all that run on its cores. */
  const crowded = (party: Party): number =>
    readings[party]!.cpuShare + neighbours(party).reduce((sum, other) => sum + readings[other]!.cpuShare, 0);

  /** Always ready to run, without a core for a good part of it, and it is none of ours who had it. */
  const starved = (party: Party): boolean =>
    probes.host.foreign > FOREIGN_LIMIT &&
    (readings[party]!.demand ?? 0) >= SHARED_SATURATED &&
    used(party) < SHARED_SATURATED;

  for (const party of present) if (used(party) >= SATURATED) return party;
  if (present.some((party) => neighbours(party).length > 0 && crowded(party) >= SHARED_SATURATED)) return 'host';
  if (present.some(starved)) return 'host';
  return present.includes('proxy') && used('proxy') >= SHARED_SATURATED ? 'proxy' : undefined;
}

/** The same, or the host where others fill it. */
export const saturatedOf = (load: LoadResult, probes: ProbeReadings, placement: Placement): Bound =>
  saturatedOfOurs(load, probes, placement) ?? (probes.host.busy >= SHARED_SATURATED ? 'host' : 'none'); // others fill the cores

/** The knee lies above this utilisation of whatever is busiest (METHOD 5). */
export const KNEE = 0.8;

/** How busy the cores of load and origin are, 0–1, and which of the two it is; 'host' where they meet. */
export function pressureOf(
  { generator: { eventLoop } }: LoadResult,
  { origin, generator }: ProbeReadings,
  placement: Placement,
): { readonly share: number; readonly by: 'generator' | 'origin' | 'host' } {
  const serving = origin?.cpuShare ?? 0; // a target elsewhere has its own
  if (origin && meet(placement.origin, placement.load, placement.shared))
    return { share: serving + generator.cpuShare, by: 'host' };
  // With fewer threads than cores the busiest event loop tells.
  const driving = placement.load?.length === 1 ? generator.cpuShare : Math.max(generator.cpuShare, eventLoop);
  return driving >= serving ? { share: driving, by: 'generator' } : { share: serving, by: 'origin' };
}

/** Whether a closed loop stayed so far from saturation that its times tell of the hop; load and origin count as on the same cores. */
export function isBelowKnee({ proxy, origin, generator, host }: ProbeReadings): boolean {
  return (
    (proxy?.cpuShare ?? 0) <= KNEE &&
    (origin?.cpuShare ?? 0) + generator.cpuShare <= KNEE &&
    host.foreign <= FOREIGN_LIMIT
  );
}
