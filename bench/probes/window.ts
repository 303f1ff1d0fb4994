/** All probes of one trial over its measured window: begun at its start, finished at its end, put together as one reading. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Probe, ProbeReadings, ProcessReading } from '#bench/model/probe.ts';
import type { Placement } from '#bench/model/record.ts';
import type { EpochMillis } from '#bench/model/units.ts';
import { eventLoopProbe, type EventLoopTimes } from './event-loop.ts';
import { foreignShare, hostGaps, hostProbe } from './host.ts';
import { instructionsAvailability, instructionsProbe } from './instructions.ts';
import { processProbe } from './process.ts';
import { snapshotGaps } from './snapshot.ts';

export interface Party {
  readonly pids: readonly number[];
  /** Asks its event loop; absent where it has none of its own. */
  eventLoop?(): Promise<EventLoopTimes>;
}

export interface OriginParty extends Party {
  counters?(): Promise<{ readonly connections: number; readonly requests: number }>;
}

export interface ProbeSpec {
  /** Proxy: absent for direct. Both: absent where the subject runs elsewhere. */
  readonly parties: { readonly proxy?: Party; readonly origin?: OriginParty; readonly generator: Party };
  readonly placement: Placement;
  /** Requests completed up to now, by the live counters. */
  readonly completed: () => number;
}

export interface WindowSpec extends ProbeSpec {
  readonly from: EpochMillis;
  readonly to: EpochMillis;
}

/** All probes of one trial, attached: what connects from now on is seen as a change (`rss.before`). */
export interface AttachedProbes extends AsyncDisposable {
  /** Once. */
  measure(from: EpochMillis, to: EpochMillis): Promise<ProbeReadings>;
}

const now = (): number => performance.timeOrigin + performance.now();
const until = (instant: number, signal: AbortSignal) => sleep(Math.max(0, instant - now()), undefined, { signal });

type Attached<T> = Awaited<ReturnType<Probe<T>['attach']>>;

/**
 * Rejects with the abort's reason, and with `ProcessGone` when a measured process ends. The generator's pids are taken without their
 * children, which are the other parties.
 */
export async function measureWindow(spec: WindowSpec, signal: AbortSignal): Promise<ProbeReadings> {
  await using probes = await attachProbes(spec, signal);
  return await probes.measure(spec.from, spec.to);
}

/** The same in two steps, so that load may start to connect in between. */
export async function attachProbes(spec: ProbeSpec, signal: AbortSignal): Promise<AttachedProbes> {
  const { parties, placement, completed } = spec;
  await using scope = new AsyncDisposableStack();
  const unavailable = [...snapshotGaps(), ...hostGaps()];
  const attach = async <T>(probe: Probe<T>, pids: readonly number[]): Promise<Attached<T>> =>
    scope.use(await probe.attach(pids, signal));

  const counting = await instructionsAvailability();
  if (counting.state === 'unavailable') unavailable.push(`instructions: ${counting.reason}`);

  const attachParty = async (party: Party, cores: readonly number[] | null, descendants = true) => {
    const eventLoop =
      party.eventLoop &&
      (await attach(
        eventLoopProbe(() => party.eventLoop!()),
        party.pids,
      ));
    const instructions =
      counting.state === 'ready' ? await attach(instructionsProbe(completed), party.pids) : undefined;
    const usage = await attach(processProbe({ completed, descendants, cores: cores?.length }), party.pids);
    return {
      begin() {
        usage.begin();
        instructions?.begin();
        eventLoop?.begin();
      },
      async finish(): Promise<ProcessReading> {
        const [reading, counted, loop] = await Promise.all([
          usage.finish(),
          instructions?.finish().catch((error: Error) => void unavailable.push(`instructions: ${error.message}`)),
          eventLoop?.finish(),
        ]);
        // perf was switched a little before or after the snapshots: scaled to the requests of theirs.
        const scale = counted && counted.requests > 0 ? reading.requests / counted.requests : 1;
        return {
          ...reading,
          ...(counted && { instructions: { user: counted.user * scale, kernel: counted.kernel * scale } }),
          ...(loop !== undefined && { eventLoop: loop }),
        };
      },
    };
  };

  const proxy = parties.proxy && (await attachParty(parties.proxy, placement.proxy));
  const origin = parties.origin && (await attachParty(parties.origin, placement.origin));
  const generator = await attachParty(parties.generator, placement.load, false);
  const host = await attach(hostProbe(), []);

  const measure = async (from: EpochMillis, to: EpochMillis): Promise<ProbeReadings> => {
    await until(from, signal);
    const countsBefore = parties.origin?.counters?.();
    countsBefore?.catch(() => {}); // awaited at the end
    for (const probe of [proxy, origin, generator, host]) probe?.begin();
    await until(to, signal);
    const countsAfter = parties.origin?.counters?.();
    countsAfter?.catch(() => {});
    // Each `finish` takes its synchronous readings before it first waits.
    const [ofProxy, ofOrigin, ofGenerator, figures] = await Promise.all([
      proxy?.finish() ?? Promise.resolve(undefined),
      origin?.finish() ?? Promise.resolve(undefined),
      generator.finish(),
      host.finish(),
    ]);
    const [countsFrom, countsTo] = await Promise.all([countsBefore, countsAfter]);

    const ours = [ofProxy, ofOrigin, ofGenerator].reduce((sum, reading) => sum + (reading?.cpu ?? 0), 0);
    const { cpuTime: _, ...hostReading } = figures;
    return {
      ...(ofProxy && { proxy: ofProxy }),
      ...(ofOrigin && { origin: ofOrigin }),
      generator: ofGenerator,
      host: { ...hostReading, foreign: foreignShare(figures, ours) },
      ...(countsFrom &&
        countsTo && {
          originCounts: {
            connections: countsTo.connections - countsFrom.connections,
            requests: countsTo.requests - countsFrom.requests,
          },
        }),
      unavailable,
    };
  };
  const attached = scope.move();
  return { measure, [Symbol.asyncDispose]: () => attached.disposeAsync() };
}
