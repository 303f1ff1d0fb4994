/** One fault before the users of one subject: origins and proxy in one disposable scope, load on one clock with the script of what breaks. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProxyDefinition } from '#proxies/contract.ts';
import { openFaultStage, type FaultStage } from '#bench/lab/fault-stage.ts';
import { protectionOf, UNPROTECTED } from '#bench/lab/policies.ts';
import type { LoadPool } from '#bench/load/pool.ts';
import type { FaultScenario, FaultStep } from '#bench/model/fault.ts';
import type { LoadJob } from '#bench/model/load.ts';
import type { FaultTrialRecord, Placement } from '#bench/model/record.ts';
import { bytes, epochMillis, micros, millis, perSecond } from '#bench/model/units.ts';
import { atRepeat } from '#bench/plan/faults.ts';
import { CpuMeter } from '#bench/probes/cpu-meter.ts';
import { watchHost } from '#bench/probes/host-share.ts';
import { ProcessGone } from '#bench/probes/snapshot.ts';
import { failureOf } from './failure.ts';

/** How long users wait. */
const TIMEOUTS: LoadJob['timeouts'] = { connect: millis(1_000), response: millis(2_000) };
/** Until all users are connected, and before the window: answers that find everything cold. */
const LEAD = 400;
export const WARMUP = millis(500);
const INTERVAL = millis(100);

const now = (): number => performance.timeOrigin + performance.now();

export interface PlannedFault {
  readonly fault: FaultScenario;
  /** Absent for direct. */
  readonly definition?: ProxyDefinition;
  readonly policies: FaultTrialRecord['policies'];
  readonly repeat: number;
}

export interface FaultContext {
  readonly pool: LoadPool;
  readonly placement: Placement;
  readonly seed: number;
}

/** Never rejects but for an abort of `signal`: what goes wrong is the trial's outcome. */
export async function runFaultTrial(
  planned: PlannedFault,
  context: FaultContext,
  signal: AbortSignal,
): Promise<FaultTrialRecord> {
  const { definition, policies, repeat } = planned;
  const { policies: form, given, withheld } = definition && policies === 'on' ? protectionOf(definition) : UNPROTECTED;
  const fault = atRepeat(planned.fault, context.seed, repeat);
  const id = {
    record: 'fault-trial' as const,
    fault: fault.name,
    subject: definition ? ({ kind: 'proxy', name: definition.name } as const) : ({ kind: 'direct' } as const),
    policies,
    given: [...given],
    withheld: [...withheld],
    repeat,
    startedAt: new Date().toISOString(),
  };
  let nativeConfig = '';
  try {
    await using stage = await openFaultStage(
      { fault, policies: form, placement: context.placement, ...(definition && { definition }) },
      signal,
    );
    nativeConfig = stage.proxy?.nativeConfig ?? '';
    const refused = await whyRefused(fault, stage, signal);
    const outcome =
      refused === undefined
        ? await measure(fault, stage, { ...context, repeat }, signal)
        : { state: 'refused' as const, why: refused };
    return { ...id, nativeConfig, outcome };
  } catch (error) {
    signal.throwIfAborted();
    const { error: failed } = failureOf(error);
    return { ...id, nativeConfig, outcome: { state: 'failed', error: { code: failed.code, message: failed.message } } };
  }
}

/** Tried once before the window, where the script asks for what not every subject can do. */
async function whyRefused(fault: FaultScenario, stage: FaultStage, signal: AbortSignal): Promise<string | undefined> {
  if (!fault.steps.some(({ act }) => act.kind === 'reload')) return undefined;
  if (!stage.proxy) return 'direct has no configuration';
  try {
    await stage.act({ kind: 'reload' }, signal);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return (error as Error).message;
  }
}

type Completed = Extract<FaultTrialRecord['outcome'], { state: 'completed' }>;

async function measure(
  fault: FaultScenario,
  stage: FaultStage,
  { pool, seed, repeat }: FaultContext & { readonly repeat: number },
  signal: AbortSignal,
): Promise<Completed> {
  const ending = new AbortController();
  const either = AbortSignal.any([signal, ending.signal]);
  const startAt = epochMillis(now() + LEAD);
  const windowAt = startAt + WARMUP;
  const load = pool.run(jobOf(fault, stage, seed + repeat, startAt), either);
  const script = perform(fault.steps, stage, windowAt, either);
  const used = usedOver(stage, [windowAt, windowAt + fault.window], either);
  const all = [load.result, script, used] as const;
  try {
    await Promise.all(all);
  } finally {
    ending.abort();
    await Promise.allSettled(all);
  }
  const [result, steps, { cpu, host }] = await Promise.all(all);
  const arrivals = await Promise.all(stage.origins.map((origin) => origin.arrivals()));
  return {
    state: 'completed',
    load: result,
    steps,
    arrivals: {
      interval: INTERVAL,
      requests: arrivals.map(({ requests }) => countsOf(requests, windowAt, fault.window)),
      refused: arrivals.map(({ refused }) => countsOf(refused, windowAt, fault.window)),
    },
    ...(cpu !== undefined && { cpu }),
    host,
  };
}

/** Direct: those users that one origin of all has. */
function jobOf(
  { offered, origins, connections, window }: FaultScenario,
  { target, proxy }: FaultStage,
  seed: number,
  startAt: LoadJob['startAt'],
): Omit<LoadJob, 'shard'> {
  const share = proxy ? 1 : origins;
  return {
    driver: 'http1',
    target,
    traffic: {
      kind: 'http',
      request: { method: 'GET', path: '/', headers: [], bodyBytes: bytes(0) },
      expect: { status: 200, bodyBytes: bytes(8) },
      connection: 'keep-alive',
      tls: 'none',
    },
    loop: {
      kind: 'open',
      connections: Math.ceil(connections / share),
      offered: perSecond(offered / share),
      arrivals: 'poisson',
    },
    seed,
    startAt,
    warmup: WARMUP,
    window,
    timeouts: TIMEOUTS,
  };
}

/** Each step at its instant; one that takes its time does not hold up the next. Rejects with the first that failed. */
async function perform(
  steps: readonly FaultStep[],
  stage: FaultStage,
  windowAt: number,
  signal: AbortSignal,
): Promise<Completed['steps']> {
  return Promise.all(
    steps.map(async (step) => {
      await untilEpoch(windowAt + step.at, signal);
      await stage.act(step.act, signal);
      return { ...step, done: millis(now() - windowAt) };
    }),
  );
}

async function usedOver(
  { proxy }: FaultStage,
  [from, to]: readonly [number, number],
  signal: AbortSignal,
): Promise<Pick<Completed, 'cpu' | 'host'>> {
  await untilEpoch(from, signal);
  const meter = proxy && new CpuMeter(proxy.pids, true);
  const host = watchHost([process.pid], true);
  await untilEpoch(to, signal);
  return { ...cpuOf(meter), host: host() };
}

/** None of processes that another one has replaced meanwhile, as workers are at a reload. */
function cpuOf(meter: CpuMeter | undefined): Pick<Completed, 'cpu'> {
  try {
    return meter ? { cpu: micros(meter.lap().cpu) } : {};
  } catch (error) {
    if (error instanceof ProcessGone) return {};
    throw error;
  }
}

async function untilEpoch(at: number, signal: AbortSignal): Promise<void> {
  for (let left = at - now(); left > 0; left = at - now()) await sleep(Math.max(1, left), undefined, { signal });
}

/** How many of `times` fall into each interval of the window. */
export function countsOf(times: readonly number[], windowAt: number, window: number): number[] {
  const counts = Array.from({ length: Math.ceil(window / INTERVAL) }, () => 0);
  for (const time of times) {
    const index = Math.floor((time - windowAt) / INTERVAL);
    if (index >= 0 && index < counts.length) counts[index]!++;
  }
  return counts;
}
