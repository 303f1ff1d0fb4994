/** One run, from settings to records: preflight, instruments, then generations of turns and what needs windows to itself. */
import { describeCalibration } from '#bench/analysis/instruments/calibration.ts';
import { CLAIM_GENERATIONS } from '#bench/analysis/comparison/comparison.ts';
import { slowestCapacity } from '#bench/analysis/figures/capacity.ts';
import { describeObjective } from '#bench/analysis/knees/objective.ts';
import { formatDuration, formatQuantity } from '#bench/analysis/words/quantity.ts';
import { describeSecondOpinion, opinionsOf } from '#bench/analysis/instruments/second-opinion.ts';
import { runMicro, SUITES } from '#bench/micro/run.ts';
import { UsageError } from '#bench/model/errors.ts';
import type { Environment, SubjectRecord, TrialRecord } from '#bench/model/record.ts';
import { baseName, hopName, type Loop, type Scenario, subjectName } from '#bench/model/scenario.ts';
import { type PerSecond, perSecond } from '#bench/model/units.ts';
import { fitSubjects } from '#bench/plan/applies.ts';
import { cohortsOf, memoryOf, mostAtOnce } from '#bench/plan/cohorts.ts';
import { sizedFor } from '#bench/plan/capped.ts';
import { estimateRun } from '#bench/plan/estimate.ts';
import { measureRound, retakeShare } from '#bench/plan/retake.ts';
import { type PlannedTrial, planGenerations } from '#bench/plan/generations.ts';
import { takesTurns } from '#bench/plan/turns.ts';
import { admitSubjects, reachTargets } from './admit.ts';
import { calibrate, CALIBRATIONS } from './calibrate.ts';
import { runGeneration } from './generation.ts';
import { connectionsWithin } from './host-limits.ts';
import { describeSearches, plannedSearches, searchCost, searchKnees, searchRecord } from './knee.ts';
import { askOthers, OTHERS_TIME } from './second-opinion.ts';
import { readHost, requireHost, runSession, type Session, type SessionResult } from './session.ts';
import { definitionOf, hostedOf, type Observer, type Settings, type Surroundings } from './spec.ts';
import { runTrial } from './window.ts';

/** What a run is made of, before it begins. */
interface Plan {
  /** A generation each: groups of trials that take turns, then trials with windows to themselves. */
  readonly generations: readonly { readonly cohorts: readonly PlannedTrial[][]; readonly windows: PlannedTrial[] }[];
  readonly parts: number;
}

export async function runBench(
  asked: Settings,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<SessionResult> {
  const started = performance.now();
  const host = await readHost();
  let settings = asked;
  let plan = planOf(settings, host.environment);
  const wanted = plannedSearches(settings, settings.subjects);
  if (plan.parts + wanted.length === 0)
    throw new UsageError(
      'none of the chosen subjects can carry any of the chosen scenarios; `hopcost list` shows both',
    );
  const expected = estimateOf(plan, settings);
  const observer = surroundings.observe(plan.parts, expected);
  try {
    describe(settings, observer, { placement: host.placementWords, expected });
    if (settings.search) {
      const { objective } = settings.search;
      const cost = searchCost(objective, wanted.length, settings);
      observer.note(describeSearches(describeObjective(objective), wanted.length, cost));
    }
    requireHost(settings, host, plan.generations[0]?.cohorts ?? [], observer);
    const targets = await reachTargets(settings.targets, signal);
    for (const [target, { external }] of targets)
      for (const note of external?.notes ?? []) observer.note(`${target} ${note}`);
    settings = sizeForTargets(asked, targets, host.environment, observer);
    plan = planOf(settings, host.environment);
    return await runSession(
      { settings, host, surroundings, more: { ...(settings.search && { search: searchRecord(settings.search) }) } },
      async (session) => {
        const subjects = await admitSubjects(settings, session, { targets, observer }, signal);
        await proveInstruments(settings, session, observer, signal);
        const least = (expected * CLAIM_GENERATIONS) / settings.generations;
        const fits = settings.time !== undefined && least <= settings.time;
        const deadline = fits ? started + settings.time! - AFTERWARDS : Infinity;
        await measureAll(plan, { settings, session, subjects, observer, deadline }, signal);
        const fit = new Set(fitSubjects(subjects).map(({ subject }) => subjectName(subject)));
        if (settings.search) {
          const { objective } = settings.search;
          const searches = wanted.filter(({ subject }) => fit.has(subjectName(subject)));
          const { pool, placement, certificate } = session;
          const trial = { settings, pool, placement, certificate, subjects };
          await searchKnees({ trial, objective, searches, log: session, progress: observer }, signal);
        }
        if (settings.micro > 0) {
          observer.doing('micro-benchmarks, for the ledger');
          for (const record of await runMicro({ suites: SUITES, time: settings.micro }, signal))
            await session.append(record);
        }
      },
      signal,
    );
  } finally {
    observer.close();
  }
}

function planOf(settings: Settings, environment: Environment): Plan {
  const planned = planGenerations(settings);
  const external = new Set(settings.targets?.definitions.map(({ name }) => name));
  const inTurns = ({ scenario, subject }: PlannedTrial): boolean =>
    takesTurns(scenario, settings.driver) && !external.has(hopName(subject));
  const kept = settings.scenarios.filter((scenario) => takesTurns(scenario, settings.driver));
  const connections = kept.reduce((sum, { loop }) => sum + loop.connections, 0);
  const most = mostAtOnce({ memory: memoryOf(environment), openFiles: environment.openFiles }, connections);
  const common = new Set(
    settings.subjects.flatMap(({ name, isReference, hops }) => (isReference && hops === undefined ? [name] : [])),
  );
  const generations = planned.map((trials) => ({
    cohorts: cohortsOf(trials.filter(inTurns), common, most),
    windows: trials.filter((trial) => !inTurns(trial)),
  }));
  const parts = generations.reduce((sum, { cohorts, windows }) => sum + cohorts.length + windows.length, 0);
  return { generations, parts };
}

/** Connections enough for the slowest target, told where there are more of them than usual. */
function sizeForTargets(
  settings: Settings,
  targets: ReadonlyMap<string, SubjectRecord>,
  { openFiles, ephemeralPorts }: Environment,
  observer: Observer,
): Settings {
  if (targets.size === 0 || settings.targets?.connections !== undefined) return settings;
  const latency = Math.max(...[...targets.values()].map(({ external }) => external?.latency ?? 0));
  const most = Math.min(connectionsWithin(openFiles), ephemeralPorts);
  const scenarios = sizedFor(settings.scenarios, latency, most);
  for (const [i, { name, loop }] of scenarios.entries())
    if (loop.connections !== settings.scenarios[i]!.loop.connections)
      observer.note(
        `${name}: ${loop.connections} connections, for answers that take up to ${formatQuantity(1_000 * latency, 'µs')} and longer under load (--connections sets them)`,
      );
  return { ...settings, scenarios };
}

const estimateOf = ({ generations }: Plan, settings: Settings): number =>
  estimateRun({
    cohorts: generations.flatMap(({ cohorts }) => cohorts),
    windows: generations.flatMap(({ windows }) => windows),
    hosted: hostedOf(settings),
    subjects: settings.subjects.length,
    settings,
  }) +
  (settings.calibrate === 'none' ? 0 : CALIBRATIONS[settings.calibrate].time) +
  (settings.secondOpinion ? OTHERS_TIME : 0);

function describe(
  settings: Settings,
  observer: Observer,
  { placement, expected }: { readonly placement: string; readonly expected: number },
): void {
  const { preset, subjects, scenarios, generations, rounds, seed } = settings;
  const names = subjects.map(({ name, hops }) => (hops === undefined ? name : `${name} ×${hops}`));
  observer.note(
    `${preset}: ${names.join(', ')}\n${scenarios.map(({ name }) => name).join(', ')}\n` +
      (generations === 0
        ? `no generations, a search alone (seed ${seed})`
        : `${generations} generations of ${rounds} rounds, about ${formatDuration(expected)} (seed ${seed})`),
  );
  observer.note(placement);
  for (const line of settings.skipped) observer.note(`left out: ${line}`);
  for (const line of settings.unchained) observer.note(`not chained: ${line}`);
  for (const { name: target, external } of settings.targets?.definitions ?? [])
    observer.note(`${target}: ${external.url}, never more than ${settings.targets!.maxRate} requests a second`);
}

async function proveInstruments(
  settings: Settings,
  session: Session,
  observer: Observer,
  signal: AbortSignal,
): Promise<void> {
  const shared = { ...session, seed: settings.seed };
  if (settings.calibrate !== 'none') {
    observer.doing('calibration');
    const record = await calibrate(shared, signal, CALIBRATIONS[settings.calibrate]);
    await session.append(record);
    observer.note(describeCalibration(record));
  }
  if (settings.secondOpinion) {
    observer.doing('second opinions');
    const record = await askOthers({ ...shared, hopcost: session.run.hopcost }, signal);
    await session.append(record);
    observer.note(describeSecondOpinion(opinionsOf(record)));
  }
}

interface Measuring {
  readonly settings: Settings;
  readonly session: Session;
  readonly subjects: readonly SubjectRecord[];
  readonly observer: Observer;
  /** By `performance.now()`: no generation begins that is likely to end later. */
  readonly deadline: number;
}

/** Milliseconds from the last generation to the end of the process: micro-benchmarks, analysis, reports. */
const AFTERWARDS = 7_000;

/** Generation by generation; each one's records are on disk before the next begins. */
async function measureAll(
  { generations }: Plan,
  { settings, session, subjects, observer, deadline }: Measuring,
  signal: AbortSignal,
): Promise<void> {
  const fit = new Set(fitSubjects(subjects).map(({ subject }) => subjectName(subject)));
  const isFit = ({ subject }: PlannedTrial): boolean => fit.has(baseName(subject));
  const rates = new Map<string, PerSecond>();
  const trials: TrialRecord[] = [];
  const keep = async (trial: TrialRecord): Promise<TrialRecord> => {
    await session.append(trial);
    trials.push(trial);
    observer.finished(trial);
    return trial;
  };
  const { pool, placement, certificate } = session;
  let longest = 0;
  for (const [generation, { cohorts, windows }] of generations.entries()) {
    const begun = performance.now();
    if (generation >= CLAIM_GENERATIONS && begun + longest > deadline) {
      observer.note(
        `this host is slow: ${generation} of ${generations.length} generations fit into ${formatDuration(settings.time!)} (--generations ${generations.length} measures all)`,
      );
      return;
    }
    for (const [index, cohort] of cohorts.entries()) {
      signal.throwIfAborted();
      const group = cohorts.length > 1 ? `, group ${index + 1} of ${cohorts.length}` : '';
      const what = `generation ${generation + 1} of ${generations.length}${group}`;
      observer.starting(what);
      const found = await runGeneration(
        { trials: cohort.filter(isFit), rounds: settings.rounds, ...(cohorts.length > 1 && { cohort: index }) },
        {
          placement,
          certificate,
          pool,
          seed: settings.seed,
          definitionOf: (name) => definitionOf(settings, name),
          subjects,
          rates,
          doing: (doing) => observer.doing(`${what}: ${doing}`),
        },
        signal,
      );
      for (const trial of found) await keep(trial);
    }
    const measure = async (next: PlannedTrial): Promise<TrialRecord> => {
      signal.throwIfAborted();
      observer.starting(`${next.scenario.name} · ${subjectName(next.subject)}`);
      const loop = resolveLoop(next.scenario, trials);
      return keep(await runTrial(next, loop, { settings, pool, placement, certificate, subjects }, signal));
    };
    const share = retakeShare(generations.length);
    await measureRound(windows.filter(isFit), { share, measure, adding: observer.adding });
    longest = Math.max(longest, performance.now() - begun);
  }
}

/** A paced scenario's rate where it has windows to itself: its share of the slowest subject's capacity, fixed by the first round. */
export function resolveLoop({ loop, name }: Scenario, trials: readonly TrialRecord[]): Loop | undefined {
  if (loop.kind !== 'paced') return loop;
  const known = trials.find((trial) => trial.scenario === name && trial.loop?.kind === 'open')?.loop;
  if (known) return known;
  const capacity = slowestCapacity(trials, loop.of);
  if (capacity === undefined) return undefined;
  const { connections, arrivals, fraction } = loop;
  return { kind: 'open', connections, arrivals, offered: perSecond(Math.max(1, Math.round(capacity * fraction))) };
}
