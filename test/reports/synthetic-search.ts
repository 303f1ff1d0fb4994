/**
 * A knee search that nobody measured: the decision core and the judge at work on seeded windows of the synthetic run. A subject's queue
 * grows as that of one server; the slow proxy reaches its knee, the others meet the core that load and origin share before theirs.
 */
import { judgeWindow } from '#bench/analysis/knees/objective.ts';
import { judgeTrial } from '#bench/analysis/verdict/verdict.ts';
import type { Objective } from '#bench/model/objective.ts';
import type { ProbeReadings } from '#bench/model/probe.ts';
import type { KneeRecord, KneeWindowRecord, RunRecords } from '#bench/model/record.ts';
import { micros } from '#bench/model/units.ts';
import { applies } from '#bench/plan/applies.ts';
import { CONFIRM, type KneeWindow, nextStep, TOLERANCE } from '#bench/plan/knee.ts';
import { mulberry32 } from '#proxies/platform/random.ts';
import { atRate } from '#bench/plan/sweep.ts';
import { measure, PLACEMENT, syntheticRun, type SyntheticOptions, TRUTHS } from './synthetic-run.ts';

export const OBJECTIVE: Objective = { clauses: [{ kind: 'latency', time: 'service', q: 0.99, below: micros(2_000) }] };

/** Windows of the synthetic run last a second. */
const SCALE = { start: 1_200, lowest: 1_200, highest: 1_000_000 };

interface SearchOptions extends SyntheticOptions {
  readonly objective?: Objective;
  /** No verdict after so many windows of each subject: as if it had been interrupted. */
  readonly cutAfter?: number;
  /** Names of those that are searched; all who can be where absent. */
  readonly searched?: readonly string[];
}

/** Of two cores: the proxy's, and that of load and origin. */
const busyOf = ({ proxy, origin, generator }: ProbeReadings): number =>
  ((proxy?.cpuShare ?? 0) + (origin?.cpuShare ?? 0) + generator.cpuShare) / 2;

/** A run with its search in http-small; `rounds: 0` for a search alone. */
export function syntheticSearch({
  objective = OBJECTIVE,
  cutAfter = Infinity,
  searched,
  ...options
}: SearchOptions = {}): RunRecords {
  const records = syntheticRun({ rounds: 3, scenarios: ['http-small'], mishaps: false, ...options });
  const all = options.subjects ?? TRUTHS;
  const truths = all.filter(({ name }) => searched?.includes(name) ?? true);
  const base = records.run.scenarios.find(({ name }) => name === 'http-small')!;
  const random = mulberry32(options.seed ?? 1);
  const windows: KneeWindowRecord[] = [];
  const knees: KneeRecord[] = [];
  for (const truth of truths) {
    const { name, layer, tls } = truth;
    if (!applies(base, { name, layer, capabilities: new Set(tls ? ['tls-termination'] : []) })) continue;
    const subject = layer === 'direct' ? ({ kind: 'direct' } as const) : ({ kind: 'proxy', name } as const);
    const own: KneeWindow[] = [];
    for (;;) {
      const step = nextStep(SCALE, own);
      if (step.kind === 'done') {
        knees.push({ record: 'knee', scenario: base.name, subject, windows: own.length, verdict: step.verdict });
        break;
      }
      if (own.length >= cutAfter) break;
      const { scenario, loop } = atRate(base, step.rate);
      const used = Math.min(0.98, (step.rate * Math.max(truth.cpu, 20)) / 1e6);
      const queueing = 1 / (1 - used);
      const measured = measure({ scenario, truth, loop, random, noise: 0.02, instructions: false, queueing });
      const { load } = measured;
      const probes = { ...measured.probes, host: { ...measured.probes.host, busy: busyOf(measured.probes) } };
      const verdict = judgeTrial({ scenario, subject, load, probes, placement: PLACEMENT });
      const at = new Date(Date.UTC(2026, 4, 4, 9, 40) + windows.length * 2_500).toISOString();
      const id = {
        record: 'trial',
        scenario: base.name,
        subject,
        generation: own.length,
        position: windows.length,
      } as const;
      const trial: KneeWindowRecord['trial'] = { ...id, startedAt: at, loop, ...verdict, load, probes };
      const outcome = judgeWindow(trial, objective, PLACEMENT);
      windows.push({ record: 'knee-window', trial, outcome });
      own.push({ rate: step.rate, outcome });
    }
  }
  const search = {
    objective,
    scenarios: [base.name],
    tolerance: TOLERANCE,
    confirm: CONFIRM.map((rule) => ({ ...rule })),
  };
  return { ...records, run: { ...records.run, search }, windows, knees };
}
