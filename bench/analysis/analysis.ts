/** What the records of a run say: everything that a report prints, as plain data. `report.json` is this, verbatim. */
import type {
  Bound,
  CalibrationRecord,
  EndRecord,
  RunRecord,
  SubjectRecord,
  TrialRecord,
} from '#bench/model/record.ts';
import type { WarningCode } from '#bench/model/warning.ts';
import type { NamedComparison } from './comparison/hop-pairs.ts';
import type { BudgetOutcome } from './budget-outcome.ts';
import type { ChainCost } from './comparison/chains.ts';
import type { Faults } from './faults/faults.ts';
import type { Finding } from './findings/finding.ts';
import type { HistoryMark, HistoryPoint } from './across-runs/history.ts';
import type { Knees } from './knees/knees.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { MetricName } from './figures/metrics.ts';
import type { Noise } from './comparison/noise.ts';
import type { OverTime } from './figures/over-time.ts';
import type { Prices } from './prices/prices.ts';
import type { Ranking } from './comparison/ranking.ts';
import type { ScenarioAnalysis } from './scenarios/scenario-analysis.ts';
import type { SecondOpinion } from './instruments/second-opinion.ts';

export type { Estimate } from '#bench/stats/estimate.ts';
export type { NamedComparison } from './comparison/hop-pairs.ts';
export type { Finding } from './findings/finding.ts';
export type { Account } from './ledger/account.ts';
export type { ScenarioAnalysis, SubjectAnalysis } from './scenarios/scenario-analysis.ts';

export interface Analysis {
  readonly run: RunRecord;
  /** 'unfinished': the harness was killed before it could write the end. */
  readonly state: EndRecord['state'] | 'unfinished';
  readonly finishedAt: string | null;
  readonly subjects: readonly SubjectRecord[];
  /** Those that were measured, of all that were planned: a run that was ended early, or kept to a time, has fewer. Rounds, in runs without turns. */
  readonly generations: number;
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
  /** Where filters were priced: what each adds to each proxy. Their trials stand in no other figure. */
  readonly prices?: Prices;
  /** Where faults were brought about. */
  readonly faults?: Faults;
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
