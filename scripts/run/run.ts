/** One run, from settings to records: preflight, then rounds of trials, each on disk before the next begins. */
import { symlink, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeCalibration } from '#bench/analysis/calibration.ts';
import { describeSecondOpinion, opinionsOf } from '#bench/analysis/second-opinion.ts';
import { slowestCapacity } from '#bench/analysis/capacity.ts';
import { describeObjective } from '#bench/analysis/objective.ts';
import { createCertificate } from '#bench/lab/certificates.ts';
import { readEnvironment } from '#bench/lab/environment.ts';
import { describePlacement, pinSelf, planPlacement, readCores } from '#bench/lab/placement.ts';
import { checkHost, preflightSubject } from '#bench/lab/preflight.ts';
import { createLoadPool } from '#bench/load/pool.ts';
import { instructionsAvailability } from '#bench/probes/instructions.ts';
import { SUITES, runMicro } from '#bench/micro/run.ts';
import { type RunRecord, SCHEMA_VERSION, type SubjectRecord, type TrialRecord } from '#bench/model/record.ts';
import { type Loop, type Scenario, baseName, subjectName } from '#bench/model/scenario.ts';
import { millis, perSecond } from '#bench/model/units.ts';
import { fitSubjects } from '#bench/plan/applies.ts';
import { measureRound, retakeShare } from '#bench/plan/retake.ts';
import { estimate, type PlannedTrial, planRounds } from '#bench/plan/rounds.ts';
import { UsageError } from '../exit.ts';
import { revision, version } from '../version.ts';
import { calibrate, CALIBRATION_TIME } from './calibrate.ts';
import { describeSearches, plannedSearches, searchCost, searchKnees, searchRecord } from './knee.ts';
import { askOthers, OTHERS_TIME } from './second-opinion.ts';
import { createProgress, formatDuration } from './progress.ts';
import { RecordLog } from './record-log.ts';
import { type Settings, definitionOf } from './settings.ts';
import { reachTargets } from './targets.ts';
import { type TrialContext, runTrial } from './trial.ts';

export interface RunOutcome {
  readonly directory: string;
  readonly interrupted: boolean;
}

/** `2026-11-21T10-20-30-quick-l7k3`: sorts by time, names the preset, never collides. */
export const runName = (at: Date, { preset, seed }: Pick<Settings, 'preset' | 'seed'>): string =>
  `${at.toISOString().slice(0, 19).replaceAll(':', '-')}-${preset}-${(seed ^ process.pid).toString(36).slice(-4).padStart(4, '0')}`;

export async function runBench(settings: Settings, signal: AbortSignal): Promise<RunOutcome> {
  const startedAt = new Date();
  const environment = await readEnvironment((await instructionsAvailability()).state === 'ready');
  const cores = readCores();
  const placement = planPlacement(cores);
  const plan = planRounds(settings);
  const planned = plan.flat();
  const wanted = plannedSearches(settings, settings.subjects);
  if (planned.length + wanted.length === 0)
    throw new UsageError(
      'none of the chosen subjects can carry any of the chosen scenarios; `hopcost list` shows both',
    );
  const expected = millis(
    estimate(plan, settings.subjects.length, settings.warmup, settings.window) +
      (settings.calibrate ? CALIBRATION_TIME : 0) +
      (settings.secondOpinion ? OTHERS_TIME : 0),
  );
  const progress = createProgress(process.stderr, planned.length, expected);
  progress.note(describeRun(settings, planned.length, expected));
  if (settings.search) {
    const { objective } = settings.search;
    const cost = searchCost(objective, wanted.length, settings);
    progress.note(describeSearches(describeObjective(objective), wanted.length, cost));
  }
  progress.note(describePlacement(placement, cores));
  for (const line of settings.skipped) progress.note(`left out: ${line}`);
  for (const line of settings.unchained) progress.note(`not chained: ${line}`);
  for (const problem of checkHost(settings.scenarios, environment, (settings.warmup + settings.window) / 1_000)) {
    if (problem.severity === 'error') throw new UsageError(problem.message);
    progress.note(`note: ${problem.message}`);
  }

  for (const { name: target, external } of settings.targets?.definitions ?? [])
    progress.note(`${target}: ${external.url}, never more than ${settings.targets!.maxRate} requests a second`);
  // Before anything is written or started: a target that does not do what was said of it ends the run.
  const targets = await reachTargets(settings.targets, signal);
  for (const [target, { external }] of targets)
    for (const note of external?.notes ?? []) progress.note(`${target} ${note}`);

  const name = runName(startedAt, settings);
  await using log = await RecordLog.create(join(settings.out, name));
  const subjects: SubjectRecord[] = [];
  const trials: TrialRecord[] = [];
  const run: RunRecord = {
    record: 'run',
    schema: SCHEMA_VERSION,
    run: name,
    startedAt: startedAt.toISOString(),
    hopcost: version,
    revision: revision(),
    command: ['hopcost', ...process.argv.slice(2)],
    preset: settings.preset,
    seed: settings.seed,
    rounds: settings.rounds,
    warmup: settings.warmup,
    window: settings.window,
    scenarios: [...settings.scenarios],
    environment,
    placement,
    ...(settings.search && { search: searchRecord(settings.search) }),
  };
  await log.append(run);
  await pointLatest(settings.out, name);

  let interrupted = false;
  try {
    using _pinned = pinSelf(placement.load);
    const certificate = createCertificate();
    await using pool = createLoadPool({
      workers: placement.loadWorkers,
      second: settings.scenarios.some((scenario) => scenario.second !== undefined),
    });
    const context: TrialContext = { settings, pool, placement, certificate, subjects };

    for (const subject of settings.subjects) {
      const definition = definitionOf(settings, subject.name);
      const record =
        targets.get(subject.name) ??
        (await preflightSubject(
          {
            scenarios: settings.scenarios,
            placement,
            certificate,
            ...(definition && { definition }),
            ...(subject.hops !== undefined && { hops: subject.hops }),
          },
          signal,
        ));
      await log.append(record);
      subjects.push(record);
      for (const { rule, detail } of record.preflight.filter(({ passed }) => !passed))
        progress.note(`${subjectName(record.subject)} is not measured: preflight '${rule}' failed: ${detail}`);
    }
    const fit = new Set(fitSubjects(subjects).map(({ subject }) => subjectName(subject)));

    if (settings.calibrate) {
      const record = await calibrate({ pool, placement, certificate, seed: settings.seed }, signal);
      await log.append(record);
      progress.note(describeCalibration(record));
    }
    if (settings.secondOpinion) {
      const record = await askOthers({ pool, placement, certificate, seed: settings.seed }, signal);
      await log.append(record);
      progress.note(describeSecondOpinion(opinionsOf(record)));
    }

    const measure = async (next: PlannedTrial): Promise<TrialRecord> => {
      signal.throwIfAborted();
      progress.starting(next);
      const loop = resolveLoop(next.scenario, trials);
      const trial = await runTrial(next, loop, context, signal);
      await log.append(trial);
      trials.push(trial);
      progress.finished(trial);
      return trial;
    };
    const measuring = { share: retakeShare(settings.rounds), measure, adding: progress.adding };
    for (const round of plan)
      await measureRound(
        round.filter(({ subject }) => fit.has(baseName(subject))),
        measuring,
      );

    if (settings.search) {
      const searches = wanted.filter(({ subject }) => fit.has(subjectName(subject)));
      const { objective } = settings.search;
      await searchKnees({ trial: context, objective, searches, log, progress }, signal);
    }

    if (settings.micro > 0)
      for (const record of await runMicro({ suites: SUITES, time: settings.micro }, signal)) await log.append(record);
  } catch (error) {
    if (!signal.aborted) throw error;
    interrupted = true;
  } finally {
    progress.close();
  }
  await log.append({
    record: 'end',
    state: interrupted ? 'interrupted' : 'completed',
    finishedAt: new Date().toISOString(),
  });
  return { directory: log.directory, interrupted };
}

function describeRun(
  { preset, subjects, scenarios, rounds, seed }: Settings,
  trials: number,
  expected: number,
): string {
  return (
    `${preset}: ${subjects.map(({ name, hops }) => (hops === undefined ? name : `${name} ×${hops}`)).join(', ')}\n` +
    `${scenarios.map(({ name }) => name).join(', ')}\n` +
    (rounds === 0
      ? `no rounds, a search alone (seed ${seed})`
      : `${rounds} rounds, ${trials} trials, about ${formatDuration(expected)} (seed ${seed})`)
  );
}

/** A paced scenario's rate: its share of the slowest subject's capacity, fixed by the first round for the whole run. */
export function resolveLoop({ loop, name }: Scenario, trials: readonly TrialRecord[]): Loop | undefined {
  if (loop.kind !== 'paced') return loop;
  const known = trials.find((trial) => trial.scenario === name && trial.loop?.kind === 'open')?.loop;
  if (known) return known;
  const capacity = slowestCapacity(trials, loop.of);
  if (capacity === undefined) return undefined;
  const { connections, arrivals, fraction } = loop;
  return { kind: 'open', connections, arrivals, offered: perSecond(Math.max(1, Math.round(capacity * fraction))) };
}

/** `latest` → the newest run; replaced in one step so that a reader never finds it missing. */
export async function pointLatest(out: string, name: string): Promise<void> {
  const fresh = join(out, `.latest-${process.pid}`);
  await rm(fresh, { force: true });
  await symlink(name, fresh);
  await rename(fresh, join(out, 'latest'));
}
