/** What the records of a run say: everything that a report prints, as plain data. `report.json` is this, verbatim. */
import type {
  Bound,
  CalibrationRecord,
  EndRecord,
  RunRecord,
  SubjectRecord,
  TrialRecord,
} from '#bench/model/record.ts';
import type { Scenario } from '#bench/model/scenario.ts';
import type { WarningCode } from '#bench/model/warning.ts';
import type { Estimate } from '#bench/stats/estimate.ts';
import type { BudgetOutcome } from './budget-outcome.ts';
import type { ChainCost } from './chains.ts';
import type { Comparison, Strength } from './comparison.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { HistoryMark, HistoryPoint } from './history.ts';
import type { Knees } from './knees.ts';
import type { MetricName } from './metrics.ts';
import type { Noise } from './noise.ts';
import type { OverTime } from './over-time.ts';
import type { SecondOpinion } from './second-opinion.ts';
import type { Unit } from './quantity.ts';
import type { Ranking } from './ranking.ts';
import type { Tail } from './tail.ts';
import type { TimesBy } from './times.ts';

export type { Account } from './ledger/account.ts';
export type { Estimate };

export interface Analysis {
  readonly run: RunRecord;
  /** 'unfinished': the harness was killed before it could write the end. */
  readonly state: EndRecord['state'] | 'unfinished';
  readonly finishedAt: string | null;
  readonly subjects: readonly SubjectRecord[];
  /** What the figures rest on: how many rounds, and what their intervals cover. */
  readonly basis: string;
  /** First thing to read: what was found, in sentences. */
  readonly findings: readonly Finding[];
  readonly scenarios: readonly ScenarioAnalysis[];
  /** The proxies of each layer by CPU per request, and which ranks are real. */
  readonly rankings: readonly Ranking[];
  /** Between subjects (what L7 costs over L4, what TLS adds); those against direct are with their subject. */
  readonly comparisons: readonly NamedComparison[];
  /** What a further hop of the same proxy costs; empty where none stood in a row. */
  readonly chains: readonly ChainCost[];
  /** What the driver said of an origin that is known; null where it was not asked. */
  readonly calibration: CalibrationRecord | null;
  /** What other load tools say of the same target; null where they were not asked. */
  readonly secondOpinion: SecondOpinion | null;
  /** What the A/A pairs showed; null where no subject ran twice. */
  readonly noise: Noise | null;
  readonly trials: readonly TrialRow[];
  readonly warnings: readonly GatheredWarning[];
  /** Where the cost of a request goes at each hop, and how much of it no part explains. */
  readonly ledger: Ledger;
  readonly overTime: readonly OverTime[];
  /** Where several runs are read together: this run and the others, oldest first. */
  readonly history?: readonly HistoryPoint[];
  /** Where a history of a branch was given: its change points. */
  readonly historyMarks?: readonly HistoryMark[];
  /** Where `bench.config.ts` has budgets. */
  readonly budgets?: readonly BudgetOutcome[];
  /** Where the highest rate was searched at which an objective holds. */
  readonly knees?: Knees;
}

export interface Finding {
  readonly sentence: string;
  /** 'note': nothing that could be claimed, but to be known. */
  readonly strength: Strength | 'note';
  /** Where its evidence stands: a scenario, or another part of the report. */
  readonly scenario: string;
  readonly part?:
    'ranking' | 'knees' | 'ledger' | 'calibration' | 'second-opinions' | 'noise' | 'trials' | 'configuration';
  /** One of many of its kind: folded where there is room for few. */
  readonly isDetail?: true;
  /** The one figure to remember of it, where it has one. */
  readonly figure?: {
    readonly label: string;
    /** What it measures: 'CPU per request'. */
    readonly what: string;
    readonly estimate: Estimate;
    readonly unit: Unit;
  };
}

export interface ScenarioAnalysis {
  readonly scenario: Scenario;
  /** Requests per second that all subjects were offered; open loop only. */
  readonly offered: number | null;
  readonly subjects: readonly SubjectAnalysis[];
}

export interface SubjectAnalysis {
  readonly subject: string;
  readonly layer: SubjectRecord['layer'];
  readonly tls: boolean;
  readonly trials: Outcomes;
  /** What bound its rounds; 'mixed' where they differ, null where none completed. */
  readonly bound: Bound | 'mixed' | null;
  readonly metrics: Partial<Record<MetricName, Estimate>>;
  /** The same over direct's and over an L4 hop's. Empty where it ends elsewhere. */
  readonly times: TimesBy;
  readonly capacity: Capacity | null;
  readonly versusDirect: readonly Comparison[];
  /** What it adds to direct at p99.9, for as many kinds of time as the merged rounds carry; open loop only. */
  readonly addedTails: readonly Tail[];
  /** Rounds merged; microseconds along the nines axis. Null where this load says nothing of latency (METHOD 5). */
  readonly curves: { readonly service: readonly CurveMicros[]; readonly response: readonly CurveMicros[] } | null;
}

/** How many trials ended how, and the distinct codes of why those that do not count do not. */
export interface Outcomes {
  readonly completed: number;
  readonly invalid: number;
  readonly failed: number;
  readonly reasons: readonly string[];
}

/** Requests per second. 'measured': the subject was saturated. 'derived per core': 1 s ÷ CPU per request of one core. */
export interface Capacity {
  readonly kind: 'measured' | 'derived per core';
  readonly estimate: Estimate;
}

export interface CurveMicros {
  readonly q: number;
  readonly nines: number;
  readonly micros: number;
}

export interface NamedComparison extends Comparison {
  readonly name: 'L7 over L4' | 'TLS added' | 'over the reference';
}

/** One trial without its histograms; absent figures are null. */
export interface TrialRow {
  readonly scenario: string;
  readonly subject: string;
  readonly round: number;
  readonly position: number;
  readonly startedAt: string;
  readonly state: TrialRecord['state'];
  readonly bound: Bound | null;
  /** Why it is invalid or failed, else its warnings' messages; codes beside. */
  readonly codes: readonly string[];
  readonly notes: readonly string[];
  readonly windowMs: number | null;
  readonly requests: number | null;
  readonly failed: number | null;
  /** The failed by kind and status: '95 status 429, 2 reset'; '' for none. */
  readonly failures: string;
  readonly scheduled: number | null;
  readonly dropped: number | null;
  readonly offered: number | null;
  readonly connections: number | null;
  readonly scheduleLagP99: number | null;
  /** The part of it that is the generator's own, microseconds. */
  readonly generatorLagP99: number | null;
  readonly figures: Partial<Record<MetricName, number>>;
  readonly cpuShare: {
    readonly proxy: number | null;
    readonly origin: number | null;
    readonly generator: number | null;
  };
  readonly steal: number | null;
  readonly foreign: number | null;
}

export interface GatheredWarning {
  readonly code: WarningCode;
  readonly severity: 'invalid' | 'advice';
  readonly meaning: string;
  readonly advice: string;
  /** Trials that carry it, of all trials; 0 for what concerns the run as a whole. */
  readonly trials: number;
  /** First few messages, each with where it occurred. */
  readonly examples: readonly string[];
}
