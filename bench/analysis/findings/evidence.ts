/** What findings are made from, and the words that several of them share. */
import type { CalibrationRecord, RunRecord, SubjectRecord, TrialRecord } from '#bench/model/record.ts';
import type { NamedComparison, ScenarioAnalysis, SubjectAnalysis } from '../analysis.ts';
import type { ChainCost } from '../comparison/chains.ts';
import type { Strength } from '../comparison/comparison.ts';
import type { Faults } from '../faults/faults.ts';
import type { Knees } from '../knees/knees.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { MetricName } from '../figures/metrics.ts';
import type { Noise } from '../comparison/noise.ts';
import type { Ranking } from '../comparison/ranking.ts';
import type { Prices } from '../prices/prices.ts';
import { isSingle, mainScenarioName } from '../scenarios/roles.ts';
import type { SecondOpinion } from '../instruments/second-opinion.ts';
import type { Trust } from '../instruments/trust.ts';

export interface Evidence {
  readonly run: RunRecord;
  readonly trust: Trust;
  readonly subjects: readonly SubjectRecord[];
  readonly scenarios: readonly ScenarioAnalysis[];
  readonly rankings: readonly Ranking[];
  readonly comparisons: readonly NamedComparison[];
  readonly chains: readonly ChainCost[];
  readonly ledger: Ledger;
  readonly trials: readonly TrialRecord[];
  readonly noise?: Noise | undefined;
  readonly calibration?: CalibrationRecord | undefined;
  readonly opinion?: SecondOpinion | null;
  readonly knees?: Knees | undefined;
  readonly prices?: Prices | undefined;
  readonly faults?: Faults | undefined;
}

/** More findings of one kind than this are details: one of them, or their ranking, speaks for all. */
export const MOST_OF_A_KIND = 3;

/** A figure in a sentence that may have several. */
export interface Reading {
  readonly metric: MetricName;
  readonly words: string;
  readonly strength: Strength;
}

/** Readings that go into one sentence: those of which the instruments let as much be said. The first of each tells how sure it is. */
export const bySureness = <R extends Pick<Reading, 'metric'>>(trust: Trust, readings: readonly R[]): [R, ...R[]][] =>
  [...Map.groupBy(readings, ({ metric }) => trust.most([metric])).values()] as [R, ...R[]][];

/** Where a figure is of, where that is not the scenario that all others vary. */
export const placeOf = ({ scenario: { name, role } }: ScenarioAnalysis): string =>
  role === 'plain' || role === 'encrypted' ? '' : ` in ${name}`;

/** Plain hops of the reference family first; where it was not measured, every plain proxy. */
export function mainHops({
  subjects,
  scenarios,
}: Evidence): { scenario: ScenarioAnalysis; hops: SubjectRecord[] } | undefined {
  const name = mainScenarioName(
    scenarios.map(({ scenario }) => scenario),
    false,
  );
  const scenario = scenarios.find((one) => one.scenario.name === name);
  if (!scenario) return undefined;
  const plain = subjects.filter(
    (record) => record.layer !== 'direct' && !record.tls && isSingle(record) && !record.external,
  );
  const references = plain.filter(({ isReference }) => isReference);
  const hops = (references.length > 0 ? references : plain).toSorted((a, b) => b.layer.localeCompare(a.layer)); // L7 first
  return { scenario, hops };
}

export function whyNone(subject: SubjectAnalysis | undefined): string {
  if (!subject) return 'it was not measured in this run';
  return subject.trials.completed > 0 ? 'its CPU time could not be read' : noneCompleted(subject);
}

export const noneCompleted = ({ trials: { invalid, failed, reasons } }: SubjectAnalysis): string =>
  `no trial of it completed (${invalid} invalid, ${failed} failed: ${reasons.join(', ')})`;
