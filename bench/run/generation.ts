/**
 * One generation: every subject of a cohort started afresh, all alive at once, connected and warmed up; then rounds of turns, in which the
 * load goes from one to the next in random order; then one record a subject and scenario. METHOD: turns and generations.
 */
import { judgeTrial } from '#bench/analysis/verdict/verdict.ts';
import type { RunCertificate } from '#bench/lab/certificates.ts';
import { unproven } from '#bench/lab/identity.ts';
import { knownBody } from '#bench/lab/known-body.ts';
import { openTopology, Origins, type TopologySpec } from '#bench/lab/topology.ts';
import type { LoadPool } from '#bench/load/pool.ts';
import type { LoadJob } from '#bench/model/load.ts';
import type { Placement, SubjectRecord, TrialRecord } from '#bench/model/record.ts';
import { hopName, hopsOf, type Loop, startKey, streamsOf, subjectName } from '#bench/model/scenario.ts';
import { bytes, epochMillis, millis, perSecond, type PerSecond } from '#bench/model/units.ts';
import type { PlannedTrial } from '#bench/plan/generations.ts';
import { CLOSED_TURN, OPEN_TURN } from '#bench/plan/turns.ts';
import { CallMeter } from '#bench/probes/call-meter.ts';
import { CpuMeter } from '#bench/probes/cpu-meter.ts';
import { hostGaps } from '#bench/probes/host.ts';
import { processReading } from '#bench/probes/process.ts';
import { residentBytes, snapshotGaps, takeSnapshot, type Snapshot } from '#bench/probes/snapshot.ts';
import type { ProxyDefinition } from '#proxies/contract.ts';
import { withDescendants } from '#proxies/platform/processes.ts';
import { mulberry32, shuffled } from '#proxies/platform/random.ts';
import { failureOf } from './failure.ts';
import { Lane, type TurnShape, type Way } from './lane.ts';
import { loadOf, type PartyOver, probesOf, turnOf } from './turns.ts';
import { driverFor, TIMEOUTS } from './window.ts';

export interface GenerationContext {
  readonly placement: Placement;
  readonly certificate: RunCertificate;
  readonly pool: LoadPool;
  readonly seed: number;
  /** Undefined for direct. */
  readonly definitionOf: (name: string) => ProxyDefinition | undefined;
  /** From where a subject's proxy runs, with what fault and what filters, where not as it is. */
  readonly runs?: (trial: PlannedTrial['subject']) => Pick<TopologySpec, 'root' | 'cwd' | 'fault' | 'filters'>;
  /** Of the run so far: what passed its checks. */
  readonly subjects: readonly SubjectRecord[];
  /** Rates of paced scenarios: found by the first generation, kept for the whole run. */
  readonly rates: Map<string, PerSecond>;
  readonly doing?: (what: string) => void;
}

export interface GenerationPlan {
  readonly trials: readonly PlannedTrial[];
  /** Turns of each. */
  readonly rounds: number;
  readonly cohort?: number;
  /** Of closed loops; other than usual only where turns themselves are what is looked into. */
  readonly closedTurn?: TurnShape;
}

/** Subjects that start at once: more of them only wait for the same core. */
const STARTS_AT_ONCE = 4;

/** One record a planned trial, in their order. Rejects for an abort only: what goes wrong is a trial's result. */
export async function runGeneration(
  plan: GenerationPlan,
  context: GenerationContext,
  signal: AbortSignal,
): Promise<TrialRecord[]> {
  await using scope = new AsyncDisposableStack();
  const startedAt = new Date().toISOString();
  const origins = scope.use(new Origins(context));
  const stage = scope.use(context.pool.stage());
  const ways = new Ways(origins, context, scope);
  const generator = new CpuMeter([process.pid], false);

  context.doing?.('starting');
  const lanes: Lane[] = [];
  const unopened = new Map<PlannedTrial, Error>();
  await inLanes(STARTS_AT_ONCE, plan.trials, async (planned) => {
    try {
      const way = await ways.of(planned, signal);
      const job = await jobOf(planned, way, context, signal);
      const shape = job.loop.kind === 'closed' ? (plan.closedTurn ?? CLOSED_TURN) : OPEN_TURN;
      lanes.push(new Lane(planned, job, way, { stage, index: lanes.length, generator, shape }));
    } catch (error) {
      signal.throwIfAborted();
      unopened.set(planned, error as Error);
    }
  });
  const random = mulberry32(context.seed ^ Math.imul(1 + (plan.trials[0]?.generation ?? 0), 0x9e3779b1));
  context.doing?.('warming up');
  await warmUp(lanes, context.rates, random, signal);
  const before = new Map([...ways.all].map((way) => [way, snapshotsOf(way)]));
  await takeTurns(lanes, plan.rounds, { random, rates: context.rates, doing: context.doing }, signal);
  context.doing?.('reading');

  const found = new Map<PlannedTrial, Ending>();
  for (const lane of lanes) found.set(lane.planned, endingOf(lane, before.get(lane.way)!, context));
  await closeAll(lanes, found, signal);
  return plan.trials.map((planned): TrialRecord => {
    const ending = found.get(planned);
    const loop = ending?.loop;
    const id = {
      record: 'trial' as const,
      scenario: planned.scenario.name,
      subject: planned.subject,
      generation: planned.generation,
      position: planned.position,
      startedAt,
      ...(plan.cohort !== undefined && { cohort: plan.cohort }),
      ...(loop && { loop }),
    };
    return ending ? { ...id, ...ending.outcome() } : { ...id, ...failureOf(unopened.get(planned)!) };
  });
}

/** Each distinct start of a subject: once a generation, whatever scenarios drive it. */
class Ways {
  readonly all = new Set<Way>();
  readonly #opened = new Map<string, Promise<Way>>();
  readonly #origins: Origins;
  readonly #context: GenerationContext;
  readonly #scope: AsyncDisposableStack;

  constructor(origins: Origins, context: GenerationContext, scope: AsyncDisposableStack) {
    this.#origins = origins;
    this.#context = context;
    this.#scope = scope;
  }

  of({ scenario, subject }: PlannedTrial, signal: AbortSignal): Promise<Way> {
    const endsHttp = this.#context.definitionOf(hopName(subject))?.layer === 'l7';
    const key = JSON.stringify([subjectName(subject), startKey(scenario, endsHttp)]);
    const known = this.#opened.get(key) ?? this.#open(scenario, subject, signal);
    known.catch(() => {}); // awaited by each of its lanes
    this.#opened.set(key, known);
    return known;
  }

  async #open(scenario: PlannedTrial['scenario'], subject: PlannedTrial['subject'], signal: AbortSignal): Promise<Way> {
    const { placement, certificate, definitionOf, runs } = this.#context;
    const definition = definitionOf(hopName(subject));
    const topology = await openTopology(
      {
        scenario,
        placement,
        certificate,
        concurrency: 1,
        origins: this.#origins,
        ...runs?.(subject),
        ...(definition && { definition, hops: hopsOf(subject) }),
      },
      signal,
    );
    this.#scope.use(topology);
    const way: Way = {
      topology,
      ...(topology.proxy && { proxy: new CpuMeter(topology.proxy.pids, true) }),
      ...(topology.proxy?.eventLoop && { calls: new CallMeter(topology.proxy.pids[0]!) }),
      origin: new CpuMeter(topology.origin.pids, true),
      residentBefore: topology.proxy ? residentBytes(withDescendants(topology.proxy.pids)) : 0,
    };
    this.all.add(way);
    return way;
  }
}

async function jobOf(
  { scenario, generation }: PlannedTrial,
  { topology }: Way,
  { seed }: GenerationContext,
  signal: AbortSignal,
): Promise<LoadJob> {
  const { traffic, loop } = scenario;
  const bodyChecksum = await knownBody(topology.origin.target, traffic, signal);
  return {
    driver: driverFor(traffic, 'http1'),
    target: topology.target,
    ...(topology.tls && { tls: topology.tls }),
    traffic,
    // A paced loop's rate comes with each turn.
    loop: loop.kind === 'paced' ? { ...loop, kind: 'open', offered: perSecond(1) } : loop,
    seed: seed + generation,
    startAt: epochMillis(0),
    warmup: millis(0),
    window: millis(0),
    shard: { index: 0, count: 1 },
    timeouts: TIMEOUTS,
    ...(bodyChecksum !== undefined && { bodyChecksum }),
  };
}

type Random = () => number;

/** Turns that count in nothing, until none of them makes its subject cheaper any more, within bounds. Closed loops first. */
async function warmUp(
  lanes: readonly Lane[],
  rates: Map<string, PerSecond>,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  const isPaced = ({ planned }: Lane): boolean => planned.scenario.loop.kind === 'paced';
  for (const some of [lanes.filter((lane) => !isPaced(lane)), lanes.filter(isPaced)]) {
    for (const { planned } of some) findRate(planned.scenario, lanes, rates);
    for (let cold = some; cold.length > 0; cold = cold.filter((lane) => !lane.isWarm))
      for (const lane of shuffled(cold, random)) {
        signal.throwIfAborted();
        await lane.warm(rates.get(lane.planned.scenario.name));
      }
  }
}

/** A paced scenario's rate: its share of what the slowest subject has just carried. */
function findRate(
  { name, loop }: PlannedTrial['scenario'],
  lanes: readonly Lane[],
  rates: Map<string, PerSecond>,
): void {
  if (loop.kind !== 'paced' || rates.has(name)) return;
  const carried = lanes.filter(({ planned, rate }) => planned.scenario.name === loop.of && rate > 0);
  const slowest = Math.min(...carried.map(({ rate }) => rate));
  if (Number.isFinite(slowest)) rates.set(name, perSecond(Math.max(1, Math.round(slowest * loop.fraction))));
}

async function takeTurns(
  lanes: readonly Lane[],
  rounds: number,
  {
    random,
    rates,
    doing,
  }: { random: Random; rates: ReadonlyMap<string, PerSecond>; doing: GenerationContext['doing'] },
  signal: AbortSignal,
): Promise<void> {
  const since = performance.now();
  const scenarios = [...Map.groupBy(lanes, ({ planned }) => planned.scenario.name).values()];
  for (let round = 0; round < rounds; round++) {
    doing?.(`round ${round + 1} of ${rounds}`);
    for (const scenario of shuffled(scenarios, random))
      for (const lane of shuffled(scenario, random)) {
        signal.throwIfAborted();
        await lane.measure({ round, at: performance.now() - since }, rates.get(lane.planned.scenario.name));
      }
  }
}

interface WaySnapshots {
  readonly proxy?: Snapshot;
  readonly origin?: Snapshot;
  readonly generator: Snapshot;
}

function snapshotsOf({ topology, proxy }: Way): WaySnapshots {
  const read = (pids: readonly number[], descendants: boolean): Snapshot | undefined => {
    try {
      return takeSnapshot({ pids, descendants, completed: () => 0 });
    } catch {
      return undefined; // it has ended, which its lanes tell
    }
  };
  const [ofProxy, ofOrigin] = [proxy && read(topology.proxy!.pids, true), read(topology.origin.pids, true)];
  return {
    ...(ofProxy && { proxy: ofProxy }),
    ...(ofOrigin && { origin: ofOrigin }),
    generator: takeSnapshot({ pids: [process.pid], descendants: false, completed: () => 0 }),
  };
}

type Outcome =
  | Omit<Extract<TrialRecord, { state: 'completed' }>, keyof TrialId>
  | Omit<Extract<TrialRecord, { state: 'invalid' }>, keyof TrialId>
  | Omit<Extract<TrialRecord, { state: 'failed' }>, keyof TrialId>;
type TrialId = Pick<
  TrialRecord,
  'record' | 'scenario' | 'subject' | 'generation' | 'position' | 'startedAt' | 'loop' | 'cohort'
>;

interface Ending {
  readonly loop?: Loop;
  /** What was seen after the load had closed its connections. */
  readonly warnings: Parameters<typeof judgeTrial>[0]['warnings'] & object[];
  readonly outcome: () => Outcome;
}

function endingOf(lane: Lane, before: WaySnapshots, { placement, subjects, rates }: GenerationContext): Ending {
  const { planned, way, readings, job } = lane;
  const { scenario, subject } = planned;
  const offered = rates.get(scenario.name);
  const loop: Loop = job.loop.kind === 'open' && offered !== undefined ? { ...job.loop, offered } : job.loop;
  const warnings: Ending['warnings'] = [];
  const died = way.topology.verify();
  if (lane.fault && !died) return { loop, warnings, outcome: () => failureOf(lane.fault!) };
  if (died) warnings.push(died);
  if (readings.length === 0) {
    const why = died
      ? Object.assign(new Error(died.message), { code: died.code, detail: died.evidence['output'] })
      : (lane.fault ?? new Error('it was given no turn'));
    return { loop, warnings, outcome: () => failureOf(why) };
  }
  const load = loadOf({ ...job, loop }, readings);
  const after = snapshotsOf(way);
  const cores = { proxy: placement.proxy, origin: placement.origin, generator: placement.load };
  const over = (party: 'proxy' | 'origin' | 'generator'): PartyOver | undefined => {
    const [from, to] = [before[party], after[party]];
    if (!from || !to) return undefined;
    const pids = party === 'generator' ? [process.pid] : way.topology[party]!.pids;
    const reading = processReading(pids, { before: from, after: to }, cores[party]?.length ?? 1);
    return {
      ...reading,
      rss: { ...(party === 'proxy' && { before: bytes(way.residentBefore) }), ...reading.rss },
    };
  };
  const [proxy, origin] = [way.proxy && over('proxy'), over('origin')];
  const parties = { ...(proxy && { proxy }), ...(origin && { origin }), generator: over('generator')! };
  const probes = probesOf(readings, parties, placement, [...snapshotGaps(), ...hostGaps()]);
  const name = subjectName({ ...subject, again: undefined });
  const proven = subjects.find((record) => subjectName(record.subject) === name)?.proven;
  const changed = way.topology.proxy && unproven(name, way.topology.proxy.identity, proven);
  if (changed) warnings.push(changed);
  const turns = readings.map(turnOf);
  return {
    loop,
    warnings,
    outcome: () => ({
      ...judgeTrial({ scenario, subject, load, probes, placement, warnings, turns: turns.length }),
      load,
      probes,
      turns,
    }),
  };
}

/** Connections of the load are closed; each start of a subject must have given back what they took of it. */
async function closeAll(
  lanes: readonly Lane[],
  endings: ReadonlyMap<PlannedTrial, Ending>,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(lanes.map((lane) => lane.close().catch(() => {})));
  for (const [way, of] of Map.groupBy(lanes, (lane) => lane.way)) {
    const requests = of.reduce((sum, { job }) => sum + job.loop.connections * streamsOf(job.traffic), 0);
    const left = await way.topology.settled(requests, signal);
    if (left) for (const { planned } of of) endings.get(planned)?.warnings.push(left);
  }
}

/** `work` for each of `items`, so many at once. */
async function inLanes<T>(count: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const lane = async (): Promise<void> => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: count }, lane));
}
