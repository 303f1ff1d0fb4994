/** A round as it is measured: every planned trial, then once more those that the host spoiled. Pure but for `measure`. */
import type { TrialRecord } from '#bench/model/record.ts';
import type { WarningCode } from '#bench/model/warning.ts';
import type { PlannedTrial } from './generations.ts';

/** What the host did to a trial, whoever was measured. Everything else that spoils one may be the subject's own doing. */
const HOSTS_DOING: ReadonlySet<WarningCode> = new Set(['steal', 'direct-drifted', 'schedule-lag']);

/** At most this share of a round is measured again: a host that spoils more is not to be waited for. One round alone claims nothing. */
export const retakeShare = (rounds: number): number => (rounds > 1 ? 1 / 4 : 0);

const isSpoiledByHost = (trial: TrialRecord): boolean =>
  trial.state === 'invalid' && trial.reasons.every(({ code }) => HOSTS_DOING.has(code));

/** The trials of a round to measure again, at positions of their own behind it. `trials`: what became of each, in order. */
function retakesOf(round: readonly PlannedTrial[], trials: readonly TrialRecord[], share: number): PlannedTrial[] {
  const end = Math.max(-1, ...round.map(({ position }) => position)) + 1;
  return round
    .filter((_, i) => trials[i] && isSpoiledByHost(trials[i]))
    .slice(0, Math.ceil(round.length * share))
    .map((trial, i) => ({ ...trial, position: end + i }));
}

export interface Measuring {
  /** Of the round, at most, that is measured again. */
  readonly share: number;
  readonly measure: (trial: PlannedTrial) => Promise<TrialRecord>;
  /** Told of trials beyond the planned ones before they begin. */
  readonly adding: (trials: number) => void;
}

/** Both stay in the records: the spoiled one as invalid, the other as a trial of the same round. */
export async function measureRound(
  round: readonly PlannedTrial[],
  { share, measure, adding }: Measuring,
): Promise<void> {
  const trials: TrialRecord[] = [];
  for (const planned of round) trials.push(await measure(planned));
  const retakes = retakesOf(round, trials, share);
  if (retakes.length > 0) adding(retakes.length);
  for (const planned of retakes) await measure(planned);
}
