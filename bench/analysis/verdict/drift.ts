/** Did direct, the control, move under the measurement? Within one trial, and over the rounds of a run. */
import type { CompletedTrial, TrialRecord } from '#bench/model/record.ts';
import type { LoadResult } from '#bench/model/load.ts';
import type { Warning } from '#bench/model/warning.ts';
import { median } from '#bench/stats/hodges-lehmann.ts';
import { percent } from '../words/quantity.ts';

/** Drift below this is never reported (METHOD 17). */
const DRIFT_LIMIT = 0.02;
/** Standard errors that the halves must differ by besides: short windows scatter by more than 2 % without any drift. */
const STANDARD_ERRORS = 4;
const LEAST_PER_HALF = 3;
const LEAST_ROUNDS_PER_HALF = 3;

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const squaredError = (values: readonly number[]): number => {
  const m = mean(values);
  return values.reduce((sum, v) => sum + (v - m) ** 2, 0) / (values.length - 1) / values.length;
};

/** Closed loop only (an open loop's rate is the schedule's): relative change of the rate between the halves of the window. */
export function halvesDrift({ scheduled, timeline, window }: LoadResult): Warning | undefined {
  if (scheduled !== undefined) return undefined;
  const whole = timeline.requests.slice(0, Math.floor(window / timeline.interval + 1e-6));
  const half = Math.floor(whole.length / 2);
  if (half < LEAST_PER_HALF) return undefined;
  const [first, second] = [whole.slice(0, half), whole.slice(-half)];
  const change = mean(second) - mean(first);
  const relative = change / mean(whole);
  const error = Math.sqrt(squaredError(first) + squaredError(second));
  if (!(Math.abs(relative) > DRIFT_LIMIT && Math.abs(change) > STANDARD_ERRORS * error)) return undefined;
  return {
    code: 'direct-drifted',
    message: `direct moved by ${percent(relative)} between the halves of its own window (limit ${percent(DRIFT_LIMIT)})`,
    evidence: { change: relative, limit: DRIFT_LIMIT, intervals: whole.length },
  };
}

const rateOf = ({ load }: CompletedTrial): number => load.requests / (load.window / 1_000);

/**
 * Over a run: the closed-loop rate of direct in one scenario, its earlier against its later rounds. Reported when the medians differ by
 * more than the limit and every round of one half lies above every round of the other. Undefined below six rounds.
 */
export function roundsDrift(trials: readonly TrialRecord[], scenario: string): Warning | undefined {
  const rates = trials
    .filter((trial) => trial.state === 'completed')
    .filter(({ subject, load, ...trial }) => {
      return trial.scenario === scenario && subject.kind === 'direct' && load.scheduled === undefined;
    })
    .filter(({ load }) => load.requests > 0)
    .toSorted((a, b) => a.generation - b.generation)
    .map(rateOf);
  const half = Math.floor(rates.length / 2);
  if (half < LEAST_ROUNDS_PER_HALF) return undefined;
  const [early, late] = [rates.slice(0, half), rates.slice(-half)];
  const relative = median(late) / median(early) - 1;
  const apart = Math.min(...late) > Math.max(...early) || Math.min(...early) > Math.max(...late);
  if (!apart || Math.abs(relative) <= DRIFT_LIMIT) return undefined;
  return {
    code: 'direct-drifted',
    message: `direct moved by ${percent(relative)} from the earlier to the later rounds of ${scenario}: absolute figures changed during the run, comparisons within a round stand`,
    evidence: { change: relative, limit: DRIFT_LIMIT, rounds: rates.length },
  };
}
