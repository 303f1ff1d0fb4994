/** How long a run takes, before it begins. Constants in milliseconds, measured on a two-core host. */
import { hopName, type Scenario, startKey, type Subject, subjectName } from '#bench/model/scenario.ts';
import { type Millis, millis } from '#bench/model/units.ts';
import type { PlannedTrial } from './generations.ts';
import { CLOSED_TURN, OPEN_TURN, warmTurnsOf } from './turns.ts';

/** Reports, and the host's facts. */
const RUN_OVERHEAD = 5_000;
const PREFLIGHT_PER_SUBJECT = 800;
/** Starting, connecting to and stopping one subject of a generation, in between others. */
const START = { hosted: 330, others: 2_300 } as const;
/** Origins, probes and closing, per group of a generation. */
const GROUP_OVERHEAD = 900;
/** From the end of one turn to the beginning of the next: last answers, readings. */
const SWITCH = 5;
/** A window to itself, besides warm-up and window. */
export const WINDOW_OVERHEAD = millis(650);
/** The kernel lists the thousands of connections that such a trial has closed: the check that none is left open reads them all. */
const CLOSED_CONNECTIONS = 1_600;

const closesConnections = ({ traffic }: Scenario): boolean =>
  traffic.kind === 'http' && traffic.connection === 'per-request' && traffic.tls === 'none';

export interface EstimateRequest {
  /** All groups of all generations. */
  readonly cohorts: readonly (readonly PlannedTrial[])[];
  readonly windows: readonly PlannedTrial[];
  /** The proxies that run inside a process of ours: the others start a program of their own. */
  readonly hosted: ReadonlySet<string>;
  /** That are checked before. */
  readonly subjects: number;
  readonly settings: { readonly rounds: number; readonly warmup: Millis; readonly window: Millis };
}

const turnLength = ({ scenario: { loop } }: PlannedTrial): number =>
  SWITCH + (loop.kind === 'closed' ? CLOSED_TURN.length : OPEN_TURN.length);

const usualWarmTurns = (trial: PlannedTrial): number => {
  const { least, most } = warmTurnsOf(trial);
  return (least + most) / 2;
};

export function estimateRun({ cohorts, windows, hosted, subjects, settings }: EstimateRequest): Millis {
  const { rounds, warmup, window } = settings;
  const startOf = (subject: Subject): number =>
    subject.kind === 'direct' || hosted.has(hopName(subject)) ? START.hosted : START.others;
  const inTurns = cohorts.reduce((sum, cohort) => {
    const starts = new Map(
      cohort.map(({ subject, scenario }) => [
        `${subjectName(subject)} ${startKey(scenario, subject.kind === 'proxy')}`,
        subject,
      ]),
    );
    const starting = [...starts.values()].reduce((ms, one) => ms + startOf(one), 0);
    const turns = cohort.reduce((ms, trial) => ms + (usualWarmTurns(trial) + rounds) * turnLength(trial), 0);
    return sum + GROUP_OVERHEAD + starting + turns;
  }, 0);
  const alone = windows.reduce(
    (sum, { scenario }) =>
      sum + WINDOW_OVERHEAD + warmup + window + (closesConnections(scenario) ? CLOSED_CONNECTIONS : 0),
    0,
  );
  return millis(RUN_OVERHEAD + subjects * PREFLIGHT_PER_SUBJECT + inTurns + alone);
}
