/** A run of faults: each subject proves that it is correct, then meets each fault, with policies and without, before users of its own. */
import { proveRules } from '#bench/conformance/preflight.ts';
import { preflightSubject } from '#bench/lab/preflight.ts';
import { formatDuration } from '#bench/analysis/words/quantity.ts';
import type { FaultScenario } from '#bench/model/fault.ts';
import type { FaultTrialRecord, SubjectRecord } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { millis } from '#bench/model/units.ts';
import { fitSubjects } from '#bench/plan/applies.ts';
import { estimateFaults } from '#bench/plan/faults.ts';
import { SCENARIOS } from '#bench/plan/scenarios.ts';
import type { ProxyDefinition } from '#proxies/contract.ts';
import { mulberry32, shuffled } from '#proxies/platform/random.ts';
import { type PlannedFault, runFaultTrial, WARMUP } from './fault-trial.ts';
import { readHost, runSession, type Session, type SessionResult } from './session.ts';
import type { Settings, Surroundings } from './spec.ts';

export interface ResilienceSettings extends Pick<Settings, 'proxies' | 'skipped' | 'seed' | 'out'> {
  readonly faults: readonly FaultScenario[];
  readonly policies: readonly FaultTrialRecord['policies'][];
  /** Times that each subject meets each fault. */
  readonly repeats: number;
}

/** Whoever watches. */
export interface FaultObserver {
  note(line: string): void;
  doing(line: string): void;
  finished(trial: FaultTrialRecord, part: { readonly done: number; readonly planned: number }): void;
}

/** What every subject must carry before anything is broken. */
const PLAIN = SCENARIOS.filter(({ role }) => role === 'plain');

export async function runResilience(
  settings: ResilienceSettings,
  surroundings: Omit<Surroundings, 'observe'> & { readonly observer: FaultObserver },
  signal: AbortSignal,
): Promise<SessionResult> {
  const { observer } = surroundings;
  const { faults, proxies, repeats, seed, out, skipped } = settings;
  const host = await readHost();
  const planned = planFaults(settings);
  const expected = estimateFaults(faults, planned.length / faults.length, proxies.length + 1);
  observer.note(
    `resilience: direct, ${proxies.map(({ name }) => name).join(', ')}\n${faults.map(({ name }) => name).join(', ')}\n` +
      `${planned.length} trials, about ${formatDuration(expected)} (seed ${seed})`,
  );
  observer.note(host.placementWords);
  for (const line of skipped) observer.note(`left out: ${line}`);
  const window = millis(Math.max(...faults.map((fault) => fault.window)));
  return runSession(
    {
      settings: {
        preset: 'resilience',
        isForFigures: true,
        skipped,
        scenarios: [],
        generations: repeats,
        rounds: 1,
        warmup: WARMUP,
        window,
        seed,
        out,
      },
      host,
      surroundings,
      more: { faults: [...faults] },
    },
    async (session) => {
      const fit = await admit(proxies, session, observer, signal);
      const trials = planned.filter(({ definition }) => fit.has(definition?.name ?? 'direct'));
      for (const [index, trial] of trials.entries()) {
        signal.throwIfAborted();
        observer.doing(`${index + 1}/${trials.length}  ${trial.fault.name} · ${trial.definition?.name ?? 'direct'}`);
        const { pool, placement } = session;
        const record = await runFaultTrial(trial, { pool, placement, seed }, signal);
        await session.append(record);
        observer.finished(record, { done: index + 1, planned: trials.length });
      }
    },
    signal,
  );
}

/** Fault by fault, so that an interrupted run has whole ones; subjects in seeded order. Direct has no policies to be without. */
export function planFaults({ faults, proxies, policies, repeats, seed }: ResilienceSettings): PlannedFault[] {
  const random = mulberry32(seed);
  return faults.flatMap((fault) =>
    Array.from({ length: repeats }, (_, repeat) => [
      ...(isForDirect(fault) ? [{ fault, policies: 'off' as const, repeat }] : []),
      ...shuffled(
        proxies.flatMap((definition) =>
          policies.map((with_): PlannedFault => ({ fault, definition, policies: with_, repeat })),
        ),
        random,
      ),
    ]).flat(),
  );
}

/** Direct has no configuration to be handed anew. */
const isForDirect = ({ steps }: FaultScenario): boolean => !steps.some(({ act }) => act.kind === 'reload');

/** Names of those that passed their checks, as for every measurement. */
async function admit(
  proxies: readonly ProxyDefinition[],
  session: Session,
  observer: FaultObserver,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const { placement, certificate } = session;
  const records: SubjectRecord[] = [];
  for (const definition of [undefined, ...proxies]) {
    observer.doing(`checking ${definition?.name ?? 'direct'}`);
    const spec = { scenarios: PLAIN, placement, certificate, prove: proveRules };
    const record = await preflightSubject({ ...spec, ...(definition && { definition }) }, signal);
    await session.append(record);
    records.push(record);
    for (const { rule, detail } of record.preflight.filter(({ passed }) => !passed))
      observer.note(`${subjectName(record.subject)} is left out: preflight '${rule}' failed: ${detail}`);
  }
  return new Set(fitSubjects(records).map(({ subject }) => subjectName(subject)));
}
