/** What every kind of run has in common, from the host's facts to the end record: one disposable scope, in which steps measure. */
import { rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { keepAwake } from '#bench/lab/awake.ts';
import { createCertificate, type RunCertificate } from '#bench/lab/certificates.ts';
import { readEnvironment } from '#bench/lab/environment.ts';
import { describePlacement, pinSelf, planPlacement, readCores } from '#bench/lab/placement.ts';
import { createLoadPool, type LoadPool } from '#bench/load/pool.ts';
import { UsageError } from '#bench/model/errors.ts';
import {
  type Environment,
  type Placement,
  type RunLine,
  type RunRecord,
  type RunRecords,
  SCHEMA_VERSION,
} from '#bench/model/record.ts';
import { CLOSED_TURN, OPEN_TURN } from '#bench/plan/turns.ts';
import { instructionsAvailability } from '#bench/probes/instructions.ts';
import { millis } from '#bench/model/units.ts';
import type { PlannedTrial } from '#bench/plan/generations.ts';
import { checkHost, limitsOf } from './host-limits.ts';
import { RecordLog } from './record-log.ts';
import type { Observer, Settings, Surroundings } from './spec.ts';

/** `2026-11-21T10-20-30-quick-l7k3`: sorts by time, names the preset, never collides. */
export const runName = (at: Date, { preset, seed }: Pick<Settings, 'preset' | 'seed'>): string =>
  `${at.toISOString().slice(0, 19).replaceAll(':', '-')}-${preset}-${(seed ^ process.pid).toString(36).slice(-4).padStart(4, '0')}`;

/** The host, before anything is written or started. */
export interface Host {
  readonly environment: Environment;
  readonly placement: Placement;
}

export async function readHost(): Promise<Host & { readonly placementWords: string }> {
  const environment = await readEnvironment((await instructionsAvailability()).state === 'ready');
  const cores = readCores();
  const placement = planPlacement(cores);
  return { environment, placement, placementWords: describePlacement(placement, cores) };
}

/** Notes what the host may not carry. Throws `UsageError` with all that it cannot. `groups`: the trials whose subjects are alive at once. */
export function requireHost(
  { scenarios, warmup, window }: Settings,
  host: Host,
  groups: readonly (readonly PlannedTrial[])[],
  observer: Observer,
): void {
  const problems = [...checkHost(scenarios, host.environment, (warmup + window) / 1_000), ...limitsOf(groups, host)];
  for (const { severity, message } of problems) if (severity === 'warning') observer.note(`note: ${message}`);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new UsageError(errors.map(({ message }) => message).join('\n'));
}

export interface Session extends Host {
  readonly pool: LoadPool;
  readonly certificate: RunCertificate;
  readonly directory: string;
  readonly run: RunRecord;
  /** On disk before it resolves. */
  append(record: RunLine): Promise<void>;
  /** All that was appended so far. */
  readonly records: RunRecords;
}

export interface SessionResult {
  readonly directory: string;
  readonly records: RunRecords;
  readonly interrupted: boolean;
}

/**
 * Runs `steps` between the run's record and its end. An abort of `signal` ends them, and what they had appended stands; any other
 * error leaves the run unfinished.
 */
export async function runSession(
  { settings, host, surroundings, more = {} }: SessionSpec,
  steps: (session: Session) => Promise<void>,
  signal: AbortSignal,
): Promise<SessionResult> {
  const startedAt = new Date();
  const { environment, placement } = host;
  const name = runName(startedAt, settings);
  using awake = keepAwake();
  await using log = await RecordLog.create(join(settings.out, name));
  const run: RunRecord = {
    record: 'run',
    schema: SCHEMA_VERSION,
    run: name,
    startedAt: startedAt.toISOString(),
    hopcost: surroundings.hopcost,
    revision: surroundings.revision,
    command: [...surroundings.command],
    preset: settings.preset,
    isForFigures: settings.isForFigures,
    seed: settings.seed,
    rounds: settings.generations,
    warmup: settings.warmup,
    window: settings.window,
    ...(!more.faults && {
      turns: {
        rounds: Math.max(1, settings.rounds),
        closed: millis(CLOSED_TURN.length),
        open: millis(OPEN_TURN.length),
        discard: millis(OPEN_TURN.discard),
      },
    }),
    idle: awake.idle,
    scenarios: [...settings.scenarios],
    ...(settings.skipped && settings.skipped.length > 0 && { leftOut: [...settings.skipped] }),
    environment,
    placement,
    ...more,
  };
  const lines: RunLine[] = [];
  const append = async (record: RunLine): Promise<void> => {
    await log.append(record);
    lines.push(record);
  };
  await append(run);
  await pointLatest(settings.out, name);

  let interrupted = false;
  try {
    using _pinned = pinSelf(placement.load);
    await using pool = createLoadPool({
      workers: placement.loadWorkers,
      second: settings.scenarios.some((scenario) => scenario.second !== undefined),
    });
    await pool.ready();
    const session: Session = {
      environment,
      placement,
      pool,
      certificate: createCertificate(),
      directory: log.directory,
      run,
      append,
      get records() {
        return recordsOf(run, lines);
      },
    };
    await steps(session);
  } catch (error) {
    if (!signal.aborted) throw error;
    interrupted = true;
  }
  await append({
    record: 'end',
    state: interrupted ? 'interrupted' : 'completed',
    finishedAt: new Date().toISOString(),
  });
  return { directory: log.directory, records: recordsOf(run, lines), interrupted };
}

/** What every kind of run settles. */
type SessionSettings = Pick<
  Settings,
  'preset' | 'isForFigures' | 'skipped' | 'scenarios' | 'generations' | 'rounds' | 'warmup' | 'window' | 'seed' | 'out'
>;

export interface SessionSpec {
  readonly settings: SessionSettings;
  readonly host: Host;
  readonly surroundings: Pick<Surroundings, 'hopcost' | 'revision' | 'command'>;
  /** Of the run's record, besides what all have. */
  readonly more?: Partial<Pick<RunRecord, 'search' | 'faults'>>;
}

const recordsOf = (run: RunRecord, lines: readonly RunLine[]): RunRecords => {
  const windows = lines.filter((line) => line.record === 'knee-window');
  const knees = lines.filter((line) => line.record === 'knee');
  const faults = lines.filter((line) => line.record === 'fault-trial');
  const calibration = lines.find((line) => line.record === 'calibration');
  const secondOpinion = lines.find((line) => line.record === 'second-opinion');
  const end = lines.find((line) => line.record === 'end');
  return {
    run,
    subjects: lines.filter((line) => line.record === 'subject'),
    trials: lines.filter((line) => line.record === 'trial'),
    micro: lines.filter((line) => line.record === 'micro'),
    ...(windows.length > 0 && { windows }),
    ...(knees.length > 0 && { knees }),
    ...(faults.length > 0 && { faults }),
    ...(calibration && { calibration }),
    ...(secondOpinion && { secondOpinion }),
    ...(end && { end }),
  };
};

/** `latest` → the newest run; replaced in one step so that a reader never finds it missing. */
async function pointLatest(out: string, name: string): Promise<void> {
  const fresh = join(out, `.latest-${process.pid}`);
  await rm(fresh, { force: true });
  await symlink(name, fresh);
  await rename(fresh, join(out, 'latest'));
}
