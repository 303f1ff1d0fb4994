/**
 * The search for the highest rate at which an objective holds. `bench/plan/knee.ts` says where to measure next; here it is measured:
 * every search takes one window a pass, in a new random order each, so that what drifts on the host drifts for all.
 */
import { judgeWindow, samplesOf } from '#bench/analysis/knees/objective.ts';
import type { KneeOutcome } from '#bench/model/knee.ts';
import type { Objective } from '#bench/model/objective.ts';
import type { KneeRecord, KneeWindowRecord, RunRecord } from '#bench/model/record.ts';
import { type Scenario, type Subject, subjectName } from '#bench/model/scenario.ts';
import { type Millis, millis } from '#bench/model/units.ts';
import { applies, type SubjectFacts } from '#bench/plan/applies.ts';
import {
  CONFIRM,
  type KneeScale,
  type KneeStep,
  type KneeWindow,
  MOST_WINDOWS,
  nextStep,
  TOLERANCE,
  typicalWindows,
} from '#bench/plan/knee.ts';
import { WINDOW_OVERHEAD } from '#bench/plan/estimate.ts';
import { toSubject } from '#bench/plan/generations.ts';
import { atRate, LONGEST_WINDOW, roomyWindow } from '#bench/plan/sweep.ts';
import { formatDuration, formatQuantity } from '#bench/analysis/words/quantity.ts';
import { mulberry32, shuffled } from '#proxies/platform/random.ts';
import type { RecordLog } from './record-log.ts';
import type { Observer, Settings } from './spec.ts';
import { runTrial, type TrialContext } from './window.ts';

/** Any subject on any host carries this; half and a quarter of it are tried where not. */
const SAFE_RATE = 500;
const LEAST_RATE = 50;
/** Beyond what any generator here can drive: a subject is left at its generator's limit long before. */
const MOST_RATE = 1_000_000;
/** The order of the search is not that of the rounds. */
const ORDER = 0x6b6e6565;

export interface PlannedSearch {
  readonly scenario: Scenario;
  readonly subject: Subject;
}

export const plannedSearches = (
  { search }: Pick<Settings, 'search'>,
  subjects: readonly SubjectFacts[],
): PlannedSearch[] =>
  (search?.scenarios ?? []).flatMap((scenario) =>
    subjects.filter((facts) => applies(scenario, facts)).map((facts) => ({ scenario, subject: toSubject(facts) })),
  );

/** What the run's record says of it. */
export const searchRecord = ({ objective, scenarios }: NonNullable<Settings['search']>): RunRecord['search'] => ({
  objective,
  scenarios: scenarios.map(({ name }) => name),
  tolerance: TOLERANCE,
  confirm: CONFIRM.map((rule) => ({ ...rule })),
});

/** The lowest rate is the least at which the longest window carries the objective's quantiles. */
function scaleFor(objective: Objective): KneeScale {
  const lowest = Math.max(LEAST_RATE, Math.ceil((1_000 * samplesOf(objective)) / LONGEST_WINDOW));
  return { start: Math.max(SAFE_RATE, lowest), lowest, highest: MOST_RATE };
}

interface Cost {
  readonly usual: Millis;
  readonly most: Millis;
}

/** Wall time of `searches` searches, from what the windows usually and at most come to. */
export function searchCost(
  objective: Objective,
  searches: number,
  { warmup, window }: Pick<Settings, 'warmup' | 'window'>,
): Cost {
  const { start } = scaleFor(objective);
  const samples = samplesOf(objective);
  const of = (windows: number, at: number): Millis =>
    millis(searches * windows * (WINDOW_OVERHEAD + warmup + roomyWindow(at, samples, window)));
  // Most windows lie near the knee, some doublings above the start.
  return { usual: of(typicalWindows(), 8 * start), most: of(MOST_WINDOWS, start) };
}

export const describeSearches = (objective: string, searches: number, { usual, most }: Cost): string =>
  `highest rate with ${objective}: ${searches} ${searches === 1 ? 'search' : 'searches'} of about ${typicalWindows()} windows, at most ${MOST_WINDOWS}; about ${formatDuration(usual)}, ${formatDuration(most)} where all are needed`;

export interface SearchContext {
  readonly trial: TrialContext;
  readonly objective: Objective;
  readonly searches: readonly PlannedSearch[];
  readonly log: Pick<RecordLog, 'append'>;
  readonly progress: Pick<Observer, 'doing' | 'note'>;
  /** What measures one window; `runTrial` where nothing else is given. */
  readonly measure?: typeof runTrial;
}

interface Active extends PlannedSearch {
  readonly windows: KneeWindow[];
}

/** Every window is on disk before the next begins; a verdict follows its last window. Rejects on an abort of `signal` only. */
export async function searchKnees(context: SearchContext, signal: AbortSignal): Promise<void> {
  const { objective, log, progress, trial } = context;
  const scale = scaleFor(objective);
  const random = mulberry32(trial.settings.seed ^ ORDER);
  let active = context.searches.map((planned): Active => ({ ...planned, windows: [] }));
  let position = 0;
  while (active.length > 0) {
    const over = new Set<Active>();
    for (const one of shuffled(active, random)) {
      signal.throwIfAborted();
      const step = nextStep(scale, one.windows);
      if (step.kind === 'probe') {
        progress.doing(`${step.phase}  ${nameOf(one)}  ${formatQuantity(step.rate, '/s')}`);
        const record = await probe(one, { rate: step.rate, position: position++ }, context, signal);
        await log.append(record);
        one.windows.push({ rate: step.rate, outcome: record.outcome });
        progress.note(describeWindow(one));
      }
      const then = nextStep(scale, one.windows);
      if (then.kind === 'probe') continue;
      await log.append(verdictRecord(one, then));
      over.add(one);
    }
    active = active.filter((one) => !over.has(one));
  }
}

async function probe(
  { scenario: base, subject, windows }: Active,
  { rate, position }: { readonly rate: number; readonly position: number },
  { trial, objective, measure = runTrial }: SearchContext,
  signal: AbortSignal,
): Promise<KneeWindowRecord> {
  const { scenario, loop } = atRate(base, rate);
  const context: TrialContext = { ...trial, settings: { ...trial.settings, samples: samplesOf(objective) } };
  const measured = await measure({ scenario, subject, generation: windows.length, position }, loop, context, signal);
  return { record: 'knee-window', trial: measured, outcome: judgeWindow(measured, objective, trial.placement) };
}

const nameOf = ({ scenario, subject }: PlannedSearch): string => `${scenario.name} · ${subjectName(subject)}`;

const verdictRecord = (
  { scenario, subject, windows }: Active,
  { verdict }: Extract<KneeStep, { kind: 'done' }>,
): KneeRecord => ({ record: 'knee', scenario: scenario.name, subject, windows: windows.length, verdict });

function describeWindow({ windows, ...planned }: Active): string {
  const { rate, outcome } = windows.at(-1)!;
  return `window ${String(windows.length).padStart(2)}  ${nameOf(planned).padEnd(36)} ${formatQuantity(rate, '/s').padStart(10)}  ${outcomeWords(outcome)}`;
}

function outcomeWords(outcome: KneeOutcome): string {
  switch (outcome.kind) {
    case 'held':
      return 'held';
    case 'missed':
      return `missed: ${outcome.why.split(';')[0]}`;
    case 'limited':
      return `limited by ${outcome.by}: ${outcome.why}`;
    case 'disturbed':
      return `disturbed: ${outcome.why}`;
  }
}
