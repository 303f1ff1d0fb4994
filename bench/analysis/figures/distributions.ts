/** Whole latency distributions, for tools that read HdrHistograms: only of loads whose latency says something of the hop (METHOD 5). */
import type { RunRecords } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { decodeHistogram, mergeHistograms } from '#bench/stats/histogram.ts';
import type { ScenarioAnalysis } from '../analysis.ts';

export interface Distribution {
  readonly scenario: string;
  readonly subject: string;
  readonly kind: 'service' | 'response';
  /** One a completed trial, in the order in which they ran. */
  readonly rounds: readonly {
    readonly round: number;
    readonly startedAt: string;
    /** Milliseconds. */
    readonly window: number;
    /** Integer nanoseconds, HdrHistogram V2 compressed, base64. */
    readonly encoded: string;
  }[];
}

export function distributionsOf(scenarios: readonly ScenarioAnalysis[], { trials }: RunRecords): Distribution[] {
  const completed = trials.filter((trial) => trial.state === 'completed');
  return scenarios.flatMap(({ scenario: { name }, subjects }) =>
    subjects
      .filter(({ curves }) => curves !== null)
      .flatMap(({ subject }) => {
        const own = completed.filter((trial) => trial.scenario === name && subjectName(trial.subject) === subject);
        return (['service', 'response'] as const).flatMap((kind): Distribution[] => {
          const rounds = own.flatMap(({ generation, startedAt, load }) => {
            const encoded = load[kind];
            return encoded === undefined ? [] : [{ round: generation, startedAt, window: load.window, encoded }];
          });
          return rounds.length === 0 ? [] : [{ scenario: name, subject, kind, rounds }];
        });
      }),
  );
}

/** Largest recorded value, nanoseconds. */
export const largestOf = (encoded: string): number => decodeHistogram(encoded).maxValue;

/** The percentile table that HdrHistogram's own plotter reads (.hgrm), rounds merged, in milliseconds. */
export const percentileTable = ({ rounds }: Distribution): string =>
  mergeHistograms(rounds.map(({ encoded }) => encoded))!.outputPercentileDistribution(5, 1e6, false);
