/** Several runs side by side: the CPU per request of each subject, from run to run. */
import type { HistoryLine } from '#bench/model/history.ts';
import type { RunRecord, SubjectRecord } from '#bench/model/record.ts';
import type { Estimate } from '#bench/stats/estimate.ts';
import type { SeriesVerdict } from './change-points.ts';
import { mainScenarioName, referenceName } from '../scenarios/roles.ts';
import type { ScenarioAnalysis } from '../scenarios/scenario-analysis.ts';

type Figure = Pick<Estimate, 'value' | 'low' | 'high'>;

export interface HistoryPoint {
  readonly run: string;
  readonly startedAt: string;
  readonly revision: string | null;
  /** Absolute figures compare only between equal ones (METHOD 21). */
  readonly fingerprint: string;
  readonly scenario: string;
  readonly subject: string;
  /** What the others of the run are divided by. */
  readonly isReference: boolean;
  /** Microseconds of CPU per request in the main scenario of the subject. */
  readonly cpuPerRequest: Figure;
  /** The same as a ratio that compares between hosts, and to what; where that is not known the figures of the run are divided. */
  readonly ratio?: Figure & { readonly to: string };
}

/** Where the cost of a subject, as a ratio, changed for good, to be marked. */
export interface HistoryMark {
  readonly subject: string;
  /** First run of the new level. */
  readonly run: string;
  /** New level ÷ old one. */
  readonly ratio: Estimate;
  readonly p: number;
}

/** All layers are divided by one and the same. */
export const YARDSTICK = { layer: 'l4', tls: false } as const;

/** An analysis, as far as a history is made of it. */
export interface AnalysedRun {
  readonly run: RunRecord;
  readonly subjects: readonly SubjectRecord[];
  readonly scenarios: readonly ScenarioAnalysis[];
}

/** Oldest run first; subjects without a figure in a run are left out there. */
export function historyOf(analyses: readonly AnalysedRun[]): HistoryPoint[] {
  return analyses
    .toSorted((a, b) => a.run.startedAt.localeCompare(b.run.startedAt))
    .flatMap(({ run, subjects: records, scenarios }) => {
      const all = scenarios.map(({ scenario }) => scenario);
      const reference = referenceName(records, YARDSTICK);
      const names = { plain: mainScenarioName(all, false), encrypted: mainScenarioName(all, true) };
      return scenarios.flatMap(({ scenario: { name }, subjects }) =>
        subjects
          .filter(({ tls }) => name === (tls ? names.encrypted : names.plain))
          .flatMap(({ subject, metrics: { cpuPerRequest } }): HistoryPoint[] =>
            cpuPerRequest
              ? [
                  {
                    run: run.run,
                    startedAt: run.startedAt,
                    revision: run.revision,
                    fingerprint: run.environment.fingerprint,
                    scenario: name,
                    subject,
                    isReference: subject === reference,
                    cpuPerRequest,
                  },
                ]
              : [],
          ),
      );
    });
}

/** What a chart draws of a history: the main scenario of each subject, in runs measured as the newest one was. */
export function historyView(
  lines: readonly HistoryLine[],
  verdicts: readonly SeriesVerdict[],
): { readonly points: readonly HistoryPoint[]; readonly marks: readonly HistoryMark[] } {
  const duet = lines.at(-1)?.duet ?? false;
  const alike = lines.filter((line) => line.duet === duet);
  const entries = alike.flatMap((line) => line.entries.filter(({ main }) => main).map((entry) => ({ line, entry })));
  /** One denominator for all, or the axis would mean several things. */
  const reference = entries.find(({ entry }) => entry.toReference && !entry.isReference)?.entry.toReference?.reference;
  const byReference = reference !== undefined;
  const points = entries.flatMap(({ line, entry }): HistoryPoint[] => {
    const { scenario, subject, isReference = false, cpuPerRequest, toReference, toOrigin } = entry;
    if (!cpuPerRequest) return [];
    const ofReference = toReference?.reference === reference ? toReference : undefined;
    const ratio = byReference ? ofReference : toOrigin;
    return [
      {
        run: line.run,
        startedAt: line.at,
        revision: line.commit,
        fingerprint: line.fingerprint,
        scenario,
        subject,
        isReference,
        cpuPerRequest,
        ...(ratio && { ratio: { ...ratio, to: reference ?? 'the origin' } }),
      },
    ];
  });
  const ratioKind = byReference ? 'to reference' : 'to origin';
  const marks = verdicts
    .filter(({ series }) => series.main && series.duet === duet && series.kind === ratioKind)
    .flatMap(({ series, changes }) =>
      changes.map(({ after, ratio, p }): HistoryMark => ({
        subject: series.subject,
        run: after.run,
        ratio,
        p,
      })),
    );
  return { points, marks };
}
