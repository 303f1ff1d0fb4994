/** Several runs side by side: the CPU per request of each subject, from run to run. */
import type { Analysis, Estimate } from './analysis.ts';
import { keepAlive } from './between.ts';

export interface HistoryPoint {
  readonly run: string;
  readonly startedAt: string;
  readonly revision: string | null;
  /** Absolute figures compare only between equal ones (METHOD 21). */
  readonly fingerprint: string;
  readonly scenario: string;
  readonly subject: string;
  /** Microseconds of CPU per request in the keep-alive scenario. */
  readonly cpuPerRequest: Estimate;
}

/** Oldest run first; subjects without a figure in a run are left out there. */
export function historyOf(analyses: readonly Pick<Analysis, 'run' | 'scenarios'>[]): HistoryPoint[] {
  return analyses
    .toSorted((a, b) => a.run.startedAt.localeCompare(b.run.startedAt))
    .flatMap(({ run, scenarios }) => {
      const all = scenarios.map(({ scenario }) => scenario);
      const names = { plain: keepAlive(all, false), encrypted: keepAlive(all, true) };
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
                    cpuPerRequest,
                  },
                ]
              : [],
          ),
      );
    });
}
