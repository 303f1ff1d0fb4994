/** Throughput of a scenario's subjects, as far as a run has got: what paced scenarios take their rate from. */
import { type TrialRecord } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { type PerSecond, perSecond } from '#bench/model/units.ts';
import { median } from '#bench/stats/hodges-lehmann.ts';

/**
 * Least over all subjects of the median over rounds of requests ÷ window, completed trials only. Undefined where no trial of the
 * scenario completed. A rate that every subject is known to carry, whatever bound it.
 */
export function slowestCapacity(trials: readonly TrialRecord[], scenario: string): PerSecond | undefined {
  const bySubject = Map.groupBy(
    trials
      .filter((trial) => trial.state === 'completed')
      .filter((trial) => trial.scenario === scenario && trial.subject.again !== true),
    ({ subject }) => subjectName(subject),
  );
  const medians = [...bySubject.values()].map((of) =>
    median(of.map(({ load }) => load.requests / (load.window / 1_000))),
  );
  return medians.length === 0 ? undefined : perSecond(Math.min(...medians));
}
