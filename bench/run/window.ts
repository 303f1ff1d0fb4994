/** One measured trial in one disposable scope: origin, proxy, load, probes; then the verdict. */
import { unproven } from '#bench/lab/identity.ts';
import { knownBody } from '#bench/lab/known-body.ts';
import { wayTo } from '#bench/lab/target.ts';
import { openTopology, type TopologySpec, type Way } from '#bench/lab/topology.ts';
import type { RunCertificate } from '#bench/lab/certificates.ts';
import type { LoadPool } from '#bench/load/pool.ts';
import type { LoadJob } from '#bench/model/load.ts';
import type { CompletedTrial, Placement, SubjectRecord, TrialRecord } from '#bench/model/record.ts';
import { type Loop, type Traffic, hopName, hopsOf, streamsOf, subjectName, usesHttp2 } from '#bench/model/scenario.ts';
import { epochMillis, millis } from '#bench/model/units.ts';
import { type TrialVerdict, judgeTrial } from '#bench/analysis/verdict/verdict.ts';
import type { PlannedTrial } from '#bench/plan/generations.ts';
import { roomyWindow } from '#bench/plan/sweep.ts';
import { attachProbes } from '#bench/probes/window.ts';
import { failureOf } from './failure.ts';
import { type Settings, definitionOf } from './spec.ts';

export const TIMEOUTS: LoadJob['timeouts'] = { connect: millis(5_000), response: millis(10_000) };

/** Time for the load workers to open their connections before the first request; a cap lets nothing through in its first second. */
const lead = (connections: number, { tls, maxRate }: Way): number =>
  150 + connections * (tls ? 1.5 : 0.25) + (maxRate === undefined ? 0 : 1_250 + (1_000 * connections) / maxRate);

const now = (): number => performance.timeOrigin + performance.now();

/** `chosen` (--driver) decides for HTTP/1.1; HTTP/2, what is no HTTP, and what only holds connections have one driver each. */
export function driverFor(traffic: Traffic, chosen: Settings['driver']): LoadJob['driver'] {
  if (traffic.kind === 'http') return usesHttp2(traffic) ? 'http2' : chosen;
  return traffic.kind === 'idle' && traffic.protocol === 'http' ? 'http1' : 'tcp';
}

export interface TrialContext {
  readonly placement: Placement;
  readonly certificate: RunCertificate;
  readonly settings: Settings;
  readonly pool: LoadPool;
  /** From where the proxy runs, and with what fault, where not as it is. */
  readonly proxy?: Pick<TopologySpec, 'root' | 'cwd' | 'fault'>;
  /** Awaited before the load starts: trials that run at once begin together. */
  readonly meet?: () => Promise<void>;
  /** Of the run so far: what passed its checks. */
  readonly subjects?: readonly SubjectRecord[];
}

function externalOf(name: string, { subjects }: TrialContext): NonNullable<SubjectRecord['external']> {
  const external = subjects?.find((record) => subjectName(record.subject) === name)?.external;
  if (!external) throw new Error(`${name} runs elsewhere and has not been asked what it answers`);
  return external;
}

/** What a trial adds to its identity. */
type Measured = TrialVerdict & Pick<CompletedTrial, 'load' | 'probes'>;

/** Never rejects but for an abort of `signal`: what goes wrong is the trial's result. */
export async function runTrial(
  planned: PlannedTrial,
  loop: Loop | undefined,
  context: TrialContext,
  signal: AbortSignal,
): Promise<TrialRecord> {
  const id = {
    record: 'trial' as const,
    scenario: planned.scenario.name,
    subject: planned.subject,
    generation: planned.generation,
    position: planned.position,
    startedAt: new Date().toISOString(),
    ...(loop && { loop }),
  };
  if (loop === undefined)
    return {
      ...id,
      state: 'failed',
      error: {
        code: 'NO_CAPACITY',
        message: `the rate cannot be derived: no subject completed the scenario that it is taken from`,
      },
    };
  try {
    return { ...id, ...(await measure(planned, loop, context, signal)) };
  } catch (error) {
    signal.throwIfAborted();
    return { ...id, ...failureOf(error) };
  }
}

/** All of a job but when it starts, how long it takes and what the bodies are. */
const jobOf = ({ scenario, generation }: PlannedTrial, loop: Loop, way: Way, settings: Settings) => ({
  driver: driverFor(scenario.traffic, settings.driver),
  target: way.target,
  ...(way.tls && { tls: way.tls }),
  traffic: way.traffic ?? scenario.traffic,
  ...(way.maxRate !== undefined && { maxRate: way.maxRate }),
  loop,
  ...(scenario.second && { second: scenario.second }),
  seed: settings.seed + generation,
  warmup: settings.warmup,
  timeouts: TIMEOUTS,
});

async function measure(
  planned: PlannedTrial,
  loop: Loop,
  context: TrialContext,
  signal: AbortSignal,
): Promise<Measured> {
  const { scenario, subject } = planned;
  const { settings, pool, placement, certificate } = context;
  const { warmup, samples } = settings;
  const window =
    loop.kind === 'open' && samples !== undefined
      ? roomyWindow(loop.offered, samples, settings.window)
      : settings.window;
  const definition = definitionOf(settings, hopName(subject));
  await using way = definition?.external
    ? wayTo(definition.external, externalOf(definition.name, context), scenario.traffic)
    : await openTopology(
        {
          scenario,
          placement,
          certificate,
          concurrency: 1,
          ...context.proxy,
          ...(definition && { definition, hops: hopsOf(subject) }),
        },
        signal,
      );
  const bodyChecksum = way.origin ? await knownBody(way.origin.target, scenario.traffic, signal) : null;

  // Whatever ends the trial early ends its load too; nobody is left waiting for the other.
  const ending = new AbortController();
  const either = AbortSignal.any([signal, ending.signal]);
  // Attached before the first connection is made: what connections hold is seen against what was there without them.
  let completed = (): number => 0;
  await using attached = await attachProbes(
    {
      parties: {
        generator: { pids: [process.pid] },
        ...(way.origin && { origin: way.origin }),
        ...(way.proxy && { proxy: way.proxy }),
      },
      placement,
      completed: () => completed(),
    },
    either,
  );
  await context.meet?.();
  const connections = loop.connections + (scenario.second?.connections ?? 0);
  const startAt = epochMillis(now() + lead(connections, way));
  const job = {
    ...jobOf(planned, loop, way, settings),
    startAt,
    window,
    ...(bodyChecksum !== undefined && { bodyChecksum }),
  };
  const load = pool.run(job, either);
  completed = () => load.live().completed;
  const probes = attached.measure(epochMillis(startAt + warmup), epochMillis(startAt + warmup + window));
  const both = [load.result, probes] as const;
  try {
    await Promise.all(both);
  } finally {
    ending.abort();
    await Promise.allSettled(both);
  }
  const [result, readings] = await Promise.all(both);
  const name = subjectName({ ...subject, again: undefined });
  const proven = context.subjects?.find((record) => subjectName(record.subject) === name)?.proven;
  const warnings = [
    way.verify(),
    way.proxy && unproven(name, way.proxy.identity, proven),
    await way.settled(connections * streamsOf(scenario.traffic), signal),
  ].filter((warning) => warning !== undefined);
  const evidence = { scenario, subject, load: result, probes: readings, placement, warnings };
  return { ...judgeTrial(evidence), load: result, probes: readings };
}
