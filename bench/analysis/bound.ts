/** What limited a trial: from each party's CPU share of its cores, its event loops, and the cores that parties share. */
import type { LoadResult } from '#bench/model/load.ts';
import type { ProbeReadings, ProcessReading } from '#bench/model/probe.ts';
import type { Bound, Placement } from '#bench/model/record.ts';

/** CPU share from which a party alone counts as saturated: probes and ticks blur the last few percent. */
const SATURATED = 0.95;
/** The same for cores that several parties share: switching between them takes its part. */
const SHARED_SATURATED = 0.9;

type Party = 'proxy' | 'origin' | 'generator';

/** Unpinned parties (`null`) may meet on any core, unless the plan found room for all. */
const meet = (a: readonly number[] | null, b: readonly number[] | null, shared: boolean): boolean =>
  a === null || b === null ? shared : a.some((core) => b.includes(core));

/**
 * Utilisation of one party, 0–1. A process with cores of its own but fewer threads than cores is saturated when its busiest event
 * loop is; on shared cores a loop also looks busy while it waits for the CPU, so there only CPU time counts.
 */
function utilisation(reading: ProcessReading, ownCores: boolean, loop: number | undefined): number {
  return ownCores ? Math.max(reading.cpuShare, loop ?? 0) : reading.cpuShare;
}

export function boundOf(load: LoadResult, probes: ProbeReadings, placement: Placement): Bound {
  if (load.scheduled !== undefined && load.requests >= 0.99 * load.scheduled) return 'none'; // the offered rate was carried
  const cores: Readonly<Record<Party, readonly number[] | null>> = {
    proxy: placement.proxy,
    origin: placement.origin,
    generator: placement.load,
  };
  const readings = { proxy: probes.proxy, origin: probes.origin, generator: probes.generator };
  const present = (['proxy', 'origin', 'generator'] as const).filter((party) => readings[party] !== undefined);
  const neighbours = (party: Party): Party[] =>
    present.filter((other) => other !== party && meet(cores[party], cores[other], placement.shared));
  const used = (party: Party): number => {
    const loop = party === 'generator' ? load.generator.eventLoop : readings[party]!.eventLoop;
    return utilisation(readings[party]!, neighbours(party).length === 0, loop);
  };
  /** CPU share of a party and of all that run on its cores. */
  const crowded = (party: Party): number =>
    readings[party]!.cpuShare + neighbours(party).reduce((sum, other) => sum + readings[other]!.cpuShare, 0);

  for (const party of present) if (used(party) >= SATURATED) return party;
  if (present.some((party) => neighbours(party).length > 0 && crowded(party) >= SHARED_SATURATED)) return 'host';
  return present.includes('proxy') && used('proxy') >= SHARED_SATURATED ? 'proxy' : 'none';
}
