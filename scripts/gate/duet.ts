/** One slice of a gate: both revisions at once, each with its own origin and load workers, or one trial alone. */
import type { Slice } from '#bench/gate/plan.ts';
import { FOREIGN_LIMIT } from '#bench/analysis/bound.ts';
import type { LoadPool } from '#bench/load/pool.ts';
import type { TrialRecord } from '#bench/model/record.ts';
import type { Loop, Subject } from '#bench/model/scenario.ts';
import { type TrialContext, runTrial } from '../run/trial.ts';
import { rendezvous } from './rendezvous.ts';

export interface SliceContext {
  /** One for each that runs at once: a pool runs one job at a time. */
  readonly pools: readonly [LoadPool, LoadPool];
  readonly of: (subject: Subject) => Omit<TrialContext, 'pool' | 'meet'>;
  /** Of the host, whatever we may use of them: foreign load is a share of all. */
  readonly cores: number;
}

/** One record a trial, in the slice's order. Rejects for an abort only. */
export async function runSlice(
  slice: Slice,
  loop: Loop | undefined,
  { pools, of, cores }: SliceContext,
  signal: AbortSignal,
): Promise<TrialRecord[]> {
  const together = rendezvous(slice.length);
  const trials = await Promise.all(
    slice.map(async (planned, i) => {
      const context = { ...of(planned.subject), pool: pools[i]!, meet: together.meet };
      try {
        return await runTrial(planned, loop, context, signal);
      } finally {
        together.leave();
      }
    }),
  );
  const [first, second] = trials;
  return first && second ? [withoutPartner(first, second, cores), withoutPartner(second, first, cores)] : trials;
}

/** To each of the two the other is foreign load on its cores, and is meant to be: only what is neither's counts as such. */
function withoutPartner(trial: TrialRecord, partner: TrialRecord, cores: number): TrialRecord {
  if (trial.state !== 'completed' || partner.state !== 'completed') return trial;
  const { probes } = trial;
  const share = [partner.probes.proxy, partner.probes.origin].reduce(
    (sum, reading) => sum + (reading ? reading.cpu / 1_000 / reading.interval / cores : 0),
    0,
  );
  const foreign = Math.max(0, probes.host.foreign - share);
  return {
    ...trial,
    probes: { ...probes, host: { ...probes.host, foreign } },
    warnings: trial.warnings.filter(({ code }) => code !== 'foreign-load' || foreign > FOREIGN_LIMIT),
  };
}
