/** The measuring of a gate: both revisions' preflight, then rounds of slices until they suffice, each trial on disk before the next. */
import { join } from 'node:path';
import type { Fault } from '#proxies/config/intent.ts';
import { stateOfGate } from '#bench/gate/decide.ts';
import { planGate, type Slice } from '#bench/gate/plan.ts';
import { type MetricRule, REPEATS } from '#bench/gate/rules.ts';
import { measuredOf, spoiledRounds } from '#bench/gate/slices.ts';
import { createCertificate } from '#bench/lab/certificates.ts';
import { readEnvironment } from '#bench/lab/environment.ts';
import { describePlacement, pinSelf, planPlacement, readCores } from '#bench/lab/placement.ts';
import { checkHost, preflightSubject } from '#bench/lab/preflight.ts';
import { createLoadPool } from '#bench/load/pool.ts';
import {
  type RunRecord,
  type RunRecords,
  SCHEMA_VERSION,
  type SubjectRecord,
  type TrialRecord,
} from '#bench/model/record.ts';
import type { Subject } from '#bench/model/scenario.ts';
import { type Millis, millis } from '#bench/model/units.ts';
import { applies } from '#bench/plan/applies.ts';
import { TRIAL_OVERHEAD } from '#bench/plan/rounds.ts';
import { instructionsAvailability } from '#bench/probes/instructions.ts';
import { UsageError } from '../exit.ts';
import { createProgress, formatDuration } from '../run/progress.ts';
import { RecordLog } from '../run/record-log.ts';
import { runSlice, type SliceContext } from './duet.ts';
import { pointLatest, resolveLoop, runName } from '../run/run.ts';
import type { Settings } from '../run/settings.ts';
import { revision, version } from '../version.ts';

/** From where a revision's proxy runs. */
export interface Revised {
  /** A proxy of the registry: the package that hosts it. */
  readonly root?: string;
  /** A user's own: the folder of its command. */
  readonly cwd?: string;
  readonly fault?: Fault;
}

export interface Sides {
  /** Proxy → how base runs it. One that is absent is measured of head alone. */
  readonly base: ReadonlyMap<string, Revised>;
  readonly head: Revised;
}

export interface GateRun {
  readonly settings: Settings;
  readonly sides: Sides;
  readonly rounds: { readonly first: number; readonly second: number };
  readonly rules?: readonly MetricRule[];
}

export interface GateMeasurement {
  readonly directory: string;
  readonly records: RunRecords;
  readonly looks: 1 | 2;
  readonly interrupted: boolean;
  readonly seconds: number;
}

/** A revision did not pass its preflight. */
export class RevisionUnfit extends Error {
  override readonly name = 'RevisionUnfit';
  readonly side: 'base' | 'head';
  readonly subject: string;
  constructor(side: 'base' | 'head', subject: string, message: string) {
    super(message);
    this.side = side;
    this.subject = subject;
  }
}

/** Direct is the control, not what is judged: a short look suffices. */
const DIRECT: { readonly warmup: Millis; readonly window: Millis } = { warmup: millis(200), window: millis(600) };

export async function measureGate(gate: GateRun, signal: AbortSignal): Promise<GateMeasurement> {
  const { settings, sides, rounds } = gate;
  const startedAt = new Date();
  const since = performance.now();
  const environment = await readEnvironment((await instructionsAvailability()).state === 'ready');
  const cores = readCores();
  const placement = planPlacement(cores);
  const most = Math.ceil(rounds.second * (1 + REPEATS));
  const plan = planGate({
    subjects: settings.proxies.map(({ name }) => name),
    scenarios: settings.scenarios,
    carries: (scenario, name) => settings.subjects.some((one) => one.name === name && applies(scenario, one)),
    rounds: most,
    seed: settings.seed,
  }).map((round) => round.map((slice) => slice.filter(({ subject }) => runsOf(subject, sides) !== undefined)));
  const slices = plan.slice(0, rounds.first).flat();
  const total = slices.flat().length;
  const expected = slices.reduce((sum, slice) => sum + lengthOf(slice, settings), 0);
  const progress = createProgress(process.stderr, total, expected);
  progress.note(
    `gate: ${settings.proxies.map(({ name }) => name).join(', ')}; ${settings.scenarios.map(({ name }) => name).join(', ')}\n` +
      `${rounds.first} rounds${sides.base.size > 0 ? ', base and head at once' : ''}, ${total} trials, about ${formatDuration(expected)}; ${rounds.second} rounds where they leave it open (seed ${settings.seed})`,
  );
  progress.note(describePlacement(placement, cores));
  for (const problem of checkHost(settings.scenarios, environment, (settings.warmup + settings.window) / 1_000)) {
    if (problem.severity === 'error') throw new UsageError(problem.message);
    progress.note(`note: ${problem.message}`);
  }

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
    rounds: rounds.first,
    warmup: settings.warmup,
    window: settings.window,
    scenarios: [...settings.scenarios],
    environment,
    placement,
  };
  await log.append(run);
  await pointLatest(settings.out, name);

  let interrupted = false;
  let looks: 1 | 2 = 1;
  try {
    using _pinned = pinSelf(placement.load);
    const certificate = createCertificate();
    const second = settings.scenarios.some((scenario) => scenario.second !== undefined);
    await using one = createLoadPool({ workers: placement.loadWorkers, second });
    await using other = createLoadPool({ workers: placement.loadWorkers, second });
    const shared = { settings, placement, certificate, subjects };
    const context: SliceContext = {
      pools: [one, other],
      of: (subject) =>
        subject.kind === 'direct'
          ? { ...shared, settings: { ...settings, ...DIRECT } }
          : { ...shared, proxy: runsOf(subject, sides)! },
      cores: environment.cores,
    };

    const admit = async (subject: Subject, definition?: Settings['proxies'][number]): Promise<void> => {
      const from = runsOf(subject, sides);
      const found = await preflightSubject(
        { scenarios: settings.scenarios, placement, certificate, ...from, ...(definition && { definition }) },
        signal,
      );
      const record = { ...found, subject };
      await log.append(record);
      subjects.push(record);
      const failed = record.preflight.find(({ passed }) => !passed);
      if (failed && subject.kind === 'proxy')
        throw new RevisionUnfit(
          subject.side!,
          subject.name,
          `${subject.side} of ${subject.name}: preflight '${failed.rule}' failed: ${failed.detail}`,
        );
    };
    await admit({ kind: 'direct' });
    for (const definition of settings.proxies)
      for (const side of ['head', 'base'] as const) {
        const subject: Subject = { kind: 'proxy', name: definition.name, side };
        if (runsOf(subject, sides)) await admit(subject, definition);
      }

    let next = 0;
    const measureUntil = async (target: number): Promise<void> => {
      const allowed = Math.ceil(target * (1 + REPEATS));
      while (next < allowed && next - spoiledRounds(trials).length < target) {
        for (const slice of plan[next]!) {
          signal.throwIfAborted();
          for (const planned of slice) progress.starting(planned);
          const loop = resolveLoop(slice[0]!.scenario, trials);
          for (const trial of await runSlice(slice, loop, context, signal)) {
            await log.append(trial);
            trials.push(trial);
            progress.finished(trial);
          }
        }
        next += 1;
      }
    };
    await measureUntil(rounds.first);
    const open =
      sides.base.size > 0 && stateOfGate(measuredOf(settings.scenarios, trials, gate.rules)) === 'inconclusive';
    if (open && rounds.second > rounds.first) {
      looks = 2;
      progress.note(`${rounds.first} rounds leave it open: the second look, ${rounds.second} rounds in all`);
      await measureUntil(rounds.second);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    interrupted = true;
  } finally {
    progress.close();
  }
  const end = {
    record: 'end' as const,
    state: interrupted ? ('interrupted' as const) : ('completed' as const),
    finishedAt: new Date().toISOString(),
  };
  await log.append(end);
  return {
    directory: log.directory,
    records: { run, subjects, trials, micro: [], end },
    looks,
    interrupted,
    seconds: (performance.now() - since) / 1_000,
  };
}

/** How a trial's proxy is run; undefined where base runs none of it. */
const runsOf = (subject: Subject, { base, head }: Sides): Revised | undefined =>
  subject.kind === 'direct' ? {} : subject.side === 'head' ? head : base.get(subject.name);

const lengthOf = (slice: Slice, { warmup, window }: Settings): number => {
  const own = slice[0]?.subject.kind === 'direct' ? DIRECT : { warmup, window };
  return TRIAL_OVERHEAD + own.warmup + own.window;
};
